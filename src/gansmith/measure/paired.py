"""How near an image came to the one it should have been: for families that are told the right answer."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from gansmith.errors import GansmithError


def likeness(wanted: Tensor, made: Tensor) -> dict[str, Tensor]:
    """L1, PSNR and SSIM of each pair of images (N, C, H, W) and (N, C, H, W) in -1..1, from 8 pixels on: (N,) each.

    L1: mean absolute difference, 0..2, lower is better. PSNR: decibels, infinite for equal images; SSIM (Wang et al.
    2004, by torchmetrics): -1..1; higher is better. Raises GansmithError where torchmetrics cannot be imported.
    """
    try:
        from torchmetrics.functional.image import structural_similarity_index_measure
    except Exception as error:  # a torchvision made for another torch raises RuntimeError
        raise GansmithError(
            "SSIM needs torchmetrics, which cannot be imported",
            f"{type(error).__name__}: {error}",
            "install torchvision for the same torch, or remove it: pip uninstall torchvision",
        ) from error
    difference = (wanted.float() - made.float()).flatten(1)
    wanted, made = (wanted.float() + 1) / 2, (made.float() + 1) / 2  # SSIM compares means: they must not be negative
    sigma = 1.5 if min(wanted.shape[2:]) >= 16 else 0.5  # 11 x 11 pixels; 5 x 5 for pictures hardly larger
    alike = structural_similarity_index_measure(made, wanted, sigma=sigma, data_range=1.0, reduction="none")
    return {
        "L1": difference.abs().mean(1),
        "PSNR": 10 * torch.log10(4 / difference.square().mean(1)),
        "SSIM": cast(Tensor, alike).reshape(len(wanted)),
    }
