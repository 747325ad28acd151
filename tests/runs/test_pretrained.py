"""Exported models load anywhere, equal to their run, and forged ones are refused before anything is built of them."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import safetensors.torch
import torch

import gansmith
from gansmith.cli import main
from gansmith.errors import GansmithError, UsageError
from gansmith.game.game import Request
from gansmith.runs import card, disk, hub
from gansmith.runs.folder import Run
from gansmith.runs.model import Model, load
from gansmith.runs.pretrained import Allowance
from gansmith.runs.share import from_pretrained
from gansmith.verbs import plan
from gansmith.verbs.sample import sample
from tests.architecture.source import ROOT
from tests.data.making import noise, write
from tests.verbs.runs import tiny

BLOCKED = ("lightning_fabric", "sklearn", "torchmetrics", "scipy", "pandas", "datasets", "onnx", "onnxruntime")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: of digits in classes, by a GAN with every memory there is; their data is gone."""
    home = tmp_path_factory.mktemp("trained")
    data = home / "private data"
    for number in range(40):
        write(data / "ab"[number % 2] / f"{number}.png", noise(8, 8, seed=number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        tiny(home, data=data, family="cgan", name="told", duration="32img", lookahead=2, lecam=0.3, z=6)
    shutil.rmtree(data)
    return home


@pytest.fixture
def exported(trained: Path, tmp_path: Path) -> Path:
    return load("told", out=trained, device="cpu").save_pretrained(tmp_path / "it", license="apache-2.0")


def exact(model: Model, count: int = 5) -> torch.Tensor:
    return model.game.draw(model.networks, Request(count, 3))


def test_it_draws_bit_for_bit_as_its_run(trained: Path, exported: Path) -> None:
    of_run, of_folder = load("told", out=trained, device="cpu"), from_pretrained(exported, device="cpu")
    assert torch.equal(exact(of_run), exact(of_folder))
    assert set(of_folder.networks) == {"generator", "discriminator"}  # memories of the training stay behind
    again = of_folder.save_pretrained(exported.parent / "again")
    for name in ("config.json", "model.safetensors"):  # what was exported can be handed on, unchanged
        assert (again / name).read_bytes() == (exported / name).read_bytes()


def test_commands_that_draw_take_it_for_a_run(exported: Path, tmp_path: Path) -> None:
    drawn = sample(exported, 6, label="b", to=tmp_path / "drawn.npz")
    model = load(exported)
    with np.load(drawn) as file:
        assert np.array_equal(file["images"], model.sample(6, given={"label": torch.ones(6, dtype=torch.int64)}))
    with pytest.raises(GansmithError, match="an exported model, not a run"):
        Run.find(str(exported)).config()
    with pytest.raises(UsageError, match="no checkpoint 7"):
        load(exported, which="7")


@pytest.mark.parametrize("command", ["diagnose", "resume", "stop", "evaluate", "remedy"])
def test_commands_that_need_a_training_say_so(
    command: str, exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in exported.iterdir())
    further = {"resume": ["-d", "16img"], "remedy": ["--list"]}.get(command, [])
    monkeypatch.setattr("sys.argv", ["gansmith", command, str(exported), *further])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (1, 2) and "Traceback" not in capsys.readouterr().err
    assert sorted(path.name for path in exported.iterdir()) == before


def test_it_tells_nothing_of_the_machine_it_was_trained_on(exported: Path) -> None:
    text = (exported / "config.json").read_text(encoding="utf-8") + (exported / "README.md").read_text(encoding="utf-8")
    assert str(exported.parents[1]) not in text and '"machine": {}' in text
    assert "`private data`" in text


def test_the_card_says_what_matters_and_its_lines_run(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    config = json.loads((exported / "config.json").read_text(encoding="utf-8"))["config"]
    assert text.startswith("---\nlicense: apache-2.0\n")
    for word in (config["spec"]["fingerprint"], "Classes: 0 a, 1 b", "![Samples of this model](grid.png)", "doctor"):
        assert word in text
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(exported)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)  # our own words
    assert names["samples"].shape == (16, 8, 8, 1)


def test_its_figures_are_those_of_the_newest_evaluation(trained: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(next(trained.glob("*-told")), tmp_path / "copy"))
    rows = [
        {"label": "KID@random,500", "value": 0.0123, "low": 0.01, "high": 0.015, "floor": 0.001, "better": "low"},
        {"label": "FID", "value": None, "why": "too few"},
    ]
    (run.path / "evaluations").mkdir()
    disk.write_json(run.path / "evaluations" / "000000032.json", {"count": 500, "seed": 0, "scores": rows})
    told = card.course(run, "000000032")
    assert told["scores"] == [rows[0]]
    text = card.card(load(run.path).described(), "it", "use")
    assert "| KID@random,500 | 0.0123 | 0.0100 to 0.0150 | 0.00100 | low |" in text and "FID" not in text


def test_loading_needs_neither_the_data_nor_what_training_needs(exported: Path) -> None:
    program = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import gansmith
print(gansmith.from_pretrained(sys.argv[1]).sample(3).shape)
"""
    command = [sys.executable, "-W", "error", "-c", program, str(exported)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=55,
        env={"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.strip() == "(3, 8, 8, 1)", done.stderr


HUGE = {"width": 16_384, "depth": 16, "z": 4096}
Forge = Callable[[dict[str, Any], dict[str, torch.Tensor]], object]


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (lambda config, tensors: config["config"].update(family="os.system"), "no family 'os.system'"),
        (lambda config, tensors: config["config"].update(family="gan", settings=HUGE), "far larger"),
        (lambda config, tensors: config["config"]["settings"].update(width=10**9), "width"),
        (lambda config, tensors: config["config"]["spec"].update(shape=[1, 10**6, 10**6]), "shape"),
        (lambda config, tensors: config["config"]["spec"].update(shape=[-1, 8, 8]), "shape"),
        (lambda config, tensors: config["config"]["spec"].update(shape=[8]), "shape"),
        (lambda config, tensors: config["config"]["spec"].update(shape=[1, 16, 16]), "does not fit"),
        (lambda config, tensors: config["config"]["settings"].update(run="rm -rf"), "run"),
        (lambda config, tensors: config.update(schema_version=99), "newer gansmith"),
        (lambda config, tensors: config.update(extra=1), "extra"),
        (lambda config, tensors: config.update(format="transformers"), "no model of gansmith"),
        (lambda config, tensors: tensors.pop(min(tensors)), "missing"),
        (lambda config, tensors: tensors.update({"stranger.weight": torch.zeros(1)}), "stranger"),
        (lambda config, tensors: tensors[max(tensors)].fill_(float("nan")), "NaN"),
        (lambda config, tensors: tensors.update({max(tensors): tensors[max(tensors)].double()}), "dtype"),
    ],
)
def test_forged_models_are_refused(forge: Forge, words: str, exported: Path) -> None:
    config = json.loads((exported / "config.json").read_text(encoding="utf-8"))
    tensors = safetensors.torch.load_file(exported / "model.safetensors")
    forge(config, tensors)
    (exported / "config.json").write_text(json.dumps(config), encoding="utf-8")
    safetensors.torch.save_file(tensors, exported / "model.safetensors")
    begun = time.monotonic()
    with pytest.raises(GansmithError, match=words):
        from_pretrained(exported)
    assert time.monotonic() - begun < 15


def test_files_that_are_none_are_refused(exported: Path) -> None:
    whole = (exported / "model.safetensors").read_bytes()
    for data in (pickle.dumps({"a": 1}), whole[:-7], b"", b"\xff" * 64, whole[:8] + b"x" * (len(whole) - 8)):
        (exported / "model.safetensors").write_bytes(data)
        with pytest.raises(GansmithError, match="not a readable safetensors file"):
            load(exported)
    (exported / "config.json").write_text("{" * 5000)
    with pytest.raises(GansmithError, match="not valid JSON"):
        load(exported)


def test_no_more_is_allocated_than_the_tensors_speak_for() -> None:
    with Allowance({"generator": {"a": torch.zeros(10)}}):
        torch.nn.Linear(100, 100)
        with pytest.raises(GansmithError, match="far larger"):
            torch.nn.Linear(2**15, 2**15)


def test_the_hub_is_asked_only_when_somebody_says_so(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def snapshot_download(name: str, **wishes: Any) -> str:
        asked.append({"name": name, **wishes})
        if wishes["local_files_only"]:
            raise OSError("not in the cache")
        return str(exported)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(GansmithError, match="not on this machine") as refused:
        from_pretrained("somebody/faces")
    assert "download=True" in refused.value.do
    model = from_pretrained("somebody/faces", revision="v1", download=True)
    assert model.config.family == "cgan"
    assert [(one["local_files_only"], one["revision"]) for one in asked] == [(True, None), (False, "v1")]
    assert asked[1]["allow_patterns"] == ["config.json", "model.safetensors"]
    for name in ("no such folder", "../up", "a/b/c", "/nowhere"):
        with pytest.raises(UsageError, match="There is no folder"):
            from_pretrained(name, download=True)
    assert len(asked) == 2


class FakeApi:
    """Remembers what it was told to send."""

    sent: ClassVar[dict[str, Any]] = {}

    def create_repo(self, name: str, **wishes: Any) -> Any:
        if name == "other/closed":
            raise PermissionError("403 Forbidden: no token\nmore")
        self.sent.update(name=name, **wishes)

        class Made(str):
            repo_id = name

        return Made(f"https://hub.example/{name}")

    def create_commit(self, name: str, operations: list[Any], commit_message: str) -> None:
        self.sent["files"] = {one.path_in_repo: one.path_or_fileobj for one in operations}


def test_what_is_sent_to_the_hub_is_what_is_written_to_a_folder(
    trained: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.HfApi", FakeApi)
    found = gansmith.export("told", "hub", name="me/it", license="apache-2.0", out=trained)
    assert found.where == "https://hub.example/me/it"
    assert FakeApi.sent["private"] is True and FakeApi.sent["exist_ok"] is True
    files = FakeApi.sent["files"]
    assert sorted(files) == sorted(path.name for path in exported.iterdir())
    assert files["model.safetensors"] == (exported / "model.safetensors").read_bytes()
    assert b'gansmith.from_pretrained("me/it", download=True)' in files["README.md"]
    with pytest.raises(GansmithError, match="403 Forbidden"):
        load("told", out=trained).push_to_hub("other/closed")
    with pytest.raises(UsageError, match="no repository"):
        hub.sent("not a name", {}, private=True, message="")


def test_a_licence_is_a_word(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="no licence"):
        load("told", out=trained).save_pretrained(tmp_path / "x", license="mit\n---\n# Not yours")
    assert not (tmp_path / "x").exists()
