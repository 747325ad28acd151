"""Ways to spoil a training on purpose, and the healthy trainings they are spoiled versions of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A family on a data set at a size that takes half a minute on one thread.

    tuning: whether thresholds may be fitted on it. images: of a whole training.
    """

    name: str
    family: str
    data: str
    images: int
    settings: Settings
    tuning: bool = False


POINTS = {"batch": 128, "width": 64, "depth": 4, "d_depth": 4}
ROBUST = {"width": 16, "batch": 32}
DCGAN = {"width": 16, "batch": 64}
GAN = {"width": 256, "d_width": 64, "batch": 64}

CELLS = (
    Cell("mlp-ring", "robust", "ring", 500_000, POINTS, tuning=True),
    Cell("mlp-grid", "robust", "grid", 500_000, POINTS),
    Cell("robust-digits", "robust", "digits", 60_000, ROBUST, tuning=True),
    Cell("robust-mnist", "robust", "mnist", 40_000, ROBUST),
    Cell("robust-fashion", "robust", "fashion", 40_000, ROBUST),
    Cell("dcgan-digits", "dcgan", "digits", 100_000, DCGAN, tuning=True),
    Cell("dcgan-mnist", "dcgan", "mnist", 60_000, DCGAN),
    Cell("dcgan-fashion", "dcgan", "fashion", 60_000, DCGAN),
    Cell("gan-digits", "gan", "digits", 300_000, GAN, tuning=True),
    Cell("gan-mnist", "gan", "mnist", 200_000, GAN),
    Cell("gan-fashion", "gan", "fashion", 200_000, GAN),
)


@dataclass(frozen=True)
class Fault:
    """One way to spoil a cell.

    change: full settings -> those to change. data: a spoiled copy of the data by this name ("few", "flood", "dark").
    inject: what is done to the live players besides: "nan", "fixed z", "collapsed init", "augmented reals".
    only: family it means something for. means: the ailments that name it rightly. hidden: never looked at in tuning.
    """

    name: str
    means: tuple[str, ...]
    change: Callable[[Settings], dict[str, Any]] = lambda settings: {}
    data: str = ""
    inject: str = ""
    only: tuple[str, ...] = ()
    hidden: bool = False
    points: bool = True


def _times(factor: float, *names: str) -> Callable[[Settings], dict[str, Any]]:
    """Learning rates times a factor, at most 1; the end of their decay, too."""

    def change(settings: Settings) -> dict[str, Any]:
        old = {"lr": settings["lr"], "d_lr": settings["d_lr"] or settings["lr"]}
        new = {name: min(1.0, value * (factor if name in names else 1)) for name, value in old.items()}
        end = settings["lr_end"]
        return new | ({"lr_end": min(1.0, end * factor)} if end and "lr" in names else {})

    return change


def _unnormalised(settings: Settings) -> dict[str, Any]:
    return {"beta1": 0.9} | {name: "none" for name in ("norm", "d_norm") if name in settings}


def _plain(settings: Settings) -> dict[str, Any]:
    return {"objective": "minimax", "penalty": "none"}


LR = ("lr",)
POWER = ("discriminator_overpowers", "explosion", "mode_collapse")
WEAK = ("discriminator_blind", "mode_collapse", "oscillation", "explosion", "bad_init")

FAULTS = (
    Fault("d-lr-50", POWER, _times(50, "d_lr")),
    Fault("g-lr-50", WEAK, _times(50, "lr")),
    Fault("both-lr-30", ("explosion", "oscillation", *POWER, *WEAK), _times(30, "lr", "d_lr"), hidden=True),
    Fault("saturating", POWER, _plain),
    Fault("momentum", ("oscillation", *POWER, *WEAK), _unnormalised),
    Fault("batch-2", ("oscillation", *POWER, *WEAK), lambda s: {"batch": 2}, only=("dcgan",), points=False),
    Fault("z-1", ("mode_collapse",), lambda s: {"z": 1}, hidden=True),
    Fault("z-fixed", ("mode_collapse",), inject="fixed z"),
    Fault("collapsed-init", ("bad_init", "mode_collapse"), inject="collapsed init"),
    Fault("d-small", WEAK, lambda s: {"d_width": max(2, (s.get("d_width") or s["width"]) // 10)}),
    Fault("d-large", POWER, lambda s: {"d_width": 4 * (s.get("d_width") or s["width"])}, points=False),
    Fault("few", ("discriminator_overfits", "memorisation", "data_fault", *POWER), data="few", points=False),
    Fault("flood", ("data_fault", "mode_collapse"), data="flood", points=False, hidden=True),
    Fault("checkerboard", ("checkerboard",), lambda s: {"kernel": 3}, only=("dcgan",), points=False),
    Fault("gamma-1000", ("discriminator_blind", "under_trained", "mode_collapse"), lambda s: _gamma(s, 1000.0)),
    Fault("nan", ("explosion",), inject="nan"),
    Fault("dark", ("data_fault",), data="dark", points=False),
    Fault("leak", ("augmentation_leak",), lambda s: {"augment": "cutout"}, inject="augmented reals", points=False),
)


def _gamma(settings: Settings, factor: float) -> dict[str, Any]:
    if settings["penalty"] == "none":
        return {"penalty": "r1+r2", "gamma": factor}
    end = settings["gamma_end"]
    return {"gamma": settings["gamma"] * factor} | ({"gamma_end": end * factor} if end else {})


@dataclass(frozen=True)
class Trial:
    """One training of the benchmark. mode: "off" (watched only), "auto" (treated), "restart" or "random" remedies."""

    cell: Cell
    fault: Fault | None
    seed: int
    mode: str = "off"
    settings: Settings = field(default_factory=dict)  # instead of a fault: drawn at random
    images: int = 0  # 0: the cell's

    @property
    def name(self) -> str:
        what = self.fault.name if self.fault else "wild" if self.settings else "healthy"
        return f"{self.cell.name}.{what}.{self.seed}.{self.mode}"


def faults_of(cell: Cell) -> tuple[Fault, ...]:
    """Those that mean something there."""
    points = cell.data in ("ring", "grid")
    return tuple(
        fault for fault in FAULTS if (not fault.only or cell.family in fault.only) and (fault.points or not points)
    )
