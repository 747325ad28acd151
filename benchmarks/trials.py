"""One training of the doctor's benchmark: spoiled as told, watched or treated, judged by an outside classifier."""

from __future__ import annotations

import json
import random
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.faults import ROBUST, Trial
from benchmarks.replays import version
from benchmarks.spoils import data_of, injected

ADAPTIVE = {"augment": "colour,translation,cutout", "ada": 0.6}  # Karras et al. 2020
OF_THE_PIPELINE = ("fixed z", "augmented reals")  # a new start does not mend a bug


def answer_path(work: Path, trial: Trial) -> Path:
    return work / "answers" / f"{trial.name}.json"


def answered(work: Path, trial: Trial) -> str:
    """Train one trial unless its answer is there; returns a line about it. Raises KeyboardInterrupt when stopped."""
    path = answer_path(work, trial)
    if path.exists():
        return ""
    answer = train(trial, work)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(answer, default=str), "utf-8")
    part.replace(path)
    return f"{answer['last']} in {answer['cpu_seconds']:.0f} s, {answer['state']}"


def train(trial: Trial, work: Path) -> dict[str, Any]:
    """Train, score and keep the run folder's journal; the answer is what the tables are made of."""
    import torch

    torch.set_num_threads(1)
    from benchmarks.outside import score
    from gansmith.errors import GansmithError
    from gansmith.verbs.session import Interrupted
    from gansmith.verbs.train import train as run_training

    cell, fault = trial.cell, trial.fault
    out = work / "runs" / trial.name
    shutil.rmtree(out, ignore_errors=True)
    settings = settings_of(trial)
    family = settings.pop("family", cell.family)
    inject = fault.inject if fault and (trial.mode != "restart" or fault.inject in OF_THE_PIPELINE) else ""
    data = data_of(cell, fault.data if fault else "", work)
    state, examining = "finished", [0.0]
    began = time.process_time()
    with injected(inject), prescribed(trial), timed(examining):
        try:
            run_training(
                data,
                family=family,
                duration=f"{trial.images or cell.images}img",
                seed=trial.seed,
                out=out,
                precision="32",
                remedies="auto" if trial.mode in ("auto", "random") else "off",
                **settings,
            )
        except Interrupted:
            raise KeyboardInterrupt from None
        except GansmithError as error:
            state = f"{type(error).__name__}: {error.what}"
    spent = time.process_time() - began
    folder = next(out.iterdir())
    answer = {"name": trial.name, "state": state, "cpu_seconds": spent, "examining": examining[0]}
    answer |= {"images": trial.images or cell.images, "doctor": version()}
    answer |= {which: score(cell, folder, which, work, inject) for which in ("last", "best")}
    keep(folder, work / "histories" / trial.name)
    return answer


def settings_of(trial: Trial) -> dict[str, Any]:
    """The cell's settings with the fault's on top; of a new start those of the robust recipe."""
    from gansmith.families import family

    cell = trial.cell
    if trial.mode == "restart":
        return {"family": "robust", **(cell.settings if cell.family == "robust" else ROBUST)}
    settings = {**cell.settings, **trial.settings}
    if trial.fault:
        full = family(cell.family).settings.read(settings).model_dump()
        settings |= trial.fault.change(full)
    if trial.mode == "ada":
        settings |= ADAPTIVE
    return {name: value for name, value in settings.items() if value is not None}


@contextmanager
def prescribed(trial: Trial) -> Iterator[None]:
    """Within it, the first alarm of a trial in mode "random" is met with any remedy of the table, and later ones not.

    What is not finite is met each time: such a training cannot go on.
    """
    from gansmith.doctor.remedy import TABLE
    from gansmith.verbs.care import Care

    if trial.mode != "random":
        yield
        return
    chance, to_treat = random.Random(trial.name), Care.to_treat

    def remedy(care: Any, finding: Any, place: Any) -> Any:
        offered = {one.id: one for ailment in TABLE for one in care.offered(ailment, place) if one.applicable}
        offered = {name: one for name, one in offered.items() if not one.ends}
        return replace(offered[chance.choice(sorted(offered))], roll_back=True) if offered else None

    def once(care: Any, diagnosis: Any, place: Any) -> Any:
        return None if place.treatments else to_treat(care, diagnosis, place)

    with put(Care, "remedy", remedy), put(Care, "to_treat", once):
        yield


@contextmanager
def timed(spent: list[float]) -> Iterator[None]:
    """Within it, the processor's seconds of check-ups, evaluations and diagnoses are added to spent[0]."""
    from gansmith.verbs.care import Care
    from gansmith.verbs.examination import Examination

    def counted(function: Any) -> Any:
        def timing(*args: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return function(*args, **named)
            finally:
                spent[0] += time.process_time() - began

        return timing

    with ExitStack() as stack:
        stack.enter_context(put(Examination, "look", counted(Examination.look)))
        stack.enter_context(put(Care, "see", counted(Care.see)))
        yield


@contextmanager
def put(owner: Any, name: str, value: Any) -> Iterator[None]:
    old = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, old)


def keep(folder: Path, history: Path) -> None:
    """What a detector needs of a run, without its tensors."""
    history.mkdir(parents=True, exist_ok=True)
    for name in ("run.json", "journal.jsonl", "events.jsonl"):
        if (folder / name).exists():
            shutil.copy(folder / name, history / name)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    with zipfile.ZipFile(history / "samples.zip", "w") as film:
        for picture in sorted((folder / "samples").glob("*.png"))[::8]:
            film.write(picture, picture.name)
    shutil.rmtree(folder)
