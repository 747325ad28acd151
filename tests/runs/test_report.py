"""A report is one whole page whatever is in the run folder, says what is there, and lets no name become markup."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from gansmith.runs.journal import Journal
from gansmith.runs.pictures import as_picture, grid, save_png, scatter
from gansmith.runs.report import write_report

EMPTY = {"meta", "img", "input", "br", "link", "hr"}
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
CONFIG: dict[str, Any] = {
    "schema": 1,
    "version": "0.1.0",
    "source": "photos/꽃",
    "spec": {"kind": "images", "shape": [3, 16, 16], "count": 7600},
    "family": "robust",
    "settings": {"width": 64},
    "seed": 5,
    "device": "cpu",
    "precision": "32",
    "plan": ["batch 64: fits in memory"],
}


class Page(HTMLParser):
    """What a browser would make of it: elements in order, text outside scripts, and whether tags match."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def by_id(self, name: str) -> dict[str, str | None] | None:
        return next((attributes for _, attributes in self.elements if attributes.get("id") == name), None)

    def pictures(self) -> list[Image.Image]:
        return [decoded(attributes["src"] or "") for tag, attributes in self.elements if tag == "img"]


def decoded(source: str) -> Image.Image:
    assert source.startswith("data:image/webp;base64,")
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def shades(count: int, level: int, channels: int = 3) -> np.ndarray:
    return np.full((count, 16, 16, channels), level, np.uint8)


def tick(seen: int, **facts: float) -> dict[str, Any]:
    return {"seen": seen, "step": seen // 64, "seconds": seen / 100, "images_per_second": 100.0, "facts": facts}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small finished run: three samples, a journal, events."""
    path = tmp_path / "003-꽃-robust"
    (path / "samples").mkdir(parents=True)
    (path / "run.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    for index, seen in enumerate((0, 60_000, 120_000)):
        save_png(grid(shades(16, 40 + 90 * index)), path / "samples" / f"{seen:09d}.png", {"seen": seen})
    journal = Journal(path / "journal.jsonl")
    for seen in range(0, 120_001, 2_000):
        journal.append(
            tick(seen, **{"discriminator/loss": 0.6, "generator/loss": 1.1, "accuracy/real": 0.8, "accuracy/fake": 0.7,
                          "gradient/generator": 0.3, "gradient/discriminator": 0.9, "distance": 0.05, "logits/x": 1.5})
        )  # fmt: skip
    events = Journal(path / "events.jsonl")
    events.append({"event": "start", "time": 1_790_000_000, "seen": 0})
    events.append({"event": "rollback", "time": 1_790_000_100, "seen": 60_000, "to": 58_000})
    return path


def test_a_report_says_what_was_trained_on_what_and_how(run: Path) -> None:
    extras = {
        "neighbours": [(shades(1, 30)[0], shades(1, 35)[0], 0.7), (shades(1, 90)[0], shades(1, 99)[0], 0.25)],
        "real": shades(9, 200),
        "seconds": 598,
        "peak_memory_mb": 812,
        "images_per_second": 2004.2,
        "how_to_use": ["gansmith sample 3 -n 64"],
        "scores": {"sliced Wasserstein": {"value": 0.0312, "n": 400}, "diversity": 0.97},
        "data_report": {"source": "photos/꽃", "kind": "images", "count": 8000, "usable": 7998, "enough": "yes",
                        "unreadable": [["사진.jpg", "truncated"]], "warnings": ["12 images repeat others"]},
    }  # fmt: skip
    page = Page(write_report(run, extras=extras))
    for words in (
        "003-꽃-robust",
        "robust learned from 7,600 images of 16 × 16 pixels, colour, from 꽃: it saw 120k images in 9 min 58 s.",
        "812 MB",
        "2,004",
        "seed",
        "gansmith sample 3 -n 64",
        "sliced Wasserstein 0.0312 400",
        "7,998 usable of 8,000",
        "1 file left out",
        "사진.jpg truncated",
        "12 images repeat others",
        "batch 64: fits in memory",
        "rollback to 58000",
        "Losses discriminator 0.600 generator 1.10",
        "on real 80% on generated 70%",
        "settings.width 64",
        "Dotted lines mark: rollback.",
    ):
        assert words in page.text, words
    assert [line.strip() for line in page.words if line.strip() in ("0.250", "0.700")] == ["0.250", "0.700"]
    levels = [np.asarray(picture.convert("L")).max() for picture in page.pictures()]
    assert levels == pytest.approx([220, 200, 90, 99, 30, 35], abs=2)  # final, real, then pairs, the nearest first


def test_the_film_shows_the_samples_in_order_and_needs_no_script_for_the_last(run: Path) -> None:
    page = Page(write_report(run, extras={}))
    film = json.loads(page.scripts[0])
    assert [frame["seen"] for frame in film] == [0, 60_000, 120_000]
    assert [frame["words"] for frame in film] == ["after 0 images", "after 60.0k images", "after 120k images"]
    middles = [decoded(frame["source"]).convert("L").getpixel((5, 5)) for frame in film]
    assert middles == pytest.approx([40, 130, 220], abs=2)
    final, player, place = (page.by_id(name) for name in ("frame", "player", "place"))
    assert final and final["src"] == film[-1]["source"]
    assert player is not None and "hidden" in player  # shown by the script
    assert place and (place["min"], place["max"], place["value"]) == ("0", "2", "2")


def test_nothing_is_fetched_and_only_the_page_own_script_may_run(run: Path) -> None:
    page = Page(write_report(run, extras={"real": shades(4, 9), "scatter": None}))
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, attributes)
    assert re.findall(r"https?:|//[a-z]|url\(|@import", re.sub(r"base64,[\w+/=]+", "", page.source)) == []
    [policy] = [a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.scripts[-1].encode()).digest()).decode()
    assert policy and "default-src 'none'" in policy and f"script-src 'sha256-{digest}'" in policy


