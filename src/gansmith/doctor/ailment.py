"""What an ailment is: a score over time that looks only back, and how to tell a person about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gansmith.doctor.finding import Evidence
from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import sustained


@dataclass(frozen=True)
class Told:
    """What is said of an alarm: evidence, words, how sure and how grave (0..1, before the score has its say)."""

    evidence: Evidence
    words: str
    confidence: float = 0.8
    severity: float = 0.8
    sick: bool = True


@dataclass(frozen=True)
class Ailment:
    """Something that goes wrong in training and can be named from evidence.

    score: history -> series; 0 nothing, 1 the least that may ever be called ill; at each row it knows only earlier
    ones. tell: (history, onset in images seen) -> words and evidence. need, of: an alarm is raised when `need` of the
    last `of` scores reach the threshold. early: may be raised in the first twentieth. at_end: judged on a whole
    history. raw: looks at every line rather than at medians of a hundredth of the training.
    """

    name: str
    score: Callable[[History], Series]
    tell: Callable[[History, float], Told]
    need: int = 3
    of: int = 4
    early: bool = False
    at_end: bool = False
    raw: bool = False

    def scores(self, history: History) -> Series:
        """The score, sustained: what thresholds are compared with and calibrated on. Nothing but numbers >= 0."""
        series = self.score(history)
        if self.at_end or not len(series):
            return series
        steady = sustained(series.values, self.need, self.of)
        return Series(series.seen, np.where(self.exempt(history, series.seen), 0.0, steady))

    def exempt(self, history: History, seen: np.ndarray) -> np.ndarray:
        """(m,) rows of the first twentieth, where networks are still strangers to each other."""
        return np.zeros(len(seen), bool) if self.early else seen < 0.05 * history.length


def rows(history: History, values: np.ndarray, *names: str) -> Series:
    """Scores (n,) of a history as a series, at the rows where any of the named columns was measured."""
    measured = np.zeros(len(history), bool)
    for name in names:
        if name in history.columns:
            measured |= ~np.isnan(history.columns[name])
    return Series(history.seen, np.asarray(values, dtype=np.float64)).where(measured)
