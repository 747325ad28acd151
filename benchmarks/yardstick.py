"""The yardstick of speed: a plain script that trains a DCGAN on a folder the way the well-known example does.

Nothing of gansmith is in it: PNG files read with Pillow by worker processes, NCHW float32, default Adam, sigmoid and
binary cross-entropy, separate real and fake passes, discriminator gradients left on in the generator's step, losses
read and printed at every step. `speed.py` runs it beside `gansmith train` and reads the JSON it writes.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

Z, CHANNELS, SIZE = 100, 64, 64
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}


class Pictures(Dataset[Tensor]):
    """Every image below a folder as (3, 64, 64) float32 in [-1, 1], decoded anew whenever it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as image:
            picture = image.convert("RGB")
        if picture.size != (SIZE, SIZE):
            picture = picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()
        return pixels.float().div(255).sub(0.5).div(0.5)


def generator() -> nn.Sequential:
    """(N, 100, 1, 1) -> (N, 3, 64, 64)."""
    layers: list[nn.Module] = []
    inputs, outputs = Z, CHANNELS * 8
    for stride, padding in ((1, 0), (2, 1), (2, 1), (2, 1)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False), nn.BatchNorm2d(outputs)]
        layers += [nn.ReLU(True)]
        inputs, outputs = outputs, outputs // 2
    return nn.Sequential(*layers, nn.ConvTranspose2d(inputs, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator() -> nn.Sequential:
    """(N, 3, 64, 64) -> (N, 1, 1, 1) in (0, 1)."""
    layers: list[nn.Module] = [nn.Conv2d(3, CHANNELS, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    width = CHANNELS
    for _ in range(3):
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
        width *= 2
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 0, bias=False), nn.Sigmoid())


def initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Training:
    """Two networks, their optimizers, and one step of both."""

    def __init__(self) -> None:
        self.g, self.d = generator(), discriminator()
        self.g.apply(initialise)
        self.d.apply(initialise)
        self.loss = nn.BCELoss()
        self.g_adam = torch.optim.Adam(self.g.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.d_adam = torch.optim.Adam(self.d.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def step(self, real: Tensor, z: Tensor) -> tuple[float, ...]:
        """(D's loss, G's loss, D(real), D(fake) before D's step, D(fake) after it)."""
        label = torch.full((len(real),), 1.0)
        self.d.zero_grad()
        output = self.d(real).view(-1)
        on_real = self.loss(output, label)
        on_real.backward()
        seen_real = output.mean().item()

        fake = self.g(z)
        label.fill_(0.0)
        output = self.d(fake.detach()).view(-1)
        on_fake = self.loss(output, label)
        on_fake.backward()
        seen_fake = output.mean().item()
        d_loss = on_real + on_fake
        self.d_adam.step()

        self.g.zero_grad()
        label.fill_(1.0)
        output = self.d(fake).view(-1)
        g_loss = self.loss(output, label)
        g_loss.backward()
        seen_after = output.mean().item()
        self.g_adam.step()
        return d_loss.item(), g_loss.item(), seen_real, seen_fake, seen_after


def main() -> None:
    began = time.time()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--result", type=Path, help="where to write the measurements")
    arguments = parser.parse_args()

    training = Training()
    pictures = Pictures(arguments.folder)
    loader = DataLoader(pictures, arguments.batch, shuffle=True, num_workers=arguments.workers, drop_last=True)
    moments: list[float] = []
    epoch = 0
    while len(moments) < arguments.steps:
        for number, real in enumerate(loader):
            losses = training.step(real, torch.randn(len(real), Z, 1, 1))
            moments.append(time.time())
            words = "Loss_D: {:.4f} Loss_G: {:.4f} D(x): {:.4f} D(G(z)): {:.4f} / {:.4f}".format(*losses)
            print(f"[{epoch}][{number}/{len(loader)}] {words}", flush=True)
            if len(moments) == arguments.steps:
                break
        epoch += 1
    if arguments.result:
        result: dict[str, Any] = {
            "began": began,
            "moments": moments,
            "parameters": sum(p.numel() for net in (training.g, training.d) for p in net.parameters()),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        arguments.result.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
