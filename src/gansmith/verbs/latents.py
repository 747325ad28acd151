"""The latents of a run as a space to edit in: z, or the styles of a style-based generator."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from gansmith.editing.space import NAMES, Given, Space
from gansmith.errors import UsageError, closest
from gansmith.families import family
from gansmith.game.adversarial import latent_of
from gansmith.game.game import Request
from gansmith.game.settings import LearningSettings
from gansmith.runs.model import Model
from gansmith.verbs.styles import has_styles, styles

MEASURED = 2048  # styles whose mean and spread stand for all


def latents_of(model: Model, instead: str = "") -> LearningSettings:
    """The settings that say what a run's latents are. instead: what to do where it has none, as UsageError then says.

    Points have latents too, but nothing to look at.
    """
    chosen = family(model.config.family)
    if model.spec.kind == "points":
        raise UsageError(f"{model.run} makes points, not images.", do=instead or "a run trained on images")
    if model.spec.pairing != "none":
        raise UsageError(
            f"{model.run} turns images into others and has no latents.",
            do=" or ".join(way for way in (f"gansmith translate {model.run} IMAGES", instead) if way),
        )
    if not issubclass(chosen.settings, LearningSettings):
        raise UsageError(f"A {chosen.name} has no latents.", do=instead or "another family: gansmith models")
    return chosen.settings.read(model.config.settings)


def space_of(model: Model, name: str = "auto") -> Space:
    """The space of that name, z, w or w+; by itself w where there are styles, else z.

    Raises UsageError for a run without latents, for another name, or for styles where there are none.
    """
    settings = latents_of(model)
    if name not in ("auto", *NAMES):
        raise UsageError(f"There is no space '{name}'.", do=closest(name, ("auto", *NAMES)))
    if name == "auto":
        name = "w" if has_styles(model) else "z"
    if name == "z":
        scale = 3**-0.5 if settings.prior == "uniform" else 1.0
        points = partial(drawn_from_prior, settings)
        return Space(
            "z", (settings.z,), settings.prior, partial(of_latents, model), points, torch.zeros(settings.z), scale
        )
    found = styles_of_seed(model, MEASURED, 0, {})  # raises where there are none
    whole = name == "w+"
    usual = found if whole else found[:, 0]
    centre = usual.mean(0)
    scale = float((usual - centre).square().mean().sqrt())
    return Space(
        "w+" if whole else "w",
        tuple(centre.shape),
        "",
        partial(of_styles, model, found.shape[1]),
        lambda count, seed, given: styles_of_seed(model, count, seed, given)[:, slice(None) if whole else 0],
        centre,
        scale,
    )


def drawn_from_prior(settings: LearningSettings, count: int, seed: int, given: Given) -> Tensor:
    return latent_of(Request(count, seed), settings)


def styles_of_seed(model: Model, count: int, seed: int, given: Given) -> Tensor:
    """(count, layers, w)."""
    return styles(model, latent_of(Request(count, seed), latents_of(model)), given, seed)


def of_latents(model: Model, points: Tensor, given: Given) -> Tensor:
    """Images of latents (N, z)."""
    return images(model, Request(len(points), latent=points, given=given))


def of_styles(model: Model, layers: int, points: Tensor, given: Given) -> Tensor:
    """Images of styles (N, w), the same for every layer, or (N, layers, w); conditions are in them already."""
    every = points if points.dim() == 3 else points[:, None].expand(-1, layers, -1)
    return images(model, Request(len(points), given={"styles": every}))


def images(model: Model, request: Request) -> Tensor:
    """As the request is drawn: with a graph, by the networks as they learnt, or else as fast as they draw."""
    if not request.tracked:
        return model.draw(request.count, request.seed, request.latent, request.given)
    return model.game.draw(model.networks, request).float().cpu()
