"""Every command and every line of Python in the user documentation runs, in order, page by page, on tiny budgets."""

from __future__ import annotations

import csv
import random
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from gansmith.cli import main
from tests.architecture.documents import blocks, typed
from tests.architecture.source import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
REQUESTS = {"stop", "pause", "continue", "snapshot"}  # they need a second process: tests/verbs has them
SMALL: dict[str, dict[str, float]] = {"stylegan2": {"size_dial": 0.02, "z": 16}}
SMALL |= {"robust": {"width": 4}, "cgan": {"width": 4}, "dcgan": {"width": 4}, "gan": {"width": 8, "d_width": 8}}
SMALL |= {"vae-gan": {"width": 4}}


def steps(page: Path) -> Iterator[tuple[str, str]]:
    """("console", a gansmith command) and ("python", a block), in the order of the page."""
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "console":
            for line in typed(block):
                command = line.removeprefix(".venv/bin/")
                if command.startswith("gansmith "):
                    yield "console", command
        elif block.language == "python":
            yield "python", "\n".join(block.lines)


def tiny(command: str) -> list[str]:
    """The same command, with little to do: a handful of steps of small networks."""
    verb, *words = shlex.split(command)[1:]
    if verb == "style":
        return [verb, *words, *styled(words)]
    if verb not in ("train", "resume"):
        return [verb, *words]
    if "-d" not in words:
        words.append("-d")
        words.append("")
    words[words.index("-d") + 1] = "16img"
    if verb == "train":
        family = words[words.index("-f") + 1] if "-f" in words else "robust"
        given = {word.partition("=")[0] for word in words}
        words += [] if "-b" in given else ["-b", "8"]
        words += [f"{key}={value}" for key, value in SMALL[family].items() if key not in given]
    return [verb, *words]


def styled(words: list[str]) -> list[str]:
    """What makes a style transfer small: few images to learn from, or few steps of few pixels."""
    if {"--train-fast", "--train-adain"} & set(words):
        return ["-d", "8img"]
    return [] if {"--fast", "--adain"} & set(words) else ["-s", "32", "--steps", "2"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder the pages imagine: `photos/` in two classes, single pictures, pairs of two kinds, `people.csv`."""
    dice = random.Random(0)
    for number in range(24):
        path = tmp_path / "photos" / ("cats" if number % 2 else "dogs") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (20, 16), dice.randbytes(20 * 16 * 3)).save(path)
    for name in ("photo.jpg", "painting.jpg", "scream.jpg"):
        Image.frombytes("RGB", (40, 32), dice.randbytes(40 * 32 * 3)).save(tmp_path / name)
    for folder, width in {"facades": 32, "emoji/flat": 16, "emoji/3d": 16}.items():
        (tmp_path / folder).mkdir(parents=True)
        for number in range(12):
            image = Image.frombytes("RGB", (width, 16), dice.randbytes(width * 16 * 3))
            image.save(tmp_path / folder / f"{number}.png")
    with (tmp_path / "people.csv").open("w", newline="") as file:
        rows = ((f"{dice.gauss(170, 8):.1f}", f"{dice.gauss(70, 9):.1f}") for _ in range(200))
        csv.writer(file).writerows([("height", "weight"), *rows])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "gansmith.verbs.plan.measure_speed", lambda *_, **__: 0.1
    )  # images per second: minutes are few images
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks this small only wait for a second thread
    yield tmp_path
    torch.set_num_threads(threads)


@pytest.mark.timeout(240)  # a page of twelve trainings, on a machine that may be busy with others
@pytest.mark.parametrize("page", [page for page in PAGES if list(steps(page))], ids=lambda page: page.name)
def test_what_the_page_says_works(
    page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, text in steps(page):
        if language == "python":
            short = re.sub(r'duration="\w+"', 'duration="16img"', text)
            exec(compile(short, page.name, "exec"), {})  # the page's own words, from this repository
            continue
        words = tiny(text)
        monkeypatch.setattr(sys, "argv", ["gansmith", *words])
        with pytest.raises(SystemExit) as end:
            main()
            raise SystemExit(0)
        told = capsys.readouterr()
        if words[0] in REQUESTS:
            assert end.value.code == 1 and "training" in told.err, f"{text}\n{told.err}"
        else:
            assert not end.value.code, f"{text}\n{told.err}"


def test_commands_are_made_small() -> None:
    assert tiny("gansmith train photos/ -f dcgan -d 500kimg -b 32 width=64") == (
        ["train", "photos/", "-f", "dcgan", "-d", "16img", "-b", "32", "width=64"]
    )
    assert tiny("gansmith style --train-fast a.jpg --data b -d 10m")[-4:] == ["-d", "10m", "-d", "8img"]
    assert tiny("gansmith style a.jpg b.jpg") == ["style", "a.jpg", "b.jpg", "-s", "32", "--steps", "2"]
    assert tiny("gansmith resume last") == ["resume", "last", "-d", "16img"]
