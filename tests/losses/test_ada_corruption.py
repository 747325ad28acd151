"""ADA's filter, noise and cutout: bands amplified as scipy convolves, noise of the strength drawn, one exact hole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from torch import Tensor

from gansmith.losses.ada_corruption import band_gains, cut, filtered, noisy
from gansmith.losses.ada_draws import BANDS, PLACE, draw
from gansmith.losses.ada_wavelets import band_kernels
from tests.losses.drawing import decided


def pictures(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 13, 20), (3, 5, 4)])
def test_the_filter_is_a_convolution_along_both_sides(shape: tuple[int, int, int]) -> None:
    draws = decided(2, normal={BANDS[1]: (1.2,), BANDS[3]: (-0.7,)})
    gains = band_gains(draws)[0].numpy()
    kernel = np.zeros(43)
    for gain, band in zip(gains, band_kernels(), strict=True):
        start = (43 - len(band)) // 2
        kernel[start : start + len(band)] += gain * band
    image = pictures(2, *shape)
    expected = image.double().numpy()
    for axis in (2, 3):
        expected = ndimage.convolve1d(expected, kernel, axis=axis, mode="mirror")
    np.testing.assert_allclose(filtered(image, draws), expected, atol=1e-5)


def test_gains_keep_the_expected_power_of_natural_images() -> None:
    """The paper's, by hand: t = g_i / sqrt(sum of power t^2) for one band after the other."""
    torch.manual_seed(0)
    draws = draw(("imgfilter",), 500, 0.6)
    power = np.array([10, 1, 1, 1]) / 13
    gains = band_gains(draws).numpy()
    alone = draws.on[[PLACE[name] for name in BANDS]].sum(0).numpy() == 1
    assert alone.sum() > 20
    np.testing.assert_allclose(gains[alone] ** 2 @ power, 1, atol=1e-5)
    for image in range(20):
        expected = np.ones(4)
        for band, name in enumerate(BANDS):
            factors = np.ones(4)
            if draws.touched(name)[image]:
                factors[band] = 2 ** draws.gauss(name)[image]
            expected = expected * factors / np.sqrt(factors**2 @ power)
        np.testing.assert_allclose(gains[image], expected, rtol=1e-5)


def test_noise_is_white_and_of_a_half_normal_deviation() -> None:
    torch.manual_seed(0)
    image = torch.zeros(600, 3, 16, 16)
    noise = noisy(image, draw(("noise",), 600, 1.0))
    deviations = noise.flatten(1).std(1).numpy()
    assert stats.kstest(deviations / 0.1, stats.halfnorm.cdf).pvalue > 1e-3
    assert stats.kstest((noise[0] / noise[0].std()).flatten().numpy(), stats.norm.cdf).pvalue > 1e-3
    rows = noise[:, :, :, 1:] * noise[:, :, :, :-1]
    assert rows.mean().abs() < 5 * (rows.std() / rows.numel() ** 0.5)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (12, 20), (5, 7)])
def test_the_hole_is_half_of_each_side_around_a_point_of_the_image(height: int, width: int) -> None:
    image = pictures(1, 2, height, width) + 3  # no pixel is 0
    for down, across in ((0.5, 0.5), (0.1, 0.93), (0.0, 0.999)):
        out = cut(image, decided(uniform={"cutout": (down, across)}))
        y, x = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
        hidden = (abs(y - down) < 0.25) & (abs(x - across) < 0.25)
        assert hidden.any()
        assert torch.equal(out, image * torch.from_numpy(~hidden))


@pytest.mark.parametrize("change", [filtered, noisy])
@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_is_neither_filtered_nor_noisy(change: object, channels: int) -> None:
    assert callable(change)
    torch.manual_seed(0)
    image = pictures(16, channels, 8, 6)
    out = change(image, draw(("imgfilter", "noise"), 16, 1.0))
    assert torch.equal(out[:, -1], image[:, -1])
    assert (out[:, 0] != image[:, 0]).flatten(1).any(1).all()


@pytest.mark.parametrize(("change", "name"), [(filtered, "imgfilter"), (noisy, "noise"), (cut, "cutout")])
def test_images_that_drew_nothing_stay_bit_for_bit(change: object, name: str) -> None:
    assert callable(change)
    torch.manual_seed(0)
    image, draws = pictures(64, 3, 8, 8), draw((name,), 64, 0.2)
    touched = draws.touched(*(BANDS if name == "imgfilter" else (name,)))
    assert 0 < int(touched.sum()) < 64
    assert torch.equal(change(image, draws)[~touched], image[~touched])
