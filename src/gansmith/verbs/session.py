"""One process's stretch of a training: it iterates the game and keeps the run folder true while it does."""

from __future__ import annotations

import contextlib
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
from gansmith.errors import GansmithError
from gansmith.game.acts import remaining
from gansmith.game.game import Step
from gansmith.game.loop import play
from gansmith.runs import checkpoint
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.state import Training
from gansmith.verbs.frames import SHOWN, distance, draw, frame_due, judges, picture
from gansmith.verbs.signals import stopping

Report = Mapping[str, Any]
Watcher = Callable[[Report], None]

FIRST_CHECKPOINT, CHECKPOINT_EVERY = 45.0, 180.0  # seconds
TICK_EVERY, POLL_EVERY = 3.0, 0.5  # seconds
SKIPS_BEFORE_ROLL_BACK = 3


class Interrupted(GansmithError):
    """Training was stopped from outside; everything is saved."""

    code = 130


@dataclass
class Session:
    """Plays a training to the end of its images, or until somebody says stop."""

    run: Run
    config: RunConfig
    dataset: Dataset
    engine: Engine
    training: Training
    watch: Watcher
    asked: list[str] = field(default_factory=list)
    recent: deque[dict[str, torch.Tensor]] = field(default_factory=lambda: deque(maxlen=8))
    thumbnail: np.ndarray | None = None
    began: float = 0.0
    seconds_before: float = 0.0
    last_tick: float = -math.inf
    last_poll: float = 0.0
    next_checkpoint: float = FIRST_CHECKPOINT
    tick_seen: int = 0
    measured: int | None = None  # images seen when the distance was last measured
    speed: float = 0.0

    def go(self) -> None:
        """Train. Raises Interrupted after Ctrl-C, SIGTERM or a stop request, everything saved."""
        self.seconds_before = self.training.place.seconds
        self.began = time.perf_counter()
        self.tick_seen = self.training.place.seen
        with stopping(self.asked):
            if self.training.place.seen == 0:
                self.note("start", seen=0)
                self.frame()
                self.checkpoint()
            while self.training.place.seen < self.config.images and not self.asked:
                self.stretch()  # ends at the end of an act, on a request, or after a roll-back
            self.checkpoint()
            self.tick()
        if self.asked:
            self.note("stop", by=self.asked[0])
            self.run.write_status("stopped", seen=self.training.place.seen, total=self.config.images)
            raise Interrupted(
                f"Stopped by {self.asked[0]} and saved at {self.training.place.seen} of {self.config.images} images.",
                do=f"gansmith resume {self.run.path.name}",
            )
        self.note("finish")
        self.run.write_status("finished", seen=self.training.place.seen, total=self.config.images)

    def stretch(self) -> None:
        training, config = self.training, self.config
        place, game = training.place, training.game
        act, end = next(remaining(game.acts, place.seen))
        batch = int(config.settings["batch"])
        batches = self.dataset.batches(
            batch,
            seed=config.seed,
            seen=place.seen,
            device=self.engine.device,
            channels_last=len(config.spec.shape) == 3,
        )
        steps = play(
            game.during(act),
            batches,
            training.optimizers,
            training.averages,
            number=place.number,
            seen=place.seen,
            seed=config.seed,
            parts=config.parts,
            engine=self.engine,
        )
        skipped = int(training.optimizers.skipped)
        for step in steps:
            place.number, place.seen = step.number + 1, step.seen + len(step.batch)
            self.recent.append(step.facts)
            if self.watches_skips(step) and int(training.optimizers.skipped) > skipped:
                skipped = int(training.optimizers.skipped)
                if self.skip(step):
                    return
            self.housekeeping()
            if place.seen >= end or self.asked:
                return

    def watches_skips(self, step: Step) -> bool:
        """On a GPU looking means waiting for it, so it is done now and then."""
        return self.engine.device == "cpu" or step.number % 50 == 0

    def skip(self, step: Step) -> bool:
        """A gradient was not finite and was not applied. True when the training was rolled back."""
        place = self.training.place
        place.skipped += 1
        bad = sorted(name for name, value in step.facts.items() if not torch.isfinite(value).all())
        self.note("skipped step", seen=place.seen, not_finite=bad)
        if place.skipped < SKIPS_BEFORE_ROLL_BACK and not self.poisoned():
            return False
        if place.rolled_back:
            self.note("break down", seen=place.seen, not_finite=bad)
            self.run.write_status("failed", seen=place.seen, total=self.config.images)
            raise GansmithError(
                f"Training broke down at {place.seen} images: {', '.join(bad) or 'the gradients'} not finite, again.",
                why="it had been rolled back and gone on with half the learning rate before",
                do="gansmith sample still works from the last good checkpoint; train anew with a smaller lr=",
            )
        good = checkpoint.newest(self.run.checkpoints, warn=self.warn)
        if good is None:
            raise GansmithError("Training broke down and no checkpoint verifies.", do="train anew with a smaller lr=")
        at, gain = place.seen, self.training.place.gain / 2
        self.training.restore(good)
        place = self.training.place
        place.gain = self.training.optimizers.gain = gain
        place.rolled_back, place.skipped = True, 0
        self.training.optimizers.skipped.zero_()
        with contextlib.suppress(OSError):  # a full disk: the curves then show both tries
            self.run.journal.truncate_after(place.seen)
        self.tick_seen = place.seen
        self.note("roll back", at=at, seen=place.seen, learning_rate_times=gain, not_finite=bad)
        self.warn(f"not-finite {', '.join(bad)}: back to {place.seen} images, learning rates halved")
        self.checkpoint()
        return True

    def poisoned(self) -> bool:
        """Whether something that no skipped step protects, such as batch statistics, is not finite any more."""
        return not all(bool(torch.isfinite(buffer).all()) for buffer in self.training.game.networks.buffers())

    def housekeeping(self) -> None:
        """Between steps: pictures by images seen, the rest by the clock."""
        place, now = self.training.place, time.perf_counter()
        if frame_due(place.seen, int(self.config.settings["batch"]), self.config.images):
            self.frame()
        if now - self.last_poll > POLL_EVERY:
            self.last_poll = now
            self.requests()
        if now - self.last_tick > TICK_EVERY:
            self.tick()
        if now - self.began > self.next_checkpoint:
            self.checkpoint()
            self.next_checkpoint = time.perf_counter() - self.began + CHECKPOINT_EVERY

    def frame(self) -> None:
        """A picture of the same latents as ever, and the distance to the held-out samples."""
        place = self.training.place
        samples = self.drawn(max(SHOWN, len(judges(self.dataset))))
        place.distance, self.measured = distance(samples, self.dataset), place.seen
        path = self.run.samples / f"{place.name}.png"
        recipe = {"run": self.run.path.name, "seen": place.seen, "seed": 0}
        try:
            self.thumbnail = picture(samples[:SHOWN], self.dataset, path, recipe, points=samples)
        except OSError as error:
            self.warn(f"picture not written, training goes on: {error}")

    def drawn(self, count: int) -> torch.Tensor:
        with self.engine.autocast():
            return draw(self.training, count)

    def tick(self) -> None:
        """A line in the journal, a heartbeat, a report to whoever watches."""
        place, now = self.training.place, time.perf_counter()
        if math.isfinite(self.last_tick) and place.seen > self.tick_seen:
            fresh = (place.seen - self.tick_seen) / (now - self.last_tick)
            self.speed = fresh if not self.speed else 0.7 * self.speed + 0.3 * fresh
        self.last_tick, self.tick_seen = now, place.seen
        place.seconds = self.seconds_before + now - self.began
        left = (self.config.images - place.seen) / self.speed if self.speed else None
        line = {
            "seen": place.seen,
            "step": place.number,
            "seconds": round(place.seconds, 2),
            "images_per_second": round(self.speed, 1),
            "memory_mb": peak_memory_mb(),
            "facts": self.facts(),
        }
        self.run.journal.append(line)
        self.run.write_status("training", seen=place.seen, total=self.config.images, seconds_left=left)
        shown = {"name": self.run.path.name, "family": self.config.family, "thumbnail": self.thumbnail}
        self.watch({**line, **shown, "total": self.config.images, "seconds_left": left})

    def facts(self) -> dict[str, float]:
        """The last steps' facts as means, and what they say of the discriminator."""
        values: dict[str, list[float]] = {}
        for facts in self.recent:
            for name, value in facts.items():
                values.setdefault(name, []).append(float(value.float().mean()))
        seen = self.training.place.seen
        means = {RENAMED.get(name, name): sum(v) / len(v) for name, v in values.items()}
        for name, adam in self.training.game.optimizers.items():
            means[f"{name}/lr"] = adam.lr(seen) * self.training.optimizers.gain
        if self.training.place.distance is not None:
            means["distance"] = self.training.place.distance
        return means

    def checkpoint(self) -> None:
        """Save; a full disk is told and tried again later, the old checkpoints stay."""
        place = self.training.place
        place.seconds = self.seconds_before + time.perf_counter() - self.began
        if self.measured != place.seen:
            samples = self.drawn(len(judges(self.dataset)))
            place.distance, self.measured = distance(samples, self.dataset), place.seen
        best, skipped = place.best, place.skipped
        if place.distance is not None and (best is None or place.distance <= best["distance"]):
            place.best = {"name": place.name, "distance": place.distance}
        place.skipped = 0
        return_memory()
        try:
            self.training.save(self.run.checkpoints)
        except checkpoint.CheckpointError as error:
            place.best, place.skipped = best, skipped
            self.warn(f"checkpoint not written, training goes on with the old one: {error.what} {error.why}")
            return
        names = [path.name for path in self.run.checkpoints.iterdir() if path.name.isdecimal()]
        keep = checkpoint.keepers(names, best=place.best["name"] if place.best else None)
        checkpoint.prune(self.run.checkpoints, keep=keep, warn=self.warn)

    def requests(self) -> None:
        """Do what other shells asked for through the inbox."""
        for request in self.run.take(self.warn):
            name = str(request.get("request"))
            if name == "stop":
                self.asked.append("request")
            elif name == "snapshot":
                self.frame()
                self.checkpoint()
                self.note("snapshot", seen=self.training.place.seen)
            elif name == "pause":
                self.pause()

    def pause(self) -> None:
        self.checkpoint()
        self.note("pause", seen=self.training.place.seen)
        start = time.perf_counter()
        while not self.asked:
            self.run.write_status("paused", seen=self.training.place.seen, total=self.config.images)
            names = [request.get("request") for request in self.run.take(self.warn)]
            if "stop" in names:
                self.asked.append("request")
            if "continue" in names:
                break
            time.sleep(POLL_EVERY)
        self.began += time.perf_counter() - start  # waiting is not training
        self.last_tick = time.perf_counter()
        self.note("continue", seen=self.training.place.seen)

    def note(self, event: str, **facts: Any) -> None:
        self.run.events.append({"event": event, "time": round(time.time(), 3), **facts})

    def warn(self, words: str) -> None:
        self.note("warning", words=words, seen=self.training.place.seen)
        self.watch({"warning": words})


RENAMED = {
    "duel/real": "logits/real",
    "duel/fake": "logits/fake",
    "penalty/penalty": "discriminator/penalty",
}
