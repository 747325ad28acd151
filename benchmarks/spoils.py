"""How a training of the doctor's benchmark is spoiled: its data on disk, or its players while they run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults import Cell

SHARED = Path(os.environ.get("GANSMITH_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
NAN_AT = 0.4  # of the training


SOURCES = {
    "mnist": SHARED / "mnist" / "train-images-idx3-ubyte.gz",
    "fashion": SHARED / "fashion_mnist" / "fashion_mnist_8k_dev.npz",
}


def there(cell: Cell) -> bool:
    """Whether a cell's data is on this machine."""
    return cell.data not in SOURCES or SOURCES[cell.data].exists()


def data_of(cell: Cell, spoiled: str, work: Path) -> str:
    """Where a cell's data lies; a spoiled copy is made once."""
    source = str(SOURCES.get(cell.data, cell.data))
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
        elif spoiled == "shuffled":  # the pixels of each image, by itself
            images = np.random.default_rng(0).permuted(images.reshape(len(images), -1), axis=1).reshape(images.shape)
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
        with np.load(SOURCES["fashion"]) as file:
            return file["images"].reshape(-1, 28, 28), file["labels"].astype(np.int64)
    from gansmith.data.idx import read_idx

    images, labels = (read_idx(SHARED / "mnist" / f"train-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
    return images[:8000], labels[:8000].astype(np.int64)


@contextmanager
def injected(what: str) -> Iterator[None]:
    """Within it, trainings of this process are spoiled while they run."""
    import gansmith.families.dcgan
    import gansmith.families.gan
    import gansmith.families.robust
    from gansmith.verbs import rollback, session, train
    from gansmith.verbs.plan import build_game

    with ExitStack() as undo:

        def put(owner: Any, name: str, value: Any) -> None:
            undo.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)

        put(train, "finish", lambda *args: None)  # nobody reads a thousand reports
        if what in ("fixed z", "collapsed init"):
            put(train, "build_game", spoiling(build_game, what))
        if what == "fixed z":
            put(rollback, "build_game", spoiling(build_game, what))
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
            deafen(generator)
        else:
            weights = [weight for weight in generator.parameters() if weight.dim() > 1]
            with torch.no_grad():
                weights[0].zero_()
                weights[-1].mul_(100)
        return game

    return spoiled


def deafen(generator: Any) -> None:
    """Let a generator hear the first latent of a batch only."""
    generator.register_forward_pre_hook(lambda module, given: (given[0][:1].expand_as(given[0]),))


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


def begins(inject: str) -> float:
    """The share of a training at which an injection begins to work."""
    return NAN_AT if inject == "nan" else 0.0
