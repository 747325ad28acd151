"""An evaluation's facts are there, mean what they say, and make no fuss where nothing can be said."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansmith.measure.quick import NAMES
from gansmith.networks.equalised import EqualisedLinear
from gansmith.networks.spectral import normalise_spectra
from gansmith.verbs.anatomy import listening, spectra
from gansmith.verbs.examination import plateau
from gansmith.verbs.frames import spread
from tests.verbs.looking import Fixed, Looked, looked, pictures


def generating(found: Looked, samples: Tensor) -> dict[str, float]:
    found.training.game.networks["generator"] = Fixed(samples)
    found.training.averages.networks.clear()
    return found.look(thoroughly=True)


def test_the_facts_of_good_and_bad_samples() -> None:
    found = looked("digits")
    fresh = found.dataset.tensor(found.dataset.held)
    train = found.dataset.tensor(spread(found.dataset.train, 512))
    good, copied = generating(found, fresh), generating(found, train)
    one = generating(found, fresh[:1])
    assert {f"eval/{name}" for name in NAMES} <= good.keys()
    assert one["eval/kid"] > 20 * one["eval/kid floor"] > abs(copied["eval/kid"])
    assert one["eval/coverage"] < 0.05 < 0.3 < copied["eval/coverage"]
    assert one["eval/birthday"] < 2
    assert copied["eval/memorised"] < 0.05 < 0.9 < good["eval/memorised"]


def test_a_generator_that_is_not_finite_has_no_scores() -> None:
    facts = generating(looked("digits"), torch.full((1, 1, 8, 8), math.nan))
    assert not [name for name in facts if name.startswith("eval/")]
    assert "check/sigma generator" not in facts or np.isfinite(facts["check/sigma generator"])


def test_samples_too_large_to_be_compared_are_no_accident() -> None:
    """Finite, but their squares are not: nothing falls over."""
    facts = generating(looked("ring"), torch.full((1, 2), 3e38))
    assert not facts.get("eval/kid", math.inf) < 1e6


def test_data_that_lies_sorted_is_scored_as_a_whole(tmp_path: Path) -> None:
    """Two halves, black and white: samples of either cover as much, whichever comes first in the data."""
    chance = np.random.default_rng(0)
    images = chance.integers(0, 100, (800, 8, 8), dtype=np.uint8)
    images[400:] += 150
    np.savez(tmp_path / "a.npz", images=images)
    found = looked(tmp_path / "a.npz")
    train = found.dataset.tensor(found.dataset.train)
    dark, bright = train[train.mean((1, 2, 3)) < 0], train[train.mean((1, 2, 3)) > 0]
    one, other = (generating(found, some)["eval/coverage"] for some in (dark, bright))
    assert one == pytest.approx(other, abs=0.15)
    assert min(one, other) > 0.2


@pytest.mark.parametrize("count", [32, 40, 130, 700])
def test_any_number_of_images(count: int, tmp_path: Path) -> None:
    facts = looked(pictures(tmp_path / "a.npz", count), "robust").look(thoroughly=True)
    assert {f"eval/{name}" for name in NAMES} <= facts.keys()
    assert all(math.isfinite(value) for value in facts.values())


def test_augmented_samples_leak_and_plain_ones_do_not() -> None:
    from gansmith.losses.diffaugment import diffaugment

    found = looked("digits", augment="cutout")
    torch.manual_seed(1)
    some = found.dataset.tensor(spread(found.dataset.train, 512))
    assert generating(found, diffaugment("cutout")(some))["eval/leak"] > 0.3
    assert abs(generating(found, found.dataset.tensor(found.dataset.held))["eval/leak"]) < 0.15
    assert "eval/leak" not in looked("digits").look(thoroughly=True)


def matrices(network: nn.Module) -> list[np.ndarray]:
    weights = [p.detach().flatten(1).double().numpy() for p in network.parameters() if p.dim() >= 2]
    return [weight for weight in weights if min(weight.shape) >= 2]


@pytest.mark.parametrize("family", ["gan", "dcgan", "robust"])
@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_spectra_are_those_of_numpy(family: str, name: str) -> None:
    network = looked(family=family).network(name)
    largest, ranks = 0.0, []
    for matrix in matrices(network):
        values = np.linalg.svd(matrix, compute_uv=False)
        shares = values[values > 0] / values.sum()
        largest = max(largest, values[0])
        ranks.append(np.exp(-(shares * np.log(shares)).sum()) / min(matrix.shape))
    found = spectra(network)
    assert found[0] == pytest.approx(largest, rel=1e-4)
    assert found[1] == pytest.approx(min(ranks), rel=2e-3)


def test_the_rank_of_known_matrices() -> None:
    layer = nn.Linear(6, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(4, 6) * 3)
    assert spectra(layer) == pytest.approx((3.0, 1.0))
    with torch.no_grad():
        layer.weight.copy_(torch.ones(4, 6))
    assert spectra(layer) == pytest.approx((24**0.5, 0.25), rel=1e-2)
    with torch.no_grad():
        layer.weight[0, 0] = math.inf
    assert all(math.isnan(value) for value in spectra(layer))


@pytest.mark.parametrize("normalised", [False, True])
def test_equalised_weights_are_looked_at_as_they_are_used(normalised: bool) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(EqualisedLinear(64, 256, gain=0.5, lr_multiplier=0.01))
    if normalised:
        normalise_spectra(network)
        network(torch.randn(8, 64))
    expected = 1 if normalised else 0.5 * (1 + (256 / 64) ** 0.5)  # the edge of Marchenko and Pastur's law
    assert spectra(network)[0] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("family", ["gan", "dcgan", "robust"])
def test_normalised_weights_are_looked_at_as_they_are_used(family: str) -> None:
    facts = looked(family=family, spectral=True).look(thoroughly=True)
    assert facts["check/sigma discriminator"] == pytest.approx(1, abs=0.2)


def test_silent_channels_are_counted() -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.Flatten(), nn.LazyLinear(1))
    images = torch.randn(16, 1, 8, 8)
    network(images)
    with listening(network) as lively:
        network(images)
    assert lively.share == 0
    with torch.no_grad():
        first = network[0]
        assert isinstance(first, nn.Conv2d) and first.bias is not None
        first.weight[:4].zero_()
        first.bias[:4].fill_(-1.0)
    with listening(network) as half:
        network(images)
    assert half.share == pytest.approx((4 + 4) / (8 + 8 + 4))  # of both layers of the first pair, and the second's 4
    with torch.no_grad():
        first.bias.fill_(-100.0)
    with listening(network) as dead:
        network(images)
    assert dead.share == pytest.approx((4 + 8 + 4) / 20)
    assert not [layer for layer in network if layer._forward_hooks]


@pytest.mark.parametrize("family", ["gan", "dcgan", "robust"])
def test_dead_units_of_a_family_show(family: str) -> None:
    found = looked(family=family)
    before = found.look(thoroughly=True)["check/dead generator"]
    with torch.no_grad():
        for weight in found.network("generator").parameters():
            if weight.dim() >= 2:
                weight.zero_()
    assert found.look(thoroughly=True)["check/dead generator"] > max(0.5, before)


def test_a_wide_network_is_still_quick() -> None:
    assert spectra(nn.Linear(5000, 4096)) == (0.0, 1.0)  # too wide: left out


def scored(*kids: float, lost: int = 0, start: int = 0) -> list[dict[str, object]]:
    return [
        {"seen": start + 100 * index, "lost": lost, "facts": {"eval/kid": kid}} for index, kid in enumerate(kids, 1)
    ]


FALLING = [1 / n for n in range(1, 13)]
LEVEL = [1.0, 0.5, 0.2, 0.1, 0.1, 0.11, 0.1, 0.1, 0.12, 0.1, 0.11, 0.12]


def test_a_plateau_is_a_score_that_stands_still() -> None:
    config = looked("ring").config
    waiting = config.changed(duration="until-plateau")
    assert not plateau(scored(*FALLING), waiting)
    assert plateau(scored(*LEVEL), waiting)
    assert not plateau(scored(*LEVEL), config)
    assert not plateau(scored(*LEVEL[:6]), waiting)
    assert not plateau([], waiting)


def test_a_plateau_is_that_of_the_way_that_counts() -> None:
    """Scores that a roll-back undid, the best among them, are no reason to stop."""
    waiting = looked("ring").config.changed(duration="until-plateau")
    undone = scored(*FALLING[:4], *[0.01] * 6)
    after = scored(*FALLING[4:], start=1000, lost=600)
    assert not plateau([*undone, *after], waiting)


def test_scores_that_are_not_numbers_neither_begin_nor_end_a_plateau() -> None:
    waiting = looked("ring").config.changed(duration="until-plateau")
    assert not plateau(scored(*[math.nan] * 3, *FALLING), waiting)
