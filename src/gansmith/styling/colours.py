"""Whose colours a picture is painted in: the style's, or the content's in one of three ways."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Colours = Literal["style", "match", "histogram", "luminance"]
COLOURS: tuple[Colours, ...] = ("style", "match", "histogram", "luminance")
# Rows: brightness Y and the two colour differences I, Q of (R, G, B) (NTSC 1953).
YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def matched(style: Tensor, content: Tensor) -> Tensor:
    """A style (1, 3, H, W) with the mean and the covariance of the content's colours; within [-1, 1].

    Gatys et al. 2016, arXiv:1606.05897, section 4.1: x -> S_c^1/2 S_s^-1/2 (x - m_s) + m_c.
    """
    (mean, spread), (wanted, goal) = statistics(style), statistics(content)
    change = power(goal, 0.5) @ power(spread, -0.5)
    pixels = (style[0].flatten(1).double() - mean[:, None]).clone()
    return (change @ pixels + wanted[:, None]).to(style).view_as(style).clamp(-1, 1)


def histogram(style: Tensor, content: Tensor) -> Tensor:
    """A style (1, 3, H, W) whose channels have, one by one, the values of the content as often as those have them."""
    goal = content[0].flatten(1).sort(dim=1).values
    order = style[0].flatten(1).argsort(dim=1).argsort(dim=1)
    count, there = order.shape[1], goal.shape[1]
    place = ((order + 0.5) * there / count).long().clamp_max(there - 1)
    return goal.gather(1, place).view_as(style)


def bright(image: Tensor) -> Tensor:
    """Brightness in three equal channels, (N, 3, H, W)."""
    weights = image.new_tensor(YIQ[0])[:, None, None]
    return (image * weights).sum(1, keepdim=True).expand_as(image).contiguous()


def brightened(style: Tensor, content: Tensor) -> Tensor:
    """A style's brightness with the mean and deviation of the content's (the same paper, section 3.2)."""
    mine, wanted = bright(style), bright(content)
    return ((mine - mine.mean()) * (wanted.std() / mine.std().clamp_min(1e-6)) + wanted.mean()).clamp(-1, 1)


def recoloured(painted: Tensor, content: Tensor) -> Tensor:
    """The brightness of one image with the colours of another, (N, 3, H, W) each; within [-1, 1]."""
    return (content + bright(painted) - bright(content)).clamp(-1, 1)


def statistics(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3,) and covariance (3, 3) of the colours of an image (1, 3, H, W), in float64."""
    pixels = image[0].flatten(1).double()
    return pixels.mean(1), torch.cov(pixels, correction=0) + 1e-5 * torch.eye(3, dtype=torch.float64)


def power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.mT
