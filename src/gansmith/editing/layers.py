"""Which weights of a generator first see its latents, and what it makes of them early on, found by watching it draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from gansmith.networks.flow import Flow

Draw = Callable[[Tensor], object]  # coordinates (N, d) -> images, with a graph behind them where those have one
Heard = Callable[[nn.Module, Tensor, Tensor], Tensor | None]  # layer, input, output -> what comes out instead


@contextmanager
def listening(heard: Heard) -> Iterator[None]:
    """Within it every linear layer or convolution that is told something of the latents is heard, in order.

    Its own weights must ask for no gradients. A flow only brings latents into another distribution: what is in one is
    passed over. The hooks are on all modules there are, since a family may draw with a copy of its network.
    """
    depth = 0

    def before(module: nn.Module, given: tuple[Any, ...]) -> None:
        nonlocal depth
        depth += isinstance(module, Flow)

    def after(module: nn.Module, given: tuple[Any, ...], output: Any) -> Any:
        nonlocal depth
        if isinstance(module, Flow):
            depth -= 1
        weight = getattr(module, "weight", None)
        if depth or not isinstance(weight, Tensor) or weight.dim() < 2 or not given:
            return None
        told = given[0]
        return heard(module, told, output) if isinstance(told, Tensor) and told.requires_grad else None

    hooks = register_module_forward_pre_hook(before), register_module_forward_hook(after)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def first_weights(draw: Draw, coords: Tensor) -> Tensor:
    """What first becomes of coordinates (N, d), to first order: a row (d,) for each output of the layers they enter.

    A layer's weights times the mean slope of its input. Raises ValueError where no layer sees them.
    """
    leaf = coords.detach().requires_grad_()
    rows: dict[nn.Module, Tensor] = {}

    def heard(layer: nn.Module, told: Tensor, output: Tensor) -> Tensor:
        if layer not in rows:  # more are drawn than at once
            flat = told.flatten(1)
            slopes = [torch.autograd.grad(one.sum(), leaf, retain_graph=True)[0].mean(0) for one in flat.unbind(1)]
            rows[layer] = cast(Tensor, layer.weight).detach().float().flatten(1) @ torch.stack(slopes)
        return output.detach()  # then no later layer is told of them

    with listening(heard):
        draw(leaf)
    if not rows:
        raise ValueError("no layer sees the latents")
    return torch.cat([*rows.values()])


def early(draw: Draw, coords: Tensor) -> Tensor:
    """What the first layers' results have become when the next layer is given them: (N, features), flat.

    Raises ValueError where there is no next layer.
    """
    leaf = coords.detach().requires_grad_()
    found: dict[nn.Module, list[Tensor]] = {}

    def heard(layer: nn.Module, told: Tensor, output: Tensor) -> Tensor | None:
        if torch.autograd.grad(told.sum(), leaf, retain_graph=True, allow_unused=True)[0] is not None:
            return output.detach().requires_grad_().clone()  # told of latents, but no longer by them
        if layer in found or not found:
            found.setdefault(layer, []).append(told.detach().float().flatten(1))
        return None

    with listening(heard):
        draw(leaf)
    if not found:
        raise ValueError("there is no second layer")
    return torch.cat(next(iter(found.values())))
