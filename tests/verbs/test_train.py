"""A training leaves a whole run behind, and goes on exactly where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.data.options import DataOptions
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError, UsageError
from gansmith.runs import checkpoint
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import frames
from gansmith.verbs.frames import frame_due
from gansmith.verbs.session import Interrupted, Session
from gansmith.verbs.train import label_of, prepare, resume
from tests.verbs.runs import at_every_step, events, final, quick, state, tiny

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(("data", "family"), [("digits", "robust"), ("digits", "dcgan"), ("ring", "robust")])
def test_a_run_is_complete(data: str, family: str, tmp_path: Path) -> None:
    heard: list[Any] = []
    run = tiny(tmp_path / "runs", data, family=family, watch=heard.append)
    assert run.path.name == f"001-{data}-{family}"
    config = RunConfig.read(run.config())
    assert (config.images, config.duration, config.family) == (640, "640img", family)
    assert config.spec.kind == ("points" if data == "ring" else "images")
    assert config.plan
    status = run.status()
    assert (status["state"], status["seen"], status["total"], status["alive"]) == ("finished", 640, 640, False)
    lines = run.journal.read()
    assert [line["seen"] for line in lines] == sorted(line["seen"] for line in lines)
    assert lines[-1]["seen"] == 640
    facts = lines[-1]["facts"]
    assert {"generator/loss", "discriminator/loss", "gradient/generator", "accuracy/fake", "distance"} <= facts.keys()
    assert events(run)[0] == "start"
    assert events(run)[-1] == "finish"
    pictures = sorted(run.samples.glob("*.png"))
    assert pictures[0].stem == "000000000"
    assert pictures[-1].stem == "000000640"
    assert len(pictures) == 1 + frames.FRAMES
    assert read_recipe(run.path / "grid.png") == {
        "run": run.path.name,
        "checkpoint": "000000640",
        "seed": 0,
        "count": 1000 if data == "ring" else 36,
    }
    report = (run.path / "report.html").read_text(encoding="utf-8")
    assert "<html" in report
    assert family in report
    kept = sorted(run.checkpoints.iterdir())
    assert kept[-1].name == "000000640"
    assert all(checkpoint.verify(path) is None for path in kept)
    assert state(run)["best"]["name"] in {path.name for path in kept}
    assert not list(run.path.rglob(".tmp-*"))
    assert {"finished", "plan", "seen"} <= {key for report in heard for key in report}


def test_two_trainings_are_one(tmp_path: Path) -> None:
    first, second, other = (tiny(tmp_path, seed=seed) for seed in (3, 3, 4))
    assert final(first) == final(second) != final(other)


@pytest.mark.parametrize("data", ["digits", "ring"])
@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_stopped_and_resumed_is_uninterrupted(
    data: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tricks = {"skip_d": 0.9, "flip_labels": 0.1, "pretrain_d": 0.1, "penalty": "r1", "penalty_every": 3, "ema": 0.2}
    whole = tiny(tmp_path / "whole", data, precision=precision, **tricks)
    stops = iter([7, 20])
    at = next(stops)

    def stop(now: Session) -> None:
        nonlocal at
        if now.training.place.number == at:
            at = next(stops, -1)
            now.asked.append("request")

    at_every_step(monkeypatch, stop)
    with pytest.raises(Interrupted, match="saved at 112 of 640"):
        tiny(tmp_path / "cut", data, precision=precision, **tricks)
    run = Run.find("last", tmp_path / "cut")
    assert run.status()["state"] == "stopped"
    assert (run.path / "report.html").exists()  # a request, unlike Ctrl-C, waits for it
    with pytest.raises(Interrupted):
        resume(run.path)
    resume("last", out=tmp_path / "cut")
    assert final(run) == final(whole)
    assert [line["seen"] for line in run.journal.read()] == sorted({line["seen"] for line in run.journal.read()})
    assert events(run).count("resume") == 2


def test_a_finished_run_is_not_resumed_but_prolonged(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    with pytest.raises(UsageError, match="has finished its 640 images") as caught:
        resume(run.path)
    assert "-d" in caught.value.do
    resume(run.path, duration="320img")
    config = RunConfig.read(run.config())
    assert (config.images, config.duration) == (960, "640img + 320img")
    assert state(run)["seen"] == 960
    assert "prolong" in events(run)
    assert run.status()["state"] == "finished"


def test_changed_data_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "points.csv"
    rows = np.random.default_rng(0).normal(size=(200, 2)).round(3)
    np.savetxt(data, rows, delimiter=",", fmt="%.3f")
    run = tiny(tmp_path / "runs", data)
    before = final(run)
    np.savetxt(data, rows + 1, delimiter=",", fmt="%.3f")
    with pytest.raises(GansmithError, match="not what it was trained on") as caught:
        resume(run.path, duration="160img")
    assert "has changed" in caught.value.why
    assert "gansmith train" in caught.value.do
    assert final(run) == before
    assert RunConfig.read(run.config()).images == 640


def test_a_machine_that_differs_is_told(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    config = run.config()
    config["machine"]["threads"] = 99
    run.config_path.write_text(json.dumps(config))
    heard: list[Any] = []
    resume(run.path, duration="160img", watch=heard.append)
    assert any("threads" in report["warning"] for report in heard if "warning" in report)


def test_a_damaged_checkpoint_is_passed_over_and_the_end_is_the_same(tmp_path: Path) -> None:
    whole = final(tiny(tmp_path / "whole"))
    run = tiny(tmp_path / "runs")
    last = run.checkpoints / "000000640"
    with (last / "networks.safetensors").open("r+b") as file:
        file.seek(500)
        byte = file.read(1)
        file.seek(500)
        file.write(bytes([byte[0] ^ 1]))
    (run.path / "report.html").unlink()
    heard: list[Any] = []
    resume(run.path, watch=heard.append)
    assert any("passing over" in report.get("warning", "") for report in heard)
    assert final(run) == whole


def test_no_checkpoint_that_verifies(tmp_path: Path) -> None:
    run = tiny(tmp_path)
    for path in run.checkpoints.iterdir():
        (path / "state.json").write_text("{}")
    with pytest.raises(GansmithError, match="verifies"):
        resume(run.path, duration="160img")


def test_a_dry_run_writes_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan, dataset, engine = prepare("digits", family="gan", duration="20ep", width=8, d_width=8)
    assert list(tmp_path.iterdir()) == []
    assert plan.config.images == round(20 * dataset.spec.count / 100) * 100
    assert engine.device == plan.config.device


def test_a_time_budget_becomes_images_once(tmp_path: Path) -> None:
    """At 1000 images/s, 2 s are 2000 images; the run says so and resumes by that count, however fast it then is."""
    run = tiny(tmp_path, duration="2s")
    config = RunConfig.read(run.config())
    assert (config.images, config.duration) == (2000, "2s")
    assert any("1000 images/s, measured" in line for line in config.plan)
    assert state(run)["seen"] == 2000


def test_data_size_reaches_the_networks(tmp_path: Path) -> None:
    run = tiny(tmp_path, options=DataOptions.read({"size": "6x10", "channels": 3}))
    assert RunConfig.read(run.config()).spec.shape == (3, 6, 10)


def test_frames_are_denser_at_the_start_and_include_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAMES", 40)
    due = [seen for seen in range(10, 10_001, 10) if frame_due(seen, 10, 10_000)]
    assert len(due) == 40
    assert due[-1] == 10_000
    assert sum(seen <= 5000 for seen in due) > 0.6 * len(due)


@pytest.mark.parametrize(
    ("data", "label"),
    [
        ("photos/cats/", "cats"),
        ("a b/my flowers.zip", "my-flowers"),
        ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"),
        ("hf:someone/things", "things"),
        ("꽃 사진", "꽃-사진"),
        ("..", "data"),
        ("", "data"),
        ("x" * 200, "x" * 40),
    ],
)
def test_labels_of_runs(data: str, label: str) -> None:
    assert label_of(data) == label


def test_the_spec_in_a_run_is_enough_to_undo_standardisation() -> None:
    spec = DataSpec(kind="points", shape=(2,), count=1, mean=(10, -1), scale=(2, 0.5), decimals=(0, 2), fingerprint="0")
    assert spec.in_units(np.array([[1.0, 1.0], [0.26, -0.511]])).tolist() == [[12, -0.5], [11, -1.26]]
