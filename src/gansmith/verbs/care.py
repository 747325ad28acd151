"""The doctor at a training's side: what it has seen, what it says, and which remedy is due."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gansmith.doctor.diagnose import diagnose
from gansmith.doctor.finding import Diagnosis, Finding, light
from gansmith.doctor.history import History
from gansmith.doctor.remedy import TABLE, Remedy, remedies
from gansmith.runs.config import RunConfig
from gansmith.runs.logs import history_of
from gansmith.runs.state import Place

TRIAL = 0.05  # of the budget: how long a remedy may take to help
FRESH = 4  # times as long for networks made anew: they have everything to learn again
EARLY = 0.2  # share of the budget; what began before is treated from the very beginning
WORSE = 1.25  # times the score before it: beyond, a remedy has not helped even where the ailment is gone
TRIES, WITHIN = 3, 0.1  # interventions within this share of the budget; then the training is given up


@dataclass
class Care:
    """Follows one training. Decides from check-ups alone, which come by images seen: so a resumed run decides alike."""

    config: RunConfig
    lines: list[Mapping[str, Any]] = field(default_factory=list)
    diagnosis: Diagnosis | None = None
    told: set[str] = field(default_factory=set)

    def remember(self, journal: list[dict[str, Any]]) -> None:
        """Take up a journal where an earlier process left it."""
        self.lines = [line for line in journal if is_checkup(line)]

    def see(self, line: Mapping[str, Any], place: Place) -> Diagnosis:
        """The diagnosis after one more check-up."""
        self.lines.append(line)
        self.diagnosis = diagnose(self.history(place))
        return self.diagnosis

    def look_back(self, place: Place) -> Diagnosis:
        """The diagnosis of what is remembered, with nothing added."""
        self.diagnosis = diagnose(self.history(place))
        return self.diagnosis

    def history(self, place: Place) -> History:
        return history_of(self.lines, self.config.model_dump(mode="json"), place.changes)

    def news(self, diagnosis: Diagnosis) -> list[Finding]:
        """The findings not yet told; one that went away and came back is news again."""
        now = {finding.ailment for finding in diagnosis.findings}
        new = [finding for finding in diagnosis.findings if finding.ailment not in self.told]
        self.told = now
        return new

    @property
    def light(self) -> tuple[str, str]:
        """("green" | "amber" | "red", one sentence); green before there is anything to say."""
        return light(self.diagnosis) if self.diagnosis else ("green", "")

    def to_treat(self, diagnosis: Diagnosis, place: Place) -> Finding | None:
        """The finding to act on now: of those that may be treated unasked, the first not under a trial."""
        on_trial = any(t["outcome"] == "trial" and place.counter < t["until"] for t in place.treatments)
        for finding in diagnosis.findings:
            if on_trial and finding.ailment != "explosion":
                continue  # one change at a time
            if finding.sick and self.may_treat(finding.ailment):
                return finding
        return None

    def may_treat(self, ailment: str) -> bool:
        mode = self.config.remedies
        return mode == "auto" or (mode == "suggest" and ailment in self.config.guard)

    def exhausted(self, place: Place) -> bool:
        """Whether there were too many interventions lately for one more."""
        since = place.counter - WITHIN * self.config.images
        return sum(treatment["at"] > since for treatment in place.treatments) >= TRIES

    def offered(self, ailment: str, place: Place) -> tuple[Remedy, ...]:
        spec = self.config.spec
        return remedies(ailment, {**self.config.settings, **place.changes}, kind=spec.kind, shape=spec.shape)

    def remedy(self, finding: Finding, place: Place) -> Remedy | None:
        """The first remedy for it that was not found useless before, and that was not enough by itself."""
        tried = {t["id"]: t["outcome"] for t in place.treatments if t["ailment"] == finding.ailment}
        offered = [remedy for remedy in self.offered(finding.ailment, place) if remedy.applicable]
        useful = [remedy for remedy in offered if tried.get(remedy.id) != "undone"]
        return next((remedy for remedy in useful if remedy.id not in tried), next(iter(useful), None))

    def overtaken(self, finding: Finding, place: Place) -> None:
        """An ailment that is there again: the remedy on trial has not helped."""
        for treatment in place.treatments:
            if treatment["ailment"] == finding.ailment and treatment["outcome"] == "trial":
                treatment["outcome"] = "kept" if _cut(treatment) else "undone"

    def called(self, name: str, place: Place) -> tuple[Finding, Remedy] | None:
        """The remedy of that name for what the doctor found, else for the ailment it is meant for."""
        found = self.diagnosis.findings if self.diagnosis else ()
        strangers = [
            Finding(ailment, 0.0, 0.0, float(place.counter), words=f"{name} was asked for")
            for ailment in TABLE
            if ailment not in {finding.ailment for finding in found}
        ]
        for finding in (*found, *strangers):
            for remedy in self.offered(finding.ailment, place):
                if remedy.id == name and remedy.applicable:
                    return finding, remedy if finding in found else replace(remedy, roll_back=False)
        return None

    def judged(self, diagnosis: Diagnosis, place: Place) -> list[dict[str, Any]]:
        """The trials that end now, with their outcome: kept, or undone."""
        ill = {finding.ailment for finding in diagnosis.findings if finding.sick}
        ended = []
        for treatment in place.treatments:
            if treatment["outcome"] == "trial" and place.counter >= treatment["until"]:
                before, after = treatment["kid"], place.kid
                worse = before is not None and after is not None and after > WORSE * max(before, 0.0) + 1e-3
                useless = (treatment["ailment"] in ill or worse) and not _cut(treatment)
                treatment["outcome"] = "undone" if useless else "kept"
                treatment["kid_after"] = after
                ended.append(treatment)
        return ended

    def from_the_start(self, finding: Finding) -> bool:
        """What shows so early was there from the beginning: no state that came of it is worth keeping."""
        return finding.ailment != "explosion" and finding.onset < EARLY * self.config.images

    def treatment(self, finding: Finding, remedy: Remedy, place: Place, to: int) -> dict[str, Any]:
        """The record of an intervention, as checkpoints and events keep it."""
        return {
            "id": remedy.id,
            "ailment": finding.ailment,
            "words": remedy.words,
            "at": place.counter,
            "to": to,
            "until": place.counter + math.ceil(TRIAL * self.config.images) * (FRESH if remedy.fresh or not to else 1),
            "changes": dict(remedy.changes),
            "gain": remedy.gain,
            "kid": place.kid,
            "outcome": "trial",
        }


def _cut(treatment: Mapping[str, Any]) -> bool:
    """A smaller learning rate against an explosion: it becomes smaller still, and is not taken back."""
    return treatment["ailment"] == "explosion" and treatment["gain"] < 1


def is_checkup(line: Mapping[str, Any]) -> bool:
    return any(name.startswith("check/") for name in line.get("facts", ()))
