"""Where the benchmark's figures come from: by fault, by name, by cell."""

from __future__ import annotations

from benchmarks.counts import confusion, grouped, quartiles, rate
from benchmarks.verdicts import MODES, Bench, hidden, short, table


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


def names(bench: Bench) -> list[str]:
    """The confusion matrix: of each fault, by which name its doomed trainings were first called."""
    found = confusion(bench.ended("doomed"), lambda one: one.name)
    said = sorted({name for counted in found.values() for name in counted if name})
    rows = [[fault, counted[""] or "", *(counted[name] or "" for name in said)] for fault, counted in found.items()]
    return table(["fault", "nothing", *(name.replace("_", " ") for name in said)], rows)


def by_cell(bench: Bench) -> list[str]:
    """What became of the trainings of each cell, and what its healthy controls were called."""
    rows = []
    for cell, ones in grouped(bench.seen, lambda one: one.record.trial.cell.name).items():
        untouched = [one for one in ones if not one.record.trial.fault]
        healthy = [one for one in untouched if one.record.outcome == "healthy"]
        doomed = [one for one in ones if one.record.outcome == "doomed"]
        called = ", ".join(sorted(f"{one.name} at {one.at:.0%}" for one in healthy if one.at is not None))
        others = [sum(one.record.outcome == outcome for one in untouched) for outcome in ("between", "doomed")]
        reference = ones[0].record.reference
        rows.append(
            [
                f"{cell} (fitted on)" if ones[0].record.trial.cell.tuning else cell,
                f"{reference.distance:.3g}",
                f"{reference.modes:.2f}",
                f"{len(healthy)}, {others[0]}, {others[1]}",
                called or "-",
                short(rate(one.at is not None for one in doomed)),
                short(bench.rescued(doomed, "auto")),
            ]
        )
    head = ["cell", "controls: distance", "modes", "healthy, between, doomed", "healthy, but called"]
    return table([*head, "all doomed: noticed", "rescued"], rows)
