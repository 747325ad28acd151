"""Whether bfloat16 trains as well as float32: the same runs in both, over several seeds, scored alike.

python benchmarks/precision.py [--seeds 4] [--family dcgan] [-d 60kimg]; the table goes to benchmarks/RESULTS.md.

Fashion-MNIST enlarged to 32x32 (where it is absent, the embedded digits), so that deep, small maps occur, for which the
convolutions have a form of their own in bfloat16. The score is the sliced Wasserstein distance of samples to pictures.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
from speed import SHARED, write_section

import gansmith
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.measure.sliced import flat, sliced_wasserstein

COUNT = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--family", default="dcgan")
    parser.add_argument("-d", "--duration", default="60kimg")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--dry", action="store_true", help="write nothing down")
    options = parser.parse_args()
    fashion = SHARED / "fashion_mnist" / "fashion_mnist_8k_dev.npz"
    source, shaping = (str(fashion) if fashion.exists() else "digits"), DataOptions.read({"size": "32"})
    dataset = open_data(source, shaping)
    rows = np.random.default_rng(0).permutation(dataset.train)
    count = min(COUNT, len(rows) // 2)
    real, again = (flat(dataset.tensor(rows[cut])) for cut in (slice(0, count), slice(count, 2 * count)))
    scores: dict[str, list[float]] = defaultdict(list)
    for seed in range(options.seeds):
        for precision in ("32", "bf16"):
            with tempfile.TemporaryDirectory() as folder:
                run = gansmith.train(
                    source,
                    family=options.family,
                    duration=options.duration,
                    batch=options.batch,
                    options=shaping,
                    seed=seed,
                    precision=precision,
                    out=folder,
                    width=options.width,
                )
                samples = gansmith.load(run.path).draw(count, seed=1000 + seed)
            score = sliced_wasserstein(real, flat(samples))
            scores[precision].append(score)
            print(f"seed {seed}  {precision:>4}  {score:.4f}", flush=True)
    means = {precision: statistics.mean(found) for precision, found in scores.items()}
    spread = {precision: statistics.stdev(found) for precision, found in scores.items()}
    gap = means["bf16"] - means["32"]
    name = Path(source).parent.name or source
    lines = [
        f"`python benchmarks/precision.py --seeds {options.seeds} --family {options.family} -d {options.duration}"
        f" --batch {options.batch} --width {options.width}`, {date.today()}: {name}, 32x32;"
        f" sliced Wasserstein distance of {count} samples to {count} pictures; between two halves of the pictures"
        f" {sliced_wasserstein(real, again):.4f}.",
        "",
        "| | n | least | mean | most | standard deviation |",
        "|---|---|---|---|---|---|",
        *(
            f"| {words} | {len(scores[p])} | {min(scores[p]):.4f} | **{means[p]:.4f}** | {max(scores[p]):.4f} |"
            f" {spread[p]:.4f} |"
            for words, p in (("float32", "32"), ("bfloat16", "bf16"))
        ),
        "",
        f"bfloat16 less float32: {gap:+.4f}, {abs(gap) / max(spread['32'], 1e-9):.1f} standard deviations of a seed.",
    ]
    print("\n".join(lines))
    if not options.dry:
        write_section("Precision", lines)


if __name__ == "__main__":
    main()
