"""What a training writes while it runs: journal and heartbeat, pictures, checkpoints, events."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.engine import Engine, peak_memory_mb, return_memory
from gansmith.families import family
from gansmith.runs import checkpoint
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.state import Place, Training
from gansmith.verbs.conditions import conditions_of
from gansmith.verbs.frames import SHOWN, affordable, classes_shown, distance, draw, exhibit, judges, picture, sampled

Report = Mapping[str, Any]
Watcher = Callable[[Report], None]

FIRST_CHECKPOINT, CHECKPOINT_EVERY = 45.0, 180.0  # seconds
SHOWN_EVERY = 2.5  # seconds between two reports of check-ups to whoever watches
RING = 5  # of the newest checkpoints, to roll back to


@dataclass
class Record:
    """Keeps the run folder true. A disk that refuses costs a picture or a checkpoint, never the training.

    recent: facts of the last steps. measured, scored, saved: images seen when the distance and the KID were last taken,
    and a checkpoint written, of the very weights that are live. speed: images per second.
    """

    run: Run
    config: RunConfig
    dataset: Dataset
    engine: Engine
    training: Training
    watch: Watcher
    recent: deque[dict[str, torch.Tensor]] = field(default_factory=lambda: deque(maxlen=8))
    thumbnail: np.ndarray | None = None
    began: float = field(default_factory=time.perf_counter)
    seconds_before: float = 0.0
    last_tick: float = -math.inf
    last_shown: float = -math.inf
    next_checkpoint: float = FIRST_CHECKPOINT
    tick_seen: int = 0
    measured: int | None = None
    scored: int | None = None
    saved: int | None = None
    speed: float = 0.0

    def __post_init__(self) -> None:
        self.seconds_before, self.tick_seen = self.place.seconds, self.place.counter

    @property
    def place(self) -> Place:
        return self.training.place

    def change(self, training: Training) -> None:
        """Follow another training from now on: the one a roll-back made."""
        self.training, self.tick_seen = training, training.place.counter
        self.recent.clear()
        self.measured = self.scored = self.saved = None

    def waited(self, seconds: float) -> None:
        """Leave a pause out of the training's time."""
        self.began += seconds
        self.last_tick = time.perf_counter()

    def frame(self) -> None:
        """A picture of the same latents as ever, and the distance to the held-out samples."""
        place = self.place
        shown = affordable(self.config.spec, SHOWN)
        samples = self.drawn(max(shown, len(judges(self.dataset))))
        place.distance, self.measured = distance(samples, self.dataset), place.counter
        path = self.run.samples / f"{place.name}.png"
        recipe = {"run": self.run.path.name, "seen": place.counter, "seed": 0}
        recipe |= self.training.game.marks(sampled(self.training))
        classes = classes_shown(self.config.spec, family(self.config.family).conditions)
        with self.engine.autocast():
            displayed = exhibit(self.training, classes) if classes else samples[:shown]
        try:
            self.thumbnail = picture(displayed, self.dataset, path, recipe, samples, len(classes) or None)
        except OSError as error:
            self.warn(f"picture not written, training goes on: {error}")

    def compare(self) -> None:
        """Measure the distance to the held-out samples, unless a picture just did."""
        place = self.place
        if self.measured != place.counter:
            samples = self.drawn(len(judges(self.dataset)))
            place.distance, self.measured = distance(samples, self.dataset), place.counter

    def drawn(self, count: int) -> torch.Tensor:
        with self.engine.autocast():
            return draw(self.training, count, given=conditions_of(self.dataset, judges(self.dataset), count))

    def tick(self, more: Mapping[str, float] | None = None, light: tuple[str, str] | None = None) -> dict[str, Any]:
        """A line in the journal, a heartbeat, a report to whoever watches."""
        place, now = self.place, time.perf_counter()
        if math.isfinite(self.last_tick) and place.counter > self.tick_seen and now > self.last_tick:
            fresh = (place.counter - self.tick_seen) / (now - self.last_tick)
            self.speed = fresh if not self.speed else 0.7 * self.speed + 0.3 * fresh
        self.last_tick, self.tick_seen = now, place.counter
        place.seconds = self.seconds_before + now - self.began
        left = (self.config.images - place.counter) / self.speed if self.speed else None
        line = {
            "seen": place.counter,
            "lost": place.lost,
            "step": place.number,
            "seconds": round(place.seconds, 2),
            "images_per_second": round(self.speed, 1),
            "memory_mb": peak_memory_mb(),
            "facts": self.facts() | dict(more or {}),
        }
        self.run.journal.append(line)
        self.run.write_status("training", seen=place.counter, total=self.config.images, seconds_left=left)
        if more is None or now - self.last_shown > SHOWN_EVERY:
            self.last_shown = now
            shown = {"name": self.run.path.name, "family": self.config.family, "thumbnail": self.thumbnail}
            self.watch({**line, **shown, "light": light, "total": self.config.images, "seconds_left": left})
        return line

    def facts(self) -> dict[str, float]:
        """The last steps' facts as means, and what they say of the discriminator."""
        values: dict[str, list[float]] = {}
        for facts in self.recent:
            for name, value in facts.items():
                values.setdefault(name, []).append(float(value.float().mean()))
        means = {RENAMED.get(name, name): sum(v) / len(v) for name, v in values.items()}
        for name, adam in self.training.game.optimizers.items():
            means[f"{name}/lr"] = adam.lr(self.place.seen) * self.training.optimizers.gain
        means["skipped"] = float(self.training.optimizers.skipped)
        if self.place.distance is not None:
            means["distance"] = self.place.distance
        return means

    def checkpoint(self) -> None:
        """Save; a full disk is told and tried again later, the old checkpoints stay."""
        place = self.place
        self.next_checkpoint = time.perf_counter() - self.began + CHECKPOINT_EVERY
        place.seconds = self.seconds_before + time.perf_counter() - self.began
        best, skipped = place.best, place.skipped
        if self.scored == place.counter and place.kid is not None and (best is None or place.kid <= best["kid"]):
            place.best = {"name": place.name, "kid": place.kid}
        place.skipped = 0
        return_memory()
        try:
            self.training.save(self.run.checkpoints)
        except checkpoint.CheckpointError as error:
            place.best, place.skipped = best, skipped
            self.warn(f"checkpoint not written, training goes on with the old one: {error.what} {error.why}")
            return
        self.saved = place.counter
        names = [path.name for path in self.run.checkpoints.iterdir() if path.name.isdecimal()]
        keep = checkpoint.keepers(names, best=place.best["name"] if place.best else None, last=RING)
        checkpoint.prune(self.run.checkpoints, keep=keep, warn=self.warn)

    def status(self, state: str) -> None:
        self.run.write_status(state, seen=self.place.counter, total=self.config.images)

    def note(self, event: str, **facts: Any) -> None:
        self.run.events.append({"event": event, "time": round(time.time(), 3), **facts})

    def warn(self, words: str) -> None:
        self.note("warning", words=words, seen=self.place.counter)
        self.watch({"warning": words})


RENAMED = {
    "duel/real": "logits/real",
    "duel/fake": "logits/fake",
    "penalty/penalty": "discriminator/penalty",
}
