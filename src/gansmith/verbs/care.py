"""The doctor at a training's side: what it has seen, what it says, and which remedy is due."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gansmith.doctor.diagnose import diagnose
from gansmith.doctor.finding import Diagnosis, Finding, light
from gansmith.doctor.history import History
from gansmith.doctor.recipe import Remedy
from gansmith.doctor.remedy import KEEP_BEST, TABLE, remedies
from gansmith.runs.config import RunConfig
from gansmith.runs.logs import history_of
from gansmith.runs.state import Place

TRIAL = 0.05  # of the budget: how long a remedy may take to help
FRESH = 4  # times as long for networks made anew: they have everything to learn again
EARLY = 0.2  # share of the budget; what began before is treated from the very beginning
WORSE, WORSE_ANEW = (
    1.25,
    3.0,
)  # times the score before it: beyond, a remedy has not helped even where the ailment is gone;
# of networks made anew, whose first scores lie orders of magnitude apart, more is borne
TRIES, WITHIN = 3, 0.1  # interventions within this share of the budget; then the training is given up
LATE = 0.5  # share of the budget after which nothing is begun anew any more


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
        return history_of(self.lines, self.config.model_dump(mode="json"), place.changes, kept=place.kept)

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
        """The finding to act on now: of those that may be treated unasked, the first for which there is something left.

        Nothing against what a data fault brings with it: no setting mends that.
        """
        on_trial = any(t["outcome"] == "trial" and place.counter < t["until"] for t in place.treatments)
        may = [finding for finding in diagnosis.findings if finding.sick and self.may_treat(finding.ailment)]
        for finding in may:
            if finding.ailment == "explosion":
                return finding
        if on_trial or (may and may[0].ailment == "data_fault"):
            return None  # one change at a time
        return next((finding for finding in may if self.remedy(finding, place)), None)

    def to_end(self, place: Place) -> tuple[Finding, Remedy] | None:
        """At the end of a training that is ill: to keep its best instead, where that was better."""
        found, remedy = self.diagnosis.findings if self.diagnosis else (), KEEP_BEST.made(self.config.settings)
        ill = next((finding for finding in found if finding.sick and self.may_treat(finding.ailment)), None)
        return (ill, remedy) if ill and remedy and self.was_better(place) else None

    def was_better(self, place: Place) -> bool:
        return place.best is not None and _worse(place.best["kid"], place.kid, WORSE)

    def trial_over(self, place: Place) -> bool:
        """Whether a trial is over and not judged yet: it needs a score."""
        return any(t["outcome"] == "trial" and place.counter >= t["until"] for t in place.treatments)

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
        offered = [one for one in self.offered(finding.ailment, place) if one.applicable and self.in_time(one, place)]
        useful = [remedy for remedy in offered if tried.get(remedy.id) != "undone"]
        return next((remedy for remedy in useful if remedy.id not in tried), next(iter(useful), None))

    def in_time(self, remedy: Remedy, place: Place) -> bool:
        """Whether there is enough left of the training for a remedy; to end it there must have been better."""
        if remedy.ends:
            return self.was_better(place)
        return not (remedy.anew or remedy.fresh) or place.counter <= LATE * self.config.images

    def overtaken(self, finding: Finding, place: Place) -> None:
        """An ailment that is there again: the remedy on trial has not helped."""
        for treatment in place.treatments:
            if treatment["ailment"] == finding.ailment and treatment["outcome"] == "trial":
                treatment["outcome"] = "kept" if _stays(treatment) else "undone"

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
                times = WORSE if treatment["to"] else WORSE_ANEW
                useless = treatment["ailment"] in ill or _worse(treatment["kid"], place.kid, times)
                treatment["outcome"] = "undone" if useless and not _stays(treatment) else "kept"
                treatment["kid_after"] = place.kid
                ended.append(treatment)
        return ended

    def sound_until(self, finding: Finding, remedy: Remedy, place: Place) -> float | None:
        """Images seen up to which the training was sound, and may be gone back to; None to go on from where it is.

        What shows so early was there from the beginning, and no state that came of it is worth keeping, unless too
        little is left to begin anew.
        """
        if not remedy.roll_back:
            return None
        if not remedy.anew and (finding.ailment == "explosion" or finding.onset >= EARLY * self.config.images):
            return finding.onset
        return 0.0 if place.counter <= LATE * self.config.images else None

    def last_kid(self, place: Place) -> float | None:
        """The score as it was last measured, under whichever settings."""
        kids = (line["facts"].get("eval/kid", math.nan) for line in reversed(self.lines))
        return place.kid if place.kid is not None else next((kid for kid in kids if math.isfinite(kid)), None)

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
            "anew": remedy.anew,
            "kid": self.last_kid(place),
            "outcome": "trial",
        }


def _worse(before: float | None, after: float | None, times: float) -> bool:
    """Whether a score is clearly beyond what it was."""
    return before is not None and after is not None and after > times * max(before, 0.0) + 1e-3


def _stays(treatment: Mapping[str, Any]) -> bool:
    """Whether a remedy is not taken back even where it was not enough.

    A smaller learning rate against an explosion becomes smaller still; a setting that cannot work is not put back.
    """
    return treatment.get("anew", False) or (treatment["ailment"] == "explosion" and treatment["gain"] < 1)


def is_checkup(line: Mapping[str, Any]) -> bool:
    return any(name.startswith("check/") for name in line.get("facts", ()))
