"""What `speed.py` measures, each in a process of its own: `python benchmarks/probes.py NAME RESULT [ARGUMENTS]`.

A probe writes its findings as JSON. Training is measured through `gansmith train` itself; clocks are hung on from here.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Clock = dict[str, list[float]]


def clocked(owner: Any, name: str, clock: Clock) -> None:
    """Note the seconds of every call of `owner.name` from now on."""
    plain = getattr(owner, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        begin = time.perf_counter()
        try:
            return plain(*args, **kwargs)
        finally:
            clock[name].append(time.perf_counter() - begin)

    setattr(owner, name, timed)


def training(folder: str, out: str, steps: str, *settings: str) -> dict[str, Any]:
    """`gansmith train FOLDER -f dcgan`, stopped as a user would after some steps; the moments at which steps ended."""
    import torch

    from gansmith.cli import main
    from gansmith.data.dataset import Dataset
    from gansmith.game.averages import Averages
    from gansmith.verbs import session

    clock: Clock = defaultdict(list)
    for owner, name in ((session.Session, "tick"), (session.Session, "frame"), (session.Session, "checkpoint")):
        clocked(owner, name, clock)
    clocked(Averages, "follow", clock)
    clocked(torch, "_foreach_norm", clock)
    moments: list[float] = []
    counts: list[int] = []
    plain_batches, plain_play = Dataset.batches, session.play

    def batches(*args: Any, **kwargs: Any) -> Iterator[Any]:
        iterator = plain_batches(*args, **kwargs)
        while True:
            begin = time.perf_counter()
            batch = next(iterator)
            clock["waiting"].append(time.perf_counter() - begin)
            yield batch

    def play(game: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        counts.append(sum(p.numel() for p in game.networks.parameters()))
        iterator = plain_play(game, *args, **kwargs)
        while True:
            begin = time.perf_counter()
            step = next(iterator)
            clock["step"].append(time.perf_counter() - begin)
            moments.append(time.time())
            if len(moments) == int(steps):
                os.kill(os.getpid(), signal.SIGTERM)
            yield step

    Dataset.batches, session.play = batches, play  # type: ignore[method-assign]
    sys.argv = ["gansmith", "train", folder, "-f", "dcgan", "-d", "300kimg", "--out", out, *settings]
    code = 0
    try:
        main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    assert code == 130, f"gansmith train was to be stopped by SIGTERM, and ended with {code}"
    return {"moments": moments, "parameters": counts[0], "peak_mb": peak_mb(), "clock": clock}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def equal_work() -> dict[str, Any]:
    """Losses of the first steps from equal weights, pictures and latents: the plain script, and the product's loop."""
    import torch
    import yardstick

    from gansmith.data.batch import Batch
    from gansmith.engine import Engine
    from gansmith.game.averages import Averages
    from gansmith.game.loop import play, reseed
    from gansmith.game.optimizers import Optimizers

    torch.manual_seed(0)
    real = [torch.randn(64, 3, 64, 64).clamp(-1, 1) for _ in range(4)]
    losses: dict[str, list[list[float]]] = {}
    for precision in ("32", "bf16"):
        plain = yardstick.Training()
        game = dcgan(64)
        with torch.no_grad():  # the plain script's first and last layers are convolutions of or to a single pixel
            for ours, theirs in ((game.networks["generator"], plain.g), (game.networks["discriminator"], plain.d)):
                for mine, copy in zip(ours.parameters(), theirs.parameters(), strict=True):
                    if mine.shape == copy.shape:
                        copy.copy_(mine)
            first, last = game.networks["generator"].layers[0].weight, game.networks["discriminator"].last.weight
            next(plain.g.parameters()).copy_(first.view(4, 4, 512, 100).permute(3, 2, 0, 1))
            list(plain.d.parameters())[-1].copy_(last.view(1, 4, 4, 512).permute(0, 3, 1, 2))
        layout = torch.channels_last
        batches = (Batch(image.contiguous(memory_format=layout)) for image in real)
        steps = play(game, batches, Optimizers(game), Averages(game), seed=0, engine=Engine("cpu", precision))
        losses[precision] = [
            [float(step.facts["discriminator/loss"]), float(step.facts["generator/loss"])] for step in steps
        ]
        losses["plain"] = []
        for number, image in enumerate(real):
            torch.manual_seed(reseed(0, number))
            losses["plain"].append(list(plain.step(image, torch.randn(64, 100)[:, :, None, None])[:2]))
    return losses


def dcgan(batch: int) -> Any:
    return built("dcgan", batch=batch, prior="normal")


def built(name: str, **settings: Any) -> Any:
    """A family's game on 64x64 colour pictures, as `gansmith train` builds it."""
    from gansmith.data.spec import DataSpec
    from gansmith.families import family
    from gansmith.verbs.plan import build

    spec = DataSpec(kind="images", shape=(3, 64, 64), count=3000, fingerprint="")
    chosen = family(name)
    values = {**chosen.recipe(spec).values, **settings}
    return build(chosen, chosen.settings.read(values), spec, 1_000_000, 0, "cpu")


def playing(game: Any, batch: int, precision: str) -> Iterator[Any]:
    """Steps of the product's loop on one batch of noise."""
    import torch

    from gansmith.data.batch import Batch
    from gansmith.engine import Engine
    from gansmith.game.averages import Averages
    from gansmith.game.loop import play
    from gansmith.game.optimizers import Optimizers

    image = torch.randn(batch, 3, 64, 64).clamp(-1, 1).contiguous(memory_format=torch.channels_last)
    batches = itertools.repeat(Batch(image))
    return play(game, batches, Optimizers(game), Averages(game), engine=Engine("cpu", precision))


