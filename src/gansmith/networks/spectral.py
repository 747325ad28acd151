"""Spectral normalisation: every weight divided by its largest singular value (Miyato et al. 2018, section 2.1)."""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def normalise_spectra(network: nn.Module) -> None:
    """Have every linear layer and convolution use its weight over that value, in place.

    The value follows by a step of power iteration at every training pass; its vectors are buffers of the layer.
    A layer that starts silent, all zeros, has no spectrum: it starts as an ordinary one instead.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            if not layer.weight.detach().any():
                nn.init.kaiming_normal_(layer.weight, nonlinearity="leaky_relu")
            spectral_norm(layer)
