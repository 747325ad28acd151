"""A generator that goes elsewhere: one module, every wish a tensor, nothing left to chance.

What is exported is one of these. A family whose generator takes more than latents says so with a class of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gansmith.data.spec import DataSpec
from gansmith.game.game import Networks, Request, noise
from gansmith.game.settings import LearningSettings
from gansmith.networks.convolution import Doubling, Halving
from gansmith.networks.fold import folded
from gansmith.networks.tiled import Conv3x3

Kind = Literal["normal", "uniform", "spherical", "chance", "label", "code", "sentence", "truncation", "image"]
Example = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class Input:
    """A tensor that a portable generator takes.

    kind: what it is, so that somebody else can make one. words: its shape, type and range. example: (count, chance) ->
    such a tensor, as samples have it. free: dimensions of any size, by number: their name, and what they are a multiple
    of; of more than one, a graph is traced.
    """

    name: str
    kind: Kind
    words: str
    example: Example
    free: Mapping[int, tuple[str, int]]


ROWS = {0: ("count", 1)}  # as many as there are samples
# Layers that choose their form by the size of the batch, which a graph leaves open.
ORDINARY: Mapping[type[nn.Module], type[nn.Module]] = {
    **{Halving: nn.Conv2d, Doubling: nn.ConvTranspose2d, Conv3x3: nn.Conv2d},
}


class Portable(nn.Module):
    """Tensors, one per input and in their order -> images (N, C, H, W) in [-1, 1], or rows (N, D), float32.

    request: of the game that draws the same from those tensors; None where it draws by chance of its own. players: the
    networks the game is to draw by, where they are not those of the run.
    """

    inputs: tuple[Input, ...]

    def __init__(self, generator: nn.Module, inputs: Sequence[Input]) -> None:
        super().__init__()
        self.generator = plain(generator)
        self.inputs = tuple(inputs)

    def forward(self, *given: Tensor) -> Tensor:
        made: Tensor = self.generator(*given)
        return made.float()

    def request(self, given: Sequence[Tensor]) -> Request | None:
        """Of latents, and under the inputs' names whatever else a game is given, a row each."""
        rows = (one if one.dim() else one.expand(len(given[0])) for one in given)
        known = dict(zip((one.name for one in self.inputs), rows, strict=True))
        latent = known.pop("latent", None)
        return Request(len(given[0]), latent=latent, given=known)

    def players(self, networks: Networks) -> Networks:
        return networks


Port = Callable[[Networks, Any, DataSpec], Portable]  # networks, settings, data -> what is exported


def latents(settings: LearningSettings) -> Input:
    """Latents (N, z), as the family draws them."""
    ranges = {"normal": "standard normal", "uniform": "uniform in [-1, 1]", "spherical": "normal, scaled to sqrt(z)"}
    return Input(
        "latent",
        settings.prior,
        f"(N, {settings.z}) float32, {ranges[settings.prior]}",
        lambda count, chance: noise(count, settings.z, settings.prior, chance),
        ROWS,
    )


def labels(spec: DataSpec) -> Input:
    """Class numbers (N,)."""
    most = max(1, len(spec.classes))
    words = f"(N,) int64, the number of a class, 0 to {most - 1}"
    return Input("label", "label", words, lambda count, chance: torch.randint(most, (count,), generator=chance), ROWS)


def truncations(words: str) -> Input:
    """One number for all samples."""
    return Input("truncation", "truncation", f"() float32, {words}", lambda count, chance: torch.tensor(0.7), {})


def sources(spec: DataSpec, multiple: int, least: int) -> Input:
    """Images (N, C, H, W) to be translated: of any size that is a multiple, if the training's was, from `least` on."""
    shape = cast(tuple[int, int, int], spec.shape)
    any_size = all(side % multiple == 0 and side >= least for side in shape[1:])
    free = {2: ("rows", multiple), 3: ("columns", multiple)} if any_size else {}
    sizes = f"H and W multiples of {multiple}, at least {least}" if any_size else f"{shape[1]} x {shape[2]} pixels"

    def example(count: int, chance: torch.Generator) -> Tensor:
        return torch.rand(count, *shape, generator=chance) * 2 - 1

    return Input("source", "image", f"(N, {shape[0]}, H, W) float32 in [-1, 1], {sizes}", example, {**ROWS, **free})


def of_latents(networks: Networks, settings: Any, spec: DataSpec) -> Portable:
    """Of a family whose generator takes latents alone."""
    return Portable(networks["generator"], [latents(settings)])


def plain(network: nn.Module) -> nn.Module:
    """An equal network of ordinary layers in eval mode and float32, on the CPU, their weights as they are used."""
    network = copy.deepcopy(network).cpu().float().eval().requires_grad_(False)
    for layer in list(network.modules()):
        if is_parametrized(layer, "weight"):
            weight = cast(Tensor, layer.weight).detach().clone()
            # PyTorch's own way of taking it off would take it off the original, which has the same class.
            layer.__class__ = type(layer).__bases__[0]
            del layer._modules["parametrizations"]
            layer.register_parameter("weight", nn.Parameter(weight, requires_grad=False))
        layer.__class__ = ORDINARY.get(type(layer), type(layer))
    return folded(network).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
