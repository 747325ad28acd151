"""Reads the documentation as data: its headings, its code blocks, the commands it tells people to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT

PAGES = [ROOT / name for name in ("README.md", "README.ko.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))


@dataclass(frozen=True)
class Block:
    """A fenced code block: its language word and its lines."""

    language: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """`gansmith VERB WORDS` as written in a document; `a|b` in the verb's place gives one Command each."""

    page: str
    verb: str
    words: tuple[str, ...]

    @property
    def flags(self) -> list[str]:
        return [word.partition("=")[0] for word in self.words if re.fullmatch(r"--?[a-zA-Z][\w-]*(=.*)?", word)]


def blocks(text: str) -> list[Block]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [Block(language, tuple(body.splitlines())) for language, body in found]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[int]:
    """The level of each heading, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(text), re.MULTILINE)]


def without_comment(line: str) -> str:
    """The line up to a ` # comment`, which a translation may change."""
    return re.sub(r"\s+# .*$", "", line).rstrip()


def typed(block: Block) -> list[str]:
    """The command lines of a ```console block, without their `$ ` and comments."""
    return [without_comment(line).removeprefix("$ ") for line in block.lines if line.startswith("$ ")]


def commands(page: Path) -> Iterator[Command]:
    """Every gansmith command a page shows, in blocks and between backticks."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks(text) if block.language == "console" for line in typed(block)]
    lines += [line.replace("\\|", "|") for line in re.findall(r"`(gansmith [^`]+)`", prose(text))]
    for line in lines:
        words = shlex.split(re.sub(r"[\[\]]", " ", line.removeprefix(".venv/bin/")), comments=True)
        if words[0] != "gansmith":
            continue
        for verb in words[1].split("|"):
            yield Command(page.name, verb, tuple(words[2:]))


def tree(text: str) -> dict[str, str]:
    """The annotated tree of a README: path -> what it is for. Two spaces of indent a level, `path  # phrase`."""
    (lines,) = (block.lines for block in blocks(text) if block.language == "tree")
    found: dict[str, str] = {}
    above: list[str] = []
    for line in lines:
        name, _, phrase = line.partition("#")
        depth = (len(name) - len(name.lstrip())) // 2
        above = [*above[:depth], name.strip()]
        found["".join(above)] = phrase.strip()
    return found
