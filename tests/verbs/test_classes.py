"""A run that is told classes, from beginning to end: stopped and resumed, shown class by class, measured by class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansmith.data.open import open_data
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.state import Training
from gansmith.verbs import plan
from gansmith.verbs.evaluate import evaluate
from gansmith.verbs.finish import scored
from gansmith.verbs.session import Interrupted, Session
from gansmith.verbs.train import resume
from tests.verbs.runs import at_every_step, final, newest, tiny

WISHES: dict[str, Any] = {"family": "cgan", "duration": "160img", "batch": 16, "condition_size": 8}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        return tiny(tmp_path_factory.mktemp("whole"), **WISHES)


def test_stopped_and_resumed_is_uninterrupted(whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(now: Session) -> None:
        if now.training.place.number == 4:
            now.asked.append("request")

    with monkeypatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        at_every_step(patch, stop)
        with pytest.raises(Interrupted):
            tiny(tmp_path, **WISHES)
    cut = Run.find("last", tmp_path)
    assert final(cut) != final(whole)
    assert final(resume("last", out=tmp_path)) == final(whole)


def test_the_last_picture_has_a_row_per_class(whole: Run) -> None:
    with Image.open(whole.path / "grid.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    lines = (pixels == 110).all(axis=1)  # grey between the rows
    assert int(np.diff(lines.astype(int)).clip(0).sum()) == 9
    assert load(whole.path).spec.classes == tuple("0123456789")


def test_asked_labels_are_measured(whole: Run, tmp_path: Path) -> None:
    """Of a generator that learnt next to nothing, next to nothing is what was asked for; of real digits most is."""
    found = evaluate(whole.path, count=300, features=["pixels"], to=tmp_path)
    faithful, learnt = found.score("faithfulness"), found.score("CAS")
    assert faithful.value is not None and faithful.floor is not None and learnt.floor is not None
    assert faithful.value < 0.5 < 0.8 < faithful.floor
    assert learnt.floor > 0.8
    assert set(found.classes) == set("0123456789")
    assert all("faithfulness" in figures for figures in found.classes.values())


def test_the_report_tells_how_faithful_samples_are(whole: Run) -> None:
    config = RunConfig.read(whole.config())
    training = Training.revive(newest(whole), lambda place: plan.build_game(config, place))
    told = scored(config, open_data(config.source, config.options), training)
    assert {label.partition("@")[0] for label in told} >= {"faithfulness", "CAS", "1-NN TSTR"}
