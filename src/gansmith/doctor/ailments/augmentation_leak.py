"""augmentation_leak: what was done to the images for the discriminator's eyes shows in the samples."""

from __future__ import annotations

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import above

LEAK = 0.2  # of fakes that look augmented, above the share of reals (Karras et al. 2020, section 2.2)


def score(history: History) -> Series:
    return rows(history, above(history.held("eval/leak"), LEAK), "eval/leak")


def tell(history: History, onset: float) -> Told:
    words = (
        f"Augmentation leaks: {history.held('eval/leak')[-1]:.0%} more of the samples than of the real images look "
        "shifted, tinted or cut out. The generator takes the augmentation for part of the data."
    )
    return Told({"eval/leak": history.series("eval/leak").pairs()}, words, confidence=0.8, severity=0.55)


AUGMENTATION_LEAK = Ailment("augmentation_leak", score, tell, need=2, of=3)
