"""What samples are compared with represents the data, also where it lies sorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.report import DataReport
from gansmith.runs.state import Training
from gansmith.verbs.frames import CLASSES, COMPARED, classes_shown, draw, exhibit, judges, sheet, spread
from tests import games


@pytest.mark.parametrize(("rows", "count"), [(10, 4), (4, 10), (1, 3), (1000, 256)])
def test_spread_reaches_from_first_to_last_without_repeats(rows: int, count: int) -> None:
    chosen = spread(np.arange(rows), count)
    assert len(chosen) == len(set(chosen.tolist())) == min(rows, count)
    assert chosen[0] == 0 and (chosen[-1] == rows - 1 or count == 1)


def test_samples_are_not_compared_with_the_first_class_alone(tmp_path: Path) -> None:
    """A table sorted by its groups: the rows compared have the mean of all, not of the first group."""
    path = tmp_path / "sorted.csv"
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(-5, 1, 6000), random.normal(5, 1, 6000)])
    path.write_text("value\n" + "\n".join(f"{value:.3f}" for value in values))
    dataset = open_data(path)
    assert len(judges(dataset)) == COMPARED
    assert abs(float(dataset.tensor(judges(dataset)).mean())) < 0.15


def test_a_translation_is_shown_between_its_source_and_the_truth() -> None:
    """Of constant images, source -1, truth 1: the middle of each three is what was made."""
    values = np.repeat(np.array([0, 255], np.uint8), 20).reshape(40, 1, 1, 1) * np.ones((1, 8, 8, 1), np.uint8)
    spec = games.spec("grey").changed(pairing="paired")
    report = DataReport(source="made", kind="images", count=40, usable=40)
    targets, partner = np.arange(20, 40), np.concatenate([np.full(20, -1), np.arange(20)])
    dataset = Dataset(spec, report, values, None, targets[:4], targets[4:], source_of=partner)
    shown = torch.zeros(4, 1, 8, 8)
    pixels = np.asarray(sheet(shown, dataset))
    assert [int(value) for value in np.unique(pixels[4])][:3] == [0, 110, 128]
    assert 255 in pixels[4]


def test_samples_made_for_classes_are_shown_in_a_row_each() -> None:
    spec = games.spec("grey", "labels")
    assert classes_shown(spec, ("label",)) == [0, 1, 2]
    assert classes_shown(spec, ()) == classes_shown(games.spec("grey"), ("label",)) == []
    many = spec.changed(classes=tuple(f"class {number}" for number in range(100)), shares=(0.01,) * 100)
    assert len(classes_shown(many, ("label",))) == CLASSES

    training = Training.begin(games.game("cgan"))
    shown = exhibit(training, [0, 1, 2])
    labels = torch.arange(3).repeat_interleave(12)
    assert torch.equal(shown, draw(training, 36, given={"label": labels}))
    report = DataReport(source="made", kind="images", count=9, usable=9)
    images = np.zeros((9, 8, 8, 1), np.uint8)
    dataset = Dataset(spec, report, images, None, np.arange(3), np.arange(3, 9))
    wide = sheet(shown, dataset, 3)
    assert wide.width > 3 * wide.height