def median_seconds(act: Callable[[], Any], times: int, warm: int = 2) -> float:
    taken = []
    for _ in range(warm + times):
        begin = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begin)
    return sorted(taken[warm:])[times // 2]


def share_of_peak(precision: str) -> dict[str, float]:
    """Arithmetic of a DCGAN step at batch 128 against the quickest matrix product of this process."""
    import torch

    from gansmith.engine import keep_memory

    keep_memory()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    game = dcgan(128)
    d, g, first_d, first_g = forward_flops(game)
    # D learns from reals and fakes (no gradient for its input); G learns through D (no gradient for D's weights).
    flops = 128 * (2 * (3 * d - first_d) + (3 * g - first_g) + 2 * d)
    a = torch.randn(2048, 2048).to(dtype)
    x = torch.randn(32, 1024, 16, 16).to(dtype).contiguous(memory_format=torch.channels_last)
    w = torch.randn(1024, 1024, 1, 1).to(dtype)
    matmul = 2 * 2048**3 / median_seconds(lambda: a @ a, 9)
    pointwise = 2 * 32 * 256 * 1024**2 / median_seconds(lambda: torch.conv2d(x, w), 9)
    steps = playing(game, 128, precision)
    step = flops / median_seconds(lambda: next(steps), 5)
    return {"of_matmul": step / matmul, "of_best": step / max(matmul, pointwise)}


def forward_flops(game: Any) -> tuple[float, float, float, float]:
    """Per image: discriminator, generator, and the first layer of each; a multiplication and an addition are two."""
    import torch
    from torch import nn

    counted: dict[str, list[float]] = {"discriminator": [], "generator": []}
    for name, flops in counted.items():
        for module in game.networks[name].modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):

                def count(module: Any, inputs: Any, output: Any, flops: list[float] = flops) -> None:
                    places = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
                    flops.append(2.0 * module.weight.numel() * (places[0, 0].numel() if places.dim() == 4 else 1))

                module.register_forward_hook(count)
    with torch.no_grad():
        game.networks["discriminator"](game.networks["generator"](torch.randn(1, 100)))
    first_linear = game.networks["generator"].layers[0].weight.numel() * 2.0
    counted["generator"][0] = first_linear
    d, g = counted["discriminator"], counted["generator"]
    return sum(d), sum(g), d[0], g[0]


def robust_cost(precision: str) -> dict[str, Any]:
    """Pairs of (plain, robust) seconds per step: the same networks without and with the penalties."""
    from gansmith.engine import keep_memory

    keep_memory()
    plain, robust = (playing(built("robust", **settings), 32, precision) for settings in ({"penalty": "none"}, {}))
    pairs = [[median_seconds(lambda s=s: next(s), 3, 1) for s in (plain, robust)] for _ in range(5)]  # type: ignore[misc]
    return {"pairs": pairs}


def precision() -> dict[str, bool]:
    """Whether bfloat16 is the default here."""
    from gansmith.engine import bf16_pays

    return {"bf16": bf16_pays()}


def data_path(folder: str) -> dict[str, float]:
    """Pictures per second: the best of 0, 1 and 2 workers, and the product's batches."""
    import yardstick
    from torch.utils.data import DataLoader

    from gansmith.data.open import open_data

    best = 0.0
    pictures = yardstick.Pictures(Path(folder))
    for workers in (0, 1, 2):
        batches = iter(DataLoader(pictures, 64, shuffle=True, num_workers=workers, drop_last=True))
        next(batches)
        begin, count = time.perf_counter(), 0
        for batch in itertools.islice(batches, 24):
            count += len(batch)
        best = max(best, count / (time.perf_counter() - begin))
        del batches
    ours = open_data(folder).batches(64, seed=0, seen=0)
    for _ in itertools.islice(ours, 10):
        pass
    begin, count = time.perf_counter(), 0
    for step in itertools.islice(ours, 400):
        count += len(step)
    return {"theirs": best, "ours": count / (time.perf_counter() - begin)}


def opening(folder: str) -> dict[str, Any]:
    """Seconds to open a folder of pictures, and how many of the files in it were opened for that."""
    from gansmith.data.open import open_data

    opened: list[str] = []

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str) and args[0].startswith(folder + "/"):
            opened.append(args[0])

    sys.addaudithook(watch)
    begin = time.perf_counter()
    dataset = open_data(folder)
    return {"seconds": time.perf_counter() - begin, "opened": len(opened), "count": len(dataset.values)}


def sampling(run: str) -> dict[str, Any]:
    """Pairs of seconds for 64 pictures and for 1: evaluating the plain generator, and the product's own sampling."""
    import torch
    import yardstick

    from gansmith.engine import keep_memory
    from gansmith.runs.model import load

    keep_memory()
    naive, model = yardstick.generator().eval(), load(run)
    found: dict[str, Any] = {}
    with torch.no_grad():
        for count, times in ((64, 7), (1, 60)):
            theirs = median_seconds(lambda n=count: naive(torch.randn(n, 100, 1, 1)), times)  # type: ignore[misc]
            ours = median_seconds(lambda n=count: model.sample(n), times)  # type: ignore[misc]
            found[str(count)] = [theirs, ours]
    return found


if __name__ == "__main__":
    name, result, *arguments = sys.argv[1:]
    Path(result).write_text(json.dumps(globals()[name](*arguments)))
