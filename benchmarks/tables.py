"""The section "DoctorBench" of RESULTS.md: every figure beside its goal, and what was not run says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.bank import Record, answer_of, records
from benchmarks.counts import Rate, Seen, confusion, ends, grouped, quartiles, rate, ratios
from benchmarks.replays import DOCTOR, replayed, version
from benchmarks.schedule import WIDE, wild
from benchmarks.speed import write_section

MODES = ("auto", "restart", "random", "ada")
NOT_YET = "not run yet"
CLOSE = 1.2  # times the tuned best, which a configuration from the wide ranges should reach


@dataclass(frozen=True)
class Bench:
    """All there is: watched trainings with their replays, and the treated ones of each of them by mode."""

    work: Path
    seen: Sequence[Seen]

    @classmethod
    def of(cls, work: Path, found: Iterable[Record]) -> Bench:
        return cls(work, [Seen(record, replayed(work, record.trial.name)) for record in found])

    def ended(self, outcome: str) -> list[Seen]:
        return [one for one in self.seen if one.record.outcome == outcome]

    @property
    def healthy(self) -> list[Seen]:
        return [one for one in self.ended("healthy") if not one.record.trial.fault]

    def treated(self, one: Seen, mode: str) -> Record | None:
        """Its training in that mode, where there is one."""
        trial = replace(one.record.trial, mode=mode)
        answer = answer_of(self.work, trial)
        return Record(trial, answer, one.record.reference) if answer else None

    def pairs(self, watched: Iterable[Seen], mode: str) -> tuple[list[Seen], list[Record | None]]:
        """Those that are settled in a mode: treated, or without an alarm, so that there was nothing to do."""
        kept = [(one, self.treated(one, mode)) for one in watched]
        idle = mode != "ada"
        settled = [pair for pair in kept if pair[1] or (idle and not pair[0].replay.alarms)]
        return [one for one, _ in settled], [answer for _, answer in settled]

    def rescued(self, watched: Iterable[Seen], mode: str, which: str = "last") -> Rate:
        ones, answers = self.pairs(watched, mode)
        return ends(answers, ones, which)


def row(*cells: Any) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    return [row(*head), row(*["---"] * len(head)), *(row(*cells) for cells in rows), ""]


def beside(what: str, found: Rate, goal: float, most: bool = False) -> list[str]:
    """A row of the first table: figure, goal, and how far it is from it, in points."""
    if not found.n:
        return [what, NOT_YET, f"at {'most' if most else 'least'} {goal:.0%}", ""]
    gap = (found.share - goal) if most else (goal - found.share)
    return [what, str(found), f"at {'most' if most else 'least'} {goal:.0%}", away(gap)]


def away(gap: float) -> str:
    return "met" if gap <= 0 else f"{100 * gap:.0f} points away"


def tuning(one: Seen) -> bool:
    return one.record.trial.cell.tuning


def hidden(one: Seen) -> bool:
    return bool(one.record.trial.fault and one.record.trial.fault.hidden)


GROUPS: tuple[tuple[str, Callable[[Seen], bool]], ...] = (
    ("all", lambda one: True),
    ("digits and ring, known faults", lambda one: tuning(one) and not hidden(one)),
    ("other data, known faults", lambda one: not tuning(one) and not hidden(one)),
    ("faults never looked at", hidden),
)


def figures(bench: Bench) -> list[str]:
    doomed, healthy = bench.ended("doomed"), bench.healthy
    rows = []
    for title, belongs in GROUPS:
        rows.append(
            beside(f"doomed noticed: {title}", rate(one.at is not None for one in doomed if belongs(one)), 0.95)
        )
    for title, same in (("digits and ring, where thresholds were fitted", True), ("other data", False)):
        alarmed = rate(bool(one.replay.alarms) for one in healthy if tuning(one) == same)
        rows.append(beside(f"healthy alarmed: {title}", alarmed, 0.02, most=True))
    late = [one.at for one in doomed if one.at is not None]
    gap = sorted(late)[len(late) // 2] - 0.1 if late else 0.0
    rows.append(["budget gone at the first alarm", quartiles(late), "at most 10%", away(gap) if late else ""])
    for title, belongs in GROUPS:
        named = rate(one.named(one.name) for one in doomed if one.name and belongs(one))
        rows.append(beside(f"right name at the first alarm: {title}", named, 0.85))
    dominant = rate(one.named(one.dominant) for one in doomed if one.name)
    rows.append(beside("right name, the one given most often", dominant, 0.85))
    strict = rate(one.name == one.meant for one in doomed if one.name and one.meant)
    rows.append(beside("first alarm by the one name meant most", strict, 0.85))
    for which, words in (("last", "its last checkpoint"), ("best", "the one it calls best")):
        rows.append(beside(f"doomed rescued, {words}", bench.rescued(doomed, "auto", which), 0.8))
    rows += [*harm(bench), *overhead(bench), *wide(bench.work, bench.seen)]
    return table(["", "n and 95 % interval", "goal", ""], rows)


def harm(bench: Bench) -> list[list[str]]:
    ones, answers = bench.pairs(bench.healthy, "auto")
    harmed = rate((answer.ends() if answer else "healthy") != "healthy" for answer in answers)
    times = ratios((answer.answer["last"], one.record.answer["last"]) for one, answer in zip(ones, answers) if answer)
    words = f"; distance of the {len(times)} treated over untreated {quartiles(times, '{:.2f}')}" if times else ""
    found = beside("healthy harmed by the doctor", harmed, 0.02, most=True)
    return [[found[0], found[1] + words, *found[2:]]]


def overhead(bench: Bench) -> list[list[str]]:
    """Of the processor's time: all trainings that measured it, watched and treated."""
    folder = bench.work / "answers"
    known = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    shares = [a["examining"] / (a["cpu_seconds"] - a["examining"]) for a in known if a.get("examining")]
    middle = sorted(shares)[len(shares) // 2] if shares else 0.0
    words = (
        f"{quartiles(shares)}, n {len(shares)}, trainings of {quartiles((a['cpu_seconds'] for a in known), '{:.0f}')} s"
    )
    found = [words, "at most 3%", away(middle - 0.03)] if shares else [NOT_YET, "at most 3%", ""]
    return [["check-ups, evaluations and diagnoses over training", *found]]


def wide(work: Path, seen: Sequence[Seen]) -> list[list[str]]:
    """Configurations drawn from wide ranges that end close to the tuned best: the recipe's, or the best drawn."""
    like = next((one.record.reference for one in seen if one.record.trial.cell.name == "dcgan-digits"), None)
    found = records(work, wild(), {WIDE.name: like}) if like else []
    by_mode = {mode: [one for one in found if one.trial.mode == mode] for mode in ("off", "auto")}
    best = min([like.distance, *(one.answer["last"]["distance"] for one in by_mode["off"])]) if like else 0.0
    rows = []
    for mode, words in (("off", "without the doctor"), ("auto", "with the doctor")):
        close = rate(one.answer["last"]["distance"] <= CLOSE * best for one in by_mode[mode])
        goal = beside(f"wide ranges, {words}: within {CLOSE} of the tuned best", close, 0.9)
        twice = rate(one.ends() != "doomed" for one in by_mode[mode])
        rows.append([goal[0], f"{goal[1]}; not doomed {twice}" if close.n else NOT_YET, *goal[2:]])
    return rows if by_mode["auto"] else [rows[0], rows[1]]


def baselines(bench: Bench) -> list[str]:
    """Who else notices, and who else rescues."""
    doomed, healthy = bench.ended("doomed"), bench.healthy
    notice = [
        ["the doctor", *(rate(one.at is not None for one in group) for group in (doomed, healthy))],
        [
            "loss rule: d_loss < 0.1",
            *(rate(one.replay.loss_rule is not None for one in group) for group in (doomed, healthy)),
        ],
    ]
    words = {
        "auto": "the doctor",
        "restart": "restart with the robust recipe at its alarm",
        "random": "any remedy at its alarm",
        "ada": "adaptive augmentation from the start",
    }
    saved = []
    for mode in MODES:
        ones, answers = bench.pairs(doomed, mode)
        cost = [a.answer["cpu_seconds"] / one.record.answer["cpu_seconds"] for one, a in zip(ones, answers) if a]
        last, best = (ends(answers, ones, which) for which in ("last", "best"))
        saved.append([words[mode], last, best, quartiles(cost, "{:.1f}")])
    return [
        *table(["who notices", "of the doomed", "of the healthy"], notice),
        *table(["who rescues", "last checkpoint", "best checkpoint", "processor time over that of the watched"], saved),
    ]


def by_fault(bench: Bench) -> list[str]:
    rows = []
    for fault, ones in grouped(bench.seen, lambda one: one.fault).items():
        doomed = [one for one in ones if one.record.outcome == "doomed"]
        alarmed = [one for one in doomed if one.at is not None]
        spared = [one for one in ones if one.record.outcome == "healthy"]
        cells = [
            f"{fault} (never looked at)" if hidden(ones[0]) else fault,
            f"{len(doomed)} of {len(ones)}",
            short(rate(one.at is not None for one in doomed)),
            short(rate(one.replay.loss_rule is not None for one in doomed)),
            quartiles(one.at for one in alarmed if one.at is not None),
            short(rate(one.named(one.name) for one in alarmed)),
            short(rate(one.named(one.dominant) for one in alarmed)),
            *(short(bench.rescued(doomed, mode)) for mode in MODES),
            short(rate(bool(one.replay.alarms) for one in spared)),
        ]
        rows.append(cells)
    head = ["fault", "doomed", "noticed", "by the loss rule", "budget gone", "right name", "most often right"]
    return table([*head, *(f"rescued: {mode}" for mode in MODES), "alarmed though healthy"], rows)


def short(found: Rate) -> str:
    return f"{found.k} of {found.n}" if found.n else "-"


def names(bench: Bench) -> list[str]:
    """The confusion matrix: of each fault, by which name its doomed trainings were first called."""
    found = confusion(bench.ended("doomed"), lambda one: one.name)
    said = sorted({name for counted in found.values() for name in counted if name})
    rows = [[fault, counted[""] or "", *(counted[name] or "" for name in said)] for fault, counted in found.items()]
    return table(["fault", "nothing", *(name.replace("_", " ") for name in said)], rows)


def controls(bench: Bench) -> list[str]:
    """What became of the controls of each cell, and what the healthy ones were called."""
    rows = []
    untouched = [one for one in bench.seen if not one.record.trial.fault]
    for cell, ones in grouped(untouched, lambda one: one.record.trial.cell.name).items():
        healthy = [one for one in ones if one.record.outcome == "healthy"]
        called = ", ".join(sorted(f"{one.name} at {one.at:.0%}" for one in healthy if one.at is not None))
        others = [sum(one.record.outcome == outcome for one in ones) for outcome in ("between", "doomed")]
        reference = ones[0].record.reference
        rows.append([cell, f"{reference.distance:.3g}", f"{reference.modes:.2f}", len(healthy), *others, called or "-"])
    return table(["cell", "median distance", "modes", "healthy", "between", "doomed", "healthy, but called"], rows)


def write(work: Path, found: Sequence[Record], command: str) -> None:
    """Print the section and put it into RESULTS.md."""
    bench = Bench.of(work, found)
    made = json.loads((DOCTOR / "thresholds.json").read_text("utf-8"))
    seeds = sorted({one.record.trial.seed for one in bench.seen})
    untouched = [one for one in bench.seen if not one.record.trial.fault]
    counts = {outcome: len(bench.ended(outcome)) for outcome in ("doomed", "healthy", "between")}
    versions = sorted({a.answer["doctor"] for one in bench.seen for m in MODES if (a := bench.treated(one, m))})
    bound = f"{made['bound']:.1%} of trainings like {made['runs']} healthy ones" if made["bound"] else "nothing yet"
    lines = [
        f"`{command}`, {date.today()}: {len(bench.seen)} recorded trainings, {len(untouched)} of them controls; "
        f"seeds {', '.join(map(str, seeds))}; doctor {version()}, treated by {', '.join(versions) or 'none yet'}.",
        f"Of them {counts['doomed']} are doomed, {counts['healthy']} healthy and {counts['between']} neither.",
        "Judged is the last checkpoint, by its Frechet distance to the data in the features of a classifier of which",
        "gansmith knows nothing (points: reverse KL and samples off the modes): doomed beyond 2 times the median of",
        "the cell's controls, below 70 % of their modes, or broken down; healthy within 1.5 times. What is neither",
        "counts in no rate, and a spoiled training that ends healthy only in the last column of the faults.",
        f"Thresholds: false alarms bound to {bound}. In brackets k of n and the 95 % interval of Wilson.",
        "",
        *figures(bench),
        *baselines(bench),
        *by_fault(bench),
        "First name given to the doomed:",
        "",
        *names(bench),
        "Controls:",
        "",
        *controls(bench),
    ]
    print("\n".join(lines))
    write_section("DoctorBench", lines[:-1])
