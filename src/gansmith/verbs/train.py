"""train and resume: from a folder of data to a run with a generator, and on from where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gansmith import engine as engines
from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs import checkpoint
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run, write_json
from gansmith.runs.state import Training, place_of
from gansmith.verbs.duration import PLATEAU, read_duration
from gansmith.verbs.finish import finish
from gansmith.verbs.opening import open_for
from gansmith.verbs.plan import Plan, build_game, make_plan
from gansmith.verbs.record import Record, Watcher
from gansmith.verbs.session import GivenUp, Interrupted, Session

REMEDIES = ("off", "suggest", "auto")


def train(
    data: str | Path,
    *,
    family: str | None = None,
    duration: str | None = None,
    batch: int | None = None,
    options: DataOptions | None = None,
    name: str | None = None,
    out: str | Path = "runs",
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    compile: bool = False,
    remedies: str = "suggest",
    watch: Watcher = lambda report: None,
    **settings: Any,
) -> Run:
    """Train a generator on data and return its run.

    data: a folder, file, or built-in name (see docs/data.md). duration: "10m", "500kimg", "20ep", "until-plateau".
    remedies: "off", "suggest" or "auto". compile: the networks, by torch.compile. settings: the family's own, as on the
    command line. watch: called with mappings: the data report, the plan, then every tick.
    Raises UsageError for impossible wishes, Interrupted when stopped from outside with everything saved, GivenUp where
    training failed and no remedy helped.
    """
    plan, dataset, engine = prepare(
        data,
        family=family,
        duration=duration,
        batch=batch,
        options=options,
        seed=seed,
        device=device,
        precision=precision,
        compile=compile,
        remedies=remedies,
        watch=watch,
        timed=False,
        **settings,
    )
    label = f"{label_of(data)}-{plan.config.family}" if name is None else name
    run = Run.create(Path(out), label)
    with run.lock():
        write_json(run.config_path, plan.config.model_dump(mode="json"))
        watch({"run": run, "plan": plan})
        return go(run, plan.config, dataset, engine, Training.begin(build_game(plan.config)), watch)


def prepare(
    data: str | Path,
    *,
    family: str | None = None,
    duration: str | None = None,
    batch: int | None = None,
    options: DataOptions | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    compile: bool = False,
    remedies: str = "suggest",
    watch: Watcher = lambda report: None,
    timed: bool = True,
    **settings: Any,
) -> tuple[Plan, Dataset, engines.Engine]:
    """Everything before the first step: read the data, plan. What `--dry-run` shows. Writes no run.

    timed: measure the speed even where a length in images or epochs does not need it.
    """
    if duration is not None:
        read_duration(duration)
    if batch is not None and batch < 1:
        raise UsageError(f"A batch of {batch} images cannot be trained on.", do="-b 64, or leave it out")
    if remedies not in REMEDIES:
        raise UsageError(f"'{remedies}' is nothing that can be done about findings.", do=closest(remedies, REMEDIES))
    engine = engines.choose(device, precision, compile)
    engines.keep_memory()
    dataset, options = open_for(
        data, options or DataOptions(), family, lambda what, done, total: watch({"progress": (what, done, total)})
    )
    watch({"data": dataset.report})
    plan = make_plan(
        dataset,
        source=str(data) if not Path(data).exists() else str(Path(data).absolute()),
        options=options,
        family=family,
        duration=duration,
        batch=batch,
        values=settings,
        seed=seed,
        engine=engine,
        remedies=remedies,
        timed=timed,
    )
    return plan, dataset, engine


def resume(
    run: str | Path = "last",
    *,
    duration: str | None = None,
    out: str | Path = "runs",
    watch: Watcher = lambda report: None,
) -> Run:
    """Go on exactly where a run stopped; `duration` trains on for that much more.

    On the same kind of machine, threads and versions, the weights equal an uninterrupted run's bit for bit.
    Raises GansmithError when the data has changed or no checkpoint verifies.
    """
    found = Run.find(str(run), Path(out))
    config = RunConfig.read(found.config())
    engines.keep_memory()
    engine = engines.choose(config.device, config.precision, config.compile)
    with found.lock():
        found.sweep()
        for request in found.take():  # a stop that came too late for the last training is not meant for this one
            if request["request"] == "remedy":
                found.post("remedy", id=request.get("id"), undo=request.get("undo"))
        dataset = open_data(
            config.source, config.options, progress=lambda what, done, total: watch({"progress": (what, done, total)})
        )
        if not dataset.spec.same_as(config.spec):
            raise GansmithError(
                f"The data of {found.path.name} is not what it was trained on.",
                why=f"{config.source} has changed since the run began",
                do=f"put it back, or start a new run: gansmith train {config.source}",
            )
        path = checkpoint.newest(found.checkpoints, warn=lambda words: watch({"warning": words}))
        if path is None and any(found.checkpoints.glob("[0-9]*")):
            raise GansmithError(f"No checkpoint of {found.path.name} verifies.", do=f"gansmith train {config.source}")
        if duration is not None:
            config = prolonged(config, found, duration, place_of(found.checkpoints).counter)
        if path is not None:
            training = Training.revive(path, lambda place: build_game(config, place))
        else:  # none was written yet: the run died at its very beginning
            training = Training.begin(build_game(config))
        found.journal.truncate_after(training.place.counter)
        found.events.append({"event": "resume", "seen": training.place.counter})
        now = engines.fingerprint(engine)
        if now != config.machine:
            changed = ", ".join(sorted(key for key in now if now[key] != config.machine.get(key)))
            watch({"warning": f"the machine differs from the run's first ({changed}): not bit for bit the same"})
        watch({"run": found, "config": config, "data": dataset.report})
        if training.place.counter >= config.images and (found.path / "report.html").exists():
            raise UsageError(
                f"{found.path.name} has finished its {config.images} images.",
                do=f"gansmith resume {found.path.name} -d 10m trains on",
            )
        return go(found, config, dataset, engine, training, watch)


def prolonged(config: RunConfig, run: Run, duration: str, counter: int) -> RunConfig:
    """The configuration with more images; every schedule stretches over the new length. Written to the run.

    A training until its plateau goes on from where it stands, `counter`: it was never meant to fill its hour.
    """
    lines = run.journal.read()
    speeds = [line["images_per_second"] for line in lines if line.get("images_per_second")]
    batch = int(config.settings["batch"])
    more = read_duration(duration).in_images(config.spec.count, speeds[-1] if speeds else 100.0)
    end = counter if config.duration == PLATEAU else config.images
    images = end + max(1, round(more / batch)) * batch
    longer = config.changed(images=images, duration=f"{config.duration} + {duration}")
    write_json(run.config_path, longer.model_dump(mode="json"))
    run.events.append({"event": "prolong", "from": config.images, "to": images})
    return longer


def go(
    run: Run, config: RunConfig, dataset: Dataset, engine: engines.Engine, training: Training, watch: Watcher
) -> Run:
    """Play the session, then write what people read. The report is written also when a request stops the run."""
    session = Session(Record(run, config, dataset, engine, training, watch))
    try:
        session.go()
    except Interrupted:
        if session.asked[0] == "request":
            tell(session)
        raise
    except GivenUp:
        tell(session)
        raise
    tell(session)
    watch({"finished": run, "light": session.care.light})
    return run


def tell(session: Session) -> None:
    """Write what people read; a disk that refuses it costs the report and nothing else."""
    record = session.record
    try:
        finish(record.run, record.config, record.dataset, record.training, record.speed, session.care.diagnosis)
    except OSError as error:
        record.warn(f"report not written, everything else is saved: {error}")


def label_of(data: str | Path) -> str:
    """A run's label from its data: the folder's or file's name without extensions, made of plain characters."""
    stem = Path(str(data).removeprefix("hf:")).name.split(".")[0]
    return "".join(c if c.isalnum() else "-" for c in stem).strip("-")[:40] or "data"
