"""gansmith style with a network: learnt, painted with, and what is refused before anything is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.test_app import Ask, ask
from tests.verbs.test_fast_style import pictures

__all__ = ["ask", "pictures"]


def test_learnt_and_painted_with(ask: Ask, pictures: Path) -> None:
    learnt = ask("style", "--train-fast", "red.png", "--data", "photos", "-d", "8img", "--width", "4", "-o", "mine")
    assert learnt.code == 0
    assert "next: gansmith style PHOTO --fast mine" in learnt.out
    assert json.loads(Path("mine/transfer.json").read_text())["settings"]["width"] == 4
    made = ask("style", "photo.jpg", "--fast", "mine", "-s", "60", "--json")
    with Image.open(json.loads(made.out)["path"]) as picture:
        assert picture.size == (60, 40)
    told = json.loads(ask("style", "--train-adain", "--data", "photos", "-d", "8img", "--json").out)
    assert told["images"] == 8
    assert ask("style", "photo.jpg", "red.png", "--adain", told["transfer"], "--strength", "0.5").code == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--train-fast", "red.png"], "no photos to learn from"),
        (["--train-fast", "red.png", "--train-adain", "--data", "photos"], "One thing is learnt at a time"),
        (["photo.jpg", "--train-adain", "--data", "photos"], "Nothing is painted while it is learnt"),
        (["photo.jpg", "red.png", "--fast", "mine"], "it was learnt"),
        (["photo.jpg", "--adain", "mine"], "a style are needed"),
        (["photo.jpg", "--fast", "mine", "--adain", "mine"], "One network at a time"),
    ],
)
def test_refused(ask: Ask, words: list[str], what: str) -> None:
    refused = ask("style", *words)
    assert refused.code == 2
    assert what in refused.err
