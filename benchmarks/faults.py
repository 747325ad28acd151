"""Ways to spoil a training on purpose, and the healthy trainings they are spoiled versions of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
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
    Cell("robust-mnist", "robust", "mnist", 30_000, ROBUST),
    Cell("robust-fashion", "robust", "fashion", 30_000, ROBUST),
    Cell("dcgan-digits", "dcgan", "digits", 100_000, DCGAN, tuning=True),
    Cell("dcgan-mnist", "dcgan", "mnist", 60_000, DCGAN),
    Cell("dcgan-fashion", "dcgan", "fashion", 60_000, DCGAN),
    Cell("gan-digits", "gan", "digits", 300_000, GAN, tuning=True),
    Cell("gan-mnist", "gan", "mnist", 150_000, GAN),
    Cell("gan-fashion", "gan", "fashion", 150_000, GAN),
)


def _nothing(settings: Settings) -> dict[str, Any]:
    return {}


def _put(settings: Settings, **values: Any) -> dict[str, Any]:
    return values


def _times(settings: Settings, factor: float, *, of: tuple[str, ...]) -> dict[str, Any]:
    """Learning rates times a factor, at most 1; the end of their decay, too."""
    old = {"lr": settings["lr"], "d_lr": settings["d_lr"] or settings["lr"]}
    new = {name: min(1.0, value * (factor if name in of else 1)) for name, value in old.items()}
    end = settings["lr_end"]
    return new | ({"lr_end": min(1.0, end * factor)} if end and "lr" in of else {})


def _unnormalised(settings: Settings) -> dict[str, Any]:
    return {"beta1": 0.9} | {name: "none" for name in ("norm", "d_norm") if name in settings}


def _d_width(settings: Settings, factor: float) -> dict[str, Any]:
    return {"d_width": max(2, int((settings.get("d_width") or settings["width"]) * factor))}


def _gamma(settings: Settings, factor: float) -> dict[str, Any]:
    if settings["penalty"] == "none":
        return {"penalty": "r1+r2", "gamma": factor}
    end = settings["gamma_end"]
    return {"gamma": settings["gamma"] * factor} | ({"gamma_end": end * factor} if end else {})


def _rising(settings: Settings) -> dict[str, Any]:
    return {"lr_end": min(1.0, 50 * settings["lr"])}


@dataclass(frozen=True)
class Fault:
    """One way to spoil a cell.

    change: full settings -> those to change. data: a spoiled copy of the data by this name ("few", "flood", "dark",
    "shuffled").
    inject: what is done to the live players besides: "nan", "fixed z", "collapsed init", "augmented reals".
    only: family it means something for. means: the ailments that name it rightly. hidden: never looked at in tuning.
    """

    name: str
    means: tuple[str, ...]
    change: Callable[[Settings], dict[str, Any]] = _nothing  # of this module: it is sent to other processes
    data: str = ""
    inject: str = ""
    only: tuple[str, ...] = ()
    hidden: bool = False
    points: bool = True


BOTH = ("lr", "d_lr")
POWER = ("discriminator_overpowers", "explosion", "mode_collapse")
WEAK = ("discriminator_blind", "mode_collapse", "oscillation", "explosion", "bad_init")

FAULTS = (
    Fault("d-lr-50", POWER, partial(_times, factor=50, of=("d_lr",))),
    Fault("g-lr-50", WEAK, partial(_times, factor=50, of=("lr",))),
    Fault("both-lr-30", ("explosion", "oscillation", *POWER, *WEAK), partial(_times, factor=30, of=BOTH)),
    Fault("saturating", POWER, partial(_put, objective="minimax", penalty="none")),
    Fault("momentum", ("oscillation", *POWER, *WEAK), _unnormalised),
    Fault("batch-2", ("oscillation", *POWER, *WEAK), partial(_put, batch=2), only=("dcgan",), points=False),
    Fault("z-1", ("mode_collapse",), partial(_put, z=1)),
    Fault("z-fixed", ("mode_collapse",), inject="fixed z"),
    Fault("collapsed-init", ("bad_init", "mode_collapse"), inject="collapsed init"),
    Fault("d-small", WEAK, partial(_d_width, factor=0.1)),
    Fault("d-large", POWER, partial(_d_width, factor=4), points=False),
    Fault("few", ("discriminator_overfits", "memorisation", "data_fault", *POWER), data="few", points=False),
    Fault("flood", ("data_fault", "mode_collapse"), data="flood", points=False, hidden=True),
    Fault("checkerboard", ("checkerboard",), partial(_put, kernel=3), only=("dcgan",), points=False),
    Fault("gamma-1000", ("discriminator_blind", "under_trained", "mode_collapse"), partial(_gamma, factor=1000.0)),
    Fault("nan", ("explosion",), inject="nan"),
    Fault("dark", ("data_fault",), data="dark", points=False),
    Fault("leak", ("augmentation_leak",), partial(_put, augment="cutout"), inject="augmented reals", points=False),
    # Recorded when detectors and remedies stood, and replayed once.
    Fault("rising", ("explosion", "oscillation", *POWER, *WEAK), _rising, hidden=True),
    Fault("flipped", WEAK, partial(_put, flip_labels=0.45), only=("dcgan", "gan"), points=False, hidden=True),
    Fault("shuffled", ("data_fault",), data="shuffled", points=False, hidden=True),
)


@dataclass(frozen=True)
class Trial:
    """One training of the benchmark.

    mode: "off" (watched only), "auto" (treated by the doctor), or a baseline: "random" (any remedy at the first alarm),
    "ada" (adaptive augmentation from the start), "restart" (the robust recipe for the rest of the images).
    settings: besides the cell's. images: 0 for the cell's.
    """

    cell: Cell
    fault: Fault | None
    seed: int
    mode: str = "off"
    settings: Settings = field(default_factory=dict)
    images: int = 0

    @property
    def name(self) -> str:
        """Its folder: "wild" has settings of its own, a fault has its name."""
        what = self.fault.name if self.fault else "wild" if self.settings else "healthy"
        return f"{self.cell.name}.{what}.{self.seed}.{self.mode}"


def faults_of(cell: Cell) -> tuple[Fault, ...]:
    """Those that mean something there."""
    points = cell.data in ("ring", "grid")
    return tuple(
        fault for fault in FAULTS if (not fault.only or cell.family in fault.only) and (fault.points or not points)
    )
