"""discriminator_overfits: it knows the training images by heart, and takes real ones it never saw for fakes."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.trends import above, means, trailing

GAP = 0.4  # of the way from training images down to fakes (Karras et al. 2020, section 3: r_v, there 0.5 to 0.6)
CERTAIN = 0.65  # share of training images told right below which the gap is noise


def gap(history: History) -> Array:
    """(n,) where held-out images stand between training images (0) and fakes (1); NaN where nobody measured.

    (E D(train) - E D(held)) / (E D(train) - E D(fake)), each a mean over five check-ups: 64 images are few.
    """
    train, held, fake = (
        trailing(np.where(np.isinf(values), np.nan, values), 5, means)
        for values in (history.held(f"check/{side}") for side in ("train", "held", "fake"))
    )
    apart = train - fake
    return np.where(apart > 1e-6, (train - held) / np.where(apart > 1e-6, apart, 1.0), 0.0 * apart)


def score(history: History) -> Series:
    sure = above(trailing(history.held("check/accuracy train"), 5), CERTAIN)
    falls = history.held("check/accuracy train") - history.held("check/accuracy held")
    lost = above(trailing(falls, 5), 0.25)
    return rows(
        history, np.minimum(np.maximum(above(gap(history), GAP), lost), 3 * np.maximum(sure - 0.67, 0.0)), "check/held"
    )


def tell(history: History, onset: float) -> Told:
    names = ("check/train", "check/held", "check/fake", "check/accuracy train", "check/accuracy held")
    evidence = {name: history.series(name).pairs() for name in names if name in history}
    at = gap(history)[-1]
    words = (
        "The discriminator has learned the training images by heart: real images it never saw look to it "
        f"{at:.0%} of the way like fakes. It no longer teaches what real images have in common, only which ones it "
        "knows. More or augmented images help."
    )
    return Told(evidence, words, confidence=0.8, severity=0.65)


DISCRIMINATOR_OVERFITS = Ailment("discriminator_overfits", score, tell)
