"""What is asked of a translator without pairs, with translators whose answers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.runs.model import Model
from gansmith.verbs.finish import how_to_use
from gansmith.verbs.sides import of_run
from gansmith.verbs.train import train
from gansmith.verbs.unpaired import translation_errors


class Scripted:
    """A model whose two ways are functions."""

    def __init__(self, there: Any, back: Any) -> None:
        self.ways = {"AtoB": there, "BtoA": back}

    def draw(self, count: int, given: dict[str, Tensor], way: str) -> Tensor:
        assert len(given["source"]) == count
        return cast(Tensor, self.ways[way](given["source"]))


@pytest.fixture
def sides(tmp_path: Path) -> Dataset:
    """Side A is bright, side B dark: 204 is 0.6 and 51 is -0.6 to a network."""
    arrays = {"A": np.full((60, 8, 8, 3), 204, np.uint8), "B": np.full((80, 8, 8, 3), 51, np.uint8)}
    np.savez(tmp_path / "sides.npz", allow_pickle=False, **arrays)
    return open_data(str(tmp_path / "sides.npz"), DataOptions(layout="unpaired", cache=False, holdout=0.25))


def scores(there: Any, back: Any, sides: Dataset, count: int = 100) -> dict[str, tuple[float, int]]:
    model = cast(Model, Scripted(there, back))
    found = translation_errors(model, sides, count, 0, lambda what, done, total: None)
    return {score.name: (score.value or 0.0, score.n) for score in found}


def test_every_figure_by_hand(sides: Dataset) -> None:
    found = scores(lambda x: x - 1, lambda x: x + 0.5, sides)
    assert {name: value for name, (value, _) in found.items()} == pytest.approx(
        {
            "change of A": 1.0,  # 0.6 -> -0.4
            "cycle error of A": 0.5,  # 0.6 -> -0.4 -> 0.1
            "identity error of A": 0.4,  # 0.6 -> 1.1, saved as 1
            "change of B": 0.5,  # -0.6 -> -0.1
            "cycle error of B": 0.4,  # -0.6 -> -0.1 -> -1.1, saved as -1
            "identity error of B": 0.4,  # -0.6 -> -1.6, saved as -1
        },
        abs=1e-6,
    )


def test_doing_nothing_shows_as_no_change(sides: Dataset) -> None:
    found = scores(lambda x: x, lambda x: x, sides)
    assert all(value == 0 for value, _ in found.values())


def test_held_out_images_of_their_own_side_are_asked(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    dark, bright = (chance.integers(low, low + 120, (300, 8, 8, 3), dtype=np.uint8) for low in (0, 130))
    np.savez(tmp_path / "sides.npz", A=bright, B=dark)
    sides = open_data(str(tmp_path / "sides.npz"), DataOptions(layout="unpaired", cache=False, holdout=0.25))
    asked: list[Tensor] = []

    def heard(image: Tensor) -> Tensor:
        asked.append(image)
        return image

    found = scores(heard, lambda x: x, sides, count=1000)
    assert found["change of A"][1] == len(sides.source_held) == 75
    assert found["change of B"][1] == len(sides.held) == 75
    assert {tuple(one.flatten().tolist()) for one in asked[0]} == {
        tuple(one.flatten().tolist()) for one in sides.tensor(sides.source_held)
    }
    assert scores(heard, heard, sides, count=5)["change of A"][1] == 5


def test_a_run_is_trained_and_asked_all_of_it(tmp_path: Path) -> None:
    """By `train` and `evaluate`; translations are to have the labels of their sources, not those of B."""
    chance = np.random.default_rng(0)
    dark, bright = (chance.integers(low, low + 120, (300, 8, 8), dtype=np.uint8) for low in (0, 130))
    labels = np.arange(300) % 2
    np.savez(tmp_path / "sides.npz", A=bright, B=dark, labels_A=labels, labels_B=labels)
    run = train(
        tmp_path / "sides.npz",
        family="cyclegan",
        duration="16img",
        options=DataOptions(cache=False),
        out=tmp_path / "runs",
        precision="32",
        batch=4,
        width=2,
        d_width=2,
        blocks=1,
        patch="16",
    )
    assert how_to_use(run, "images")[0].startswith(f"gansmith translate {run.path.name}")
    sides, _ = of_run(run, count=32, seed=0, which="last", device="cpu", progress=lambda *_: None)
    names = {f"{name} of {side}" for name in ("cycle error", "identity error", "change") for side in "AB"}
    assert {score.name for score in sides.further} == names
    dataset = open_data(str(tmp_path / "sides.npz"), DataOptions(layout="unpaired", cache=False))
    assert dataset.labels is not None and sides.fake.labels is not None
    of_sources = {source.numpy().tobytes(): label for source, label in known(dataset)}
    for source, label in zip(sides.given["source"], sides.fake.labels, strict=True):
        assert of_sources[source.numpy().tobytes()] == label


def known(dataset: Dataset) -> list[tuple[Tensor, int]]:
    """Every image of side A and its label."""
    rows = np.concatenate([dataset.source_train, dataset.source_held])
    assert dataset.labels is not None
    return list(zip(dataset.tensor(rows), dataset.labels[rows].tolist(), strict=True))
