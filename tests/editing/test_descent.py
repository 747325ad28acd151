"""Many problems at once end where each alone would: closed forms, and scipy's L-BFGS."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.editing.descent import Descent


def bowls(count: int, size: int) -> tuple[Tensor, Tensor]:
    """Random curvatures (count, size, size), conditioned up to 1000, and where each is lowest."""
    dice = torch.Generator().manual_seed(3)
    turned, _ = torch.linalg.qr(torch.randn(count, size, size, generator=dice))
    steep = 10 ** (3 * torch.rand(count, size, generator=dice))
    return turned * steep[:, None] @ turned.mT, torch.randn(count, size, generator=dice)


def test_bowls_are_lowered_to_their_bottoms() -> None:
    curved, bottom = bowls(7, 12)

    def values(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        off = at - bottom[rows]
        high = (off * (curved[rows] @ off[..., None])[..., 0]).sum(1)
        return high, high

    descent = Descent(values, torch.zeros(7, 12), enough=1e-8)
    descent.go(200)
    assert descent.done.all()
    assert (descent.at - bottom).abs().max() < 1e-3


def test_valleys_end_as_scipys_do_and_rows_do_not_disturb_each_other() -> None:
    from scipy.optimize import minimize, rosen, rosen_der

    starts = np.array([[-1.2, 1.0, 0.5], [2.0, -1.0, 0.3], [0.0, 0.0, 0.0]], np.float32)

    def values(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        high = (100 * (at[:, 1:] - at[:, :-1] ** 2) ** 2 + (1 - at[:, :-1]) ** 2).sum(1)
        return high, high

    together = Descent(values, torch.from_numpy(starts))
    together.go(150)
    for row, start in enumerate(starts):
        expected = minimize(rosen, start, jac=rosen_der, method="L-BFGS-B").x
        alone = Descent(values, torch.from_numpy(start[None]))
        alone.go(150)
        np.testing.assert_allclose(together.at[row], expected, atol=0.02)
        np.testing.assert_allclose(together.at[row], alone.at[0], atol=1e-3)


def test_rows_that_are_done_rest_or_were_given_up_cost_nothing() -> None:
    asked: list[list[int]] = []

    def values(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        asked.append(rows.tolist())
        high = (at - 1).square().sum(1)
        return high, high.sqrt()

    descent = Descent(values, torch.tensor([[1.0], [5.0], [9.0], [13.0]]), enough=0.01)
    descent.resting[1] = True
    descent.go(1)
    assert asked == [[0, 1, 2, 3], [2, 3]]
    descent.keep(torch.tensor([3, 0]))
    descent.go(50)
    assert asked[2:] == [[3]] * len(asked[2:]) and len(asked) < 20
    assert descent.rows.tolist() == [3, 0] and descent.done.all()
    assert descent.at[:, 0].tolist() == pytest.approx([1.0, 1.0], abs=0.01)


def test_a_cliff_of_no_numbers_is_not_stepped_over() -> None:
    def values(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        high = (at - 0.9).square().sum(1) + 1e-3 * torch.log(1 - at).sum(1)  # no number beyond 1
        return high, high

    descent = Descent(values, torch.full((1, 1), -50.0), enough=-1)
    descent.go(100)
    assert abs(float(descent.at) - 0.9) < 0.02
