"""checkerboard: a fine grid over every image, printed by strided transposed convolutions (Odena et al. 2016)."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import above, trailing

PEAK = 6.0  # dB of fakes over reals at the frequencies of a checkerboard
LATE = 0.2  # of the budget: every generator begins with a pattern


def score(history: History) -> Series:
    peak = trailing(history.held("check/nyquist"), 3)
    late = history.seen > LATE * history.length
    return rows(history, np.where(late, above(peak, PEAK), 0.0), "check/nyquist")


def tell(history: History, onset: float) -> Told:
    peak = float(trailing(history.held("check/nyquist"), 3)[-1])
    words = (
        f"The samples carry a checkerboard: at its frequencies they have {peak:.0f} dB more energy than real images. "
        "Strided transposed convolutions print it, most of all where the kernel is no multiple of the stride."
    )
    return Told({"check/nyquist": history.series("check/nyquist").pairs()}, words, confidence=0.8, severity=0.5)


CHECKERBOARD = Ailment("checkerboard", score, tell)
