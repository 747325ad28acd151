"""Exports draw what the run draws, say how to use them, and are written whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansmith.cli import main
from gansmith.errors import GansmithError, UsageError
from gansmith.game.game import Request
from gansmith.runs.model import load
from gansmith.verbs import export as verb
from gansmith.verbs import graphs, page, plan
from gansmith.verbs.export import export
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that have learnt for a moment: of digits, and of points."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        tiny(home, name="gan", duration="16img")
        tiny(home, data="ring", name="points", family="robust", duration="16img")
    return home


@pytest.fixture(scope="module")
def graph(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first of them as ONNX."""
    folder = tmp_path_factory.mktemp("graphs") / "onnx"
    found = export("gan", "onnx", folder=folder, license="cc0-1.0", out=trained)
    assert sorted(found.files) == ["README.md", "grid.png", "model.onnx"]
    assert set(found.errors) == {1, 5} and all(error <= 1e-4 for error in found.errors.values())
    assert found.inputs == {"latent": "(N, 8) float32, uniform in [-1, 1]"}
    return folder


def python(card: Path) -> str:
    """The lines that a card tells people to type."""
    (block,) = re.findall(r"```python\n(.*?)```", card.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def run_card(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    names: dict[str, Any] = {}
    monkeypatch.chdir(folder)
    exec(compile(python(folder / "README.md"), "README.md", "exec"), names)  # our own words
    return names


def test_onnx_runtime_draws_what_the_run_draws(trained: Path, graph: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph / "model.onnx"), providers=["CPUExecutionProvider"])
    latent = torch.rand(7, 8) * 2 - 1
    (made,) = session.run(None, {"latent": latent.numpy()})
    model = load("gan", out=trained, device="cpu")
    wanted = model.game.draw(model.networks, Request(7, latent=latent))
    assert np.abs(made - wanted.numpy()).max() < 1e-4
    told = session.get_modelmeta().custom_metadata_map
    assert told["family"] == "gan" and told["license"] == "cc0-1.0" and "latent" in json.loads(told["inputs"])


def test_the_card_of_a_graph_runs_as_it_stands(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run_card(graph, monkeypatch)
    assert names["samples"].shape == (4, 1, 8, 8)
    text = (graph / "README.md").read_text(encoding="utf-8")
    assert text.startswith("---\nlicense: cc0-1.0\nlibrary_name: gansmith\n") and "1,707 images" in text


def test_pt2_holds_no_pickle_and_draws_the_same(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = export("gan", "pt2", folder=tmp_path / "pt2", out=trained)
    assert max(found.errors.values()) <= 1e-6
    with zipfile.ZipFile(tmp_path / "pt2" / "model.pt2") as archive:
        for entry in archive.infolist():
            assert not archive.read(entry).startswith(b"\x80"), entry.filename  # a pickle's first byte
            assert not zipfile.is_zipfile(archive.open(entry)), entry.filename  # nor one inside
    assert run_card(tmp_path / "pt2", monkeypatch)["samples"].shape == (4, 1, 8, 8)


def test_points_leave_as_standardised_rows(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export("points", "pt2", folder=tmp_path / "pt2", out=trained)
    assert run_card(tmp_path / "pt2", monkeypatch)["samples"].shape == (4, 2)
    assert "standardised rows of x, y" in (tmp_path / "pt2" / "README.md").read_text(encoding="utf-8")


def test_a_graph_that_draws_anything_else_is_not_written(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = graphs.traced

    def off(module: Any) -> Any:
        for weight in module.parameters():
            weight.data += 1e-3
        return plain(module)

    monkeypatch.setattr(verb, "traced", off)
    with pytest.raises(GansmithError, match="does not draw what the run draws"):
        export("gan", "pt2", folder=tmp_path / "pt2", out=trained)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [float("nan"), 2e-4, -1.0])
def test_differences_are_told_from_rounding(wrong: float) -> None:
    zeros = graphs.Checked((torch.zeros(1, 2),), torch.zeros(1, 2))
    assert graphs.errors(lambda given: given[0] + 5e-5, {1: zeros}, "graph")[1] == pytest.approx(5e-5)
    with pytest.raises(GansmithError):
        graphs.errors(lambda given: given[0] + wrong, {1: zeros}, "graph")
    with pytest.raises(GansmithError):  # another shape is another graph, whatever its values
        graphs.errors(lambda given: given[0][0], {1: zeros}, "graph")


def test_a_page_holds_the_very_graph_and_trusts_nothing_else(
    trained: Path, graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = made_page(trained, graph, tmp_path)
    held = base64.b64decode(re.findall(r'id="model">([^<]*)<', text)[0])
    assert held == (graph / "model.onnx").read_bytes()
    about = json.loads(re.findall(r'id="about">(.*?)</script>', text)[0])
    assert [one["name"] for one in about["inputs"]] == ["latent"]
    assert about["runtime"]["wasm"]["url"].startswith("https://cdn.jsdelivr.net/npm/onnxruntime-web@1.")
    assert all(one["integrity"].startswith("sha384-") for one in about["runtime"].values())
    directions = np.array(about["directions"])
    np.testing.assert_allclose(directions @ directions.T, np.eye(len(directions)), atol=1e-3)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"sha256-{digest}" in text.partition("<body>")[0]
    monkeypatch.setattr(page, "LARGEST", 1000)
    with pytest.raises(GansmithError, match="not written"):
        made_page(trained, graph, tmp_path)


def made_page(trained: Path, graph: Path, tmp_path: Path, ort: Path | None = None) -> str:
    model = load("gan", out=trained, device="cpu")
    module = graphs.portable(model)
    return page.page(model, model.described(), module, (graph / "model.onnx").read_bytes(), ort).decode()


def test_a_page_may_bring_its_runtime(trained: Path, graph: Path, tmp_path: Path) -> None:
    for file, _ in page.SCRIPTS.values():
        (tmp_path / "dist").mkdir(exist_ok=True)
        (tmp_path / "dist" / file).write_bytes(file.encode())
    text = made_page(trained, graph, tmp_path, tmp_path)
    assert "https://" not in text
    (held,) = re.findall(r'id="ort-wasm">([^<]*)<', text)
    assert base64.b64decode(held) == b"ort-wasm-simd-threaded.wasm"
    with pytest.raises(UsageError, match="no onnxruntime-web"):
        page.own(trained)


def test_the_script_of_the_page_is_sound(tmp_path: Path) -> None:
    """Node parses it, and its normal numbers are normal."""
    script = Path(page.__file__).parents[1] / "runs" / "page" / "draw.js"
    try:
        subprocess.run(["node", "--check", str(script)], check=True, capture_output=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("node is not installed")
    text = script.read_text(encoding="utf-8")
    chance = text[text.index("  const stream =") : text.index("  const onSphere")]
    count = "const all = []; for (let i = 0; i < 2000; i++) all.push(...row('normal', 16, 5, i));"
    told = subprocess.run(
        ["node", "-e", f"{chance} {count} console.log(JSON.stringify(all))"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    values = np.array(json.loads(told.stdout)).reshape(2000, 16)
    scipy = pytest.importorskip("scipy.stats")
    assert scipy.kstest(values.ravel(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(values.T) - np.eye(16)).max() < 0.1  # 4.5 deviations of 2000
    assert len(np.unique(values[:, 0])) > 1990


def test_impossible_wishes_are_refused(trained: Path, tmp_path: Path) -> None:
    for wish, words in {
        ("tflite",): "no export to 'tflite'",
        ("hub",): "needs the name",
    }.items():
        with pytest.raises(UsageError, match=words):
            export("gan", *wish, out=trained)
    with pytest.raises(UsageError, match="takes no name"):
        export("gan", "onnx", name="a/b", out=trained)
    with pytest.raises(UsageError, match="--ort"):
        export("gan", "pt2", ort=tmp_path, out=trained)
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        export("gan", folder=tmp_path, out=trained)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_missing_packages_are_named(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(graphs, "import_module", missing)
    with pytest.raises(UsageError, match="packages of its own") as refused:
        export("gan", "onnx", folder=tmp_path / "onnx", out=trained)
    assert "gansmith[onnx]" in refused.value.do


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["gansmith", *words])
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    yield run


def test_the_command_tells_what_it_did(
    typed: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = str(tmp_path / "pt2")
    assert typed("export", "gan", "--runs", str(trained), "--to", "pt2", "-o", where, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["where"] == where and "model.pt2" in told["files"] and set(told["errors"]) == {"1", "5"}
    assert typed("export", "gan", "--runs", str(trained), "--to", "pt2", "-o", where) == 0  # its own give way
    assert "latent: (N, 8) float32" in capsys.readouterr().out
    assert typed("export", "gan", "--runs", str(trained), "--to", "coreml") == 2
