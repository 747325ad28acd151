"""What the documentation says is true: the tree, the commands, the flags, the links, and both languages alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from docs.reference import PAGE, reference
from gansmith.cli.app import app
from tests.architecture.documents import PAGES, blocks, commands, headings, prose, tree, typed, without_comment
from tests.architecture.source import PACKAGE, ROOT

ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")


def verbs() -> dict[str, Any]:
    """The commands of the command line, by the name one types."""
    return dict(getattr(get_command(app), "commands", {}))


def flags(command: Any) -> set[str]:
    spoken = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return {name for name in spoken if name.startswith("-")} | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documented_commands_and_flags_exist(page: Path) -> None:
    known = verbs()
    shown = [command for command in commands(page) if not command.verb.startswith("-")]
    assert [command for command in shown if command.verb not in known] == []
    strange = {
        f"{command.verb} {flag}"
        for command in shown
        for flag in command.flags
        if flag not in flags(known[command.verb])
    }
    assert strange == set()


def test_every_command_is_in_the_readme() -> None:
    shown = {command.verb for command in commands(ROOT / "README.md")}
    assert {name for name, command in verbs().items() if not command.hidden} <= shown


def test_the_tree_of_the_readme_is_the_tree_on_disk() -> None:
    stated = tree(ENGLISH)
    package = {_entry(path) for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert {path for path in stated if path.startswith("src/gansmith/")} - {"src/gansmith/"} == package
    assert [path for path in stated if not (ROOT / path).exists()] == []
    assert [path for path, phrase in stated.items() if not phrase] == ["src/gansmith/"]


def _entry(path: Path) -> str:
    return f"{path.relative_to(ROOT)}{'/' if path.is_dir() else ''}"


def test_the_reference_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "make docs"


def test_korean_headings_mirror_the_english_ones() -> None:
    assert headings(KOREAN) == headings(ENGLISH)


def test_korean_commands_equal_the_english_ones() -> None:
    def code(text: str) -> list[tuple[str, list[str]]]:
        return [(block.language, [without_comment(line) for line in block.lines]) for block in blocks(text)]

    def spans(text: str) -> list[str]:
        return sorted(re.findall(r"`([^`]+)`", prose(text)))

    assert code(KOREAN) == code(ENGLISH)
    assert spans(KOREAN) == spans(ENGLISH)
    assert tree(KOREAN).keys() == tree(ENGLISH).keys()


def test_korean_is_korean() -> None:
    words = re.findall(r"[가-힣]+", prose(KOREAN))
    assert len(words) > 100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose(page.read_text(encoding="utf-8")))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_reading_a_page() -> None:
    text = "# A\n\n```console\n$ gansmith runs  # list\n001\n```\n\n```tree\nsrc/\n  a.py  # one\nb  # two\n```\n"
    assert headings(text) == [1]
    assert typed(blocks(text)[0]) == ["gansmith runs"]
    assert tree(text) == {"src/": "", "src/a.py": "one", "b": "two"}
