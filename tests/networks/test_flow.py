"""A flow is exactly invertible, and knows how much volume grows: against the Jacobian itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gansmith.networks.flow import Flow


def stirred(size: int, couplings: int = 5) -> Flow:
    """A flow far from the identity."""
    torch.manual_seed(size)
    flow = Flow(size, couplings, 16)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return flow


@pytest.mark.parametrize("size", [2, 3, 8])
def test_there_and_back_is_where_one_began(size: int) -> None:
    flow, z = stirred(size), torch.randn(7, size)
    there = flow(z)
    assert (there - z).abs().mean() > 0.1
    torch.testing.assert_close(flow.inverse(there)[0], z, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(flow(flow.inverse(z)[0]), z, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", [2, 5])
def test_growth_is_the_determinant_of_the_jacobian(size: int) -> None:
    flow, z = stirred(size), torch.randn(4, size)
    _, growth = flow.inverse(z)
    for row, told in zip(z, growth, strict=True):
        jacobian: Tensor = torch.autograd.functional.jacobian(  # type: ignore[no-untyped-call]
            lambda one: flow.inverse(one[None])[0][0], row
        )
        assert told.item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=1e-4)


def test_it_begins_as_a_shuffle_and_reaches_every_value() -> None:
    torch.manual_seed(0)
    flow, z = Flow(6, 6, 8), torch.randn(3, 6)
    assert torch.equal(flow(z).sort(dim=1).values, z.sort(dim=1).values)
    assert torch.equal(flow.inverse(z)[1], torch.zeros(3))
    jacobian: Tensor = torch.autograd.functional.jacobian(  # type: ignore[no-untyped-call]
        lambda one: stirred(6, 6)(one[None])[0], z[0]
    )
    assert (jacobian.abs() > 1e-6).all()


def test_without_couplings_it_is_the_identity() -> None:
    z = torch.randn(3, 4)
    assert torch.equal(Flow(4, 0, 8)(z), z)
    assert torch.equal(Flow(4, 0, 8).inverse(z)[0], z)
    assert list(Flow(4, 0, 8).parameters()) == []


def test_low_precision_around_it_changes_nothing() -> None:
    flow, z = stirred(4), torch.randn(5, 4)
    with torch.autocast("cpu", torch.bfloat16):
        there = flow(z)
    assert torch.equal(there, flow(z))
