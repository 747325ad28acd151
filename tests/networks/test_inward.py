"""The clamp that lets gradients lead back inside is the plain clamp otherwise."""

from __future__ import annotations

import torch

from gansmith.networks.inward import clamped_inward


def test_gradients_pass_where_a_step_against_them_leads_inside() -> None:
    values = torch.tensor([-2.0, -2.0, -0.5, 0.5, 2.0, 2.0], requires_grad=True)
    pull = torch.tensor([1.0, -1.0, 3.0, -3.0, 1.0, -1.0])
    made = clamped_inward(values)
    assert torch.equal(made, values.detach().clamp(-1, 1))
    (slopes,) = torch.autograd.grad((made * pull).sum(), values)
    assert slopes.tolist() == [0.0, -1.0, 3.0, -3.0, 1.0, 0.0]


def test_descent_leaves_a_saturated_end_that_the_plain_clamp_is_stuck_at() -> None:
    for clamp, end in ((clamped_inward, 0.25), (lambda x: x.clamp(-1, 1), 3.0)):
        value = torch.tensor(3.0, requires_grad=True)
        optimizer = torch.optim.SGD([value], 0.1)
        for _ in range(100):
            optimizer.zero_grad()
            (value.grad,) = torch.autograd.grad((clamp(value) - 0.25).square(), value)
            optimizer.step()
        assert abs(value.item() - end) < 1e-3
