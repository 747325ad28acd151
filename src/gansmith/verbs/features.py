"""features: what a run's discriminator, or encoder, makes of every image of some data, and what that is worth."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.folder import list_folder
from gansmith.data.names import shown
from gansmith.data.open import open_data
from gansmith.errors import UsageError
from gansmith.measure.features import batched
from gansmith.networks.backbone import CELLS, Backbone
from gansmith.runs import disk
from gansmith.runs.backbone import looking
from gansmith.runs.model import Model, load
from gansmith.verbs.frames import spread
from gansmith.verbs.probing import COUNTS, DRAWS, LIKE, Probed, Trials, probed, suited
from gansmith.verbs.translate import saved

Watcher = Callable[[Mapping[str, Any]], None]
CHUNK = 1024  # images in memory as floats


@dataclass(frozen=True)
class Extracted:
    """Where the features (N, d) were written, of which network of the run, how many by layer, and what they are worth.

    probe: where it was asked for.
    """

    path: Path
    count: int
    of: str
    sizes: Mapping[str, int]
    probe: Probed | None = None


def features(
    run: str | Path,
    data: str | Path,
    *,
    to: str | Path = "features.npz",
    layer: str = "last",
    of: str = "auto",
    cells: int = CELLS,
    probe: bool = False,
    counts: Sequence[int] = COUNTS,
    draws: int = DRAWS,
    tune: bool = True,
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Extracted:
    """Write the `features` (N, d) float32 of all images of `data` into `to`, with `names`, and their `labels` if any.

    Images are brought to the run's size as its training's were. Features are standardised over those that are not held
    out; `held` (N,) says which are. layer, of, cells: as `Model.backbone` has them. probe: measure, too, what they are
    worth, with `counts` labels, each in as many draws, from `seed` on; tune: also by training on.
    Raises UsageError for a run without such a network, and to probe, for data without enough labels.
    """
    target = Path(to)
    if target.suffix.lower() != ".npz":
        raise UsageError(f"Features cannot be written as '{target.suffix}'.", do="--out features.npz")
    model = load(run, out=out, which=which, device=device)
    name = looking(model.config, model.game, of)

    def progress(what: str, done: int, all: int) -> None:
        watch({"progress": (what, done, all)})

    refuse_pairs(model, name)
    dataset = opened(data, model, progress)
    trials = Trials(tuple(counts), draws, tune, seed)
    if probe:
        suited(dataset, trials)  # it is refused before anything is written
    like = dataset.tensor(spread(dataset.train, LIKE))
    backbone = model.backbone(layer, of=of, cells=cells, like=like)
    found = of_all(backbone, dataset, progress)
    written(target, found, data, dataset, backbone)
    worth = probed(model, dataset, layer, name, cells, trials, progress) if probe else None
    return Extracted(target, len(found), name, backbone.sizes, worth)


def refuse_pairs(model: Model, name: str) -> None:
    if model.spec.pairing == "paired" and name != "encoder":
        raise UsageError(
            f"The {name} of {model.run} judges pairs, not images.",
            "it has only seen an image beside its source",
            "model.backbone() of it in Python takes both, behind one another",
        )


def opened(data: str | Path, model: Model, progress: Callable[[str, int, int], None]) -> Dataset:
    """Any images as a run sees its own, with what is held out of them: of its own, what it never trained on."""
    own, (channels, *size) = model.config.options, model.spec.shape
    plain = {"layout": "plain", "sides": None, "captions": "optional", "balanced": False}
    try:
        dataset = open_data(data, own, progress=progress)
    except UsageError:  # it is not arranged as the run's were
        dataset = open_data(data, own.changed(**plain), progress=progress)
    if dataset.spec.kind == "images" and dataset.spec.shape != model.spec.shape:
        dataset = open_data(data, own.changed(size=tuple(size), channels=channels, **plain), progress=progress)
    if dataset.spec.shape != model.spec.shape:
        raise UsageError(f"{data} holds {dataset.spec.kind} of another shape.", do="images")
    return dataset


def of_all(backbone: Backbone, dataset: Dataset, progress: Callable[[str, int, int], None]) -> np.ndarray:
    """(N, d) float32."""
    found = np.empty((len(dataset.values), backbone.size), np.float32)
    for start in range(0, len(found), CHUNK):
        progress("features", start, len(found))
        rows = np.arange(start, min(start + CHUNK, len(found)))
        images = dataset.tensor(rows).to(backbone.mean.device)
        found[rows] = batched(backbone, images).cpu().numpy()
    progress("features", len(found), len(found))
    return found


def written(target: Path, found: np.ndarray, data: str | Path, dataset: Dataset, backbone: Backbone) -> None:
    held = np.zeros(len(found), bool)
    held[dataset.held] = True
    arrays = {"features": found, "names": np.array(names_of(data, dataset)), "held": held}
    arrays |= {"layers": np.array(list(backbone.sizes)), "sizes": np.array(list(backbone.sizes.values()))}
    if dataset.labels is not None:
        arrays |= {"labels": dataset.labels, "classes": np.array(dataset.spec.classes)}
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    saved(lambda: disk.replace(target, file.getvalue()), target.parent)


def names_of(data: str | Path, dataset: Dataset) -> list[str]:
    """Of a folder's images their files, in the order of the rows; of all others their places."""
    count = len(dataset.values)
    if Path(data).is_dir():
        unread = {name for name, _ in dataset.report.unreadable}
        files = [entry.name for entry in list_folder(Path(data))[0].images if shown(entry.name) not in unread]
        if len(files) == count:
            return files
    width = len(str(count - 1))
    return [f"{row:0{width}d}" for row in range(count)]
