"""The plain side of `style_step.py`: style transfer the way a script does it, and nothing of gansmith in it.

VGG-19 in float32 and rows of channels, roots of covariances by Newton-Schulz iterations and their slope by Lyapunov's
equation, default Adam, losses read at every step. Weights of the network are given to both sides.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, pad

WIDTHS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)  # 0 halves
SHARES = (256 / 341, 64 / 341, 16 / 341, 4 / 341, 1 / 341)  # of relu1_1, 2_1, 3_1, 4_1, 5_1


class Root(torch.autograd.Function):
    """The root of a positive matrix, by Newton-Schulz."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, rounds: int) -> Tensor:
        size, one = a.norm(), torch.eye(len(a), dtype=a.dtype)
        y, z = a / size, one
        for _ in range(rounds):
            t = (3 * one - z @ y) / 2
            y, z = y @ t, t @ z
        root = y * size.sqrt()
        ctx.rounds = rounds
        ctx.save_for_backward(root)
        return root

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (root,) = ctx.saved_tensors
        size, one = root.norm(), torch.eye(len(root), dtype=root.dtype)
        a, q = root / size, gradient / size
        for _ in range(ctx.rounds):
            t = 3 * one - a @ a
            q = (q @ t - a.mT @ (a.mT @ q - q @ a)) / 2
            a = a @ t / 2
        return q / 2, None


class Wasserstein:
    def __init__(self, maps: Tensor, rounds: int) -> None:
        self.rounds = rounds
        self.mean, self.covariance = spread(maps)
        self.root = Root.apply(self.covariance, rounds)

    def __call__(self, maps: Tensor) -> Tensor:
        mean, covariance = spread(maps)
        between = Root.apply(self.root @ covariance @ self.root, self.rounds)
        return mse_loss(mean, self.mean) + torch.diagonal(self.covariance + covariance - 2 * between).mean()


def spread(maps: Tensor) -> tuple[Tensor, Tensor]:
    x = maps[0].flatten(1)
    mean = x.mean(1)
    return mean, x @ x.T / x.shape[1] - torch.outer(mean, mean) + 1e-4 * torch.eye(len(x), dtype=x.dtype)


def variation(x: Tensor) -> Tensor:
    across, down = x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]
    falling, rising = x[..., 1:, 1:] - x[..., :-1, :-1], x[..., 1:, :-1] - x[..., :-1, 1:]
    straight, corners = (across**2).sum() + (down**2).sum(), (falling**2).sum() + (rising**2).sum()
    return (straight * 2 / 3 + corners / 6) / x.numel()


class Plain:
    """A picture in [-1, 1] under way."""

    def __init__(self, weights: Mapping[str, Tensor], content: Tensor, style: Tensor, rounds: int = 12) -> None:
        self.layers, convolutions = nn.ModuleList(), 0
        inputs = 3
        for width in WIDTHS:
            if not width:
                self.layers.append(nn.MaxPool2d(2))
                continue
            layer = nn.Conv2d(inputs, width, 3, padding=1).to(content.dtype)
            layer.weight.data, layer.bias.data = weights[f"{convolutions}.weight"], weights[f"{convolutions}.bias"]
            self.layers.append(layer)
            inputs, convolutions = width, convolutions + 1
        self.layers.requires_grad_(False)
        with torch.no_grad():
            self.content = self.look(content)[-2]
            self.style = [Wasserstein(maps, rounds) for place, maps in enumerate(self.look(style)) if place != 4]
        self.picture = nn.Parameter(content.clone())
        self.optimizer = torch.optim.Adam([self.picture], lr=0.04, betas=(0.9, 0.99))
        self.average, self.steps = torch.zeros_like(content), 0

    def look(self, image: Tensor) -> list[Tensor]:
        """relu1_1, 2_1, 3_1, 4_1, then 4_2 and 5_1."""
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = ((image + 1) / 2 - mean[:, None, None].to(image)) / deviation[:, None, None].to(image)
        found = []
        for place, layer in enumerate(self.layers):
            x = pad(x, (1, 1, 1, 1), "replicate") if place == 0 else x
            if isinstance(layer, nn.Conv2d):
                x = nn.functional.conv2d(x, layer.weight, layer.bias, padding=0 if place == 0 else 1).relu()
            else:
                x = layer(x)
            if place in (0, 3, 6, 11, 12, 16):
                found.append(x)
        return found

    def losses(self) -> tuple[Tensor, Tensor, Tensor]:
        maps = self.look(self.picture)
        content = mse_loss(maps[4], self.content) * 0.015
        style = [loss(each) for loss, each in zip(self.style, maps[:4] + maps[5:], strict=True)]
        return (
            content,
            sum(share * each for share, each in zip(SHARES, style, strict=True)),
            variation(self.picture) / 2,
        )

    def step(self) -> float:
        self.optimizer.zero_grad()
        total = sum(self.losses())
        total.backward()
        self.optimizer.step()
        with torch.no_grad():
            self.picture.clamp_(-1, 1)
            self.average = self.average * 0.99 + self.picture * 0.01
        self.steps += 1
        return float(total)


def seconds(plain: Plain, steps: int) -> float:
    """Of processor time, a step."""
    begun = time.process_time()
    for _ in range(steps):
        plain.step()
    return (time.process_time() - begun) / steps
