"""Which trainings the doctor's benchmark is made of, the most telling first: whoever stops early has a table."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest

from benchmarks.bank import Record
from benchmarks.faults import CELLS, DCGAN, FAULTS, Cell, Fault, Trial, faults_of
from benchmarks.replays import Alarm, Replay
from benchmarks.spoils import begins

SEEDS, CONTROLS, BANK, WILD = 3, 6, 30, 40
FAULT_SEED, WILD_SEED = 1000, 2000  # other seeds than those of the controls
SOONER = {FAULT_SEED: 1.5}  # every fault once before more controls
WIDE = Cell("wide-digits", "dcgan", "digits", 100_000, DCGAN, tuning=True)
LATEST = 0.99  # of the budget: an alarm after it changes nothing any more
LIKE_WIDE = "dcgan-digits"  # the cell whose controls say what is good there


def controls(seeds: int = CONTROLS) -> Iterator[Trial]:
    """Every cell as it is and, as people differ, at learning rates from half to twice that."""
    from gansmith.families import family

    for seed in range(seeds):
        for cell in CELLS:
            factor = (1.0, 0.5, 2.0)[seed % 3]
            settings = family(cell.family).settings.read(dict(cell.settings)).model_dump()
            rates = {name: settings[name] * factor for name in ("lr", "lr_end") if settings[name]}
            yield Trial(cell, None, seed, settings={} if factor == 1 else rates)


def bank(seeds: int = BANK) -> list[Trial]:
    """The controls that thresholds are made from: of the tuning cells only, the more the tighter the bound."""
    return [trial for trial in controls(seeds) if trial.cell.tuning]


def spoiled(seeds: int = SEEDS) -> Iterator[Trial]:
    """Every fault in every cell it means something for: each once, where nothing was fitted, before any twice."""
    rows = [_cells(fault, number) for number, fault in enumerate(FAULTS)]
    for seed in range(FAULT_SEED, FAULT_SEED + seeds):
        for once in zip_longest(*rows):
            yield from (Trial(cell, fault, seed) for cell, fault in zip(once, FAULTS) if cell)


def _cells(fault: Fault, turn: int) -> list[Cell]:
    """Those it means something for, the ones that nothing was fitted on first; each fault begins with another."""
    found: list[Cell] = []
    for tuning in (False, True):
        cells = [cell for cell in CELLS if cell.tuning == tuning and fault in faults_of(cell)]
        start = turn % max(1, len(cells))
        found += [*cells[start:], *cells[:start]]
    return found


def watched(seeds: int = SEEDS) -> list[Trial]:
    """Controls and spoiled trainings, each kind once before any twice; two seeds of controls for one of faults."""
    return sorted([*controls(2 * seeds), *spoiled(seeds)], key=lambda trial: SOONER.get(trial.seed, trial.seed))


def wild(count: int = WILD) -> Iterator[Trial]:
    """Configurations of dcgan drawn from the ranges of Lucic et al. 2018 (wide), each watched and treated."""
    for seed in range(WILD_SEED, WILD_SEED + count):
        for mode in ("off", "auto"):
            yield Trial(WIDE, None, seed, mode, drawn(seed))


def drawn(seed: int) -> dict[str, float | int | str]:
    """One of them: learning rate, momentum, steps of the discriminator, batch normalisation."""
    chance = random.Random(seed)
    norm = chance.choice(("batch", "none"))
    return {
        "lr": float(f"{10 ** chance.uniform(-5, -2):.4g}"),
        "beta1": round(chance.uniform(0, 0.999), 4),
        "g_every": chance.randint(1, 5),
        "norm": norm,
        "d_norm": norm,
    }


def treated(doomed: Iterable[Record], healthy: Iterable[Record], replays: Mapping[str, Replay]) -> list[Trial]:
    """The doomed in every mode that can change them, and the healthy that were alarmed.

    Where no alarm was raised nothing would be done: such a training ends as it was watched.
    """
    order: list[tuple[float, float, Trial]] = []  # round, place within it
    for record in doomed:
        trial, alarm = record.trial, in_time(replays[record.trial.name])
        round_ = max(0, trial.seed - FAULT_SEED)
        if alarm:
            rest = max(1, round((1 - alarm.at) * trial.cell.images))
            order.append((round_, 0, replace(trial, mode="auto")))
            order.append((round_, 2, replace(trial, mode="restart", images=rest)))
            order.append((round_, 3, replace(trial, mode="random")))
        if trial.cell.data not in ("ring", "grid"):
            order.append((round_, 4, replace(trial, mode="ada")))
    for record in healthy:
        if in_time(replays[record.trial.name]):
            order.append((0, 1, replace(record.trial, mode="auto")))
    return [trial for *_, trial in sorted(order, key=lambda one: one[:2])]


def in_time(replay: Replay) -> Alarm | None:
    """The first alarm, unless there is nothing left to do."""
    alarm = replay.first()
    return alarm if alarm and alarm.at < LATEST else None


def since(trial: Trial) -> float:
    """The share of the budget from which a trial is spoiled: nobody can notice sooner."""
    return begins(trial.fault.inject) if trial.fault else 0.0
