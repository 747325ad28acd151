"""A check-up leaves no trace, and each of its signals is what an independent computation says it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansmith.data.options import DataOptions
from gansmith.verbs.checkup import LOOKED_AT, NUDGE, untouched
from gansmith.verbs.frames import spread
from tests import games
from tests.verbs.looking import Fixed, Looked, columns, looked, pictures, spacing
from tests.verbs.runs import final, quick, tiny

__all__ = ["quick"]

MEMORIES: dict[str, Any] = {
    "history": 0.5,
    "lookahead": 3,
    "lecam": 0.3,
    "pack": 2,
    "minibatch_std": True,
    "spectral": True,
    "skip_d": 0.9,
    "feature_matching": 0.1,
    "noise": 0.1,
    "ema": 0.05,
}
ADAPTIVE = {**MEMORIES, "ada": 0.6, "augment": "translation,cutout"}
RUNS = [
    pytest.param("gan", "digits", {}, id="gan"),
    pytest.param("gan", "digits", ADAPTIVE, id="gan-memories"),
    pytest.param("gan", "digits", {"dropout": 0.3}, id="gan-dropout"),
    pytest.param("dcgan", "digits", {}, id="dcgan"),
    pytest.param("dcgan", "digits", ADAPTIVE, id="dcgan-memories"),
    pytest.param("dcgan", "digits", {"norm": "instance", "d_norm": "none", "pretrain_d": 0.032}, id="dcgan-acts"),
    pytest.param("robust", "digits", {}, id="robust"),
    pytest.param("robust", "digits", ADAPTIVE, id="robust-memories"),
    pytest.param("robust", "digits", {"precision": "bf16", **ADAPTIVE}, id="robust-bf16"),
    pytest.param("robust", "ring", MEMORIES, id="points"),
]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("family", "data", "settings"), RUNS)
def test_training_ends_the_same_with_and_without(
    family: str, data: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights, averages, moments, memories: to the last bit."""
    wishes = {"family": family, "duration": "160img", "remedies": "off", **settings}
    spacing(monkeypatch, 0, 0)
    alone = tiny(tmp_path / "alone", data, **wishes)
    spacing(monkeypatch, 1, 4)
    watched = tiny(tmp_path / "watched", data, **wishes)
    assert final(watched) == final(alone)
    checkups = [line["seen"] for line in watched.journal.read() if "check/train" in line["facts"]]
    assert checkups == [16 * step for step in range(1, 11)]
    assert len([line for line in alone.journal.read() if "check/train" in line["facts"]]) == 1


@pytest.mark.parametrize("family", ["gan", "dcgan", "robust"])
def test_players_are_left_as_they_were(family: str) -> None:
    found = looked(family=family, **ADAPTIVE)
    networks = found.training.game.networks
    games_before = games.copied(found.training)
    generator = found.network("generator")
    next(generator.modules()).training = False  # a mode that is no default must survive, too
    modes = [module.training for module in networks.modules()]
    wanted = [parameter.requires_grad for parameter in networks.parameters()]
    found.look(thoroughly=True)
    assert [module.training for module in networks.modules()] == modes
    assert [parameter.requires_grad for parameter in networks.parameters()] == wanted
    assert all(parameter.grad is None for parameter in networks.parameters())
    assert games.differing(games_before, games.tensors(found.training)) == []
    hooks = [module for module in networks.modules() if module._forward_hooks or module._forward_pre_hooks]
    assert not hooks


def test_players_are_left_as_they_were_when_looking_fails() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(RuntimeError), untouched({"one": network}):
        assert not network[2].training
        network(torch.randn(8, 2))
        raise RuntimeError
    assert network[2].training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_two_looks_are_equal_but_for_the_drift() -> None:
    found = looked(family="dcgan", **ADAPTIVE)
    first, second = found.look(), found.look()
    assert second.pop("check/drift") == 0.0
    assert "check/drift" not in first
    assert first == second


def reals(found: Looked) -> Tensor:
    return found.dataset.tensor(spread(found.dataset.train, LOOKED_AT))


def with_generator(found: Looked, generator: nn.Module) -> Looked:
    found.training.game.networks["generator"] = generator
    return found


@pytest.mark.parametrize("data", ["digits", "ring"])
def test_variety_of_one_sample_is_0_and_that_of_the_reals_is_1(data: str) -> None:
    found = looked(data)
    one = with_generator(found, Fixed(reals(found)[:1])).look()
    assert one["check/diversity pixels"] == pytest.approx(0, abs=1e-6)
    assert one["check/diversity features"] == pytest.approx(0, abs=1e-4)
    assert one["check/diversity discriminator"] == pytest.approx(0, abs=1e-5)
    all_of_them = with_generator(found, Fixed(reals(found))).look()
    for name in ("pixels", "features", "discriminator"):
        assert all_of_them[f"check/diversity {name}"] == pytest.approx(1, abs=1e-5)


