"""One training of the doctor's benchmark: spoiled as told, watched or treated, judged by an outside classifier."""

from __future__ import annotations

import json
import math
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults import Cell, Trial

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
NAN_AT = 0.4  # of the training
SAMPLES = 1000


def data_of(cell: Cell, spoiled: str, work: Path) -> str:
    """Where a cell's data lies; a spoiled copy is made once. Raises FileNotFoundError without the shared data."""
    sources = {
        "digits": "digits",
        "mnist": str(SHARED / "mnist" / "train-images-idx3-ubyte.gz"),
        "fashion": str(SHARED / "fashion_mnist" / "fashion_mnist_8k_dev.npz"),
    }
    source = sources.get(cell.data, cell.data)
    if source != cell.data and not Path(source).exists():
        raise FileNotFoundError(source)
    if cell.data in ("ring", "grid") or (not spoiled and cell.data != "mnist"):
        return source
    path = work / "data" / f"{cell.data}-{spoiled or 'whole'}.npz"
    if not path.exists():
        images, labels = reals(cell.data)
        if spoiled == "few":
            images, labels = images[:64], labels[:64]
        elif spoiled == "flood":
            images = np.where(np.arange(len(images))[:, None, None] % 10 > 0, images[:1], images)
        elif spoiled == "dark":
            images = images // 255
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, images=images, labels=labels)
        part.replace(path)
    return str(path)


def reals(data: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, H, W) uint8 images and (N,) labels, 8 000 at most."""
    if data == "digits":
        from sklearn.datasets import load_digits

        found = load_digits()
        return (found.images * (255 / 16)).round().astype(np.uint8), found.target.astype(np.int64)
    if data == "fashion":
        with np.load(SHARED / "fashion_mnist" / "fashion_mnist_8k_dev.npz") as file:
            return file["images"].reshape(-1, 28, 28), file["labels"].astype(np.int64)
    from gansmith.data.idx import read_idx

    images, labels = (read_idx(SHARED / "mnist" / f"train-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
    return images[:8000], labels[:8000].astype(np.int64)


def train(trial: Trial, work: Path) -> dict[str, Any]:
    """Train, score and keep the run folder's journal; the answer is what the tables are made of."""
    import torch

    torch.set_num_threads(1)
    from gansmith.errors import GansmithError
    from gansmith.verbs.train import train as run_training

    cell, fault = trial.cell, trial.fault
    out = work / "runs" / trial.name
    shutil.rmtree(out, ignore_errors=True)
    began, state = time.process_time(), "finished"
    settings = settings_of(trial)
    family = settings.pop("family", cell.family)
    with injected(fault.inject if fault else ""):
        try:
            run_training(
                data_of(cell, fault.data if fault else "", work),
                family=family,
                duration=f"{trial.images or cell.images}img",
                seed=trial.seed,
                out=out,
                precision="32",
                remedies="off" if trial.mode == "restart" else trial.mode,
                **settings,
            )
        except GansmithError as error:
            state = f"{type(error).__name__}: {error.what}"
    folder = next(out.iterdir())
    answer = {"name": trial.name, "state": state, "cpu_seconds": time.process_time() - began}
    answer |= {which: score(cell, folder, which, work) for which in ("last", "best")}
    keep(folder, work / "histories" / trial.name)
    return answer


def settings_of(trial: Trial) -> dict[str, Any]:
    """The cell's settings with the fault's on top."""
    from gansmith.families import family

    cell = trial.cell
    if trial.mode == "restart":
        return {"family": "robust", **({} if cell.family != "robust" else dict(cell.settings))}
    settings = {**cell.settings, **trial.settings}
    if trial.fault:
        full = family(cell.family).settings.read(settings).model_dump()
        settings |= trial.fault.change(full)
    return {name: value for name, value in settings.items() if value is not None}


@contextmanager
def injected(what: str) -> Iterator[None]:
    """Within it, trainings of this process are spoiled while they run."""
    import gansmith.families.dcgan
    import gansmith.families.gan
    import gansmith.families.robust
    from gansmith.verbs import session, train

    with ExitStack() as undo:

        def put(owner: Any, name: str, value: Any) -> None:
            undo.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)

        put(train, "finish", lambda *args: None)  # nobody reads a thousand reports
        if what in ("fixed z", "collapsed init"):
            put(train, "build_game", spoiling(train.build_game, what))
        if what == "fixed z":
            put(session, "build_game", spoiling(session.build_game, what))
        if what == "nan":
            put(session.Session, "housekeeping", poisoning(session.Session.housekeeping))
        if what == "augmented reals":
            for module in (gansmith.families.dcgan, gansmith.families.gan, gansmith.families.robust):
                put(module, "plain_duel", leaking(module.plain_duel))
        yield


def spoiling(build: Any, what: str) -> Any:
    """Builds games whose generator hears one latent only, or begins as one saturated picture."""
    import torch

    def spoiled(*args: Any) -> Any:
        game = build(*args)
        generator = game.networks["generator"]
        if what == "fixed z":
            generator.register_forward_pre_hook(lambda module, given: (given[0][:1].expand_as(given[0]),))
        else:
            weights = [weight for weight in generator.parameters() if weight.dim() > 1]
            with torch.no_grad():
                weights[0].zero_()
                weights[-1].mul_(100)
        return game

    return spoiled


def leaking(plain_duel: Any) -> Any:
    """Duels whose reals are augmented once more than the fakes, as by a bug in an augmentation pipeline."""
    from dataclasses import replace

    from gansmith.losses.diffaugment import diffaugment

    def duel(*args: Any, **named: Any) -> Any:
        plain, augment = plain_duel(*args, **named), diffaugment("colour,translation,cutout")

        def real(networks: Any, step: Any) -> Any:
            sample = plain.real(networks, step)
            return replace(sample, image=augment(sample.one))

        return replace(plain, real=real)

    return duel


def poisoning(housekeeping: Any) -> Any:
    """Housekeeping that once, NAN_AT through the training, puts a NaN into a weight of the generator."""
    done = False

    def spoiled(session: Any) -> None:
        nonlocal done
        if not done and session.place.counter >= NAN_AT * session.config.images:
            done = True
            next(session.training.game.networks["generator"].parameters()).data.view(-1)[0] = math.nan
        housekeeping(session)

    return spoiled


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


def score(cell: Cell, folder: Path, which: str, work: Path) -> dict[str, float]:
    """How good the generator of a checkpoint is: the smaller the better; infinite where nothing can be drawn."""
    from gansmith.errors import GansmithError
    from gansmith.runs.model import load

    try:
        model = load(folder, which=which)
        samples = model.sample(SAMPLES, seed=12345)
    except GansmithError:
        return {"distance": math.inf}
    if cell.data in ("ring", "grid"):
        return points_score(cell.data, samples)
    from benchmarks.outside import distance

    return distance(cell.data, samples[..., 0], work)


def points_score(data: str, samples: np.ndarray) -> dict[str, float]:
    from gansmith.data import synthetic
    from gansmith.measure.modes import coverage

    centres, sigma = {
        "ring": (synthetic.ring_centres(), synthetic.RING_SIGMA),
        "grid": (synthetic.grid_centres(), synthetic.GRID_SIGMA),
    }[data]
    found = coverage(samples, centres, 3 * sigma)  # a short training is not sharp yet: three times the deviation
    return {
        "distance": 1 - found.high_quality + min(found.reverse_kl, 10.0),
        "modes": found.modes / found.total,
    }


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
