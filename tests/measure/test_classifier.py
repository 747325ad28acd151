"""A small classifier: it learns, its confidence is what it says, and what changes its images changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from gansmith.measure import classifier
from gansmith.measure.classifier import Classifier, calibrated, flipped, learn, shifted, shown_for


def digits() -> tuple[Tensor, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """scikit-learn's digits: images (1797, 1, 8, 8) in [-1, 1], labels."""
    images, labels = load_digits(return_X_y=True)
    return torch.from_numpy(images.reshape(-1, 1, 8, 8)).float() / 8 - 1, labels.astype(np.int64)


def test_digits_are_learnt_the_same_way_twice() -> None:
    """Nine in ten of fresh digits, after six passes over 600 others."""
    images, labels = digits()

    def take(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Tensor:
        return images[torch.from_numpy(rows)]

    fresh = np.arange(1400, 1797)
    found = [
        learn(take, np.arange(600), labels, 10, shown=shown, seed=seed)
        for seed, shown in ((3, 3600), (3, 3600), (4, 640))
    ]
    right = [judge.right(take, fresh, labels) for judge in found]
    assert right[0].double().mean() > 0.9
    assert torch.equal(right[0], right[1])
    assert right[2].double().mean() > 0.5  # of one pass: the statistics are those of its last weights
    shares = [judge(images[:20]) for judge in found]
    assert torch.equal(shares[0], shares[1]) and not torch.equal(shares[0], shares[2])
    assert torch.allclose(shares[0].sum(1), torch.ones(20), atol=1e-5)
    told = shares[0].argmax(1) == torch.from_numpy(labels[:20])
    assert torch.equal(found[0].right(take, np.arange(20), labels, chunk=7), told)


def test_nothing_to_learn_is_an_error() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        learn(lambda rows: torch.zeros(0, 1, 8, 8), np.zeros(0, np.int64), np.zeros(0, np.int64), 2)


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 3.0])
def test_calibration_finds_how_much_too_sure_a_classifier_is(too_sure: float) -> None:
    """Labels are drawn from the true probabilities; the classifier's logits are those of the truth, stretched."""
    chance = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 1, 1, 5, generator=chance)
    labels = torch.multinomial(logits.flatten(1).softmax(1), 1, generator=chance)[:, 0].numpy()
    sharp = Classifier(nn.Flatten())
    mended = calibrated(sharp, lambda rows: too_sure * logits[torch.from_numpy(rows)], np.arange(4000), labels)
    assert mended.temperature == pytest.approx(too_sure, rel=0.1)


def test_a_shift_moves_whole_images_by_a_little() -> None:
    images = torch.rand(40, 3, 14, 28, generator=torch.Generator().manual_seed(1))
    moved = shifted(images, torch.Generator().manual_seed(2)).numpy()
    seen = set()
    for image, after in zip(images.numpy(), moved, strict=True):
        wider = np.pad(image, ((0, 0), (1, 1), (2, 2)), mode="edge")
        ways = [(down, along) for down in range(3) for along in range(5)]
        alike = [way for way in ways if np.array_equal(wider[:, way[0] :, way[1] :][:, :14, :28], after)]
        assert len(alike) == 1
        seen.update(alike)
    assert len(seen) > 8


def test_a_flip_is_the_image_or_its_mirror_image() -> None:
    images = torch.rand(64, 1, 5, 6, generator=torch.Generator().manual_seed(1))
    mirrored = [
        bool(torch.equal(after, before.flip(2)))
        for before, after in zip(images, flipped(images, torch.Generator().manual_seed(0)), strict=True)
        if not torch.equal(after, before)
    ]
    assert all(mirrored) and 16 < len(mirrored) < 48


def test_more_images_are_shown_longer_within_limits() -> None:
    least, most = classifier.SHOWN
    assert [shown_for(count) for count in (1, 1000, 2000, 10**6)] == [least, least, 20_000, most]