class Straight(nn.Module):
    """G(z) = scale * A z as an image, or as a row of points."""

    def __init__(self, z: int, shape: tuple[int, ...], scale: float) -> None:
        super().__init__()
        chance = torch.Generator().manual_seed(3)
        self.shape = shape
        matrix, _ = torch.linalg.qr(torch.randn(int(np.prod(shape)), z, generator=chance))
        self.matrix = nn.Parameter(scale * matrix)

    def forward(self, z: Tensor) -> Tensor:
        return (z @ self.matrix.T).view(len(z), *self.shape)


def test_sensitivity_is_the_length_of_a_step_over_the_reals_distance() -> None:
    """Of an isometry of scale s it is s over the median distance of the reals, whatever the step."""
    found = looked("digits")
    with_generator(found, Straight(found.config.settings["z"], (1, 8, 8), 0.05))
    rows = reals(found).flatten(1).numpy()
    apart = np.median([np.linalg.norm(a - b) for index, a in enumerate(rows) for b in rows[:index]])
    assert found.look()["check/sensitivity"] == pytest.approx(0.05 / apart, rel=1e-3)
    assert with_generator(found, Fixed(reals(found))).look()["check/sensitivity"] == 0.0
    assert 0 < NUDGE < 1


def test_drift_is_how_far_samples_have_moved() -> None:
    found = looked("ring")
    with_generator(found, Fixed(torch.zeros(1, 2)))
    assert "check/drift" not in found.look()
    assert found.look()["check/drift"] == 0.0
    with_generator(found, Fixed(torch.tensor([[3.0, 4.0]])))
    rows = reals(found).numpy()
    apart = np.median([np.linalg.norm(a - b) for index, a in enumerate(rows) for b in rows[:index]])
    assert found.look()["check/drift"] == pytest.approx(5 / apart, rel=1e-3)
    found.examination.forget()
    assert "check/drift" not in found.look()


class Plane(nn.Module):
    """D(x) = w . x + offset."""

    def __init__(self, size: int, offset: float = 0.0) -> None:
        super().__init__()
        self.last = nn.Linear(size, 1)
        nn.init.constant_(self.last.bias, offset)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(image.flatten(1))[:, 0]


def test_the_slope_of_a_plane_has_a_closed_form() -> None:
    """Non-saturating: the loss is softplus(-l), so its slope is sigmoid(-l) |w| for every image."""
    found = looked("digits")
    plane = Plane(64, 0.3)
    found.training.game.networks["discriminator"] = plane
    with_generator(found, Fixed(reals(found)))
    with torch.no_grad():
        logits = plane(reals(found))
        expected = float((torch.sigmoid(-logits) * plane.last.weight.norm()).mean())
    facts = found.look()
    assert facts["check/slope"] == pytest.approx(expected, rel=1e-4)
    assert facts["check/train"] == pytest.approx(float(logits.mean()), abs=1e-5)
    assert facts["check/fake"] == pytest.approx(float(logits.mean()), abs=1e-5)
    assert facts["check/accuracy train"] == pytest.approx(float((logits > 0).float().mean()))
    assert facts["check/accuracy fake"] == pytest.approx(float((logits < 0).float().mean()))
    held = found.dataset.tensor(spread(found.dataset.held, LOOKED_AT))
    with torch.no_grad():
        assert facts["check/held"] == pytest.approx(float(plane(held).mean()), abs=1e-5)


