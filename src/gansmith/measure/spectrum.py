"""Power spectra of images: whether a generator leaves a checkerboard, and which scales it gets wrong."""

from __future__ import annotations

import torch
from torch import Tensor

HALF = ((0, 2), (2, 0), (2, 2))  # in quarters of a cycle per pixel: a period of two pixels
QUARTER = ((0, 1), (1, 0), (1, 1), (1, 2), (2, 1))  # of four
CHUNK = 16  # images at a time
NEAR, FAR = 1, 3  # bins around a frequency: up to NEAR the window smears its peak, beyond FAR is another scale


def power(images: Tensor) -> Tensor:
    """Mean power spectrum (H, W) of images (N, C, H, W), with frequency 0 in the corner; sides cut to multiples of 4.

    Each image's mean is taken off and a Hann window laid over it, so that its borders leave no cross.
    """
    high, wide = (side // 4 * 4 for side in images.shape[2:])
    window = torch.outer(torch.hann_window(high), torch.hann_window(wide))
    total = torch.zeros(high, wide)
    for some in images[:, :, :high, :wide].chunk(-(-len(images) // CHUNK)):
        some = some.float().cpu()
        waves = torch.fft.fft2((some - some.mean(dim=(2, 3), keepdim=True)) * window)
        total += (waves.real.square() + waves.imag.square()).sum(dim=(0, 1))
    return total / (len(images) * images.shape[1])


def checkerboard(real: Tensor, fake: Tensor) -> float:
    """Decibels by which fakes stand out over reals at the frequencies where strided layers leave their pattern.

    Images (N, C, H, W) and (M, C, H, W) of one size, from 16 pixels on. 0 for equal sets, about 0 for good fakes; from
    about 6 a pattern can be seen (Odena et al. 2016). Each frequency is taken over its neighbours, so that blurred or
    noisy fakes are not mistaken for patterned ones. Of the periods of two and of four pixels the stronger counts.
    """
    return of_spectra(power(real), power(fake))


def of_spectra(real: Tensor, fake: Tensor) -> float:
    """`checkerboard` from power spectra (H, W)."""
    gain = _stands_out(fake, HALF) - _stands_out(real, HALF), _stands_out(fake, QUARTER) - _stands_out(real, QUARTER)
    return max(float(gain[0].mean()), float(gain[1].mean()))


def _stands_out(spectrum: Tensor, frequencies: tuple[tuple[int, int], ...]) -> Tensor:
    """Decibels of each frequency over the median of its neighbourhood: (F,)."""
    high, wide = spectrum.shape
    floor = 1e-12 * float(spectrum.mean()) + torch.finfo(torch.float32).tiny
    found = []
    for down, right in frequencies:
        rows = torch.arange(-FAR, FAR + 1) + down * high // 4
        columns = torch.arange(-FAR, FAR + 1) + right * wide // 4
        around = spectrum[rows % high][:, columns % wide]
        inner = slice(FAR - NEAR, FAR + NEAR + 1)
        ring = torch.ones_like(around, dtype=torch.bool)
        ring[inner, inner] = False
        found.append(10 * torch.log10((around[FAR, FAR] + floor) / (around[ring].median() + floor)))
    return torch.stack(found)


def radial(spectrum: Tensor) -> Tensor:
    """Azimuthal mean of a power spectrum (H, W): a value for each whole radius from 1 to the Nyquist frequency."""
    high, wide = spectrum.shape
    down, right = torch.fft.fftfreq(high)[:, None], torch.fft.fftfreq(wide)
    side = min(high, wide)
    radius = ((down.square() + right.square()).sqrt() * side).round().long()
    return torch.stack([spectrum[radius == r].mean() for r in range(1, side // 2 + 1)])


def spectrum_difference(real: Tensor, fake: Tensor) -> float:
    """Mean difference in decibels of the azimuthal spectra (Durall et al. 2020) of images (N, C, H, W): 0 is best."""
    return of_radial(power(real), power(fake))


def of_radial(real: Tensor, fake: Tensor) -> float:
    """`spectrum_difference` from power spectra (H, W)."""
    tiny = torch.finfo(torch.float32).tiny
    return float((10 * torch.log10((radial(fake) + tiny) / (radial(real) + tiny))).abs().mean())
