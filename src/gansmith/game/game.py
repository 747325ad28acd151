"""A game: networks and the ordered turns they take. All that learns here is one; `loop.play` plays them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.game.acts import Act, remaining
from gansmith.game.schedules import Schedule

Networks = nn.ModuleDict | Mapping[str, nn.Module]
Terms = dict[str, Tensor]
Noise = Literal["fixed", "random", "none"]


@dataclass
class Step:
    """One round of turns. `seen` counts real images before it; facts are detached tensors, read by whoever iterates.

    kept: what a function leaves for a later one of the same step, as a judge its features for a further loss.
    """

    number: int
    seen: int
    batch: Batch
    dials: Mapping[str, float] = field(default_factory=dict)
    facts: dict[str, Tensor] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def note(self, name: str, value: Tensor) -> None:
        self.facts[name] = value.detach()


Loss = Callable[[Networks, Step], Terms]
Rule = Callable[[Networks, Step], None]


@dataclass(frozen=True)
class Turn:
    """Who learns, and what they lower; everyone else is frozen.

    every: taken at steps divisible by it (WGAN's n_critic, lazy regularisation); gain: keeps a lazy turn's strength.
    unless: asked before the turn; True skips it (a balance rule).
    """

    name: str
    learners: tuple[str, ...]
    loss: Loss
    every: int = 1
    gain: float = 1.0
    unless: Callable[[Networks], bool] | None = None

    def due(self, networks: Networks, step: Step) -> bool:
        return step.number % self.every == 0 and not (self.unless and self.unless(networks))


@dataclass(frozen=True)
class Sample:
    """What the discriminator is shown, real or fake. A list is one image at several sizes, coarse to fine (MSG-GAN).

    given: what came with it (label, caption, source image, code).
    """

    image: Tensor | list[Tensor]
    given: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def one(self) -> Tensor:
        """The image, where there is one size."""
        return cast(Tensor, self.image)

    @property
    def images(self) -> list[Tensor]:
        """The image at every size it has."""
        return [self.image] if isinstance(self.image, Tensor) else self.image

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Sample:
        """The same sample with its image changed at every size."""
        changed = [change(image) for image in self.images]
        return replace(self, image=changed[0] if isinstance(self.image, Tensor) else changed)


@dataclass(frozen=True)
class Duel:
    """Families differ in these functions.

    together: judge reals and fakes in one pass; only for discriminators without batch statistics.
    generator, discriminator: the players who make its fakes and who judge. conditional: samples come with what they
    were made for, without which they cannot be judged.
    """

    fake: Callable[[Networks, Step], Sample]
    real: Callable[[Networks, Step], Sample]
    judge: Callable[[Networks, Sample, Step], Tensor]
    name: str = "duel"
    together: bool = False
    generator: str = "generator"
    discriminator: str = "discriminator"
    conditional: bool = False

    def called(self, name: str) -> str:
        """What a fact or a memory of this duel is called, where a game may have several."""
        return name if self.name == "duel" else f"{self.name}_{name}"


@dataclass(frozen=True)
class Request:
    """What somebody asks a game to draw: `count` samples from `seed`, or the given latents (N, z).

    given: conditions, (N, ...) each, by the names they have in a batch; a game fills in what is missing where it can.
    way: of a translation, "AtoB" or "BtoA". noise: of a generator with noise inputs, the same for all samples, each
    its own from the seed, or none.
    """

    count: int
    seed: int = 0
    latent: Tensor | None = None
    given: Mapping[str, Tensor] = field(default_factory=dict)
    way: str = "AtoB"
    noise: Noise = "fixed"

    @property
    def tracked(self) -> bool:
        """Whether gradients are to reach what was given: then a game draws with a graph behind its samples."""
        return any(one.requires_grad for one in (self.latent, *self.given.values()) if one is not None)


@dataclass(frozen=True)
class Adam:
    """How one network learns (Kingma & Ba 2015); lr and beta2 are functions of images seen."""

    lr: Schedule
    beta1: float
    beta2: Schedule
    eps: float = 1e-8


@dataclass(frozen=True)
class Game:
    """A whole family as a value.

    draw: (networks, request) -> samples, (N, C, H, W) in [-1, 1] or rows (N, D); pure given its arguments.
    dials: values that move with images seen. rules: feedback after each step.
    averaged: networks that keep an exponential moving average; half_life: of that average, in images.
    acts: the parts of the training, in order. duels: who is shown what, for whoever examines the players.
    made_at: where samples grow and `draw` enlarges them, the (height, width) those of such networks are wholly made at,
    and the one that they are made at although it still fades in, or the same again.
    encode: (networks, images (N, C, H, W) in [-1, 1]) -> latents (N, z) that `draw` makes them of again, where it can.
    """

    networks: nn.ModuleDict
    turns: tuple[Turn, ...]
    draw: Callable[[Networks, Request], Tensor]
    optimizers: Mapping[str, Adam]
    acts: tuple[Act, ...]
    dials: Mapping[str, Schedule] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    averaged: tuple[str, ...] = ("generator",)
    half_life: Callable[[int], float] = lambda seen: min(20_000.0, 0.05 * seen)
    duels: tuple[Duel, ...] = ()
    made_at: Callable[[Networks], tuple[tuple[int, int], tuple[int, int]]] | None = None
    encode: Callable[[Networks, Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        learners = {name for turn in self.turns for name in turn.learners}
        for role, names in {"learner": learners, "averaged": self.averaged, "optimizer": self.optimizers}.items():
            for name in names:
                if name not in self.networks:
                    raise ValueError(f"{role} '{name}' is not one of the networks {sorted(self.networks)}")
        for name in learners - set(self.optimizers):
            raise ValueError(f"learner '{name}' has no optimizer")
        for act in self.acts:
            for name in act.turns or ():
                if name not in {turn.name for turn in self.turns}:
                    raise ValueError(f"act '{act.name}' names no turn '{name}'")

    def learning(self, seen: int) -> set[str]:
        """Who learns in the act after so many images, or in the last."""
        act = next((act for act, _ in remaining(self.acts, seen)), self.acts[-1])
        return {name for turn in self.turns if not act.turns or turn.name in act.turns for name in turn.learners}

    def marks(self, networks: Networks) -> dict[str, list[int]]:
        """What a picture's recipe says of samples of these networks: the size they were made at, where that grows."""
        return {"made_at": list(self.made_at(networks)[1])} if self.made_at else {}

    def still_at(self, networks: Networks, whole: Sequence[int]) -> tuple[int, int] | None:
        """The size samples of these networks are wholly made at, unless it is the `whole` one, (height, width)."""
        size = self.made_at(networks)[0] if self.made_at else None
        return None if size is None or size == tuple(whole) else size

    def during(self, act: Act) -> Game:
        """The same game with only the turns this act takes."""
        if act.turns is None:
            return self
        return replace(self, turns=tuple(turn for turn in self.turns if turn.name in act.turns), acts=(act,))


def players(**networks: nn.Module) -> nn.ModuleDict:
    """Networks by role."""
    return nn.ModuleDict(networks)


def noise(count: int, size: int, prior: str, generator: torch.Generator | None = None) -> Tensor:
    """Latents (count, size) from a prior: "normal", "uniform" in [-1, 1], or "spherical" (radius sqrt(size))."""
    if prior == "uniform":
        return torch.rand(count, size, generator=generator) * 2 - 1
    latent = torch.randn(count, size, generator=generator)
    return latent * (size**0.5 / latent.norm(dim=1, keepdim=True)) if prior == "spherical" else latent