def test_the_slope_agrees_with_finite_differences() -> None:
    found = looked("ring")
    discriminator = found.network("discriminator").double().eval()
    points = reals(found).double()

    def loss(rows: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.nn.functional.softplus(-discriminator(rows))

    step = 1e-5
    nudges = torch.eye(2, dtype=torch.float64) * step
    slopes = torch.stack([(loss(points + n) - loss(points - n)) / (2 * step) for n in nudges], dim=1)
    expected = float(slopes.norm(dim=1).mean())
    discriminator.float()
    assert with_generator(found, Fixed(reals(found))).look()["check/slope"] == pytest.approx(expected, rel=1e-3)


def test_relativistic_shares_are_of_the_other_sides_mean() -> None:
    """A huge offset says nothing there: reals against reals are told apart at chance."""
    found = looked("digits", "robust")
    found.training.game.networks["discriminator"] = Plane(64, 100.0)
    facts = with_generator(found, Fixed(reals(found))).look()
    assert facts["check/accuracy train"] == pytest.approx(0.5, abs=0.25)
    assert facts["check/accuracy train"] + facts["check/accuracy fake"] == pytest.approx(1, abs=0.25)
    assert facts["check/train"] == pytest.approx(facts["check/fake"], abs=1e-3)


def test_saturation_is_counted_beyond_that_of_the_reals() -> None:
    found = looked("digits")
    share = float((reals(found).abs() > 0.99).float().mean())
    assert 0 < share < 0.9
    assert with_generator(found, Fixed(reals(found))).look()["check/saturated"] == pytest.approx(0, abs=1e-6)
    full = with_generator(found, Fixed(torch.ones(1, 1, 8, 8))).look()
    assert full["check/saturated"] == pytest.approx(1 - share)
    none = with_generator(found, Fixed(torch.zeros(1, 1, 8, 8))).look()
    assert none["check/saturated"] == pytest.approx(-share)


def test_uneven_overlap_shows_as_a_checkerboard_and_resizing_does_not(tmp_path: Path) -> None:
    """Untrained, a transposed kernel of 3 with stride 2 already leaves its pattern (Odena et al. 2016)."""
    data = pictures(tmp_path / "a.npz", 200, (32, 32))
    uneven = looked(data, "dcgan", kernel=3).look()["check/nyquist"]
    resized = looked(data, "dcgan", kernel=3, upsample="resize").look()["check/nyquist"]
    assert uneven > 6
    assert resized < uneven - 3


def test_samples_that_are_not_finite_have_no_variety() -> None:
    found = looked("digits")
    facts = with_generator(found, Fixed(torch.full((1, 1, 8, 8), float("nan")))).look(thoroughly=True)
    assert not {"check/diversity pixels", "check/diversity features", "check/sensitivity"} & facts.keys()
    assert not [name for name in facts if name.startswith("eval/")]
    assert np.isfinite(facts["check/train"]) and np.isnan(facts["check/fake"])


@pytest.mark.parametrize("family", ["gan", "dcgan"])
@pytest.mark.parametrize("holdout", [0.0, 0.008, 0.03, 0.3])
def test_few_held_out_images_say_nothing(family: str, holdout: float, tmp_path: Path) -> None:
    """One image is no pack, and no batch for normalisation."""
    data = pictures(tmp_path / "a.npz", 150)
    found = looked(data, family, options=DataOptions(holdout=holdout), pack=2, minibatch_std=True)
    facts = found.look(thoroughly=True)
    assert ("check/held" in facts) == (holdout == 0.3)
    assert {"check/train", "check/fake", "eval/kid"} <= facts.keys()


@pytest.mark.parametrize("count", [1, 2, 5, 31, 40])
def test_of_few_images_little_is_said(count: int, tmp_path: Path) -> None:
    found = looked(pictures(tmp_path / "a.npz", count), "robust")
    facts = found.look(thoroughly=True)
    found.examination.forget()
    assert bool(facts) == (count >= 32)
    assert all(np.isfinite(value) for value in facts.values())


SIZES = [(8, 8), (9, 8), (13, 20), (17, 31), (65, 64)]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("family", ["gan", "dcgan", "robust"])
def test_every_kind_of_image_has_every_signal(family: str, channels: int, tmp_path: Path) -> None:
    size = SIZES[channels]
    found = looked(pictures(tmp_path / "a.npz", 500, size, channels), family)
    facts = found.look(thoroughly=True)
    expected = {f"check/{name}" for name in ("train", "held", "fake", "slope", "saturated", "nyquist", "sensitivity")}
    expected |= {f"check/diversity {name}" for name in ("pixels", "features", "discriminator")}
    expected |= {
        f"check/{what} {side}" for what in ("sigma", "rank", "dead") for side in ("generator", "discriminator")
    }
    expected |= {"eval/kid", "eval/coverage", "eval/memorised", "eval/birthday", "eval/ndb"}
    if found.config.settings["augment"]:
        expected.add("eval/leak")
    assert expected <= facts.keys()
    assert all(np.isfinite(value) for value in facts.values())


@pytest.mark.parametrize("wide", [1, 2, 3, 5])
@pytest.mark.parametrize("family", ["gan", "robust"])
def test_every_kind_of_table_has_its_signals(family: str, wide: int, tmp_path: Path) -> None:
    facts = looked(columns(tmp_path / "a.csv", 700, wide), family).look(thoroughly=True)
    assert {
        "check/train",
        "check/held",
        "check/fake",
        "check/slope",
        "check/diversity pixels",
        "eval/kid",
    } <= facts.keys()
    assert not {"check/nyquist", "check/saturated", "eval/leak"} & facts.keys()
    assert all(np.isfinite(value) for value in facts.values())


def test_samples_that_are_still_small_are_compared_with_reals_as_small() -> None:
    """Perfect ones of half the size look right, and are not scored beside whole images, until the full size is in."""
    found = looked("digits")
    rows = found.dataset.tensor(spread(found.dataset.train, LOOKED_AT))
    small = rows.reshape(-1, 1, 4, 2, 4, 2).mean((3, 5)).repeat_interleave(2, 2).repeat_interleave(2, 3)
    found.training.game.networks["generator"] = Fixed(small)
    found.training.averages.networks.clear()
    whole = found.training.game
    found.training.game = replace(whole, made_at=lambda networks: ((4, 4), (8, 8)))
    facts = found.look(thoroughly=True)
    assert facts["check/diversity pixels"] == pytest.approx(1, abs=1e-3)
    assert facts["check/diversity features"] == pytest.approx(1, abs=1e-3)
    assert facts["check/nyquist"] == pytest.approx(0, abs=0.1)
    assert not [name for name in facts if name.startswith("eval/")]
    found.training.game = replace(whole, made_at=lambda networks: ((8, 8), (8, 8)))
    facts = found.look(thoroughly=True)
    assert facts["check/diversity pixels"] < 0.99
    assert "eval/kid" in facts
