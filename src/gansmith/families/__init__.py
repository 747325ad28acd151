"""The families, in one visible list; others join through the entry-point group `gansmith.families`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from gansmith.errors import UsageError, closest
from gansmith.families.biggan import BIGGAN
from gansmith.families.cgan import CGAN
from gansmith.families.cyclegan import CYCLEGAN
from gansmith.families.dcgan import DCGAN
from gansmith.families.family import Family
from gansmith.families.gan import GAN
from gansmith.families.infogan import INFOGAN
from gansmith.families.msg_gan import MSG_GAN
from gansmith.families.naive_bayes import NAIVE_BAYES
from gansmith.families.pix2pix import PIX2PIX
from gansmith.families.progressive import PROGRESSIVE
from gansmith.families.robust import ROBUST
from gansmith.families.stylegan2 import STYLEGAN2
from gansmith.families.vae import VAE
from gansmith.families.vae_gan import VAE_GAN

BUILT_IN = (
    ROBUST,
    DCGAN,
    GAN,
    CGAN,
    INFOGAN,
    PIX2PIX,
    CYCLEGAN,
    BIGGAN,
    STYLEGAN2,
    PROGRESSIVE,
    MSG_GAN,
    VAE,
    VAE_GAN,
    NAIVE_BAYES,
)


@cache
def costs() -> Mapping[str, float]:
    """Time per training image over dcgan's, of families that learn from images; by benchmarks/families.py."""
    found: dict[str, float] = json.loads(Path(__file__).with_name("cost.json").read_text("utf-8"))
    return found


@cache
def families() -> Mapping[str, Family]:
    """Every family by name, plugins last."""
    plugins = (point.load() for point in entry_points(group="gansmith.families"))
    return {family.name: family for family in (*BUILT_IN, *plugins)}


def family(name: str) -> Family:
    """The family of that name; raises UsageError offering the closest."""
    try:
        return families()[name]
    except KeyError:
        raise UsageError(f"There is no family '{name}'.", do=closest(name, families())) from None
