"""Counting against numpy's histogram, and what is drawn against what was counted."""

from __future__ import annotations

import numpy as np
import torch

from gansmith.networks.counting import Counts


def test_counts_are_the_histograms_of_every_place_in_every_class() -> None:
    torch.manual_seed(0)
    image, label = torch.rand(50, 2, 3, 2) * 2 - 1, torch.randint(3, (50,))
    counts = Counts((2, 3, 2), 3, 4)
    counts.count(image[:20], label[:20])
    counts.count(image[20:], label[20:])
    flat = image.flatten(1).numpy()
    for number in range(3):
        for place in range(12):
            told = np.histogram(flat[label.numpy() == number, place], bins=4, range=(-1, 1))[0]
            assert counts.of[number, place].tolist() == told.tolist()
    assert counts.images.tolist() == np.bincount(label.numpy(), minlength=3).tolist()


def test_what_is_drawn_has_the_counted_frequencies_and_keeps_to_its_class() -> None:
    counts = Counts((1, 1, 2), 2, 2)
    counts.count(torch.tensor([[[[-0.5, 0.5]]]]).repeat(4, 1, 1, 1), torch.tensor([0, 0, 0, 0]))
    counts.count(torch.tensor([[[[0.5, 0.5]]], [[[-0.5, 0.5]]]]), torch.tensor([1, 1]))
    drawn = counts.drawn(torch.tensor([0, 1]).repeat_interleave(4000), 1e-6, torch.Generator().manual_seed(0))
    bright = (drawn > 0).float().view(2, 4000, 2).mean(dim=1)
    assert bright[0].tolist() == [0, 1] and bright[1, 1] == 1
    assert abs(bright[1, 0].item() - 0.5) < 0.03
    assert drawn.abs().max() <= 1 and len(set(drawn[:, 0, 0, 0].tolist())) > 4000  # evenly within a level, not on it


def test_normal_values_have_the_counted_mean_and_deviation() -> None:
    torch.manual_seed(0)
    image = (torch.randn(20_000, 1, 1, 2) * 0.15 + torch.tensor([-0.2, 0.4])).clamp(-1, 1)
    counts = Counts((1, 1, 2), 1, 32)
    counts.count(image, torch.zeros(len(image), dtype=torch.int64))
    drawn = counts.normals(torch.zeros(20_000, dtype=torch.int64), 1e-6, torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.mean(0), image.mean(0), rtol=0, atol=0.01)
    torch.testing.assert_close(drawn.std(0), image.std(0), rtol=0.05, atol=0)
    assert drawn.abs().max() <= 1


def test_the_classifier_is_scikit_learns() -> None:
    """Of two levels it is Bernoulli naive Bayes; there alpha is added to each of both."""
    from sklearn.naive_bayes import BernoulliNB

    torch.manual_seed(0)
    label = torch.randint(3, (300,))
    image = (torch.rand(300, 1, 4, 5) < torch.rand(3, 1, 4, 5)[label]).float() * 1.8 - 0.9
    counts = Counts((1, 4, 5), 3, 2)
    counts.count(image[:200], label[:200])
    other = BernoulliNB(alpha=0.5, binarize=0.0).fit(image[:200].flatten(1).numpy(), label[:200].numpy())
    told = counts.likelihoods(image[200:], 0.5)
    expected = other.predict_log_proba(image[200:].flatten(1).numpy())
    np.testing.assert_allclose(told.log_softmax(1).numpy(), expected, atol=0.05)  # it does not smooth the classes
    assert (told.argmax(1).numpy() == other.predict(image[200:].flatten(1).numpy())).mean() > 0.98
