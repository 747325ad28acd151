"""memorisation: samples are copies of training images (Meehan et al. 2020: closer to them than held-out images are)."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import History, Series
from gansmith.doctor.quality import covered
from gansmith.doctor.trends import below

NEAR = 0.7  # of the distance between held-out and training images; smooth samples come nearer than 1 honestly


def score(history: History) -> Series:
    near = history.held("eval/memorised")
    made = np.nan_to_num(np.maximum(covered(history), history.held("eval/precision")))
    copies = np.where(made > 0.2, below(np.maximum(near, 0.07), NEAR), 0.0)  # a collapsed point may lie near anything
    return rows(history, copies, "eval/memorised")


def tell(history: History, onset: float) -> Told:
    evidence = {name: history.series(name).pairs() for name in ("eval/memorised", "eval/birthday") if name in history}
    words = (
        "The generator copies: its samples lie closer to training images than other real images do "
        f"({history.held('eval/memorised')[-1]:.0%} of the distance). Sampling gives back what you put in, which may "
        "matter if the images are private. The best checkpoint on held-out images is the one to use."
    )
    return Told(evidence, words, confidence=0.75, severity=0.7)


MEMORISATION = Ailment("memorisation", score, tell, need=2, of=3)
