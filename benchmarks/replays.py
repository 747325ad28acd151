"""What the detectors say of a recorded training at each of its check-ups, knowing nothing of later ones."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gansmith.doctor.history import History

DOCTOR = Path(__file__).resolve().parents[1] / "src" / "gansmith" / "doctor"
LOSS, IN_A_ROW = 0.1, 10  # the rule of thumb to beat: a discriminator's loss so low for so many lines


@dataclass(frozen=True)
class Alarm:
    """A check-up at which the doctor called the training sick. at: share of the budget; names: weightiest first."""

    at: float
    names: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """All alarms of one training in order, and when the loss rule of thumb would have raised one."""

    alarms: tuple[Alarm, ...] = ()
    loss_rule: float | None = None

    def first(self, since: float = 0.0) -> Alarm | None:
        """The first alarm at or after a share of the budget."""
        return next((alarm for alarm in self.alarms if alarm.at >= since), None)

    def dominant(self, since: float = 0.0) -> str:
        """The name that stood first at most check-ups, of equals the earlier; "" without an alarm."""
        counted = Counter(alarm.names[0] for alarm in self.alarms if alarm.at >= since)
        return counted.most_common(1)[0][0] if counted else ""


@cache
def version() -> str:
    """Eight digits that change with the detectors, their thresholds or their remedies."""
    digest = hashlib.sha256()
    for path in sorted([*DOCTOR.rglob("*.py"), DOCTOR / "thresholds.json"]):
        digest.update(path.relative_to(DOCTOR).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


def replay(history: History, events: Iterable[Mapping[str, Any]] = ()) -> Replay:
    """The alarms a training would have raised; events: what its guard did, which stops what is not finite at once."""
    from gansmith.doctor.diagnose import diagnose

    alarms = []
    for seen in history.seen:
        found = diagnose(history.until(float(seen))).findings
        if sick := tuple(finding.ailment for finding in found if finding.sick):
            alarms.append(Alarm(float(seen / history.length), sick))
    for event in events:
        if event.get("event") == "given up":
            alarms.append(Alarm(float(event["seen"] / history.length), (str(event["ailment"]),)))
    values = history.columns.get("discriminator/loss")
    rule = loss_rule((history.seen / history.length).tolist(), values.tolist()) if values is not None else None
    return Replay(tuple(sorted(alarms, key=lambda alarm: alarm.at)), rule)


def loss_rule(shares: Sequence[float], losses: Sequence[float]) -> float | None:
    """Where the loss has been below LOSS for IN_A_ROW lines; None if never."""
    row = 0
    for share, loss in zip(shares, losses):
        row = row + 1 if loss < LOSS else 0
        if row == IN_A_ROW:
            return float(share)
    return None


def replayed(work: Path, name: str) -> Replay:
    """The replay of a recorded training by these detectors, kept for the next time."""
    from benchmarks.bank import events_of, history_of_trial

    path = work / "replays" / version() / f"{name}.json"
    if path.exists():
        found = json.loads(path.read_text("utf-8"))
        return Replay(tuple(Alarm(one["at"], tuple(one["names"])) for one in found["alarms"]), found["loss_rule"])
    done = replay(history_of_trial(work, name), events_of(work, name))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(done)), "utf-8")
    part.replace(path)
    return done
