"""A training that grows goes on in the middle of a fade as if nothing had been, and its samples tell their size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.runs.folder import Run
from gansmith.runs.pictures import read_recipe
from gansmith.verbs.sample import sample
from gansmith.verbs.session import Interrupted, Session
from gansmith.verbs.train import resume, train
from tests.verbs.runs import at_every_step, events, final, quick, state

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

# 24 pixels grow from 6 and 12. Of 640 images the first four acts take 64, 64, 64 and 80, in steps of 32, 32, 32 and 16.
GROWN: dict[str, Any] = {"batch": 16, "z": 8, "width": 8, "widest": 16, "ema": 0.2}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """So few images that no time goes into looking after the training."""
    path = tmp_path / "noise.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (30, 24, 24, 3), np.uint8))
    return path


def trained(out: Path, data: Path) -> Run:
    return train(data, family="progressive", duration="640img", precision="32", out=out, **GROWN)


def stopping_at(seen: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> None:
    left = list(seen)

    def stop(now: Session) -> None:
        if left and now.training.place.seen == left[0]:
            left.pop(0)
            now.asked.append("request")

    at_every_step(monkeypatch, stop)


def test_stopped_and_resumed_is_uninterrupted(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of both fades."""
    whole = trained(tmp_path / "whole", data)
    stops = [96, 240]
    stopping_at(stops, monkeypatch)
    with pytest.raises(Interrupted, match="saved at 96 of 640"):
        trained(tmp_path / "cut", data)
    run = Run.find("last", tmp_path / "cut")
    for seen in stops[1:]:
        with pytest.raises(Interrupted, match=f"saved at {seen} of 640"):
            resume(run.path)
    resume(run.path)
    assert final(run) == final(whole)
    assert events(run).count("resume") == len(stops)


def test_samples_are_of_full_size_and_tell_at_which_they_were_made(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping_at([96], monkeypatch)
    with pytest.raises(Interrupted):
        trained(tmp_path, data)
    run = Run.find("last", tmp_path)
    pictures = sorted(run.samples.glob("*.png"))
    assert read_recipe(pictures[0])["made_at"] == [6, 6]
    assert read_recipe(sample(run.path, 4, to=tmp_path / "now.png"))["made_at"] == [12, 12]
    drawn = np.load(sample(run.path, 4, to=tmp_path / "now.npz"))["images"]
    assert drawn.shape == (4, 24, 24, 3)
    blocks = drawn.reshape(4, 12, 2, 12, 2, 3)
    assert (blocks == blocks[:, :, :1, :, :1]).all()  # every pixel four times
    resume(run.path)
    assert state(run)["seen"] == 640
    assert read_recipe(run.path / "grid.png")["made_at"] == [24, 24]
    drawn = np.load(sample(run.path, 4, to=tmp_path / "full.npz"))["images"]
    blocks = drawn.reshape(4, 12, 2, 12, 2, 3)
    assert not (blocks == blocks[:, :, :1, :, :1]).all()
