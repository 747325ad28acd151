"""What a discriminator makes of a sample before its last word: the input of its last linear layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.networks.last import last_linear


@contextmanager
def listening(discriminator: nn.Module) -> Iterator[list[Tensor]]:
    """Within it, a list grows by the features (N, d) of every pass, gradients attached where the pass has them.

    Raises ValueError for a discriminator without a linear layer.
    """
    heard: list[Tensor] = []

    def hear(layer: nn.Module, given: tuple[Any, ...]) -> None:
        heard.append(given[0])

    hook = last_linear(discriminator).register_forward_pre_hook(hear)
    try:
        yield heard
    finally:
        hook.remove()


def features_of(discriminator: nn.Module, ask: Callable[[], object]) -> Tensor:
    """Features (N, d) in float32 of what `ask()` shows the discriminator, in one pass and without gradients."""
    with torch.no_grad(), listening(discriminator) as heard:
        ask()
    return heard[-1].float().flatten(1)
