"""Features learnt from the user's own pictures: they mean something, and are the same whenever they are learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor

from gansmith.measure import own
from gansmith.measure.own import crops, holed, learn, load, save, shrunk, worth_learning

Rows = NDArray[np.int64]


class Digits:
    """scikit-learn's 1,797 digits of 8 x 8 pixels, the first 1,200 to learn from."""

    def __init__(self) -> None:
        images, self.labels = load_digits(return_X_y=True)
        self.images = torch.from_numpy(images.reshape(-1, 1, 8, 8)).float() / 8 - 1
        self.train, self.test = np.arange(1200), np.arange(1200, 1797)

    def take(self, rows: Rows) -> Tensor:
        return self.images[torch.from_numpy(rows)]

    def neighbours_right(self, features: Tensor) -> float:
        """Share of test digits whose nearest training digit is of their class."""
        nearest = torch.cdist(features[1200:], features[:1200]).argmin(dim=1)
        return float((self.labels[nearest] == self.labels[1200:]).mean())


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "SHOWN", 12 * own.BATCH)


def test_labels_are_learnt(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above nine of ten in fresh digits, by features of 64 numbers."""
    monkeypatch.setattr(own, "SHOWN", 8_000)
    features = learn(digits.take, digits.train, digits.labels)
    assert digits.neighbours_right(features(digits.images)) > 0.93
    assert features(digits.images).shape == (1797, own.SIZE)


def test_without_labels_classes_part_by_themselves(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "SHOWN", 8_000)
    features = learn(digits.take, digits.train)
    assert digits.neighbours_right(features(digits.images)) > 0.75  # one in ten by chance


@pytest.mark.usefixtures("little")
def test_the_same_pictures_give_the_same_features(digits: Digits) -> None:
    before = torch.get_rng_state()
    first = learn(digits.take, digits.train, digits.labels)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(5)
    again = learn(digits.take, digits.train, digits.labels)
    assert first.name == again.name
    assert torch.equal(first(digits.images), again(digits.images))
    assert first.name.startswith("own-") and len(first.name) == 12
    others = [
        learn(digits.take, digits.train, digits.labels, seed=1),
        learn(digits.take, digits.train[:-1], digits.labels),
        learn(digits.take, digits.train),
    ]
    assert len({first.name, *(features.name for features in others)}) == 4


@pytest.mark.usefixtures("little")
def test_the_number_of_threads_changes_nothing(digits: Digits) -> None:
    one = learn(digits.take, digits.train)
    torch.set_num_threads(2)
    try:
        assert learn(digits.take, digits.train).name == one.name
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


@pytest.mark.usefixtures("little")
def test_features_are_standardised_over_what_was_learnt_from(digits: Digits) -> None:
    features = learn(digits.take, digits.train, digits.labels)(digits.images[:1200])
    assert features.mean(0).abs().max() < 1e-3
    assert 0.5 < float(features.std(0).median()) < 1.01


@pytest.mark.usefixtures("little")
def test_labels_that_tell_nothing_are_left_out(digits: Digits) -> None:
    unlabelled = learn(digits.take, digits.train)
    for labels in (np.zeros(1797, np.int64), np.arange(1797)):
        assert learn(digits.take, digits.train, labels).name == unlabelled.name
    assert worth_learning(torch.arange(2).repeat(10))
    assert not worth_learning(torch.arange(2).repeat(9))


@pytest.mark.usefixtures("little")
def test_kept_features_are_the_same(digits: Digits, tmp_path: Path) -> None:
    features, path = learn(digits.take, digits.train, digits.labels), tmp_path / "deep" / "own.safetensors"
    assert load(path, 1) is None
    save(features, path)
    kept = load(path, 1)
    assert kept is not None
    assert kept.name == features.name
    assert torch.equal(kept(digits.images), features(digits.images))
    assert [item.name for item in path.parent.iterdir()] == ["own.safetensors"]
    assert load(path, 3) is None  # of other pictures
    data = bytearray(path.read_bytes())
    data[-7] ^= 64
    path.write_bytes(data)
    assert load(path, 1) is None
    path.write_bytes(data[:100])
    assert load(path, 1) is None


def test_one_picture_is_not_enough(digits: Digits) -> None:
    with pytest.raises(ValueError, match="too few"):
        learn(digits.take, digits.train[:1])


@pytest.mark.parametrize("shape", [(3, 9, 33), (4, 64, 64), (2, 100, 70)])
@pytest.mark.usefixtures("little")
def test_pictures_of_any_shape(shape: tuple[int, ...]) -> None:
    images = torch.rand(70, *shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    features = learn(lambda rows: images[torch.from_numpy(rows)], np.arange(70))
    assert features(images).shape == (70, own.SIZE)
    assert features(images).isfinite().all()


def test_large_pictures_are_averaged() -> None:
    for side, seen in ((8, 8), (28, 28), (47, 47), (64, 32), (96, 32), (256, 32)):
        small = shrunk(torch.ones(1, 1, side, side + 16))
        assert small.shape[2] == seen
        assert torch.equal(small, shrunk(small))


def test_crops_are_parts_of_the_picture() -> None:
    chance = torch.Generator().manual_seed(0)
    ramp = torch.linspace(-1, 1, 32).expand(200, 1, 32, 32)
    parts = crops(ramp, chance, contrast=0.0)
    assert parts.min() >= -1.001 and parts.max() <= 1.001
    spans = parts.amax((1, 2, 3)) - parts.amin((1, 2, 3))
    assert spans.min() > 0.4 * 2 * 31 / 32
    assert spans.max() <= 2.001
    assert spans.std() > 0.1  # some are close, some show all
    assert torch.equal(crops(torch.full((2, 3, 8, 8), 0.25), chance, contrast=0.0), torch.full((2, 3, 8, 8), 0.25))


def test_holes_are_a_quarter_at_most_and_of_the_mean_colour() -> None:
    images = torch.rand(100, 2, 16, 16, generator=torch.Generator().manual_seed(0))
    holes = holed(images, torch.Generator().manual_seed(1))
    changed = (holes != images).any(1)
    share = changed.float().mean((1, 2))
    assert share.min() > 0 and share.max() <= 0.27
    means = images.mean((2, 3), keepdim=True).expand_as(images)
    assert torch.equal(holes, torch.where(changed[:, None], means, images))
