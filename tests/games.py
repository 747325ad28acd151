"""Tiny games and their data, so that a whole training takes milliseconds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gansmith.data.batch import Batch
from gansmith.data.captions import encode
from gansmith.data.spec import DataSpec
from gansmith.engine import Engine
from gansmith.families import families
from gansmith.game.acts import remaining
from gansmith.game.game import Game, Step
from gansmith.game.loop import play, reseed
from gansmith.game.settings import AdversarialSettings, LearningSettings
from gansmith.runs.state import Training

SHAPES: Mapping[str, tuple[int, ...]] = {
    "grey": (1, 8, 8),
    "colour": (3, 13, 20),
    "alpha": (4, 16, 16),
    "points": (2,),
}
SMALL: dict[str, Any] = {"batch": 8, "z": 8, "width": 8, "depth": 1, "blocks": 1, "d_width": 8, "size_dial": 1 / 64}
IMAGES = 400  # of a whole training
CAPTIONS = ("a red heart", "two blue stars", "한 송이 꽃", "")
COMES: Mapping[str, dict[str, Any]] = {  # what data must have for a family that needs it
    "": {},
    "labels": {"classes": ("one", "two", "three"), "shares": (0.5, 0.25, 0.25)},
    "captions": {"captions": CAPTIONS, "words": ("a", "red", "heart", "two", "blue", "stars"), "caption_bytes": 32},
    "paired": {"pairing": "paired", "sides": ("A", "B")},
    "unpaired": {"pairing": "unpaired", "sides": ("A", "B")},
}

CASES = [
    (family, shape)
    for family in families()
    for shape in SHAPES
    if ("points" if shape == "points" else "images") in families()[family].kinds
]


def paired(family: str) -> bool:
    """Whether it is given an image to make one from, in the place of a latent vector."""
    return families()[family].needs in {"paired", "unpaired"}


def adversarial(family: str) -> bool:
    """Whether two sides play, so that there are a discriminator and the tricks of the trade."""
    return issubclass(families()[family].settings, AdversarialSettings)


def latents(family: str) -> bool:
    """Whether samples are made of a latent vector."""
    return issubclass(families()[family].settings, LearningSettings) and not paired(family)


def spec(shape: str, needs: str = "") -> DataSpec:
    """The data a family with those needs learns from; of two needs the first is met."""
    points = shape == "points"
    return DataSpec(
        kind="points" if points else "images",
        shape=SHAPES[shape],
        count=100,
        columns=("x", "y") if points else (),
        mean=(0.5, -2.0) if points else (),
        scale=(3.0, 0.25) if points else (),
        decimals=(1, 3) if points else (),
        fingerprint="0" * 64,
        **COMES[needs.partition(" or ")[0]],
    )


def game(family: str = "robust", shape: str = "grey", *, seed: int = 0, **settings: Any) -> Game:
    """A family's game with networks of a few units, under its own recipe; `settings` go on top."""
    chosen = families()[family]
    small = {key: value for key, value in SMALL.items() if key in chosen.settings.model_fields}
    data = spec(shape, chosen.needs or ("labels" if "label" in chosen.conditions else ""))
    torch.manual_seed(reseed(seed, -1))
    made = chosen.build(chosen.settings.read(chosen.recipe(data).values | small | settings), data, IMAGES)
    if chosen.channels_last and shape != "points":
        made.networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return made


def batches(
    shape: str = "grey", size: int = 8, *, seen: int = 0, reduced: tuple[int, int] | None = None
) -> Iterator[Batch]:
    """Endless real batches with all that can come with images, each a pure function of the images seen before it.

    reduced: (height, width) to which an act wants its images reduced.
    """
    while True:
        chance = torch.Generator().manual_seed(seen)
        image = torch.rand(size, *SHAPES[shape], generator=chance) * 2 - 1
        image = image if reduced is None else adaptive_avg_pool2d(image, reduced)
        image = image.contiguous(memory_format=torch.channels_last) if image.dim() == 4 else image
        with_it = conditions(shape, size, seed=seen)
        yield Batch(image, with_it.pop("label"), with_it)
        seen += size


def conditions(shape: str, count: int, *, seed: int = 0) -> dict[str, Tensor]:
    """A label, a caption and a source for each of `count` samples."""
    chance = torch.Generator().manual_seed(seed + 1)
    captions = torch.from_numpy(encode(list(CAPTIONS), COMES["captions"]["caption_bytes"]))
    return {
        "label": torch.randint(len(COMES["labels"]["classes"]), (count,), generator=chance),
        "caption": captions[torch.randint(len(captions), (count,), generator=chance)],
        "source": torch.rand(count, *SHAPES[shape], generator=chance) * 2 - 1,
    }


def advance(
    training: Training, shape: str, steps: int, *, precision: str = "32", parts: int = 1, seed: int = 0, size: int = 8
) -> list[Step]:
    """Take `steps` steps from where the training stands, act by act, and move its place."""
    place = training.place
    taken: list[Step] = []
    while len(taken) < steps:
        act, end = next(remaining(training.game.acts, place.seen))
        training.enter(act, end)
        real = batches(shape, act.batch or size, seen=place.seen, reduced=act.size)
        players = (training.game.during(act), real, training.optimizers)
        for step in play(
            *players,
            training.averages,
            number=place.number,
            seen=place.seen,
            seed=seed,
            parts=parts,
            engine=Engine("cpu", precision),
        ):
            place.number, place.seen = step.number + 1, step.seen + len(step.batch)
            taken.append(step)
            if len(taken) == steps or place.seen >= end:
                break
    return taken


def starts(game: Game) -> list[int]:
    """Images seen at the beginning of each act."""
    return [end - act.images for act, end in remaining(game.acts, 0)]


def tensors(training: Training) -> dict[str, Tensor]:
    """Everything a training remembers, live, by name."""
    parts = {
        "networks": training.game.networks.state_dict(),
        "averages": training.averages.state(),
        "optimizers": training.optimizers.state(),
    }
    return {f"{part}/{name}": tensor for part, named in parts.items() for name, tensor in named.items()}


def copied(training: Training) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors(training).items()}


def digest(named: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and bits."""
    bits = hashlib.sha256()
    for name in sorted(named):
        bits.update(name.encode())
        bits.update(named[name].detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return bits.hexdigest()


def differing(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> list[str]:
    """Names whose bits differ."""
    assert a.keys() == b.keys()
    return sorted(name for name in a if digest({"": a[name]}) != digest({"": b[name]}))