def test_the_script_is_valid(run: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = tmp_path / "page.js"
    script.write_text(Page(write_report(run, extras={})).scripts[-1], encoding="utf-8")
    assert subprocess.run([node, "--check", script], check=False).returncode == 0


def test_names_stay_text(tmp_path: Path) -> None:
    run = tmp_path / "003-<b>bold<&b>"
    (run / "samples").mkdir(parents=True)
    for seen in (1, 2):
        save_png(grid(shades(1, 1)), run / "samples" / f"{seen}.png", {})
    hostile = {**CONFIG, "source": f"x{HOSTILE}", "family": HOSTILE, "settings": {HOSTILE: HOSTILE}, "seed": HOSTILE}
    (run / "run.json").write_text(json.dumps(hostile), encoding="utf-8")
    Journal(run / "journal.jsonl").append(tick(64, **{HOSTILE: 1.0, f"generator/{HOSTILE}": 2.0}))
    Journal(run / "events.jsonl").append({"event": HOSTILE + "rollback", "time": HOSTILE, "seen": 3, HOSTILE: HOSTILE})
    extras = {
        "how_to_use": [HOSTILE],
        "plan": [HOSTILE],
        "scores": {HOSTILE: {HOSTILE: HOSTILE}},
        "data_report": {
            "source": HOSTILE,
            "kind": "images",
            "count": 1,
            "usable": 1,
            "unreadable": [[HOSTILE, "\udcff"]],
        },
    }
    page = Page(write_report(run, extras=extras))
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert not [
        attributes for _, attributes in page.elements if "onerror" in attributes or attributes.get("src") == "x"
    ]
    assert "003-<b>bold<&b>" in page.text
    assert page.text.count("<script>alert(1)</script>") > 8


@pytest.mark.parametrize("torn", [False, True])
def test_an_empty_or_damaged_run_still_has_a_report(tmp_path: Path, torn: bool) -> None:
    if torn:
        (tmp_path / "samples").mkdir()
        (tmp_path / "samples" / "000000064.png").write_bytes(b"\x89PNG\r\n\x1a\nrub")
        (tmp_path / "samples" / "000000128.png").write_bytes(b"")
        (tmp_path / "samples" / "notes.png").write_bytes(b"?")
        (tmp_path / "run.json").write_text('{"family": "rob', encoding="utf-8")
        lines = ['{"seen": 64, "facts": {"discriminator/loss": "NaN", "generator/loss": 0.5}}', '{"seen": "x"}', "[1]"]
        odd = ['{"seen": 128, "facts": [1]}', '{"seen": 192, "facts": {"generator/loss": 0.25}}', '{"seen": 256, "fac']
        (tmp_path / "journal.jsonl").write_text("\n".join(lines + odd), encoding="utf-8")
        (tmp_path / "events.jsonl").write_text('{"time": 1e99}\n{"event": 5, "seen": null}\n\x00\n{', encoding="utf-8")
    page = Page(write_report(tmp_path, extras={}))
    assert "No samples were drawn yet." in page.text
    assert ("Losses generator 0.250" if torn else "Nothing was measured yet.") in page.text


def test_curves_are_well_formed_and_a_stretch_trained_twice_counts_once(run: Path) -> None:
    journal = Journal(run / "journal.jsonl")
    journal.append(tick(61_000, **{"generator/loss": 7.0}))  # after a kill: the run goes on from an older place
    page = Page(write_report(run, extras={}))
    charts = re.findall(r"<svg.*?</svg>", page.source, re.DOTALL)
    assert len(charts) == 6  # the four, logits and speed
    for chart in charts:
        assert ElementTree.fromstring(chart).attrib["role"] == "img"
    losses = ElementTree.fromstring(charts[0])
    assert losses.attrib["data-high"] == "61000"
    generator = next(path for path in losses.iter("path") if path.attrib["class"] == "line c1")
    points = np.array(generator.attrib["d"][1:].split(), float).reshape(-1, 2)
    assert len(points) == 32  # 0, 2 000 ... 60 000, 61 000
    assert (np.diff(points[:, 0]) > 0).all()
    assert points[-1, 1] == points[:, 1].min()  # 7 stands higher than 1.1


def test_points_show_their_scatter_once(run: Path) -> None:
    config = {**CONFIG, "spec": {"kind": "points", "shape": [2], "count": 500, "columns": ["키", "몸무게"]}}
    (run / "run.json").write_text(json.dumps(config), encoding="utf-8")
    points = np.random.default_rng(0).normal(size=(200, 2))
    picture = scatter(points, points, ["키", "몸무게"])
    page = Page(write_report(run, extras={"scatter": picture}))
    assert "7,600" not in page.text and "500 points (키, 몸무게)" in page.text
    assert [shown.size for shown in page.pictures()] == [picture.size]
    shutil.rmtree(run / "samples")
    assert len(Page(write_report(run, extras={"scatter": picture})).pictures()) == 1


def test_the_page_stays_below_five_megabytes_whatever_is_shown(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, 4, 512, 512, 3), dtype=np.uint8)
    for index in range(60):
        sample = tmp_path / "samples" / f"{index:09d}.png"
        if index < len(noise):
            grid(noise[index]).save(sample, compress_level=0)
        else:
            shutil.copy(tmp_path / "samples" / f"{index % len(noise):09d}.png", sample)
    journal = Journal(tmp_path / "journal.jsonl")
    rows = [tick(index, **{f"fact{n}/x": float(rng.normal()) for n in range(12)}) for index in range(3000)]
    journal.path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    pairs = [(noise[0, 0], noise[1, 1], 1.0)] * 30
    report = write_report(tmp_path, extras={"real": noise[0], "neighbours": pairs, "scatter": as_picture(noise[2, 2])})
    assert report.stat().st_size < 5_000_000
    assert len(json.loads(Page(report).scripts[0])) == 40
