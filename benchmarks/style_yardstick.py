"""The plain side of `stylegan.py`: StyleGAN2's pair the way it is usually written, and nothing of gansmith in it.

Weights per sample and a group of the convolution for each, filters by zeros put in and a depthwise convolution, maps in
rows of channels, float32, default Adam, gradients of the discriminator left on in the generator's step, losses read at
every step. Names of weights are those of the other side, so that both can begin with the same.
"""

from __future__ import annotations

import math
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, pad, softplus

ROOT2 = math.sqrt(2)


def filtered(x: Tensor, up: int = 1, down: int = 1, padding: tuple[int, int] = (0, 0), gain: float = 1.0) -> Tensor:
    """Zeros put in, zeros around, the filter [1, 3, 3, 1], every `down`-th cell."""
    count, channels, height, width = x.shape
    if up > 1:
        x = pad(x.reshape(count, channels, height, 1, width, 1), [0, up - 1, 0, 0, 0, up - 1])
        x = x.reshape(count, channels, height * up, width * up)
    x = pad(x, [*padding, *padding])
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    kernel = (torch.outer(line, line) * gain)[None, None].repeat(channels, 1, 1, 1)
    return conv2d(x, kernel, groups=channels)[:, :, ::down, ::down]


def rectified(x: Tensor, bias: Tensor) -> Tensor:
    return leaky_relu(x + bias.reshape(1, -1, 1, 1), 0.2) * ROOT2


class Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int, slower: float = 1.0) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(outputs, inputs)), nn.Parameter(torch.zeros(outputs))
        self.scale, self.slower = slower / math.sqrt(inputs), slower

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight * self.scale, self.bias * self.slower)


