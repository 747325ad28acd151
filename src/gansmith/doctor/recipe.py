"""What a remedy is, and how one is made from the settings in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gansmith.doctor.changes import Changes, Settings

DEFAULTS: Settings = {  # of the plain GAN: what a run's settings mean where they do not say
    "objective": "non-saturating",
    "penalty": "none",
    "gamma": 1.0,
    "gamma_end": None,
    "lr": 2e-4,
    "lr_end": None,
    "d_lr": None,
    "beta1": 0.5,
    "beta2": 0.999,
    "ema": 0.0,
    "augment": "",
    "augment_p": 1.0,
    "ada": 0.0,
    "lecam": 0.0,
    "noise": 0.0,
    "smooth": 0.0,
    "skip_d": 1.0,
    "batch": 64,
    "pack": 1,
    "minibatch_std": False,
    "lookahead": 0,
}


@dataclass(frozen=True)
class Remedy:
    """One bounded change after a roll-back.

    changes: setting -> new value. gain: factor on every learning rate. fresh: networks made anew. anew: go back to the
    very beginning, for nothing that was learnt is worth keeping. ends: nothing more is trained, the best is kept.
    Without any of these it is advice to a person, and nothing that can be applied.
    """

    id: str
    words: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    roll_back: bool = True
    gain: float = 1.0
    fresh: tuple[str, ...] = ()
    anew: bool = False
    ends: bool = False

    @property
    def applicable(self) -> bool:
        return bool(self.changes or self.fresh or self.ends) or self.gain != 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "words": self.words,
            "changes": dict(self.changes),
            "roll_back": self.roll_back,
            "gain": self.gain,
            "fresh": list(self.fresh),
            "anew": self.anew,
            "ends": self.ends,
        }


@dataclass(frozen=True)
class Recipe:
    """How a remedy is made from the settings in force.

    change: settings -> what to change; None where it is in force already or impossible. needs: settings only some
    families have.
    """

    id: str
    words: str
    change: Callable[[Settings], Changes | None] = lambda settings: {}
    gain: float = 1.0
    roll_back: bool = True
    fresh: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    images: bool = False
    anew: bool = False
    ends: bool = False

    def made(self, settings: Settings, shape: Iterable[int] = (), kind: str = "") -> Remedy | None:
        """The remedy under these settings; None where there is nothing to change, or they cannot express it.

        shape: (C, H, W) of the data, for the size of a first penalty. kind: "images", "points" or "".
        """
        if (self.images and kind == "points") or any(name not in settings for name in self.needs):
            return None
        in_force = {**DEFAULTS, **settings}
        wanted = self.change({**in_force, "shape": tuple(shape)})
        if wanted is None:
            return None
        new = {name: _short(value) for name, value in wanted.items() if value != in_force.get(name, wanted)}
        if wanted and not new:
            return None
        return Remedy(self.id, self.words, new, self.roll_back, self.gain, self.fresh, self.anew, self.ends)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
