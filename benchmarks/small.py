"""Small data: 500 pictures of Fashion-MNIST with no augmentation, DiffAugment and ADA, for equally many images.

python -m benchmarks.small [--seeds 1] [--images 120kimg] [--family robust] [--work FOLDER]; one thread.

Of the 8 000 pictures, parted once by a fixed seed, 500 are trained on, 3 000 others teach the features everything is
compared in (with their labels, which no generator sees), and two sets of 1 500 others stand for the truth and for its
floor. A line of results per training goes to WORK/small.jsonl as soon as it is there, and a picture beside it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.measure import own
from gansmith.measure.features import Features
from gansmith.measure.neighbours import memorisation
from gansmith.measure.table import measure

PARTS = {"train": 500, "features": 3000, "held": 1500, "floor": 1500}
WAYS: Mapping[str, Mapping[str, Any]] = {
    "none": {"augment": ""},  # said, so that no recipe adds one
    "DiffAugment": {"augment": "colour,translation,cutout"},
    "ADA": {"augment": "bgc", "ada": 0.6},
    "ADA, p 0.2": {"augment": "bgc", "augment_p": 0.2},
}
FACTS = ("ada", "accuracy/real", "check/accuracy held", "eval/kid", "eval/memorised", "eval/leak")
SHOWN = ("KID", "precision", "recall", "coverage")


def parted(source: Path, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images (n, H, W) uint8 and labels (n,) of each part."""
    with np.load(source) as file:
        images, labels = file["images"], file["labels"]
    rows = np.random.default_rng(seed).permutation(len(images))
    cuts = np.split(rows, np.cumsum(list(PARTS.values())))
    return {name: (images[some], labels[some]) for name, some in zip(PARTS, cuts)}


def as_tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images)[:, None].float() / 127.5 - 1


def learnt(images: np.ndarray, labels: np.ndarray, path: Path) -> Features:
    """The features of the comparison, learnt once and kept."""
    found = own.load(path, 1)
    if found is None:
        found = own.learn(lambda rows: as_tensor(images[rows]), np.arange(len(images)), labels.astype(np.int64))
        own.save(found, path)
    return found


def one(data: Path, way: str, seed: int, images: str, family: str, work: Path) -> tuple[dict[str, Any], np.ndarray]:
    """Train once; what its journal tells, and samples (n, H, W, C) uint8 of the averaged generator at the end."""
    from gansmith import load, train
    from gansmith.data.options import DataOptions

    began = time.process_time()
    run = train(
        data,
        family=family,
        duration=images,
        seed=seed,
        options=DataOptions(holdout=0.05),
        out=work / "runs",
        name=f"{family}-{way.replace(' ', '').replace(',', '-')}-{seed}",
        remedies="off",
        **WAYS[way],
    )
    lines = [json.loads(line) for line in (run.path / "journal.jsonl").read_text().splitlines()]
    curve = [{"seen": line["seen"]} | {k: line["facts"][k] for k in FACTS if k in line["facts"]} for line in lines]
    told = {"run": str(run.path), "minutes": (time.process_time() - began) / 60, "curve": curve}
    return told, load(run.path).sample(PARTS["held"], seed=1)


def judged(parts: Mapping[str, Tensor], fake: Tensor, name: str) -> dict[str, Any]:
    """Scores of features (n, d) against held-out pictures, and whether the 500 were copied."""
    scores = {score.name: score for score in measure(parts["held"], parts["floor"], fake, name)}
    copied = memorisation(parts["train"], parts["held"], fake)
    found = {name: [scores[name].value, scores[name].low, scores[name].high, scores[name].floor] for name in SHOWN}
    return {**found, "memorised": copied.ratio, "z": copied.z}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="../shared/data/fashion_mnist/fashion_mnist_8k_dev.npz", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--images", default="120kimg")
    parser.add_argument("--family", default="robust")
    parser.add_argument("--ways", default="none;ADA;DiffAugment", help=f"with semicolons, of: {'; '.join(WAYS)}")
    parser.add_argument("--work", type=Path, default=Path("runs/small"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    parts = parted(options.source)
    data = options.work / "fashion500.npz"
    np.savez(data, images=parts["train"][0])
    features = learnt(*parts["features"], options.work / "features.safetensors")
    seen = {name: features(as_tensor(images)) for name, (images, _) in parts.items()}

    from gansmith.runs.pictures import grid, save_png

    results = []
    for seed in range(options.first, options.first + options.seeds):
        for way in options.ways.split(";"):
            told, samples = one(data, way, seed, options.images, options.family, options.work)
            fake = features(as_tensor(samples[..., 0]))
            result = {"way": way, "seed": seed, "images": options.images, "family": options.family}
            result |= judged(seen, fake, features.name) | told
            results.append(result)
            with (options.work / "small.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
            save_png(grid(samples[:64]), options.work / f"{Path(told['run']).name}.png", {"seed": 1})
            print(row(result), flush=True)
    copies = judged(seen, seen["train"].repeat(3, 1), features.name)
    print(row({"way": "the 500 themselves", "seed": "-", "minutes": 0, **copies}))


def row(result: Mapping[str, Any]) -> str:
    """A line of the table: each score with its interval and floor."""
    cells = [f"{value:.4f} ({low:.4f} to {high:.4f}; floor {floor:.4f})" for value, low, high, floor in (
        result[name] for name in SHOWN
    )]  # fmt: skip
    ends = [f"{result['memorised']:.3f} (z {result['z']:.1f})", f"{result['minutes']:.1f}"]
    return f"| {' | '.join([result['way'], str(result['seed']), *cells, *ends])} |"


if __name__ == "__main__":
    main()
