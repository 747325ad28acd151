"""What a discriminator makes of a sample before its last word: the input of its last layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.networks.last import last_layer


@contextmanager
def listening(discriminator: nn.Module) -> Iterator[list[Tensor]]:
    """Within it, a list grows by the features (N, d) of every pass, gradients attached where the pass has them.

    Of maps, where patches are judged, the mean over their places. Raises ValueError where there is no such layer.
    """
    heard: list[Tensor] = []

    def hear(layer: nn.Module, given: tuple[Any, ...]) -> None:
        heard.append(given[0].mean((2, 3)) if given[0].dim() == 4 else given[0])

    hook = last_layer(discriminator).register_forward_pre_hook(hear)
    try:
        yield heard
    finally:
        hook.remove()


def features_of(discriminator: nn.Module, ask: Callable[[], object]) -> Tensor:
    """Features (N, d) in float32 of what `ask()` shows the discriminator, in one pass and without gradients."""
    with torch.no_grad(), listening(discriminator) as heard:
        ask()
    return heard[-1].float().flatten(1)
