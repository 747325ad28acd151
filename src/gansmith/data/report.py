"""What was found in the data and what will be done about it: shown before every training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gansmith.settings import Settings


class Sizes(Settings):
    """The spread of the original image sizes, each (height, width) in pixels; ordered by area."""

    smallest: tuple[int, int]
    median: tuple[int, int]
    largest: tuple[int, int]
    distinct: int = Field(description="How many different sizes occur")


class DataReport(Settings):
    """Everything worth knowing before training starts."""

    source: str = Field(description="What the user pointed at")
    kind: Literal["images", "points"]
    count: int = Field(description="Samples found, readable or not")
    usable: int = Field(description="Samples that can be used, held-out ones included")
    sizes: Sizes | None = Field(default=None, description="Original sizes of images")
    channels: dict[str, int] = Field(default={}, description="How many images are grey, colour, with alpha")
    columns: tuple[str, ...] = Field(default=(), description="Columns of points")
    classes: dict[str, int] = Field(default={}, description="Samples per class")
    sides: dict[str, int] = Field(default={}, description="Images of side A and side B, by the sides' names")
    pairs: int | None = Field(default=None, description="Pairs that can be used, where there are pairs")
    lonely: tuple[str, ...] = Field(default=(), description="Images left out because they have no partner")
    captions: int = Field(default=0, description="Images with a caption")
    words: int = Field(default=0, description="Distinct words of the captions")
    duplicates: int = Field(default=0, description="Samples that repeat an earlier one exactly")
    near_duplicates: int = Field(default=0, description="Images that all but repeat an earlier one")
    unreadable: tuple[tuple[str, str], ...] = Field(default=(), description="Files left out: name and reason")
    warnings: tuple[str, ...] = Field(default=(), description="What the user should know")
    plan: tuple[str, ...] = Field(default=(), description="What is done to the data, in order")
    enough: str = Field(default="", description="Whether this many samples suffice")

    def rows(self) -> list[tuple[str, str]]:
        """The report as (heading, text) lines of a table; empty lines left out."""
        noun = "images" if self.kind == "images" else "rows"
        lines = [
            ("source", self.source),
            (noun, f"{self.usable:,}" if self.usable == self.count else f"{self.usable:,} usable of {self.count:,}"),
            ("sizes", _sizes_text(self.sizes)),
            ("channels", ", ".join(f"{count:,} {name}" for name, count in self.channels.items())),
            ("columns", ", ".join(self.columns)),
            ("classes", _classes_text(self.classes)),
            ("pairs", _pairs_text(self.pairs, self.sides, len(self.lonely))),
            ("sides", "" if self.pairs is not None else _sides_text(self.sides)),
            ("captions", f"{self.captions:,} captions, {self.words:,} words" if self.captions else ""),
            ("duplicates", _duplicates_text(self.duplicates, self.near_duplicates)),
            ("unreadable", f"{len(self.unreadable):,}" if self.unreadable else ""),
            ("enough?", self.enough),
            ("plan", "; ".join(self.plan)),
        ]
        return [line for line in lines if line[1]]


def size_text(size: tuple[int, int]) -> str:
    """`"64x96"`: height x width, as on the command line."""
    return f"{size[0]}x{size[1]}"


def _sizes_text(sizes: Sizes | None) -> str:
    if sizes is None:
        return ""
    if sizes.distinct == 1:
        return f"all {size_text(sizes.median)}"
    ends = f"{size_text(sizes.smallest)} to {size_text(sizes.largest)}"
    return f"{sizes.distinct:,} sizes, {ends}, median {size_text(sizes.median)}"


def _classes_text(classes: dict[str, int], most: int = 12) -> str:
    named = ", ".join(f"{name} {count:,}" for name, count in list(classes.items())[:most])
    return named + (f", ... ({len(classes):,} in all)" if len(classes) > most else "")


def _pairs_text(pairs: int | None, sides: dict[str, int], lonely: int) -> str:
    if pairs is None:
        return ""
    missing = f", {lonely:,} without a partner" if lonely else ""
    return f"{pairs:,} ({' | '.join(sides)}){missing}"


def _sides_text(sides: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sides.items())


def _duplicates_text(exact: int, near: int) -> str:
    return ", ".join(f"{count:,} {word}" for count, word in ((exact, "exact"), (near, "near")) if count)