class Modulated(nn.Module):
    """Weights scaled and normalised per sample; the batch becomes groups."""

    def __init__(self, inputs: int, outputs: int, kernel: int, w: int, up: bool = False, normal: bool = True) -> None:
        super().__init__()
        self.affine = Dense(w, inputs)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        if normal:
            self.loudness = nn.Parameter(torch.zeros(()))
        self.up, self.normal, self.scale = up, normal, 1 / math.sqrt(inputs * kernel**2)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None = None) -> Tensor:
        count, inputs, height, width = x.shape
        weight = self.affine(style).reshape(count, 1, inputs, 1, 1) * (self.weight * self.scale)
        if self.normal:
            weight = weight * (weight.square().sum(dim=[2, 3, 4], keepdim=True) + 1e-8).rsqrt()
        outputs, kernel = weight.shape[1], weight.shape[-1]
        x = x.reshape(1, count * inputs, height, width)
        if self.up:
            weight = weight.transpose(1, 2).reshape(count * inputs, outputs, kernel, kernel)
            x = conv_transpose2d(x, weight, stride=2, groups=count)
            x = filtered(x.reshape(count, outputs, *x.shape[2:]), padding=(1, 1), gain=4.0)
        else:
            x = conv2d(x, weight.reshape(-1, inputs, kernel, kernel), padding=kernel // 2, groups=count)
            x = x.reshape(count, outputs, *x.shape[2:])
        if not self.normal:
            return x + self.bias.reshape(1, -1, 1, 1)
        assert noise is not None
        return rectified(x + noise * self.loudness, self.bias)


class Synthesis(nn.Module):
    def __init__(self, widths: list[int], w: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        layers = [Modulated(widths[0], widths[0], 3, w)]
        for a, b in pairwise(widths):
            layers += [Modulated(a, b, 3, w, up=True), Modulated(b, b, 3, w)]
        self.convolutions = nn.ModuleList(layers)
        self.to_image = nn.ModuleList(Modulated(width, 3, 1, w, normal=False) for width in widths)


class Mapping(nn.Module):
    def __init__(self, z: int, w: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Dense(w if place else z, w, 0.01) for place in range(depth))


class Generator(nn.Module):
    """(N, z) -> (N, 3, size, size); widths from coarse to fine."""

    def __init__(self, widths: list[int], z: int = 512, depth: int = 2) -> None:
        super().__init__()
        self.mapping, self.synthesis = Mapping(z, z, depth), Synthesis(widths, z)

    def forward(self, z: Tensor) -> Tensor:
        w = z * (z.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping.layers:
            w = leaky_relu(layer(w), 0.2) * ROOT2
        x, image = self.synthesis.start.repeat(len(z), 1, 1, 1), None
        for place, layer in enumerate(self.synthesis.convolutions):
            size = 4 << (place + 1) // 2
            x = layer(x, w, torch.randn(len(z), 1, size, size))
            if place % 2 == 0:
                part = self.synthesis.to_image[place // 2](x, w)
                image = part if image is None else filtered(image, up=2, padding=(2, 1), gain=4.0) + part
        assert image is not None
        return image


class Same(nn.Module):
    """A convolution, or one at every second cell after the filter."""

    def __init__(self, inputs: int, outputs: int, kernel: int, halve: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        if bias:
            self.bias = nn.Parameter(torch.zeros(outputs))
        self.halve, self.scale = halve, 1 / math.sqrt(inputs * kernel**2)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.scale
        if not self.halve:
            return conv2d(x, weight, padding=weight.shape[-1] // 2)
        if weight.shape[-1] == 1:
            return conv2d(filtered(x, down=2, padding=(1, 1)), weight)
        return conv2d(filtered(x, padding=(2, 2)), weight, stride=2)


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = Same(inputs, inputs, 3), Same(inputs, outputs, 3, halve=True)
        self.skip = Same(inputs, outputs, 1, halve=True, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = rectified(self.first(x), self.first.bias)
        y = rectified(self.second(y), self.second.bias) / ROOT2
        return y + self.skip(x) / ROOT2


class Discriminator(nn.Module):
    """(N, 3, size, size) -> (N,); widths from fine to coarse."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        last = widths[-1]
        self.from_image = Same(3, widths[0], 1)
        self.blocks = nn.Sequential(*(Block(a, b) for a, b in pairwise(widths)))
        self.final, self.dense, self.last = Same(last + 1, last, 3), Dense(last * 16, last), Dense(last, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.blocks(rectified(self.from_image(image), self.from_image.bias))
        groups = x.reshape(-1, min(4, len(x)), *x.shape[1:])  # of neighbours
        spread = (groups.var(dim=1, correction=0) + 1e-8).sqrt().mean(dim=[1, 2, 3])
        spread = spread.repeat_interleave(len(x) // len(spread)).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)
        x = rectified(self.final(torch.cat([x, spread], 1)), self.final.bias)
        x = leaky_relu(self.dense(x.permute(0, 2, 3, 1).reshape(len(x), -1)), 0.2) * ROOT2
        return self.last(x)[:, 0]


def pair(widths: list[int], weights: Path) -> tuple[Generator, Discriminator, dict[str, Tensor]]:
    """Both networks with the weights of a file, and the tensors in it that are no weights."""
    known = load_file(weights)
    networks = Generator(widths[::-1]), Discriminator(widths)
    for name, network in zip(("generator", "discriminator"), networks, strict=True):
        network.load_state_dict({key: known.pop(f"{name}.{key}") for key in network.state_dict()})
    return *networks, known


def training(widths: list[int], weights: Path, steps: int) -> dict[str, Any]:
    """Losses at the start, processor seconds of every step, and the number of weights."""
    g, d, given = pair(widths, weights)
    g_adam, d_adam = (torch.optim.Adam(net.parameters(), lr=2.5e-3, betas=(0.0, 0.99)) for net in (g, d))
    z, real = given["z"], given["real"]
    seconds, losses = [], []
    for _ in range(steps):
        began = time.process_time()
        d_adam.zero_grad()
        with torch.no_grad():
            fake = g(z)
        d_loss = softplus(d(fake)).mean() + softplus(-d(real)).mean()
        d_loss.backward()
        losses.append(d_loss.item())
        d_adam.step()
        g_adam.zero_grad()
        g_loss = softplus(-d(g(z))).mean()
        g_loss.backward()
        losses.append(g_loss.item())
        g_adam.step()
        seconds.append(time.process_time() - began)
    with torch.no_grad():
        g, d, _ = pair(widths, weights)
        first = [(softplus(d(g(z))) + softplus(-d(real))).mean().item(), softplus(-d(g(z))).mean().item()]
    parameters = [sum(p.numel() for p in net.parameters()) for net in (g, d)]
    return {"first": first, "seconds": seconds, "parameters": parameters}


def sampling(widths: list[int], weights: Path, count: int, times: int) -> dict[str, Any]:
    """Processor seconds of drawing `count` images, all at once."""
    g, _, _ = pair(widths, weights)
    g.eval()
    seconds = []
    with torch.no_grad():
        for _ in range(times):
            began = time.process_time()
            g(torch.randn(count, 512))
            seconds.append(time.process_time() - began)
    return {"seconds": seconds}
