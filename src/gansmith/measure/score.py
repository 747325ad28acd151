"""One figure with everything needed to judge it: its features, its number of samples, its interval and its floor."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Score:
    """A figure, or the reason why there is none.

    value: None when there is no number; `why` says why. n: samples of each side it rests on.
    features: the space it was measured in ("random-vgg", "own-1a2b3c4d", "pixels"), "" when it needs none.
    low, high: 95 % bootstrap interval. floor: the same score of real against real at the same n.
    better: "low", "high" or "near 0.5" and the like: where a good generator's figure lies.
    """

    name: str
    value: float | None
    n: int
    features: str = ""
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    better: str = "low"
    why: str = ""

    def __post_init__(self) -> None:
        if self.value is None and not self.why:
            raise ValueError(f"{self.name}: no number and no reason")

    @property
    def label(self) -> str:
        """`"KID@random-vgg,512"`; `"SWD@512"` for a score without features."""
        return f"{self.name}@{self.features},{self.n}" if self.features else f"{self.name}@{self.n}"

    def to_json(self) -> dict[str, object]:
        """Everything by name, with the label. What is not finite becomes None, which JSON can say."""
        return {"label": self.label} | {name: _sayable(value) for name, value in asdict(self).items()}


def _sayable(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
