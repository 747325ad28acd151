"""How long to train: `10m`, `500kimg`, `20ep`, turned into images once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gansmith.errors import UsageError

PLATEAU = "until-plateau"
PLATEAU_HOURS = 1  # at most

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_IMAGES = {"img": 1, "kimg": 1000, "mimg": 1_000_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)([a-z]+)")


@dataclass(frozen=True)
class Duration:
    """A length of training: exactly one of the three is set."""

    text: str
    seconds: float | None = None
    images: int | None = None
    epochs: float | None = None

    def in_images(self, count: int, per_second: float) -> int:
        """Images, for `count` samples of data and a measured speed; at least 1."""
        if self.seconds is not None:
            return max(1, round(self.seconds * per_second))
        return self.images or max(1, round((self.epochs or 0) * count))


def read_duration(text: str) -> Duration:
    """Read "10m", "1h30m", "90s", "500kimg", "2Mimg", "20ep" or "until-plateau" (an hour at most).

    Raises UsageError for anything else.
    """
    if text.strip().lower() == PLATEAU:
        return Duration(PLATEAU, seconds=3600.0 * PLATEAU_HOURS)
    parts = _PART.findall(text.strip().lower())
    if parts and "".join(number + unit for number, unit in parts) == text.strip().lower():
        units = {unit for _, unit in parts}
        amount = {unit: min(float(number), 1e15) for number, unit in parts}
        if units <= set(_SECONDS) and (seconds := sum(amount[u] * _SECONDS[u] for u in units)) > 0:
            return Duration(text, seconds=seconds)
        if len(parts) == 1 and units <= set(_IMAGES) and (images := round(sum(amount[u] * _IMAGES[u] for u in units))):
            return Duration(text, images=images)
        if len(parts) == 1 and units <= {"ep", "epochs"} and (epochs := sum(amount.values())) > 0:
            return Duration(text, epochs=epochs)
    raise UsageError(
        f"'{text}' is no length of training.",
        why="it must be a positive time, a count of images, or passes over the data",
        do="10m, 1h30m, 500kimg, 20ep or until-plateau",
    )


def readable(seconds: float) -> str:
    """ "7 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 and whole < 600 else f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
