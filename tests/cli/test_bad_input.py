"""Whatever is wrong is said in words: what, why, what to do; with the right exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gansmith.runs.folder import Run
from gansmith.verbs import plan
from tests.cli.test_app import Ask, ask
from tests.data.making import encoded, noise, write
from tests.verbs.runs import SWITCHES, tiny

__all__ = ["ask"]

SHORT = ("-d", "32img", *SWITCHES)

# what is typed, exit code, what the answer must contain
USAGE: list[tuple[list[str], list[str]]] = [
    (["train", "nowhere"], ["There is no nowhere", "try:"]),
    (["train", "digit"], ["There is no digit", "Did you mean 'digits'"]),
    (["train", ""], []),
    (["train", "digits", "-f", "dcgna"], ["There is no family 'dcgna'", "Did you mean 'dcgan'"]),
    (["train", "ring", "-f", "dcgan"], ["cannot learn from points", "robust"]),
    (["train", "digits", "gama=1"], ["There is no option 'gama'", "Did you mean 'gamma'"]),
    (["train", "digits", "gamma=much"], ["'gamma' cannot be 'much'"]),
    (["train", "digits", "gamma=-1"], ["'gamma' cannot be '-1'"]),
    (["train", "digits", "gamma=nan"], ["'gamma' cannot be 'nan'"]),
    (["train", "digits", "gamma="], ["'gamma' cannot be ''"]),
    (["train", "digits", "gamma"], ["'gamma' is not understood", "key=value"]),
    (["train", "digits", "=1"], ["is not understood"]),
    (["train", "digits", "objective=hing"], ["Did you mean 'hinge'"]),
    (["train", "digits", "penalty=r9"], ["'penalty' cannot be 'r9'"]),
    (["train", "digits", "augment=colur"], ["Did you mean 'colour'"]),
    (["train", "digits", "smooth=0.1"], ["no labels", "objective=non-saturating"]),
    (["train", "digits", "seed=3"], ["'seed' is an option", "--seed 3"]),
    (["train", "digits", "out=elsewhere"], ["'out' is an option", "--out elsewhere"]),
    (["train", "digits", "data=ring"], ["There is no setting 'data'"]),
    (["train", "digits", "watch=1"], ["There is no setting 'watch'"]),
    (["train", "digits", "options=1"], ["There is no setting 'options'"]),
    (["train", "digits", "--size", "0"], ["not a possible image size", "try:"]),
    (["train", "digits", "--size", "huge"], ["'huge' is not an image size", "64x96"]),
    (["train", "digits", "--size=-8"], ["'-8' is not an image size"]),
    (["train", "digits", "-s", "99999"], ["not a possible image size"]),
    (["train", "digits", "-b", "0"], ["A batch of 0 images", "try:"]),
    (["train", "digits", "-b", "-5"], ["A batch of -5 images"]),
    (["train", "digits", "-b", "many"], ["'many' is no batch size", "-b auto"]),
    (["train", "digits", "batch=0"], ["A batch of 0 images"]),
    (["train", "digits", "batch=1.5"], ["'1.5' is no batch size"]),
    (["train", "digits", "-b", "9999999"], ["'batch' cannot be 9999999"]),
    (["train", "digits", "-d", "-5m"], ["'-5m' is no length of training", "10m"]),
    (["train", "digits", "-d", "0m"], ["'0m' is no length of training"]),
    (["train", "digits", "-d", "soon"], ["'soon' is no length of training"]),
    (["train", "digits", "--device", "gpu"], ["There is no device 'gpu'"]),
    (["train", "digits", "--precision", "64"], ["There is no precision '64'"]),
    (["train", "digits", "--fit", "squeeze"], ["'fit' cannot be 'squeeze'"]),
    (["train", "digits", "--channels", "7"], ["'channels' cannot be 7"]),
    (["train", "digits", "--holdout", "2"], ["'holdout' cannot be 2.0"]),
    (["train", "digits", "--holdout", "nan"], ["'holdout' cannot be nan"]),
    (["train", "digits", "--frobnicate"], ["No such option"]),
    (["train", "digits", "--seed", "x"], ["--seed"]),
    (["train"], ["Missing argument"]),
    (["tarin", "digits"], ["No such command"]),
    (["resume"], ["there is no run 'last'", "gansmith train DATA"]),
    (["resume", "7"], ["there is no run '7'"]),
    (["sample", "none"], ["there is no run 'none'"]),
    (["sample", "-n", "0"], ["0 samples cannot be drawn"]),
    (["stop", "none"], ["there is no run 'none'"]),
    (["data", "nowhere"], ["There is no nowhere"]),
    (["models", "gna"], ["There is no family 'gna'"]),
]


@pytest.mark.parametrize(("words", "expected"), USAGE, ids=lambda part: " ".join(part) if part else "nothing")
def test_wrong_usage_exits_2_and_writes_nothing(
    words: list[str], expected: list[str], ask: Ask, tmp_path: Path
) -> None:
    answer = ask(*words)
    assert answer.code == 2
    assert answer.err.strip()
    for part in expected:
        assert part in answer.err
    assert list(tmp_path.iterdir()) == []


def test_data_that_is_not_there_in_many_ways(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.png").touch()
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4 nothing to see")
    (tmp_path / "words").mkdir()
    (tmp_path / "words/a.txt.bak").write_text("hello")
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("empty", "is empty"),
        ("zero.png", "empty file"),
        ("paper.pdf", "PDF"),
        ("words", "no images in words"),
        ("pipe", "neither a file nor a folder"),
    ):
        answer = ask("train", name, *SHORT)
        assert answer.code == 2, (name, answer)
        assert words in answer.err
        assert "try:" in answer.err
    assert not (tmp_path / "runs").exists()


def test_every_image_unreadable(ask: Ask, tmp_path: Path) -> None:
    for index in range(3):
        write(tmp_path / f"photos/{index}.png", b"this is text, renamed")
    answer = ask("train", "photos", *SHORT)
    assert answer.code in (1, 2)
    assert "photos" in answer.err
    assert "why:" in answer.err
    assert not (tmp_path / "runs").exists()


def test_some_images_unreadable_are_named_and_left_out(ask: Ask, tmp_path: Path) -> None:
    for index in range(4):
        write(tmp_path / f"photos/good {index} 꽃.png")
    write(tmp_path / "photos/bad.jpg", encoded(noise(32, 32, 3), "JPEG")[:200])
    answer = ask("train", "photos", "-s", "8", *SHORT)
    assert answer.code == 0, answer.err
    assert "left out bad.jpg" in answer.out
    refused = ask("train", "photos", "-s", "8", "--strict", *SHORT)
    assert refused.code == 1
    assert "bad.jpg" in refused.err


@pytest.mark.parametrize("family", ["robust", "dcgan", "gan"])
@pytest.mark.parametrize("count", [1, 5])
def test_fewer_images_than_a_batch_still_train(count: int, family: str, ask: Ask, tmp_path: Path) -> None:
    for index in range(count):
        write(tmp_path / f"few/{index}.png", noise(16, 16, 3, seed=index))
    answer = ask("train", "few", "-f", family, "-d", "32img", "-b", "16", "width=4", "-s", "8", "--precision", "32")
    assert answer.code == 0, answer.err
    assert "enough?" in answer.out
    assert Run.find("last").status()["state"] == "finished"


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        ("name,town\nada,london\nbob,paris\n", 2, "no column of numbers"),
        ("", 2, "empty"),
        ("a,b\n", 2, "no column of numbers"),
        ("a,b\nnan,1\n2,nan\n", 2, "no complete row"),
    ],
)
def test_tables_without_points(table: str, code: int, words: str, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(table)
    answer = ask("train", "t.csv", *SHORT)
    assert (answer.code, words in answer.err) == (code, True), answer.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("penalty", ["none", "r1+r2", "gp", "dragan"])
def test_a_table_of_one_column_with_text_and_holes(penalty: str, ask: Ask, tmp_path: Path) -> None:
    rows = [f"n{index},{index % 7 + 0.5}" for index in range(40)] + ["x,nan", "y,"]
    (tmp_path / "t.csv").write_text("name,size\n" + "\n".join(rows) + "\n")
    answer = ask("train", "t.csv", *SHORT, f"penalty={penalty}")
    assert answer.code == 0, answer.err
    assert "2 of 42 rows are left out" in answer.out
    drawn = ask("sample", "-n", "5")
    assert drawn.code == 0, drawn.err
    assert (tmp_path / "samples.csv").read_text().splitlines()[0] == "size"


@pytest.mark.parametrize("out", ["file", "file/deeper"])
def test_an_output_folder_that_cannot_be(out: str, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    answer = ask("train", "digits", *SHORT, "--out", out)
    assert answer.code == 1
    assert "cannot make a run folder" in answer.err
    assert "--out" in answer.err
    assert (tmp_path / "file").read_text() == "here"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        return tiny(tmp_path_factory.mktemp("runs"), duration="64img").path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    """A copy of a finished run, in the default place."""
    return Run(shutil.copytree(trained, tmp_path / "runs" / trained.name))


def test_a_run_of_a_newer_version(run: Run, ask: Ask) -> None:
    run.config_path.write_text(json.dumps(run.config() | {"schema_version": 99}))
    for words in (["resume", "1", "-d", "32img"], ["sample"]):
        answer = ask(*words)
        assert answer.code == 1
        assert "newer gansmith" in answer.err
        assert "pip install --upgrade" in answer.err
    assert ask("runs").code == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 1}', "\x00\x01"])
def test_a_garbled_configuration(text: str, run: Run, ask: Ask) -> None:
    run.config_path.write_text(text)
    for words in (["resume"], ["sample"]):
        answer = ask(*words)
        assert answer.code in (1, 2)
        assert answer.err.strip()
        assert len(answer.err) < 4000
    assert ask("runs").code == 0


def emptied(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: (path / "networks.safetensors").unlink(),
    "truncated": lambda path: os.truncate(path / "networks.safetensors", 100),
    "no manifest": lambda path: (path / "MANIFEST.json").unlink(),
    "emptied": emptied,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_checkpoint_damaged(damage: str, run: Run, ask: Ask) -> None:
    for path in run.checkpoints.iterdir():
        DAMAGES[damage](path)
    before = (run.path / "run.json").read_bytes()
    answer = ask("resume", "-d", "32img")
    assert answer.code == 1
    assert "verifies" in answer.err
    assert (run.path / "run.json").read_bytes() == before
    with pytest.warns(UserWarning, match="passing over"):
        answer = ask("sample")
    assert answer.code == 1
    assert "verifies" in answer.err


def test_a_tensor_of_the_wrong_shape(run: Run, ask: Ask) -> None:
    """The configuration was edited, so that the networks are others than those of the checkpoint."""
    config = run.config()
    config["settings"]["width"] = 12
    run.config_path.write_text(json.dumps(config))
    for words in (["resume", "-d", "32img"], ["sample"]):
        answer = ask(*words)
        assert answer.code == 1
        assert "does not fit" in answer.err
        assert "has shape" in answer.err


def test_a_finished_run_says_how_to_go_on(run: Run, ask: Ask) -> None:
    answer = ask("resume")
    assert answer.code == 2
    assert "has finished its 64 images" in answer.err
    assert "-d" in answer.err


def test_data_that_went_away(run: Run, ask: Ask, tmp_path: Path) -> None:
    config = run.config()
    config["source"] = str(tmp_path / "gone")
    run.config_path.write_text(json.dumps(config))
    answer = ask("resume", "-d", "32img")
    assert answer.code == 2
    assert "gone" in answer.err
    assert ask("sample", "-n", "1").code == 0


def test_a_full_disk_in_a_process_of_its_own(tmp_path: Path) -> None:
    """No file may grow beyond 30 kB: checkpoints, report and pictures are refused, the training is not."""
    run = (
        "import resource, sys, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)); "
        'from gansmith.cli import main; sys.argv = ["gansmith", *sys.argv[1:]]; main()'
    )
    import subprocess
    import sys

    source = Path(plan.__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", run, "train", "digits", "-d", "160img", *SWITCHES, "width=64", "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    assert "checkpoint not written, training goes on" in done.stdout
    assert "File too large" in done.stdout


def test_ctrl_c_before_training_leaves_in_peace(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pressed while data is still being read: nothing is saved, nothing is wrong."""

    def pressed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gansmith.verbs.train.open_for", pressed)
    assert ask("train", "digits", *SHORT).code == 130
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_no_computer_likes(ask: Ask) -> None:
    big = str(np.iinfo(np.int64).max) + "0"
    assert ask("train", "ring", "--dry-run", "-d", "32img", "--seed", big).code == 0
    assert ask("train", "ring", "--dry-run", "-d", "9" * 400 + "kimg").code == 0
