"""The section "DoctorBench" of RESULTS.md: every figure beside its goal, and what was not run says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.bank import Record, records
from benchmarks.breakdowns import by_cell, by_fault, names
from benchmarks.counts import Seen, ends, quartiles, rate, ratios
from benchmarks.replays import DOCTOR, version
from benchmarks.schedule import LIKE_WIDE, WIDE, wild
from benchmarks.speed import write_section
from benchmarks.verdicts import GROUPS, MODES, NOT_YET, Bench, away, beside, curable, table, tuning

CLOSE = 1.2  # times the tuned best, which a configuration from the wide ranges should reach


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
    for title, mends in (("whose fault a setting can mend", True), ("by faulty data or code, which none can", False)):
        saved = bench.rescued([one for one in doomed if curable(one) == mends], "auto")
        rows.append(beside(f"doomed rescued: {title}", saved, 0.8))
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
    like = next((one.record.reference for one in seen if one.record.trial.cell.name == LIKE_WIDE), None)
    found = records(work, wild(), {WIDE.name: like}) if like else []
    by_mode = {mode: [one for one in found if one.trial.mode == mode] for mode in ("off", "auto")}
    best = min([like.distance, *(one.answer["last"]["distance"] for one in by_mode["off"])]) if like else 0.0
    rows = []
    for mode, words in (("off", "without the doctor"), ("auto", "with the doctor")):
        close = rate(one.answer["last"]["distance"] <= CLOSE * best for one in by_mode[mode])
        goal = beside(f"wide ranges, {words}: within {CLOSE} of the tuned best", close, 0.9)
        twice = rate(one.ends() != "doomed" for one in by_mode[mode])
        rows.append([goal[0], f"{goal[1]}; not doomed {twice}" if close.n else NOT_YET, *goal[2:]])
    return rows


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


def write(work: Path, found: Sequence[Record], command: str) -> None:
    """Print the section and put it into RESULTS.md."""
    lines = section(Bench.of(work, found), command)
    print("\n".join(lines))
    write_section("DoctorBench", lines[:-1])


def section(bench: Bench, command: str) -> list[str]:
    """All its lines: what was run, how it is judged, each figure beside its goal, and where it comes from."""
    made = json.loads((DOCTOR / "thresholds.json").read_text("utf-8"))
    seeds = sorted({one.record.trial.seed for one in bench.seen})
    untouched = [one for one in bench.seen if not one.record.trial.fault]
    counts = {outcome: len(bench.ended(outcome)) for outcome in ("doomed", "healthy", "between")}
    versions = sorted({a.answer["doctor"] for one in bench.seen for m in MODES if (a := bench.treated(one, m))})
    bound = (
        ", ".join(f"{share:.0%} of {kin or 'others'}" for kin, share in made["bounds"].items())
        + f", if they are like the {made['runs']} healthy ones measured"
        if made["bounds"]
        else "nothing yet, for they were set by hand"
    )
    return [
        f"`{command}`, {date.today()}: {len(bench.seen)} recorded trainings, {len(untouched)} of them controls; "
        f"seeds {', '.join(map(str, seeds))}; doctor {version()}, treated by {', '.join(versions) or 'none yet'}.",
        f"Of them {counts['doomed']} are doomed, {counts['healthy']} healthy and {counts['between']} neither; "
        f"{bench.waiting()} of the doomed wait for treatment and count in no rate of rescue.",
        "Judged is the last checkpoint, by its Frechet distance to the data in the features of a classifier of which",
        "gansmith knows nothing (points: reverse KL and samples off the modes): doomed beyond 2 times the median of",
        "the cell's controls, below 70 % of their modes, or broken down; healthy within 1.5 times. Controls with less",
        "than 70 % of the modes of the best of them collapsed by themselves and are not in the median. What is neither",
        "counts in no rate, and a spoiled training that ends healthy only in the last column of the faults.",
        f"Thresholds: false alarms bound to {bound}. In brackets k of n and the 95 % interval of Wilson.",
        "Causes that the settings give away were taught to the doctor after an earlier table, in which the faults z-1,",
        "momentum, d-small, both-lr-30 and gamma-1000 were noticed late or not mended: their rows test nothing unseen.",
        "Those never looked at were recorded after the last change of detectors and remedies, but for the flood.",
        "",
        *figures(bench),
        *baselines(bench),
        *by_fault(bench),
        "First name given to the doomed:",
        "",
        *names(bench),
        "By cell:",
        "",
        *by_cell(bench),
    ]
