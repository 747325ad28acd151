"""Batch normalisation folded into the layer before it: for drawing, where its statistics no longer move."""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from torch import Tensor, nn

Layer = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
Norm = nn.BatchNorm1d | nn.BatchNorm2d


def folded(network: nn.Module) -> nn.Module:
    """An equal network in eval mode with fewer layers; the network itself where there is nothing to fold.

    Folds every normalisation that directly follows a convolution or a linear layer in an `nn.Sequential`. A linear
    layer whose features become maps must have the channels last in them.
    """
    if not any(True for _ in _foldable(network)):
        return network
    network = copy.deepcopy(network).eval().requires_grad_(False)
    for layers, place, layer, norm in _foldable(network):
        _fold(layer, norm)
        layers[place] = nn.Identity()
    return network


def _foldable(network: nn.Module) -> list[tuple[nn.Sequential, int, Layer, Norm]]:
    return [
        (layers, place, layer, norm)
        for layers in network.modules()
        if isinstance(layers, nn.Sequential)
        for place, (layer, norm) in enumerate(pairwise(layers), start=1)
        if isinstance(layer, Layer) and isinstance(norm, Norm) and _folds(layer, norm)
    ]


def _folds(layer: Layer, norm: Norm) -> bool:
    """Not without running statistics, and not into a transposed convolution in groups, whose weights lie otherwise."""
    return norm.running_mean is not None and not (isinstance(layer, nn.ConvTranspose2d) and layer.groups > 1)


def _fold(layer: Layer, norm: Norm) -> None:
    """y = s (W x + b - mean) + beta, with s = gamma / sqrt(var + eps), as (s W) x + (s (b - mean) + beta)."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    scale = torch.rsqrt(variance + norm.eps) * (norm.weight if norm.affine else 1.0)
    shift = -mean * scale + (norm.bias if norm.affine else 0.0)
    channel = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
    places = layer.weight.shape[channel] // len(scale)  # of a map that a linear layer makes
    shape = [-1 if dim == channel else 1 for dim in range(layer.weight.dim())]
    bias: Tensor = torch.zeros(()) if layer.bias is None else layer.bias * scale.repeat(places)
    layer.weight = nn.Parameter(layer.weight * scale.repeat(places).view(shape), requires_grad=False)
    layer.bias = nn.Parameter(bias + shift.repeat(places), requires_grad=False)
