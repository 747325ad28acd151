"""Path length regularisation: a step of fixed size in style shall change the image by a fixed amount, anywhere.

Karras et al. 2020, section 3.2 and appendix B.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gansmith.game.game import Networks, Step, Terms, Turn
from gansmith.networks.smooth import input_gradients_only

MEMORY = 0.99  # of the mean length, between two turns
SHARE = 2  # the turn's images are the batch over this

Styles = Callable[[Networks, Step, int], Tensor]  # so many (N, layers, w), in the graph of their network
Paint = Callable[[Networks, Tensor], Tensor]  # styles -> images (N, C, H, W)


class PathLength(nn.Module):
    """The lengths' moving mean; never learns, checkpoints keep it."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))


def lengths(image: Tensor, styles: Tensor) -> Tensor:
    """|J^T y| for each of N images of styles (N, layers, w): J their Jacobian, y normal, of length 1 on the average.

    The mean over layers is of squares. Differentiable again.
    """
    y = torch.randn_like(image) / math.sqrt(image.shape[2] * image.shape[3])
    with input_gradients_only():
        (slope,) = torch.autograd.grad((image * y).sum(), styles, create_graph=True)
    return (slope.square().sum(dim=2).mean(dim=1) + 1e-8).sqrt()


def path_turn(styles: Styles, paint: Paint, weight: float, every: int) -> Turn:
    """weight (length - its mean)^2, of half a batch at every `every`-th step, in float32.

    Its memory is a `PathLength`, which follows by the rule `follow_lengths`.
    """

    def loss(networks: Networks, step: Step) -> Terms:
        memory = networks["path_length"]
        assert isinstance(memory, PathLength)
        with torch.autocast(step.batch.image.device.type, enabled=False):
            given = styles(networks, step, max(1, len(step.batch) // SHARE))
            found = lengths(paint(networks, given), given)
        step.note("path/length", found.mean())
        return {"loss": weight * (found - memory.mean).square().mean()}

    return Turn("path", ("generator",), loss, every=every, gain=every)


def follow_lengths(networks: Networks, step: Step) -> None:
    """After each step that measured lengths, let the mean follow theirs."""
    memory, found = networks["path_length"], step.facts.get("path/length")
    if found is not None and isinstance(memory, PathLength):
        memory.mean.lerp_(found, 1 - MEMORY)
