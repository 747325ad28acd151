"""Progress is one dense line per tick in a log, and a panel that keeps within a terminal."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from gansmith.cli.progress import Progress, plain, sparkline

REPORT: dict[str, Any] = {
    "seen": 120_000,
    "total": 1_200_000,
    "step": 1875,
    "seconds": 60.0,
    "seconds_left": 540.0,
    "images_per_second": 2004.4,
    "memory_mb": 812.0,
    "thumbnail": None,
    "facts": {
        "accuracy/real": 0.78,
        "accuracy/fake": 0.71,
        "discriminator/loss": 0.6123,
        "generator/loss": 1.204,
        "gradient/discriminator": 0.52,
        "gradient/generator": 0.31,
        "distance": 0.0521,
    },
}


def shown(width: int, height: int, reports: list[dict[str, Any]], terminal: bool = True) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, force_terminal=terminal, color_system=None)
    progress = Progress(console)
    progress.start({"name": "003-[꽃]-robust"})
    for report in reports:
        progress.update(report)
    progress.stop()
    return file.getvalue()


def last_panel(output: str) -> list[str]:
    return output[output.rindex("╭") :].split("╯")[0].split("\n")


def test_a_log_gets_one_line_per_tick() -> None:
    lines = shown(80, 25, [REPORT, {**REPORT, "seen": 240_000}], terminal=False).splitlines()
    assert lines == [
        "120k/1.20M images (10%) · 2,004 images/s · 9 min 00 s left · D is right on real 78% fake 71% · "
        "loss D 0.612 G 1.20 · gradient D 0.520 G 0.310 · distance 0.0521 · 812 MB",
        lines[1],
    ]
    assert lines[1].startswith("240k/1.20M images (20%)")


def test_a_line_shows_only_what_is_known() -> None:
    assert plain({"seen": 640}) == "640 images"
    assert plain({"seen": 640, "total": 0, "facts": {"generator/loss": float("nan")}}) == "640 images"
    assert plain({"seen": 64, "total": 128, "seconds_left": None, "facts": None}) == "64/128 images (50%)"
    assert plain({}) == ""


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 40), (160, 50), (60, 18)])
def test_a_panel_keeps_within_the_terminal(width: int, height: int) -> None:
    thumbnail = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1), dtype=np.uint8)
    panel = last_panel(shown(width, height, [REPORT, {**REPORT, "thumbnail": thumbnail}, REPORT]))
    assert len(panel) <= height
    assert max(cell_len(line.split("\x1b")[0]) for line in panel) <= width
    text = "\n".join(panel)
    assert "003-[꽃]-robust" in text
    assert "▀" in text
    if width >= 80:
        assert "120k/1.20M images (10%) · 2,004 images/s · 9 min 00 s left" in text
        for word in ("real", "78%", "fake", "71%", "0.612", "1.20", "0.520", "0.310", "0.0521"):
            assert word in text


def test_the_last_report_stays_on_the_screen() -> None:
    output = shown(100, 40, [{**REPORT, "seen": seen} for seen in range(0, 1_200_001, 100_000)])
    assert "1.20M/1.20M images (100%)" in "\n".join(last_panel(output))
    assert output.removesuffix("\x1b[?25h").endswith("╯\n")


def test_any_order_of_calls_is_safe() -> None:
    progress = Progress(Console(file=io.StringIO(), force_terminal=True))
    progress.stop()
    progress.update({})
    progress.start()
    progress.start()
    progress.stop()
    progress.stop()


def test_sparklines_reach_from_lowest_to_highest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([0.0, 0.5, 1.0], share=True) == "▁▅█"
