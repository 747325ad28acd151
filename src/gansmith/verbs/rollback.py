"""Going back: a training goes on from a checkpoint under other settings, while counters and charts go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gansmith.game.game import Game
from gansmith.game.structure import made_anew
from gansmith.runs import checkpoint
from gansmith.runs.state import Place, Training
from gansmith.verbs.plan import build_game
from gansmith.verbs.record import Record

Treatments = Sequence[dict[str, Any]]


def last_healthy(folder: Path, before: float, skip: int = 0) -> Path | None:
    """The newest checkpoint from before an onset that was healthy when it was written, `skip` of them passed over.

    Where there is none, the oldest that verifies. What an earlier roll-back undid does not count.
    """
    paths = sorted((path for path in folder.glob("*") if path.name.isdecimal()), key=lambda path: int(path.name))
    way: list[tuple[Path, Mapping[str, Any]]] = []
    for path in paths:
        if checkpoint.verify(path) is not None:
            continue
        state, copies = checkpoint.state(path), int(path.name) <= before
        while way and way[-1][1].get("lost", 0) < state.get("lost", 0):
            last = way[-1][1]["seen"]
            if last < state["seen"] or (last == state["seen"] and not copies):
                break
            way.pop()  # from the way that was left, or the one of which this is a copy
        way.append((path, state))
    healthy = [path for path, state in way if int(path.name) <= before and state.get("healthy", True)]
    if len(healthy) > skip:
        return healthy[-1 - skip]
    return next(iter(healthy), None) or next((path for path, _ in way), None)


def here(record: Record) -> Path | None:
    """A checkpoint of this moment; None where it cannot be written."""
    record.checkpoint()
    path = record.run.checkpoints / record.place.name
    return path if record.saved == record.place.counter else None


def go_back(record: Record, path: Path, treatments: Treatments, fresh: Collection[str] = ()) -> None:
    """Go on from a checkpoint with these treatments. `fresh` networks begin anew; all else is as it was there.

    What does not fit the settings that the treatments make begins anew, too.
    """
    before = record.place

    def build(place: Place) -> Game:
        place.lost = before.counter - place.seen
        place.treatments, place.best, place.healthy, place.skipped = list(treatments), before.best, True, 0
        place.kid = None  # of these weights under the old settings: no proof of anything
        return build_game(record.config, place)

    record.change(Training.revive(path, build, fresh=fresh))
    record.checkpoint()


def end_with_best(record: Record, treatment: dict[str, Any]) -> bool:
    """Go back to the best checkpoint for good; the treatment's record is completed. False where it does not verify.

    What was changed since then is out of force again.
    """
    place, best = record.place, record.place.best
    if best is None or checkpoint.verify(path := record.run.checkpoints / best["name"]) is not None:
        return False
    to, seen = int(best["name"]), checkpoint.state(path)["seen"]
    treatment |= {"to": to, "until": place.counter, "ends": seen, "outcome": "kept", "kid_after": best["kid"]}
    before = [{**one, "outcome": "undone"} if one["at"] >= to else one for one in place.treatments]
    go_back(record, path, [*before, treatment])
    record.place.kid, record.scored = best["kid"], record.place.counter
    return True


def take_back(record: Record, useless: Treatments) -> bool:
    """Go on without these treatments: from here, or from before them if the generator would have to begin anew.

    False, and they are kept, where that is impossible: the training has ended, or nothing can be saved.
    """
    place, folder = record.place, record.run.checkpoints
    treatments = [{**one, "outcome": "undone"} if one in useless else one for one in place.treatments]
    game = build_game(record.config, replace(place, treatments=treatments))
    if "generator" not in made_anew(record.training.game, game):
        path = here(record)
    elif place.counter < record.config.images:
        path = last_healthy(folder, min(one["to"] for one in useless))
    else:
        path = None
    if path is None:
        for one in useless:
            one["outcome"] = "kept"
        return False
    go_back(record, path, treatments)
    return True
