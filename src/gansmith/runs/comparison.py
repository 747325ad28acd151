"""A comparison of families as it lies on disk: its table as JSON, and a page with a row of pictures for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.runs import disk
from gansmith.runs.embed import data_uris
from gansmith.runs.pictures import grid
from gansmith.runs.quantities import measure

PICTURE_BYTES = 2**21  # of all pictures in the page
COLUMNS = ("KID", "coverage", "precision", "recall", "1-NN accuracy", "memorisation")  # best first by the first


@dataclass(frozen=True)
class Figure:
    """One score of one candidate: its mean over the seeds, and between which values it lies.

    low, high: the extremes of several seeds; of one seed, its bootstrap interval. floor: real against real.
    """

    value: float
    low: float | None
    high: float | None
    floor: float | None
    better: str

    def text(self) -> str:
        around = "" if self.low is None or self.high is None else f" ({measure(self.low)} to {measure(self.high)})"
        return measure(self.value) + around


@dataclass(frozen=True)
class Candidate:
    """One family, or a classical method, and what it reached.

    images: seen in training, on average. pictures: (n, H, W, C) uint8, nothing picked. failed: why it has no figures.
    """

    name: str
    title: str
    figures: Mapping[str, Figure]
    images: float
    pictures: np.ndarray
    runs: tuple[str, ...] = ()
    failed: str = ""

    def to_json(self) -> dict[str, Any]:
        figures = {name: vars(figure) for name, figure in self.figures.items()}
        facts = {"name": self.name, "title": self.title, "images": self.images, "figures": figures}
        return facts | {"runs": list(self.runs), "failed": self.failed}


@dataclass(frozen=True)
class Comparison:
    """The candidates, best first. real: which real samples they were scored against; features: in which features.

    folder: where the trainings are, and the report.
    """

    source: str
    duration: str
    seeds: int
    count: int
    real: str
    features: str
    candidates: tuple[Candidate, ...]
    folder: Path

    @property
    def floor(self) -> dict[str, float]:
        """The scores of real samples in the place of generated ones."""
        first = self.candidates[0].figures if self.candidates else {}
        floors = {name: first[name].floor for name in COLUMNS if name in first}
        return {name: floor for name, floor in floors.items() if floor is not None}

    def to_json(self) -> dict[str, Any]:
        facts = {key: value for key, value in vars(self).items() if key not in {"candidates", "folder"}}
        return disk.tame({**facts, "floor": self.floor, "candidates": [one.to_json() for one in self.candidates]})

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def write(self) -> None:
        """Write comparison.json and report.html into the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        disk.write_json(self.folder / "comparison.json", self.to_json())
        disk.replace(self.report, self.page().encode("utf-8", "replace"))

    def page(self) -> str:
        """The page as HTML, every word in it escaped."""
        import jinja2
        from markupsafe import Markup

        shown = [one for one in self.candidates if len(one.pictures)]
        rows = [grid(one.pictures, len(one.pictures)) for one in shown]
        uris = data_uris(rows, PICTURE_BYTES) if rows else []
        html, css = (
            (files("gansmith.runs") / "page" / name).read_text("utf-8") for name in ("comparison.html", "report.css")
        )
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        return environment.from_string(html).render(
            style=Markup(css),
            comparison=self,
            columns=COLUMNS,
            floor={name: measure(value) for name, value in self.floor.items()},
            pictures={one.name: uri for one, uri in zip(shown, uris, strict=True)},
        )
