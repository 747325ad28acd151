"""Save, restore, continue: bit for bit what it would have been, and only because every piece of state is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.runs import checkpoint
from gansmith.runs.state import Training
from tests import games
from tests.families.test_contract import EVERY, begin, tricks

BEFORE, AFTER = 5, 6


def interrupted(name: str, shape: str, folder: Path, precision: str, with_tricks: bool) -> tuple[str, str]:
    """(digest of an uninterrupted training, of one that was saved and taken up by another process's objects)."""
    settings = tricks(name, shape) if with_tricks else {}
    whole = begin(name, shape, **settings)
    games.advance(whole, shape, BEFORE + AFTER, precision=precision)
    first = begin(name, shape, **settings)
    games.advance(first, shape, BEFORE, precision=precision)
    path = first.save(folder)
    second = Training.begin(games.game(name, shape, seed=99, **settings))  # other weights, to be overwritten
    second.restore(path)
    assert second.place == first.place
    games.advance(second, shape, AFTER, precision=precision)
    return games.digest(games.tensors(whole)), games.digest(games.tensors(second))


@EVERY
@pytest.mark.parametrize("precision", ["32", "bf16"])
@pytest.mark.parametrize("with_tricks", [False, True], ids=["plain", "tricks"])
def test_resumed_is_uninterrupted(name: str, shape: str, precision: str, with_tricks: bool, tmp_path: Path) -> None:
    whole, resumed = interrupted(name, shape, tmp_path, precision, with_tricks)
    assert whole == resumed


def ends(forget: str, folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Weights after a resume with everything, and after one that lost the tensors whose name contains `forget`."""
    settings: dict[str, Any] = {"skip_d": 0.999, "ema": 0.05, "g_every": 2, "spectral": True, "lecam": 0.3, "ada": 0.1}
    settings |= {"history": 0.5, "lookahead": 4}
    first = begin("dcgan", "grey", **settings)
    games.advance(first, "grey", BEFORE)
    path = first.save(folder)
    found = []
    for lose in (False, True):
        training = begin("dcgan", "grey", **settings)
        fresh = games.copied(training)
        training.restore(path)
        if lose:
            lost = 0
            with torch.no_grad():
                for name, tensor in games.tensors(training).items():
                    if forget in name and not torch.equal(tensor, fresh[name]):
                        tensor.copy_(fresh[name])
                        lost += 1
            assert lost
        games.advance(training, "grey", AFTER)
        found.append(games.copied(training))
    return found[0], found[1]


@pytest.mark.parametrize(
    "forget",
    [
        "networks/generator.layers.0.weight",
        "networks/discriminator.last.parametrizations.weight.original",
        "networks/discriminator.layers.0.parametrizations.weight.0._v",
        "networks/generator.layers.1.running_mean",
        "networks/generator.layers.1.running_var",
        "networks/balance.accuracy",
        "networks/ada.p",
        "networks/ada.overfitting",
        "networks/lecam.real",
        "networks/history.images",
        "networks/history.known",
        "networks/lookahead.generator/layers/0/weight",
        "networks/lookahead.at",
        "averages/generator",
        "optimizers/generator/layers.0.weight/exp_avg",
        "optimizers/discriminator/last.parametrizations.weight.original/exp_avg_sq",
        "optimizers/generator/layers.0.weight/step",
    ],
)
def test_forgetting_any_one_tensor_shows(forget: str, tmp_path: Path) -> None:
    """The comparison can see each kind of state; were one left out of checkpoints, the test above would fail."""
    whole, lame = ends(forget, tmp_path)
    assert games.differing(whole, lame)


@pytest.mark.parametrize("forget", ["number", "seen", "gain"])
def test_forgetting_the_place_shows(forget: str, tmp_path: Path) -> None:
    found = []
    for lose in (False, True):
        training = begin("robust", "points", lr_end=1e-5)
        training.place.treatments.append({"outcome": "helped", "gain": 0.5, "changes": {}})
        training.optimizers.gain = training.place.gain
        games.advance(training, "points", BEFORE)
        path = training.save(tmp_path / str(lose))
        training = begin("robust", "points", lr_end=1e-5)
        training.restore(path)
        if lose and forget == "gain":
            training.optimizers.gain = 1.0
        elif lose:
            setattr(training.place, forget, 0)
        games.advance(training, "points", AFTER)
        found.append(games.digest(games.tensors(training)))
    assert found[0] != found[1]


def test_a_checkpoint_of_another_game_changes_nothing(tmp_path: Path) -> None:
    small, large = begin("robust", "grey"), begin("robust", "grey", width=16)
    path = small.save(tmp_path)
    before, place = games.copied(large), large.place
    with pytest.raises(checkpoint.CheckpointError, match="shape"):
        large.restore(path)
    assert games.differing(before, games.tensors(large)) == []
    assert large.place is place


def test_a_checkpoint_without_its_place_is_refused_in_words(tmp_path: Path) -> None:
    training = begin("gan", "points")
    parts = {"networks": dict(training.game.networks.state_dict()), "averages": {}, "optimizers": {}}
    path = checkpoint.save(tmp_path, "000000000", parts, {"nonsense": 1})
    with pytest.raises(GansmithError, match="where its training stood"):
        training.restore(path)


def test_layouts_of_moments_survive_a_restore(tmp_path: Path) -> None:
    """Fused Adam ignores strides: a channels-last weight with contiguous moments would be updated wrongly."""
    training = begin("dcgan", "colour")
    games.advance(training, "colour", 1)
    path = training.save(tmp_path)
    again = begin("dcgan", "colour")
    again.restore(path)
    for name, network in again.optimizers.networks.items():
        for parameter, (_, mean, square) in zip(network.parameters(), again.optimizers.moments[name], strict=True):
            assert mean.stride() == square.stride() == parameter.stride()
