"""What a picture's maps are compared by: the statistics that make its style, its content, its roughness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import mse_loss

EPS = 1e-4  # added to covariances, so that they have roots with a slope


@dataclass(frozen=True)
class Moments:
    """Of maps (N, C, H, W): means (N, C) and second raw moments (N, C, C), the Gram matrix per position.

    Both are means over positions, so those of several pictures or tiles can be averaged.
    """

    mean: Tensor
    second: Tensor

    @property
    def covariance(self) -> Tensor:
        return self.second - self.mean[:, :, None] * self.mean[:, None, :]

    @property
    def energy(self) -> Tensor:
        """The mean square of the maps' values, a scalar: the unit that a style loss may be told in."""
        return self.second.diagonal(dim1=1, dim2=2).mean()


StyleLoss = Callable[[Moments], Tensor]  # moments -> their distance from what is wanted, the mean over N


def moments(maps: Tensor, mask: Tensor | None = None) -> Moments:
    """Of maps (N, C, H, W) in any precision, summed in float32 where they have less.

    mask: (N or 1, 1, H, W) in [0, 1], how much each position counts; it must not be 0 everywhere.
    """
    x = maps.to(torch.promote_types(maps.dtype, torch.float32)).flatten(2)
    if mask is None:
        return Moments(x.mean(2), x @ x.mT / x.shape[2])
    share = mask.to(x).flatten(2)
    share = share / share.sum(2, keepdim=True)
    weighted = x * share
    return Moments(weighted.sum(2), weighted @ x.mT)


def mixed(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """The moments of a mixture of styles; weights need not sum to 1."""
    shares = [weight / sum(weights) for weight in weights]
    means = [part.mean * share for part, share in zip(parts, shares, strict=True)]
    seconds = [part.second * share for part, share in zip(parts, shares, strict=True)]
    return Moments(torch.stack(means).sum(0), torch.stack(seconds).sum(0))


def gram(wanted: Moments) -> StyleLoss:
    """Squared difference of Gram matrices (Gatys et al. 2016, equations 3-5), for pictures of any sizes.

    The paper's E_l = |G - A|^2 / (4 N^2 M^2) with G summed over M positions; here G / M, so that M may differ.
    """
    return lambda found: mse_loss(found.second, wanted.second.expand_as(found.second)) / 4


def wasserstein(wanted: Moments, eps: float = EPS) -> StyleLoss:
    """Squared 2-Wasserstein distance between Gaussians with these means and covariances, per channel.

    |m - n|^2 + tr(S + T - 2 (T^1/2 S T^1/2)^1/2), with eps on both diagonals, over C (Dowson & Landau 1982; as a style
    loss: crowsonkb/style-transfer-pytorch). `wanted` holds one picture; its root is computed once.
    """
    covariance = _raised(wanted.covariance[0], eps)
    values, vectors = torch.linalg.eigh(covariance.double())
    root = (vectors * values.clamp_min(eps).sqrt()) @ vectors.mT
    trace, channels = covariance.trace(), len(covariance)

    def loss(found: Moments) -> Tensor:
        spread = _raised(found.covariance, eps)
        between: Tensor = _TraceOfRoot.apply(spread, root, eps**2)  # type: ignore[no-untyped-call]
        apart = (found.mean - wanted.mean).square().sum(1)
        traces = spread.diagonal(dim1=1, dim2=2).sum(1) + trace
        return (apart + traces - 2 * between).mean() / channels

    return loss


LOSSES: Mapping[str, Callable[[Moments], StyleLoss]] = {"wasserstein": wasserstein, "gram": gram}


def variation(image: Tensor) -> Tensor:
    """How rough images (N, C, H, W) are: squared differences of neighbours over a nine-point stencil, per value.

    Neighbours in rows and columns count 2/3, over corners 1/6, which is the Laplacian's isotropic stencil.
    """
    across, down = image.diff(dim=3), image.diff(dim=2)
    falling, rising = image[..., 1:, 1:] - image[..., :-1, :-1], image[..., 1:, :-1] - image[..., :-1, 1:]
    straight = across.square().sum() + down.square().sum()
    return (straight * 2 / 3 + (falling.square().sum() + rising.square().sum()) / 6) / image.numel()


def _raised(covariance: Tensor, eps: float) -> Tensor:
    return covariance + eps * torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)


class _TraceOfRoot(torch.autograd.Function):
    """tr((R S R)^1/2) of covariances S (N, C, C), R symmetric (C, C) in float64; its slope is R (R S R)^-1/2 R / 2.

    One eigendecomposition gives both: cheaper than the usual iterations for a root and their way back, and they leave
    a tenth of such a trace out. In float64, for the condition number of the product is that of the covariances squared.
    least: the smallest eigenvalue that R S R can have but for rounding.
    """

    @staticmethod
    def forward(ctx: Any, covariance: Tensor, root: Tensor, least: float) -> Tensor:
        values, vectors = torch.linalg.eigh(root @ covariance.double() @ root)
        roots = values.clamp_min(least).sqrt()
        if ctx.needs_input_grad[0]:
            half = root @ (vectors / roots.sqrt()[:, None, :])
            ctx.save_for_backward((half @ half.mT / 2).to(covariance))
        return roots.sum(1).to(covariance)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradient[:, None, None] * slope, None, None
