"""What every file in this folder offers: a family is its settings, its recipe for given data, and its game."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gansmith.data.spec import DataSpec
from gansmith.families.portable import Port, of_latents
from gansmith.game.game import Game

Needs = Literal["", "labels", "captions", "labels or captions", "paired", "unpaired"]


@dataclass(frozen=True)
class Recipe:
    """Settings chosen for given data, and why, in sentences the plan shows.

    augment_beyond: passes over a small set after which its discriminator would learn the images by heart.
    passes: over the data, after which nothing is left to be learnt; no training is longer.
    """

    values: dict[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    augment_beyond: float = float("inf")
    passes: float = float("inf")


@dataclass(frozen=True)
class Family:
    """One kind of GAN.

    settings: its own `TrainingSettings`. recipe: settings that depend on the data; the user's own go on top.
    build: (settings, data, images of training) -> game, with networks freshly initialised from the global seed.
    kinds: data kinds it learns from. needs: what must come with them. conditions: what its samples are made for:
    "label", "caption", "source", "code", "truncation", "styles", "noise". truncations: those worth comparing,
    infinity being none. paper: where it was published. data: what data it is for, in words.
    channels_last: whether its convolutions are faster so.
    guard: ailments that are treated even where remedies are only suggested.
    fitted: the recipe, where it also goes by the device ("cpu", "cuda", ...) and by settings the user chose.
    portable: what is exported, of a trained game's networks.
    """

    name: str
    title: str
    settings: type[Any]
    recipe: Callable[[DataSpec], Recipe]
    build: Callable[[Any, DataSpec, int], Game]
    kinds: tuple[str, ...] = ("images", "points")
    needs: Needs = ""
    paper: str = ""
    data: str = "images"
    conditions: tuple[str, ...] = ()
    channels_last: bool = True
    guard: tuple[str, ...] = ("explosion",)
    truncations: tuple[float, ...] = ()
    fitted: Callable[[DataSpec, str, Mapping[str, Any]], Recipe] | None = None
    portable: Port = of_latents

    def recipe_for(self, spec: DataSpec, device: str, wishes: Mapping[str, Any]) -> Recipe:
        """The recipe for this data on this device, under a user's own settings."""
        return self.fitted(spec, device, wishes) if self.fitted else self.recipe(spec)
