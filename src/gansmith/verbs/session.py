"""One process's stretch of a training: it iterates the game, looks after it, and does what is asked from outside."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from gansmith.doctor.finding import Finding
from gansmith.doctor.recipe import Remedy
from gansmith.errors import GansmithError
from gansmith.game.acts import remaining
from gansmith.game.game import Step
from gansmith.game.loop import play, reseed
from gansmith.runs.config import RunConfig
from gansmith.runs.state import Place, Training
from gansmith.verbs.care import Care
from gansmith.verbs.examination import Examination, plateau
from gansmith.verbs.frames import frame_due
from gansmith.verbs.record import Record
from gansmith.verbs.requests import Requests
from gansmith.verbs.rollback import end_with_best, go_back, here, last_healthy, take_back
from gansmith.verbs.signals import stopping

TICK_EVERY = 3.0  # seconds
SKIPS_BEFORE_ROLL_BACK = 3


class Interrupted(GansmithError):
    """Training was stopped from outside; everything is saved."""

    code = 130


class GivenUp(GansmithError):
    """No remedy helped; everything is saved, the best checkpoint too."""

    code = 3


@dataclass
class Session:
    """Plays a training to the end of its images, or until somebody says stop. `record` writes what happens."""

    record: Record
    asked: list[str] = field(default_factory=list)
    examined: int | None = None
    level: bool = False  # more training brings nothing
    useless: list[dict[str, Any]] = field(default_factory=list)  # treatments judged last, still in force
    care: Care = field(init=False)
    requests: Requests = field(init=False)

    def __post_init__(self) -> None:
        self.care, self.requests = Care(self.config), Requests(self.record, self.asked)

    @property
    def config(self) -> RunConfig:
        return self.record.config

    @property
    def training(self) -> Training:
        return self.record.training

    @property
    def place(self) -> Place:
        return self.training.place

    @cached_property
    def examination(self) -> Examination:
        return Examination(self.record.dataset, self.config, self.record.engine)

    def go(self) -> None:
        """Train. Raises Interrupted after Ctrl-C, SIGTERM or a stop request, GivenUp where no remedy helps."""
        record = self.record
        self.care.remember(record.run.journal.read())
        if self.care.lines:
            self.care.news(self.care.look_back(self.place))  # an earlier process has told them
        with stopping(self.asked):
            if self.place.counter == 0:
                record.note("start", seen=0)
                record.frame()
                record.checkpoint()
            while self.place.counter < self.config.images and not self.asked and not self.level:
                self.stretch()  # ends at the end of an act, on a request, or after a roll-back
            if not self.asked and record.scored != self.place.counter:
                self.examine(thoroughly=True)
            if not self.asked and (end := self.care.to_end(self.place)):
                self.end(*end)
            record.checkpoint()
            if self.examined != self.place.counter:
                self.tick()
        if self.asked:
            record.note("stop", by=self.asked[0])
            record.status("stopped")
            raise Interrupted(
                f"Stopped by {self.asked[0]} and saved at {self.place.counter} of {self.config.images} images.",
                do=f"gansmith resume {record.run.path.name}",
            )
        record.note("finish", seen=self.place.counter)
        record.status("finished")

    def stretch(self) -> None:
        training, config, place = self.training, self.config, self.place
        game = training.game
        act, end = next(remaining(game.acts, place.seen))
        training.enter(act, end)
        batches = self.record.dataset.at(act.size).batches(
            act.batch or int(config.settings["batch"]),
            seed=config.seed,
            seen=place.seen,
            device=self.record.engine.device,
            channels_last=len(config.spec.shape) == 3,
        )
        steps = play(
            game.during(act),
            batches,
            training.optimizers,
            training.averages,
            number=place.number,
            seen=place.seen,
            # After a roll-back the same steps come again: with other latents, or they would fail alike.
            seed=reseed(config.seed, -len(place.treatments)) if place.treatments else config.seed,
            parts=config.parts,
            engine=self.record.engine,
        )
        skipped = int(training.optimizers.skipped)
        for step in steps:
            place.number, place.seen = step.number + 1, step.seen + len(step.batch)
            self.record.recent.append(step.facts)
            if self.watches_skips(step) and int(training.optimizers.skipped) > skipped:
                skipped = int(training.optimizers.skipped)
                self.skip(step)
            if self.training is training:
                self.housekeeping(len(step.batch))
            if place.seen >= end or self.asked or self.level or self.training is not training:
                return

    def watches_skips(self, step: Step) -> bool:
        """On a GPU looking means waiting for it, so it is done now and then."""
        return self.record.engine.device == "cpu" or step.number % 50 == 0

    def skip(self, step: Step) -> None:
        """A gradient was not finite and was not applied; too many of them are an explosion."""
        place = self.place
        place.skipped += 1
        bad = sorted(name for name, value in step.facts.items() if not torch.isfinite(value).all())
        self.record.note("skipped step", seen=place.counter, not_finite=bad)
        if place.skipped >= SKIPS_BEFORE_ROLL_BACK or self.poisoned():
            words = f"{', '.join(bad) or 'the gradients'} not finite"
            self.treat(Finding("explosion", 1.0, 1.0, float(place.counter), {"skipped": float(place.skipped)}, words))

    def poisoned(self) -> bool:
        """Whether something that no skipped step protects, such as batch statistics, is not finite any more."""
        return not all(bool(torch.isfinite(buffer).all()) for buffer in self.training.game.networks.buffers())

    def housekeeping(self, batch: int) -> None:
        """After a step of `batch` images: pictures and check-ups by images seen, the rest by the clock."""
        record, training = self.record, self.training
        seen, now = self.place.counter, time.perf_counter()
        if frame_due(seen, batch, self.config.images):
            record.frame()
        ends = seen >= self.config.images
        if ends or self.examination.due(seen, batch):
            thoroughly = ends or self.examination.thorough(seen, batch) or self.care.trial_over(self.place)
            self.examine(thoroughly=thoroughly)
        if self.training is not training:
            return
        for name, undo in self.requests.answered():
            self.by_hand(name, undo=undo)
        if now - record.last_tick > TICK_EVERY:
            self.tick()
        if now - record.began > record.next_checkpoint:
            record.checkpoint()

    def tick(self) -> None:
        self.record.tick(light=self.care.light)

    def examine(self, *, thoroughly: bool) -> None:
        """A check-up, with an evaluation where it is thorough; then what the doctor says is heard."""
        record, place = self.record, self.place
        self.examined = place.counter
        facts = self.examination.look(self.training, thoroughly=thoroughly)
        if thoroughly:
            record.compare()
            kid = facts.get("eval/kid", math.nan)
            place.kid, record.scored = kid if math.isfinite(kid) else None, place.counter
        diagnosis = self.care.see(record.tick(facts, self.care.light), place)
        place.healthy = diagnosis.healthy
        for finding in self.care.news(diagnosis):
            record.note("finding", seen=place.counter, **finding.to_json())
        judged, training = self.care.judged(diagnosis, place), self.training
        for treatment in judged:
            record.note("trial", seen=place.counter, **treatment)
            record.watch({"warning": f"the trial of '{treatment['id']}' is over: {treatment['outcome']}"})
        if thoroughly:
            self.level = plateau(self.care.lines, self.config)
        self.useless = [treatment for treatment in judged if treatment["outcome"] == "undone"]
        due = self.care.to_treat(diagnosis, place)
        if due and not self.level and place.counter < self.config.images:
            self.treat(due)
        if self.training is training and self.useless and take_back(record, self.useless):
            self.examination.forget()
        if self.training is training and thoroughly:  # what was just left must not become the best
            record.checkpoint()

    def treat(self, finding: Finding, remedy: Remedy | None = None) -> None:
        """Roll back and change the cause, or give up after too many tries; a `remedy` given was asked for by hand."""
        place, by_hand = self.place, remedy is not None
        self.care.overtaken(finding, place)
        remedy = remedy or self.care.remedy(finding, place)
        if remedy is not None and remedy.ends:
            self.end(finding, remedy)
            return
        helpless = finding.ailment == "explosion" and (remedy is None or self.config.remedies == "off")
        if not by_hand and (helpless or self.care.exhausted(place)):
            self.give_up(finding)
        if remedy is None:
            return
        again = sum(treatment["ailment"] == finding.ailment for treatment in place.treatments)
        sound = self.care.sound_until(finding, remedy, place)
        found = None if sound is None else last_healthy(self.record.run.checkpoints, sound, min(again, 1))
        path = found or here(self.record)
        if path is None:
            self.record.warn(f"{remedy.id} is not applied: no checkpoint to go on from")
            return
        treatment = self.care.treatment(finding, remedy, place, int(path.name))
        fresh = remedy.fresh
        if treatment["to"] == 0 and (
            remedy.anew or finding.ailment != "explosion"
        ):  # nothing learnt is lost, and a bad start is left
            fresh = tuple(self.training.game.optimizers)
        go_back(self.record, path, [*place.treatments, treatment], fresh)
        self.examination.forget()
        self.record.note(
            "roll back" if treatment["to"] < treatment["at"] else "remedy", seen=place.counter, **treatment
        )
        self.record.warn(f"{finding.words}: back to {treatment['to']} images, {remedy.words}")

    def end(self, finding: Finding, remedy: Remedy) -> None:
        """End the training with its best checkpoint."""
        record, at = self.record, self.place.counter
        treatment = self.care.treatment(finding, remedy, self.place, at)
        if not end_with_best(record, treatment):
            return
        self.level = True
        self.care.look_back(self.place)
        record.frame()
        record.note("roll back", seen=at, **treatment)
        record.note("trial", seen=at, **treatment)
        record.warn(f"{finding.words}: ended with the best, of {treatment['to']} images")

    def give_up(self, finding: Finding) -> None:
        record, place = self.record, self.place
        if finding.ailment != "explosion" and not (self.useless and take_back(record, self.useless)):
            record.checkpoint()
        record.note("given up", seen=place.counter, ailment=finding.ailment)
        record.status("failed")
        best = place.best["name"] if place.best else "last"
        raise GivenUp(
            f"Training was given up at {place.counter} images: {finding.words}.",
            why=f"{len(place.treatments)} remedies were tried" if place.treatments else "remedies are off",
            do=f"gansmith sample {record.run.path.name} --checkpoint {best} still works; "
            "train anew with -f robust, or a smaller lr=",
        )

    def by_hand(self, name: str, *, undo: bool) -> None:
        """Apply or undo a remedy that somebody asked for."""
        place, record = self.place, self.record
        if undo:
            if not (undone := [treatment for treatment in place.in_force if treatment["id"] == name]):
                record.warn(f"no remedy '{name}' is in force")
            elif take_back(record, undone):
                self.examination.forget()
                record.note("remedy undone", seen=place.counter, id=name)
            return
        found = self.care.called(name, place)
        if found is None:
            record.warn(f"no remedy '{name}' can be applied now")
        else:
            self.treat(*found)
