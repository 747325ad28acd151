"""The pure parts of DoctorBench: who counts as doomed, when an alarm came, how sure a rate is."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks.bank import Record, Reference, outcome, reference
from benchmarks.counts import Rate, Seen, confusion, ends, mistakes, quartiles
from benchmarks.faults import CELLS, FAULTS, Trial, faults_of
from benchmarks.replays import IN_A_ROW, Alarm, Replay, loss_rule, replay
from benchmarks.schedule import FAULT_SEED, drawn, since, treated, watched, wild
from benchmarks.spoils import data_of, reals
from benchmarks.tables import figures, section
from benchmarks.verdicts import Bench, away
from gansmith.doctor.history import History
from gansmith.families import family

HEALTHY = Reference(distance=10.0, modes=1.0, n=6)
BY_NAME = {fault.name: fault for fault in FAULTS}


def record(
    fault: str = "", distance: float = 10.0, modes: float = 1.0, state: str = "finished", cell: int = 2
) -> Record:
    trial = Trial(CELLS[cell], BY_NAME.get(fault), seed=0)
    score = {"distance": distance, "modes": modes}
    return Record(trial, {"state": state, "last": score, "best": score}, HEALTHY)


def alarms(*found: tuple[float, str]) -> Replay:
    return Replay(tuple(Alarm(at, (name,)) for at, name in found))


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 30), (1, 2), (7, 9), (60, 60), (3, 582)])
def test_wilson_intervals_are_scipys(k: int, n: int) -> None:
    expected = binomtest(k, n).proportion_ci(0.95, "wilson")
    assert Rate(k, n).interval == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_nothing_tried_is_nothing_known() -> None:
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert str(Rate(0, 0)) == "not run yet"


@pytest.mark.parametrize(
    ("distance", "modes", "expected"),
    [
        (5.0, 1.0, "healthy"),
        (15.0, 1.0, "healthy"),
        (15.1, 1.0, "between"),
        (20.0, 1.0, "between"),
        (20.1, 1.0, "doomed"),
        (math.inf, 1.0, "doomed"),
        (math.nan, 1.0, "doomed"),
        (5.0, 0.7, "healthy"),
        (5.0, 0.6, "doomed"),
    ],
)
def test_the_outcome_decides_who_is_doomed(distance: float, modes: float, expected: str) -> None:
    assert outcome({"distance": distance, "modes": modes}, HEALTHY) == expected


def test_who_broke_down_is_doomed_whatever_its_last_checkpoint_says() -> None:
    broken = record(state="GivenUp: nothing helped")
    assert (broken.outcome, broken.ends()) == ("doomed", "healthy")


def test_one_control_gone_wrong_does_not_move_the_reference() -> None:
    scores = [{"distance": value, "modes": 1.0} for value in (9.0, 10.0, 11.0, 9000.0, 8.0)]
    assert reference(scores) == Reference(10.0, 1.0, 5)


def test_controls_that_collapsed_are_no_measure_of_health() -> None:
    """As the plain GAN on digits does at its own learning rate, more often than not."""
    scores = [
        {"distance": d, "modes": m} for d, m in ((467, 0.8), (1150, 0.5), (1305, 0.5), (155, 1), (1172, 0.1), (101, 1))
    ]
    assert reference(scores) == Reference(155, 1, 3)


def test_the_first_alarm_and_the_name_given_most() -> None:
    found = alarms((0.1, "oscillation"), (0.2, "mode_collapse"), (0.3, "mode_collapse"))
    first = found.first()
    assert first is not None and (first.at, first.names) == (0.1, ("oscillation",))
    assert found.dominant() == "mode_collapse"
    assert alarms((0.1, "a"), (0.2, "b")).dominant() == "a"
    assert Replay().first() is None and Replay().dominant() == ""


def test_an_alarm_before_a_fault_begins_is_no_detection_of_it() -> None:
    begins = since(record("nan").trial)
    early = Seen(record("nan"), alarms((begins / 2, "mode_collapse")))
    assert (early.at, early.name) == (None, "")
    late = Seen(record("nan"), alarms((begins / 2, "mode_collapse"), (begins + 0.05, "explosion")))
    assert late.at == pytest.approx(0.05) and late.named(late.name)


def test_names_are_counted_by_fault() -> None:
    seen = [
        Seen(record("z-1"), alarms((0.2, "mode_collapse"))),
        Seen(record("z-1"), Replay()),
        Seen(record("d-lr-50"), alarms((0.1, "explosion"))),
    ]
    found = confusion(seen, lambda one: one.name)
    assert found == {"z-1": {"mode_collapse": 1, "": 1}, "d-lr-50": {"explosion": 1}}
    assert [one.named(one.name) for one in seen] == [True, False, True]


def test_who_mends_the_detectors_is_told_nothing_of_hidden_faults() -> None:
    found = mistakes(
        [
            Seen(record("flood", 99.0), Replay()),
            Seen(record("d-lr-50", 99.0), Replay()),
            Seen(record("d-lr-50", 99.0), alarms((0.1, "checkerboard"))),
            Seen(record("g-lr-50", 99.0), alarms((0.9, "mode_collapse"))),
            Seen(record(), alarms((0.5, "oscillation"))),
            Seen(record(), Replay()),
        ]
    )
    assert [line.split()[0] for line in found] == ["false", "late", "misnamed", "missed"]
    assert not any("flood" in line for line in found)


def test_untreated_trainings_end_as_they_were_watched() -> None:
    watched_ones = [Seen(record(distance=50.0), Replay()) for _ in range(3)]
    better = record(distance=11.0)
    assert ends([better, None, record(distance=40.0)], watched_ones, "last") == Rate(1, 3)


def test_a_low_loss_must_last() -> None:
    low = [0.05] * (IN_A_ROW - 1)
    assert loss_rule(range(30), [*low, 0.5, *low]) is None
    assert loss_rule(range(30), [0.5, *low, 0.09]) == IN_A_ROW


def test_a_replay_knows_nothing_of_what_comes_later() -> None:
    seen = np.arange(1.0, 41.0)
    values = np.where(seen < 20, 1.0, np.inf)
    columns = {name: values for name in ("discriminator/loss", "generator/loss", "gradient/generator")}
    found = replay(History(seen, columns, total=40.0, kind="images"))
    first = found.first()
    assert first is not None and first.at >= 20 / 40 and first.names[0] == "explosion"
    event = {"event": "given up", "seen": 10, "ailment": "mode_collapse"}
    guarded = replay(History(seen, columns, total=40.0, kind="images"), [event]).first()
    assert guarded is not None and (guarded.at, guarded.names) == (0.25, ("mode_collapse",))


def test_trials_have_names_of_their_own_and_travel_to_other_processes() -> None:
    trials = [*watched(), *wild()]
    assert len({trial.name for trial in trials}) == len(trials)
    assert [trial.name for trial in pickle.loads(pickle.dumps(trials))] == [trial.name for trial in trials]


def test_whoever_stops_early_has_seen_every_cell_and_every_fault() -> None:
    order = watched()
    once = [trial.seed for trial in order if trial.fault]
    assert once == sorted(once)
    first = [trial for trial in order if trial.fault][: len(FAULTS)]
    assert {trial.fault.name for trial in first if trial.fault} == BY_NAME.keys()
    assert not any(trial.cell.tuning for trial in first)
    kinds = {(trial.cell.name, trial.fault.name) for trial in order if trial.fault and trial.seed == FAULT_SEED}
    assert kinds == {(cell.name, fault.name) for cell in CELLS for fault in faults_of(cell)}


def test_every_fault_changes_something_and_keeps_within_the_settings() -> None:
    for cell in CELLS:
        schema = family(cell.family).settings
        full = schema.read(dict(cell.settings)).model_dump()
        for fault in faults_of(cell):
            change = fault.change(full)
            spoiled = schema.read({**cell.settings, **{k: v for k, v in change.items() if v is not None}}).model_dump()
            assert spoiled != full or fault.data or fault.inject, f"{cell.name} {fault.name}"


def test_drawn_configurations_are_those_of_lucic() -> None:
    found = [drawn(seed) for seed in range(200)]
    assert found == [drawn(seed) for seed in range(200)]
    rates = np.log10([float(one["lr"]) for one in found])
    assert -5 <= rates.min() < -4.9 and -2.1 < rates.max() <= -2
    assert abs(float(np.median(rates)) + 3.5) < 0.3
    assert {one["g_every"] for one in found} == {1, 2, 3, 4, 5}
    assert {(one["norm"], one["d_norm"]) for one in found} == {("batch", "batch"), ("none", "none")}
    assert all(0 <= float(one["beta1"]) < 1 for one in found)


def test_only_what_was_alarmed_is_treated_and_a_restart_gets_what_is_left() -> None:
    ill, unnoticed, well = record("g-lr-50", 99.0), record("z-1", 99.0), record()
    replays = {
        ill.trial.name: alarms((0.25, "mode_collapse")),
        unnoticed.trial.name: Replay(),
        well.trial.name: Replay(),
    }
    found = treated([ill, unnoticed], [well], replays)
    assert [(trial.fault and trial.fault.name, trial.mode) for trial in found] == [
        ("g-lr-50", "auto"),
        ("g-lr-50", "restart"),
        ("g-lr-50", "random"),
        ("g-lr-50", "ada"),
        ("z-1", "ada"),
    ]
    assert found[1].images == 0.75 * CELLS[2].images
    replays[well.trial.name] = alarms((0.995, "over_trained"))
    assert replace(well.trial, mode="auto") not in treated([ill], [well], replays)
    replays[well.trial.name] = alarms((0.5, "checkerboard"))
    assert replace(well.trial, mode="auto") in treated([ill], [well], replays)


def test_quartiles_in_words() -> None:
    assert quartiles([0.1, 0.2, 0.3]) == "20% (15% to 25%)"
    assert quartiles([]) == "-"


def test_answers_are_found_where_they_are_written(tmp_path: Path) -> None:
    from benchmarks.bank import answer_of, references
    from benchmarks.trials import answer_path

    trial = Trial(CELLS[0], None, 0)
    path = answer_path(tmp_path, trial)
    path.parent.mkdir(parents=True)
    path.write_text('{"state": "finished", "last": {"distance": Infinity, "modes": 0.5}}', "utf-8")
    answer = answer_of(tmp_path, trial)
    assert answer is not None and answer["last"]["distance"] == math.inf
    assert references(tmp_path, [trial, replace(trial, seed=1)]) == {CELLS[0].name: Reference(math.inf, 0.5, 1)}


def test_what_was_not_run_says_so(tmp_path: Path) -> None:
    lines = figures(Bench(tmp_path, []))[2:-1]
    unknown = [line for line in lines if "not run yet" in line]
    assert len(unknown) == len(lines) - 1  # the time to an alarm has a dash
    assert "met" not in " ".join(lines)


def test_figures_stand_beside_their_goals(tmp_path: Path) -> None:
    noticed, missed, well = record("flood", 99.0), record("d-lr-50", 99.0), record()
    seen = [Seen(noticed, alarms((0.3, "oscillation"))), Seen(missed, Replay()), Seen(well, Replay())]
    lines = section(Bench(tmp_path, seen), "command")
    by_start = {line.split(" | ")[0].strip("| "): line for line in lines if line.startswith("| ")}
    assert "50% (1 of 2; 9% to 91%) | at least 95% | 45 points away" in by_start["doomed noticed: all"]
    assert "| 0% (0 of 1;" in by_start["healthy alarmed: digits and ring, where thresholds were fitted"]
    assert "0% (0 of 1; 0% to 79%) | at least 85%" in by_start["right name at the first alarm: all"]
    assert "30% (30% to 30%) | at most 10% | 20 points away" in by_start["budget gone at the first alarm"]
    assert any(line.startswith("| flood (never looked at) | 1 of 1 | 1 of 1 |") for line in lines)
    assert "not run yet" in by_start["doomed rescued, its last checkpoint"]  # though one is settled: it had no alarm
    assert any("1 of the doomed wait for treatment" in line for line in lines)
    assert any(line.startswith("| d-lr-50 | 1 of 1 | 0 of 1 |") for line in lines)
    assert lines[lines.index("First name given to the doomed:") + 2] == "| fault | nothing | oscillation |"


def test_distances_from_a_goal() -> None:
    assert (away(0.0), away(-0.1), away(0.254)) == ("met", "met", "25 points away")


def test_shuffled_images_keep_their_pixels_and_nothing_else(tmp_path: Path) -> None:
    cell = next(cell for cell in CELLS if cell.data == "digits")
    with np.load(data_of(cell, "shuffled", tmp_path)) as file:
        spoiled = file["images"].reshape(-1, 64)
    whole = reals("digits")[0].reshape(-1, 64)
    assert np.array_equal(np.sort(spoiled), np.sort(whole))
    moved = (spoiled != whole).any(axis=1)
    assert moved.mean() > 0.99
    assert not np.array_equal(spoiled[0] == 0, spoiled[1] == 0)
