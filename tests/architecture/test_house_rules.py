"""Names, docstrings and lengths that keep the source easy to find one's way in."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.source import PACKAGE, ROOT, modules

VAGUE = {"utils", "util", "common", "base", "helpers", "helper", "misc", "core"}
LONGEST = 400  # lines

SOURCES = sorted(path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
TEXTS = [*SOURCES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile", ROOT / ".ci" / "run"]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_names_say_what_is_inside() -> None:
    named = {part.removesuffix(".py") for path in SOURCES for part in path.relative_to(ROOT).parts}
    assert named & VAGUE == set()


def test_a_module_opens_by_saying_what_it_is_for() -> None:
    silent = [_name(path) for path in SOURCES if path.stat().st_size and not _opens_with_a_sentence(path)]
    assert silent == []


def _opens_with_a_sentence(path: Path) -> bool:
    opening = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return opening.split("\n\n")[0].rstrip().endswith((".", "?", ":"))


def test_modules_are_short() -> None:
    lines = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values()}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def test_nothing_names_the_place_it_was_written_in() -> None:
    here = Path(__file__)
    private = ("/work/", "/tmp/", "/root/", "/home/")
    faults = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in TEXTS
        if path != here and path.exists()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(word in line for word in private)
    ]
    assert faults == []


def test_every_package_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
