"""Training as one watches it: a live panel on a terminal, one dense line per tick anywhere else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gansmith.runs.quantities import count, duration, finite, measure, memory

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console
    from rich.live import Live
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

OFTEN = 0.25  # seconds between two drawings at least: watching must not slow training down
PAST = 16  # values in a sparkline
FIGURES = 80  # columns that the figures take when the thumbnail stands beside them
WIDE = 136  # columns from which it does
BARS = "▁▂▃▄▅▆▇█"
REAL, FAKE = "dodger_blue1", "dark_orange"

# Label and colour of each row, then the facts it shows: (word, name in the journal line, is it a share of 1).
ROWS = (
    ("D is right on", (("real", "accuracy/real", True), ("fake", "accuracy/fake", True))),
    ("loss", (("D", "discriminator/loss", False), ("G", "generator/loss", False))),
    ("gradient", (("D", "gradient/discriminator", False), ("G", "gradient/generator", False))),
    ("distance", (("", "distance", False),)),
)


class Progress:
    """Shows the reports that training yields: `start`, `update` for each, `stop`; all three are safe in any order.

    A report is a journal line with "total" (images in all), "seconds_left" and "thumbnail" ((N, H, W, C) uint8 samples
    or None) besides; whatever is missing is simply not shown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._title = "training"
        self._live: Live | None = None
        self._report: Mapping[str, Any] = {}
        self._images: np.ndarray | None = None
        self._thumbnail: tuple[np.ndarray, tuple[int, int], Text] | None = None
        self._past: dict[str, deque[float]] = {}
        self._drawn = 0.0

    def start(self, plan: Any = None) -> None:
        """Begin; of `plan` (a mapping or an object) only `name` or else `family` is used, as the title."""
        names = (plan.get(key) if isinstance(plan, Mapping) else getattr(plan, key, None) for key in ("name", "family"))
        self._title = next((str(name) for name in names if name), self._title)
        if self._console.is_terminal and self._live is None:
            from rich.live import Live

            self._live = Live(console=self._console, auto_refresh=False, transient=False, vertical_overflow="crop")
            self._live.start()

    def update(self, report: Mapping[str, Any]) -> None:
        """Show one report."""
        self._report = report
        if report.get("thumbnail") is not None:
            self._images = report["thumbnail"]
        for name, value in _facts(report).items():
            self._past.setdefault(name, deque(maxlen=PAST)).append(value)
        if self._live is None:
            self._console.print(plain(report), markup=False, highlight=False, soft_wrap=True)
        elif time.monotonic() - self._drawn >= OFTEN:
            self._draw()

    def stop(self) -> None:
        """End, with the last report left on the screen."""
        if self._live is not None:
            self._draw()
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        if self._live is not None and self._report:
            self._live.update(self._panel(), refresh=True)
            self._drawn = time.monotonic()

    def _panel(self) -> Panel:
        from rich.box import ROUNDED
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        room = self._console.width - 4
        beside = self._console.width >= WIDE
        figures = self._figures(FIGURES if beside else room)
        picture = self._picture(room - FIGURES - 3 if beside else room, 9 if beside else self._console.height - 12)
        content = Table.grid(padding=(0, 3, 0, 0))
        if picture is not None and beside:
            content.add_row(figures, picture)
        else:
            content.add_row(figures)
            if picture is not None:
                content.add_row("")
                content.add_row(picture)
        return Panel(content, title=Text(self._title, "bold"), title_align="left", box=ROUNDED, border_style="dim")

    def _figures(self, width: int) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        report = self._report
        rows = Table.grid(padding=(0, 2))
        health = _health(report)
        for label, parts in ROWS:
            cells = [self._cell(*part, style) for part, style in zip(parts, (REAL, FAKE)) if part[1] in self._past]
            if cells:
                rows.add_row(Text(label, "dim"), *cells)
        total, seen = finite(report.get("total")) or 0.0, finite(report.get("seen")) or 0.0
        figures = Table.grid()
        figures.add_row(
            ProgressBar(total or None, min(seen, total), width, complete_style="green", finished_style="green")
        )
        figures.add_row(Text(" · ".join(_place(report)), no_wrap=True, overflow="ellipsis"))
        if health:
            figures.add_row(Text.assemble(("● ", health[0]), health[1], no_wrap=True, overflow="ellipsis"))
        figures.add_row("")
        figures.add_row(rows)
        return figures

    def _cell(self, word: str, name: str, share: bool, style: str) -> Text:
        from rich.text import Text

        past = self._past[name]
        value = f"{past[-1]:.0%}" if share else measure(past[-1])
        recent = list(past)[-(PAST if self._console.width >= 90 else 10) :]
        return Text.assemble((f"{word:<4} ", style), (f"{value:>7} ", "bold"), (sparkline(recent, share), style))

    def _picture(self, width: int, height: int) -> Text | None:
        """The newest thumbnail as half-blocks, as many rows as fit; made anew only when it or the room has changed."""
        images = self._images
        if images is None or height < 4:
            return None
        if self._thumbnail is None or self._thumbnail[0] is not images or self._thumbnail[1] != (width, height):
            from gansmith.runs.pictures import half_blocks

            columns = max(1, min(len(images), width // 17, 6))
            high, wide = images.shape[1:3]
            share = min((width - columns + 1) // columns, max(wide, 16), 2 * height * wide // high)
            lines = 1 + half_blocks(images[:1], 1, share).plain.count("\n")
            rows = max(1, min((height + 1) // (lines + 1), -(-len(images) // columns)))
            blocks = half_blocks(images[: rows * columns], columns, columns * (share + 1) - 1)
            self._thumbnail = (images, (width, height), blocks)
        return self._thumbnail[2]


def plain(report: Mapping[str, Any]) -> str:
    """One report as one line, for logs: place, speed, time left, then what was measured."""
    facts = _facts(report)
    words = [*_place(report)]
    for label, parts in ROWS:
        shown = [
            f"{word} {facts[name]:.0%}" if share else f"{word} {measure(facts[name])}".strip()
            for word, name, share in parts
            if name in facts
        ]
        if shown:
            words.append(f"{label} {' '.join(shown)}")
    if (used := finite(report.get("memory_mb"))) is not None:
        words.append(memory(used))
    if (health := _health(report)) and health[0] != "green":
        words.append(f"{health[0]}: {health[1]}")
    return " · ".join(words)


def sparkline(values: Iterable[float], share: bool = False) -> str:
    """Values as a row of small bars, from the lowest to the highest of them, or from 0 to 1 for shares."""
    heights = list(values)
    low, high = (0.0, 1.0) if share else (min(heights), max(heights))
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[max(0, min(len(BARS) - 1, round((value - low) * scale)))] for value in heights)


def _place(report: Mapping[str, Any]) -> list[str]:
    seen, total = finite(report.get("seen")), finite(report.get("total"))
    speed, left = finite(report.get("images_per_second")), finite(report.get("seconds_left"))
    words = []
    if seen is not None:
        words.append(f"{count(seen)}/{count(total)} images ({seen / total:.0%})" if total else f"{count(seen)} images")
    if speed:
        words.append(f"{measure(speed) if speed < 100 else f'{speed:,.0f}'} images/s")
    if left is not None:
        words.append(f"{duration(left)} left")
    return words


def _health(report: Mapping[str, Any]) -> tuple[str, str] | None:
    """The doctor's light, as a colour that terminals know, and its sentence; None before the doctor has spoken."""
    light = report.get("light")
    if not light or not light[1]:
        return None
    return {"amber": "yellow"}.get(light[0], light[0]), light[1]


def _facts(report: Mapping[str, Any]) -> dict[str, float]:
    facts = report.get("facts") or {}
    return {name: value for name in facts if (value := finite(facts[name])) is not None}
