"""What it costs to look after a training. Usage: python -m benchmarks.looking DATA FAMILY DURATION (one thread)."""

from __future__ import annotations

import sys
import tempfile
import time
from typing import Any

import torch

from gansmith.verbs.session import Session
from gansmith.verbs.train import train


def share(data: str, family: str, duration: str, **settings: Any) -> dict[str, float]:
    """Train on one thread. Seconds of processor time: of all steps, of a check-up, of an evaluation, of the first one.

    share: of all that was looked at, as it would be in a training of six minutes at the default intervals.
    """
    torch.set_num_threads(1)
    spent: dict[bool, list[float]] = {False: [], True: []}
    whole: list[float] = []
    examine, go = Session.examine, Session.go

    def timed(self: Session, *, thoroughly: bool) -> None:
        begin = time.process_time()
        examine(self, thoroughly=thoroughly)
        spent[thoroughly].append(time.process_time() - begin)

    def timed_go(self: Session) -> None:
        begin = time.process_time()
        go(self)
        whole.append(time.process_time() - begin)

    Session.examine, Session.go = timed, timed_go  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as out:
            run = train(data, family=family, duration=duration, out=out, **settings)
            images, batch = int(run.config()["images"]), int(run.config()["settings"]["batch"])
    finally:
        Session.examine, Session.go = examine, go  # type: ignore[method-assign]
    checkups, evaluations = sorted(spent[False]), sorted(spent[True][1:])
    checkup, evaluation = (some[len(some) // 2] for some in (checkups, evaluations))
    looked = sum(map(sum, spent.values()))
    per_image = (whole[0] - looked) / images
    return {
        "images": images,
        "step": per_image * batch,
        "checkup": checkup,
        "evaluation": evaluation,
        "first": spent[True][0],
        "share": looked / whole[0],
        "share of six minutes": share_of(360.0, per_image, batch, checkup, evaluation, spent[True][0]),
    }


def share_of(seconds: float, per_image: float, batch: int, checkup: float, evaluation: float, first: float) -> float:
    """The share in a training of some length, by the intervals of the examination."""
    from gansmith.verbs.examination import CHECKUP_STEPS, CHECKUPS, EVALUATION_STEPS, EVALUATIONS

    steps = seconds / (per_image * batch)
    checkups = min(CHECKUPS, steps / CHECKUP_STEPS)
    evaluations = min(EVALUATIONS, steps / EVALUATION_STEPS)
    looked = checkups * checkup + evaluations * (evaluation - checkup) + first
    return looked / (seconds + looked)


if __name__ == "__main__":
    data, family, duration = sys.argv[1:4]
    for name, value in share(data, family, duration).items():
        print(f"{name:22} {value:.4g}")
