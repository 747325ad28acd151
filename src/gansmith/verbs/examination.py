"""When a training is looked at, and how thoroughly: check-ups and evaluations, by images seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from statistics import median
from typing import Any

from gansmith.data.dataset import Dataset
from gansmith.engine import Engine
from gansmith.measure.features import Features, built_in
from gansmith.runs.config import RunConfig
from gansmith.runs.journal import on_the_way
from gansmith.runs.state import Training
from gansmith.verbs.checkup import Checkup
from gansmith.verbs.duration import PLATEAU
from gansmith.verbs.frames import spread
from gansmith.verbs.midway import Midway

CHECKUPS, EVALUATIONS = 100, 20  # of a whole training
CHECKUP_STEPS, EVALUATION_STEPS = 25, 150  # never closer: looking must cost little of the time
POINTS_COST = 4  # times as many steps for points, whose steps are that much quicker
FEWEST = 32  # training samples; with fewer nothing can be said of a distribution
REFERENCE = 1024  # training samples that the features are standardised by
ENOUGH = 8  # evaluations before a plateau is believed
STALE = 0.4  # of them since the best one


class Examination:
    """Examines one training; what it needs of the data is prepared once."""

    def __init__(self, dataset: Dataset, config: RunConfig, engine: Engine) -> None:
        self.dataset, self.config, self.engine = dataset, config, engine
        batch = int(config.settings["batch"])
        rarer = POINTS_COST if config.spec.kind == "points" else 1
        self.often = max(math.ceil(config.images / CHECKUPS), CHECKUP_STEPS * rarer * batch)
        self.seldom = max(math.ceil(config.images / EVALUATIONS), EVALUATION_STEPS * rarer * batch)

    @cached_property
    def features(self) -> Features:
        return built_in(self.dataset.tensor(spread(self.dataset.train, REFERENCE)))

    @cached_property
    def checkup(self) -> Checkup:
        return Checkup(self.dataset, self.config, self.engine, self.features)

    @cached_property
    def midway(self) -> Midway:
        return Midway(self.dataset, self.config, self.engine, self.features)

    def due(self, seen: int, batch: int) -> bool:
        """Whether the step that just ended at `seen` images crossed the moment of a check-up or an evaluation."""
        return _crossed(seen, batch, self.often) or self.thorough(seen, batch)

    def thorough(self, seen: int, batch: int) -> bool:
        return _crossed(seen, batch, self.seldom)

    def look(self, training: Training, *, thoroughly: bool) -> dict[str, float]:
        """Facts `check/...`, and `eval/...` where it is thorough."""
        if len(self.dataset.train) < FEWEST:
            return {}
        facts = {f"check/{name}": value for name, value in self.checkup.look(training).items()}
        return facts | (self.midway.evaluate(training) if thoroughly else {})

    def forget(self) -> None:
        """After a roll-back the next drift would be the way back."""
        if "checkup" in vars(self):
            self.checkup.before = None


def plateau(lines: Sequence[Mapping[str, Any]], config: RunConfig) -> bool:
    """Whether a training until its plateau has reached it: the smoothed score was best long ago."""
    if config.duration != PLATEAU:
        return False
    found = [line["facts"].get("eval/kid", math.nan) for line in on_the_way(lines)]
    kids = [kid for kid in found if math.isfinite(kid)]
    if len(kids) < ENOUGH:
        return False
    smooth = [median(kids[max(0, i - 2) : i + 1]) for i in range(len(kids))]
    return smooth.index(min(smooth)) < (1 - STALE) * len(smooth)


def _crossed(seen: int, batch: int, every: int) -> bool:
    return seen // every > (seen - batch) // every
