"""How near an image came to the one it should have been: for families that are told the right answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.errors import GansmithError


@dataclass(frozen=True)
class Likeness:
    """l1: mean absolute difference, 0..2, lower is better. psnr: decibels, ssim: -1..1; higher is better."""

    l1: float
    psnr: float
    ssim: float


def likeness(wanted: Tensor, made: Tensor) -> Likeness:
    """Of pairs of images (N, C, H, W) and (N, C, H, W) in -1..1, from 8 pixels on; infinite psnr for equal ones.

    By torchmetrics (Wang et al. 2004 for SSIM); raises GansmithError where it cannot be imported.
    """
    try:
        from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
    except Exception as error:  # a torchvision made for another torch raises RuntimeError
        raise GansmithError(
            "SSIM and PSNR need torchmetrics, which cannot be imported",
            f"{type(error).__name__}: {error}",
            "install torchvision for the same torch, or remove it: pip uninstall torchvision",
        ) from error
    distance = float((wanted.float() - made.float()).abs().mean())
    wanted, made = (wanted.float() + 1) / 2, (made.float() + 1) / 2  # SSIM compares means: they must not be negative
    sigma = 1.5 if min(wanted.shape[2:]) >= 16 else 0.5  # 11 x 11 pixels; 5 x 5 for pictures hardly larger
    equal = torch.equal(wanted, made)
    return Likeness(
        distance,
        torch.inf if equal else float(peak_signal_noise_ratio(made, wanted, data_range=1.0)),
        float(structural_similarity_index_measure(made, wanted, sigma=sigma, data_range=1.0)),  # type: ignore[arg-type]
    )
