"""The styles of a run's samples: what a style-based generator makes of latents, a style for each of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.families import family
from gansmith.families.stylegan2 import StyleGAN2Settings, styles_of
from gansmith.game.game import Request
from gansmith.networks.stylegan2 import StyleGenerator
from gansmith.runs.model import Model


def has_styles(model: Model) -> bool:
    return "styles" in family(model.config.family).conditions


def settings_of(model: Model) -> StyleGAN2Settings:
    """The settings of a run whose generator has styles. Raises UsageError for another."""
    if not has_styles(model):
        raise UsageError(
            f"The generator of {model.run} has no styles: it is a {model.config.family}.",
            do="gansmith train DATA -f stylegan2, then look at that",
        )
    return StyleGAN2Settings.read(model.config.settings)


@torch.no_grad()
def styles(model: Model, latents: Tensor, given: Mapping[str, Tensor], seed: int = 0) -> Tensor:
    """Styles (N, layers, w) of latents (N, z) under conditions of N rows each, truncation among them, on the CPU.

    seed: of the conditions nobody stated. Raises UsageError for a run whose generator has no styles.
    """
    request = Request(len(latents), seed, latents, given)
    generator = cast(StyleGenerator, model.networks["generator"])
    return styles_of(generator, settings_of(model), model.spec, request).float().cpu()
