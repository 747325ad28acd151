"""A training goes back to a checkpoint to the bit, and further under other settings, keeping whatever still fits."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.game.acts import Act, remaining
from gansmith.runs import checkpoint
from gansmith.runs.state import Place, Training, place_of
from tests import games

MEMORIES: dict[str, Any] = {
    "ada": 0.6,
    "augment": "cutout",
    "lecam": 0.3,
    "history": 0.5,
    "lookahead": 3,
    "skip_d": 0.9,
}


def begin(family: str = "gan", **settings: Any) -> Training:
    return Training.begin(games.game(family, "grey", **settings))


def treated(**changes: Any) -> dict[str, Any]:
    return {"id": "one", "ailment": "oscillation", "changes": {}, "gain": 1.0, "outcome": "trial", **changes}


@pytest.mark.parametrize("family", ["gan", "dcgan", "robust"])
def test_everything_goes_back_to_the_bit(family: str, tmp_path: Path) -> None:
    """Weights, averages, moments, ADA's strength, LeCam's anchors, history, slow weights; the place, too."""
    training = begin(family, ema=0.05, **MEMORIES)
    games.advance(training, "grey", 4)
    then, place = games.copied(training), asdict(training.place)
    path = training.save(tmp_path)
    games.advance(training, "grey", 3)
    assert games.differing(then, games.tensors(training))
    back = Training.revive(path, lambda place: games.game(family, "grey", seed=5, ema=0.05, **MEMORIES), fresh=())
    assert games.differing(then, games.tensors(back)) == []
    assert asdict(back.place) == place
    training.restore(path)
    assert games.differing(then, games.tensors(training)) == []
    games.advance(back, "grey", 3)
    games.advance(training, "grey", 3)
    assert games.differing(games.tensors(back), games.tensors(training)) == []


STRUCTURAL = [
    ("gan", {"pack": 2}, {"discriminator"}),
    ("gan", {"minibatch_std": True}, {"discriminator"}),
    ("gan", {"spectral": True}, {"discriminator"}),
    ("dcgan", {"upsample": "resize"}, {"generator"}),
    ("dcgan", {"norm": "none"}, {"generator"}),
    ("robust", {"d_width": 5}, {"discriminator"}),
    ("gan", {"ada": 0.6}, {"ada"}),
    ("gan", {"lookahead": 3}, {"lookahead"}),
]


@pytest.mark.parametrize(("family", "changes", "anew"), STRUCTURAL)
def test_what_no_longer_fits_begins_anew_and_the_rest_is_kept(
    family: str, changes: dict[str, Any], anew: set[str], tmp_path: Path
) -> None:
    training = begin(family, ema=0.05)
    games.advance(training, "grey", 3)
    path = training.save(tmp_path)
    new = games.copied(Training.begin(games.game(family, "grey", seed=7, ema=0.05, **changes)))
    back = Training.revive(path, lambda place: games.game(family, "grey", seed=7, ema=0.05, **changes), fresh=())
    old, now = games.tensors(training), games.tensors(back)
    for name, tensor in now.items():
        player = name.split("/")[1].split(".")[0]
        assert torch.equal(tensor, (new if player in anew else old)[name]), name
    games.advance(back, "grey", 2)
    again = Training.revive(back.save(tmp_path), lambda place: games.game(family, "grey", ema=0.05, **changes))
    assert games.differing(games.tensors(back), games.tensors(again)) == []


def test_an_average_that_is_new_begins_at_what_was_restored(tmp_path: Path) -> None:
    training = begin("gan", ema=0.0)
    games.advance(training, "grey", 3)
    back = Training.revive(training.save(tmp_path), lambda place: games.game("gan", "grey", seed=7, ema=0.05), fresh=())
    average = back.averages.state()
    assert average
    for name, tensor in training.game.networks.state_dict().items():
        if name.startswith("generator."):
            assert torch.equal(average[name], tensor)


def test_fresh_networks_forget_their_moments_and_averages(tmp_path: Path) -> None:
    training = begin("gan", ema=0.05)
    games.advance(training, "grey", 3)
    path = training.save(tmp_path)
    built = games.game("gan", "grey", seed=7, ema=0.05)
    back = Training.revive(path, lambda place: built, fresh=("generator",))
    new = games.tensors(Training.begin(games.game("gan", "grey", seed=7, ema=0.05)))
    for name, tensor in games.tensors(back).items():
        if "/generator" in name:
            assert torch.equal(tensor, new[name])
        else:
            assert torch.equal(tensor, games.tensors(training)[name])
    assert back.place == training.place


def test_without_leave_nothing_may_differ(tmp_path: Path) -> None:
    training = begin("gan")
    path = training.save(tmp_path)
    with pytest.raises(checkpoint.CheckpointError, match="does not fit"):
        Training.revive(path, lambda place: games.game("gan", "grey", pack=2))


def test_a_checkpoint_of_the_first_version_still_loads(tmp_path: Path) -> None:
    """Its state had `rolled_back` and `gain`, and knew nothing of treatments."""
    training = begin("gan")
    games.advance(training, "grey", 2)
    old: dict[str, Any] = {
        "number": 2,
        "seen": 16,
        "seconds": 1.5,
        "skipped": 0,
        "distance": 0.1,
        "rolled_back": 1,
        "gain": 0.5,
    }
    old |= {"best": {"name": "000000016", "distance": 0.1}, "machine": {}}
    path = checkpoint.save(tmp_path, "000000016", training._live(), old)
    back = Training.revive(path, lambda place: games.game("gan", "grey", seed=3))
    assert (back.place.number, back.place.seen, back.place.counter) == (2, 16, 16)
    assert games.differing(games.tensors(training), games.tensors(back)) == []
    assert place_of(tmp_path) == back.place


@pytest.mark.parametrize("state", [{}, {"seen": 1}, {"number": 1, "seen": 1, "colour": "red"}])
def test_a_state_that_tells_no_place_is_refused_in_words(state: dict[str, Any], tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, "000000001", begin("gan")._live(), state)
    with pytest.raises(GansmithError, match="does not say where"):
        Training.revive(path, lambda place: games.game("gan", "grey"))
    with pytest.raises(GansmithError, match="does not say where"):
        place_of(tmp_path)


def test_a_place_survives_the_disk(tmp_path: Path) -> None:
    training = begin("gan")
    training.place = Place(
        3, 48, 16, 2.5, 1, 0.5, 0.01, {"name": "000000016", "kid": 0.01}, False, [treated()], {"a": 1}
    )
    assert place_of(tmp_path) == Place()
    training.save(tmp_path)
    assert place_of(tmp_path) == training.place
    assert json.dumps(asdict(training.place))


def test_treatments_add_up_and_undone_ones_do_not_count() -> None:
    place = Place(
        seen=32,
        lost=16,
        treatments=[
            treated(changes={"pack": 2, "lr": 1e-3}, gain=0.5),
            treated(changes={"pack": 4}, gain=0.5, outcome="undone"),
            treated(changes={"lr": 1e-4}, gain=0.25, outcome="kept"),
        ],
    )
    assert (place.counter, place.name) == (48, "000000048")
    assert place.changes == {"pack": 2, "lr": 1e-4}
    assert place.gain == 0.125


def test_rates_follow_the_gain_of_the_place(tmp_path: Path) -> None:
    training = begin("gan")
    training.place.treatments = [treated(gain=0.5)]
    path = training.save(tmp_path)
    assert Training.revive(path, lambda place: games.game("gan", "grey")).optimizers.gain == 0.5
    training.restore(path)
    assert training.optimizers.gain == 0.5


@pytest.mark.parametrize(
    ("noted", "seen", "learnt"),
    [
        (None, 0, False),  # at the beginning of all
        ("first", 40, True),
        ("first", 64, False),  # as a resumed training comes to the end of an act
        ("first", 70, False),  # after a roll-back: the second act began between two batches
        ("second", 70, True),
        (None, 70, True),  # a checkpoint of an earlier version, in the middle of the second act
        (None, 64, False),
    ],
)
def test_an_act_is_begun_once_wherever_it_begins(noted: str | None, seen: int, learnt: bool) -> None:
    training = begin("dcgan")
    games.advance(training, "grey", 1)
    training.place.act, training.place.seen = noted, seen
    acts = (Act(64, "first", fresh=True), Act(64, "second", fresh=True))
    act, end = next(remaining(acts, seen))
    training.enter(act, end)
    assert training.place.act == act.name
    assert any(moment.any() for name, moment in training.optimizers.state().items() if "exp_avg" in name) == learnt
