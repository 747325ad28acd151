"""The filters of ADA: what defines sym6 and sym2, and that resampling and splitting lose nothing at any size."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.losses.ada_wavelets import DELAY, FIRST, SYM2, SYM6, band_kernels, bands, doubling, halving, mirrored

SIZES = (1, 2, 3, 8, 13, 28)


@pytest.mark.parametrize(("taps", "moments"), [(SYM6, 6), (SYM2, 2)])
def test_they_are_orthonormal_wavelets_with_their_vanishing_moments(taps: np.ndarray, moments: int) -> None:
    """Daubechies 1988: sum h[k] h[k + 2m] is 1 for m = 0, else 0; the high pass is blind to polynomials."""
    assert len(taps) == 2 * moments
    for shift in range(moments):
        assert taps[2 * shift :] @ taps[: len(taps) - 2 * shift] == pytest.approx(float(shift == 0), abs=1e-11)
    signs, middle = (-1.0) ** np.arange(len(taps)), np.arange(len(taps)) - (len(taps) - 1) / 2
    for power in range(moments):
        assert signs * taps @ middle**power == pytest.approx(0, abs=1e-7)


def test_sym6_delays_all_it_passes_nearly_alike() -> None:
    """Within half of a half pixel, the slowest frequencies by DELAY: what images are turned around stays in place."""
    frequencies = np.linspace(0.01, np.pi / 2, 50)
    response = (SYM6 * np.exp(-1j * np.outer(frequencies, np.arange(12)))).sum(1)
    delay = -np.gradient(np.unwrap(np.angle(response)), frequencies)
    assert np.ptp(delay) < 0.5
    assert delay[0] == pytest.approx(DELAY, abs=1e-3)


@pytest.mark.parametrize("size", SIZES)
def test_halving_undoes_doubling(size: int) -> None:
    rows = slice(-FIRST, -FIRST + halving(size).shape[1])
    np.testing.assert_allclose(halving(size) @ doubling(size)[rows], np.eye(size), atol=1e-11)


@pytest.mark.parametrize("size", SIZES)
def test_a_constant_stays_one_at_any_resolution(size: int) -> None:
    for matrix in (doubling(size), halving(size)):
        np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-11)


@pytest.mark.parametrize("size", SIZES)
def test_the_bands_add_up_to_the_image(size: int) -> None:
    assert bands(size).shape == (4, size, size)
    np.testing.assert_allclose(bands(size).sum(0), np.eye(size), atol=1e-12)


def test_each_band_passes_its_octave() -> None:
    """[0, pi/8], [pi/8, pi/4], [pi/4, pi/2], [pi/2, pi]: strongest in the middle of their own."""
    middles = np.pi * np.array([1 / 16, 3 / 16, 3 / 8, 3 / 4])
    gains = []
    for kernel in band_kernels():
        np.testing.assert_allclose(kernel, kernel[::-1], atol=1e-15)  # so no band shifts the image
        offsets = np.arange(len(kernel)) - len(kernel) // 2
        gains.append([kernel @ np.cos(middle * offsets) for middle in middles])
    assert np.array_equal(np.argmax(gains, axis=0), np.arange(4))
    assert np.diag(gains).min() > 0.7


@pytest.mark.parametrize("size", SIZES)
def test_beyond_an_edge_an_image_goes_on_mirrored_for_ever(size: int) -> None:
    """Reference: numpy's padding, which repeats the edge of a single pixel."""
    expected = np.pad(np.arange(size), 3 * size, mode="reflect" if size > 1 else "edge")
    assert np.array_equal(mirrored(np.arange(-3 * size, 4 * size), size), expected)
