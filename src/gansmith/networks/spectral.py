"""Spectral normalisation: every weight divided by its largest singular value (Miyato et al. 2018, section 2.1)."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gansmith.networks.equalised import EqualisedConv2d, EqualisedLinear


def normalise_spectra(network: nn.Module) -> None:
    """Have every linear layer and convolution use its weight over that value, in place.

    The value follows by a step of power iteration at every training pass; its vectors are buffers of the layer.
    A layer that starts silent, all zeros, has no spectrum: it starts as an ordinary one instead. Of an equalised layer
    the weight is normalised in the place of its scaling.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            if not layer.weight.detach().any():
                nn.init.kaiming_normal_(layer.weight, nonlinearity="leaky_relu")
            if isinstance(layer, EqualisedConv2d | EqualisedLinear):
                layer.scale = 1 / layer.lr_multiplier
            spectral_norm(layer)
