"""Choose what the user left open: family, settings, memory, length. Every choice comes with its reason."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, cast

import psutil
import torch

from gansmith import __version__
from gansmith.data.dataset import Dataset
from gansmith.data.enough import outlook
from gansmith.data.options import DataOptions
from gansmith.engine import Engine, compile_in_place, fingerprint
from gansmith.errors import UsageError
from gansmith.families import family as find_family
from gansmith.families.family import Family
from gansmith.game.acts import remaining
from gansmith.game.averages import Averages
from gansmith.game.game import Game, Step
from gansmith.game.loop import learning, play, reseed
from gansmith.game.optimizers import Optimizers
from gansmith.game.settings import AdversarialSettings, TrainingSettings
from gansmith.losses.diffaugment import KINDS
from gansmith.runs.config import RunConfig
from gansmith.runs.state import Place
from gansmith.verbs.duration import Duration, read_duration, readable
from gansmith.verbs.frames import spread
from gansmith.verbs.opening import family_for

TRIED = 1_000_000  # images of a game that is only tried
SMALL = 10_000  # images; above, a discriminator does not learn them by heart within any common training


@dataclass(frozen=True)
class Plan:
    """A configuration ready to run, with its estimates: seconds (None: no speed was measured), bytes at the peak."""

    config: RunConfig
    seconds: float | None
    memory: int


def make_plan(
    dataset: Dataset,
    *,
    source: str,
    options: DataOptions,
    family: str | None,
    duration: str | None,
    batch: int | None,
    values: Mapping[str, Any],
    seed: int,
    engine: Engine,
    remedies: str = "suggest",
    timed: bool = True,
) -> Plan:
    """Settle every open choice for this data on this machine. Raises UsageError for impossible wishes.

    timed: measure the speed also where the length of training does not depend on it, for the estimate alone.
    """
    chosen = find_family(family or family_for(dataset.spec))
    spec, reasons = dataset.spec, list(dataset.report.plan)
    if spec.kind not in chosen.kinds:
        raise UsageError(
            f"The family '{chosen.name}' cannot learn from {spec.kind}.",
            why=f"it is made for {' and '.join(chosen.kinds)}",
            do="leave out -f, or choose gan or robust",
        )
    wishes = chosen.settings.plain(values) | ({"batch": batch} if batch is not None else {})
    recipe = chosen.recipe_for(spec, torch.device(engine.device).type, wishes)
    settings = chosen.settings.read(dict(recipe.values) | wishes)
    reasons.append(f"{chosen.name}: {chosen.title}" + ("" if family else " (default)"))
    reasons.extend(recipe.reasons)
    if (
        spec.kind == "images"
        and spec.pairing == "none"
        and (words := outlook(dataset.report.usable - dataset.report.duplicates))
    ):
        reasons.append(words)
    if wishes:
        reasons.append("set by you: " + ", ".join(f"{key}={getattr(settings, key)}" for key in wishes))

    parts, memory = fit_memory(chosen, settings, dataset, seed, engine)
    if parts > 1:
        reasons.append(f"each batch of {settings.batch} in {parts} parts: the machine's memory does not hold it whole")
    wanted = read_duration(duration) if duration else default_duration(dataset)
    speed = measure_speed(chosen, settings, dataset, seed, engine, parts) if timed or wanted.seconds else None
    images = round(min(wanted.in_images(spec.count, speed or 1.0), recipe.passes * len(dataset.train)))
    images = max(1, round(images / settings.batch)) * settings.batch  # a whole number of steps
    if isinstance(settings, AdversarialSettings) and settings.pretrain_d * 1000 >= images:
        raise UsageError(
            f"The discriminator would learn alone for {settings.pretrain_d:g} thousand images, and nothing is left.",
            why=f"the whole training has {images}",
            do="a smaller pretrain_d=, or a longer -d",
        )
    passes = images / spec.count
    if spec.count < SMALL and passes > recipe.augment_beyond and not {"augment", "ada"} & wishes.keys():
        kinds = ",".join(KINDS)
        settings = settings.changed(augment=kinds)
        reasons.append(f"augmentation ({kinds}): {passes:.0f} passes over few images overfit without")
    reasons.append(
        f"{images / 1000:.4g} thousand images, {passes:.3g} passes over {spec.count}"
        + (f" ({wanted.text} at {speed:.0f} images/s, measured)" if wanted.seconds else "")
    )
    reasons.append(f"{engine.device}, {'bfloat16 where it pays' if engine.precision == 'bf16' else 'float32'}")
    if engine.compile:
        plain = measure_speed(chosen, settings, dataset, seed, replace(engine, compile=False), parts) if speed else None
        reasons.append(compiling(speed, plain))
    config = RunConfig(
        version=__version__,
        source=source,
        options=options,
        spec=spec,
        family=chosen.name,
        settings=settings.model_dump(),
        images=images,
        parts=parts,
        duration=wanted.text,
        seed=seed,
        device=engine.device,
        precision=engine.precision,
        compile=engine.compile,
        remedies=cast(Literal["off", "suggest", "auto"], remedies),
        guard=chosen.guard,
        facts=data_facts(dataset),
        plan=tuple(reasons),
        machine=fingerprint(engine),
    )
    return Plan(config, images / speed if speed else None, memory)


def compiling(speed: float | None, plain: float | None) -> str:
    """What compiled networks cost and bring, in words; images per second with and without, where both were measured."""
    words = "compiled: the first steps take long"
    if not speed or not plain:
        return words
    words += f", then {speed:.3g} images/s instead of {plain:.3g}"
    return words if speed > plain else f"{words}: better without --compile"


def data_facts(dataset: Dataset, looked_at: int = 256) -> dict[str, float]:
    """What the doctor should know of the data: its range as networks see it, and how much of it is the same."""
    report, some = dataset.report, dataset.tensor(spread(dataset.train, looked_at))
    facts = {
        "usable": float(report.usable),
        "duplicates": float(report.duplicates),
        "near_duplicates": float(report.near_duplicates),
        "low": float(some.min()),
        "high": float(some.max()),
    }
    if dataset.spec.kind == "images":
        flat = some.flatten(1)
        facts["constant"] = float((flat.amax(dim=1) - flat.amin(dim=1) < 1e-3).float().mean())  # of one colour
    return facts


def build_game(config: RunConfig, place: Place | None = None) -> Game:
    """The game of a configuration, its networks initialised from the run's seed.

    place: of a training that was treated; it goes by other settings, over the images it has left.
    """
    place = place or Place()
    chosen = find_family(config.family)
    settings = chosen.settings.read({**config.settings, **place.changes})
    seed = config.seed + len(place.treatments)  # a network made anew must not begin as it did
    game = build(chosen, settings, config.spec, config.images - place.lost, seed, config.device)
    return compiled(game) if config.compile else game


def compiled(game: Game) -> Game:
    """The game, the calls of its networks compiled when they first happen."""
    for network in game.networks.values():
        compile_in_place(network)
    return game


def build(family: Family, settings: TrainingSettings, spec: Any, images: int, seed: int, device: str) -> Game:
    torch.manual_seed(reseed(seed, -1))
    game = family.build(settings, spec, images)
    game.networks.to(device=device)
    if family.channels_last and spec.kind == "images":
        game.networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return game


def default_duration(dataset: Dataset) -> Duration:
    """Ten minutes for images, three for points: long enough to see something on a laptop, `resume -d` goes on."""
    return read_duration("10m" if dataset.spec.kind == "images" else "3m")


def fit_memory(
    family: Family, settings: TrainingSettings, dataset: Dataset, seed: int, engine: Engine, share: float = 0.6
) -> tuple[int, int]:
    """Parts to cut a batch into so that it takes at most `share` of free memory, and the bytes one step then takes.

    Measured on a batch of a few images: bytes kept for the backward pass, per image, and the weights with moments.
    """
    few = min(4, settings.batch)
    game = build(family, settings, dataset.spec, TRIED, seed, engine.device)
    seen = TRIED - 1  # in the last act, whose images are the largest
    batch = next(dataset.batches(few, seed=seed, seen=0, device=engine.device))
    kept: list[list[torch.Tensor]] = []  # in boxes: an operation that keeps its own result would hold itself for ever

    def keep(tensor: torch.Tensor) -> list[torch.Tensor]:
        kept.append([tensor])
        return kept[-1]

    most = 0
    for turn in game.turns:
        step = Step(0, seen, batch, {name: dial(seen) for name, dial in game.dials.items()})
        keeping = torch.autograd.graph.saved_tensors_hooks(keep, lambda box: box[0])
        with learning(game.networks, turn.learners), engine.autocast(), keeping:
            turn.loss(game.networks, step)
        most = max(most, sum(box[0].nbytes for box in kept))
        while kept:
            kept.pop().clear()
    weights = sum(p.nbytes for p in game.networks.parameters())
    fixed, per_image = 5 * weights, most / few  # weights, gradients, two moments, average
    free = _free_memory(engine)
    parts = 1
    while fixed + per_image * settings.batch / parts > share * free and settings.batch % (2 * parts) == 0:
        parts *= 2
    return parts, int(fixed + per_image * settings.batch / parts)


def _free_memory(engine: Engine) -> int:
    if torch.device(engine.device).type == "cuda":
        return torch.cuda.mem_get_info()[0]
    return int(psutil.virtual_memory().available)


def measure_speed(
    family: Family,
    settings: TrainingSettings,
    dataset: Dataset,
    seed: int,
    engine: Engine,
    parts: int,
    budget: float = 2.5,
) -> float:
    """Images per second of a throw-away game, in about `budget` seconds; the first steps are not counted."""
    game = build(family, settings, dataset.spec, TRIED, seed, engine.device)
    seconds = 0.0  # of an image, averaged over the acts
    for act, end in remaining(game.acts, 0):
        batches = dataset.at(act.size).batches(act.batch or settings.batch, seed=seed, seen=0, device=engine.device)
        learners = (Optimizers(game), Averages(game))
        steps = play(
            game.during(act), batches, *learners, seen=end - act.images // 2, seed=seed, parts=parts, engine=engine
        )
        seconds += act.images / TRIED / speed_of(steps, budget / len(game.acts), engine)
    return 1 / seconds


def speed_of(steps: Iterator[Step], budget: float, engine: Engine) -> float:
    """Images per second of the steps after the first, watched for about `budget` seconds."""
    begin = time.perf_counter()
    for _ in islice(steps, 3):
        if time.perf_counter() - begin > budget / 2:
            break
    start, taken = time.perf_counter(), 0
    for step in steps:
        taken += len(step.batch)
        if torch.device(engine.device).type == "cuda":
            step.facts["gradient/generator"].item()
        if time.perf_counter() - begin > budget:
            break
    return taken / (time.perf_counter() - start)


def describe(plan: Plan) -> list[str]:
    """The plan's lines for people."""
    time_and = "" if plan.seconds is None else f"{readable(plan.seconds)} and "
    return [
        *plan.config.plan,
        f"about {time_and}{plan.memory / 2**20 + 350:.0f} MB of memory",
    ]
