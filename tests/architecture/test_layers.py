"""Imports only point down, siblings stay apart, and nothing goes in circles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, cycle, graph, layers, part, upward


def test_every_part_of_the_package_has_a_layer() -> None:
    stated = {name for names in layers() for name in names}
    found = {part(module) for module in graph()} - {"", "__main__"}
    assert found <= stated, f"not in the layers block of ARCHITECTURE.md: {sorted(found - stated)}"


def test_imports_only_point_down() -> None:
    assert upward(graph(), layers()) == []


def test_no_import_cycles() -> None:
    assert cycle(graph()) == []


def test_the_game_knows_no_more_of_the_data_than_a_batch() -> None:
    seen = {target for module, targets in graph().items() if part(module) == "game" for target in targets}
    assert {target for target in seen if part(target) == "data"} <= {"gansmith.data.batch"}


def _package(root: Path, **files: str) -> Path:
    package = root / "gansmith"
    for name, text in {"__init__": "", "data/__init__": "", "losses/__init__": "", **files}.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


@pytest.mark.parametrize(
    ("where", "text", "fault"),
    [
        ("data/a", "import gansmith.verbs.train", "gansmith.data.a -> gansmith.verbs.train"),
        ("data/a", "from gansmith.losses import b", "gansmith.data.a -> gansmith.losses.b"),
        ("data/a", "from ..losses.b import thing", "gansmith.data.a -> gansmith.losses.b"),
        ("data/a", "def f():\n    from gansmith import verbs", "gansmith.data.a -> gansmith.verbs"),
        ("data/__init__", "from ..verbs.train import go", "gansmith.data -> gansmith.verbs.train"),
    ],
)
def test_an_import_that_points_up_or_sideways_is_seen(tmp_path: Path, where: str, text: str, fault: str) -> None:
    files = {"verbs/__init__": "", "verbs/train": "import gansmith.data.a", "losses/b": "", "data/a": ""}
    package = _package(tmp_path, **{**files, where: text})
    assert upward(graph(package), layers()) == [fault]


def test_a_cycle_is_seen(tmp_path: Path) -> None:
    package = _package(
        tmp_path, **{"data/a": "from gansmith.data.b import x", "data/b": "def f():\n    from . import a"}
    )
    assert set(cycle(graph(package))) == {"gansmith.data.a", "gansmith.data.b"}


def test_the_package_is_where_the_tests_look() -> None:
    assert (PACKAGE / "errors.py").is_file()
