"""Normal quantiles by plain arithmetic: against PyTorch's own, in double precision."""

from __future__ import annotations

import math

import pytest
import torch

from gansmith.game.quantiles import inverse_erf, truncated_plainly
from gansmith.game.truncation import truncated


def test_the_inverse_error_function() -> None:
    x = torch.linspace(-0.9999, 0.9999, 20_001)
    torch.testing.assert_close(inverse_erf(x).double(), torch.erfinv(x.double()), atol=2e-7, rtol=2e-6)


@pytest.mark.parametrize("limit", [0.0, 0.1, 0.7, 1.0, 2.0, 3.0, math.inf, -1.0])
def test_truncation_is_the_same_as_in_double_precision(limit: float) -> None:
    latent = torch.randn(200, 50, generator=torch.Generator().manual_seed(0)).clamp(-4, 4)
    found = truncated_plainly(latent, torch.tensor(limit))
    torch.testing.assert_close(found, truncated(latent, torch.full((200,), limit)), atol=1e-4, rtol=0)
    assert math.isinf(limit) or bool((found.abs() <= max(limit, 0)).all())
