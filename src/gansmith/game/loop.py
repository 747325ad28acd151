"""The only training loop: it plays any game, and stops when whoever iterates stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch

from gansmith.data.batch import Batch
from gansmith.engine import Engine
from gansmith.game.averages import Averages
from gansmith.game.game import Game, Networks, Step, Turn
from gansmith.game.optimizers import Optimizers


def play(
    game: Game,
    batches: Iterable[Batch],
    optimizers: Optimizers,
    averages: Averages,
    *,
    number: int = 0,
    seen: int = 0,
    seed: int = 0,
    parts: int = 1,
    engine: Engine | None = None,
) -> Iterator[Step]:
    """Take every due turn on each batch, apply the rules, let the averages follow, yield the step.

    number, seen: steps taken and real images shown before; randomness is a function of (seed, number) alone, so a
    resumed game goes on exactly. parts: gradient accumulation, the batch cut into that many equal pieces.
    """
    engine = engine or Engine()
    for batch in batches:
        engine.seed(reseed(seed, number, engine.rank))
        step = Step(number, seen, batch, {name: dial(seen) for name, dial in game.dials.items()})
        for turn in game.turns:
            if turn.due(game.networks, step):
                take(turn, game, step, optimizers, parts, engine)
        for rule in game.rules:
            rule(game.networks, step)
        number, seen = number + 1, seen + len(batch) * engine.world_size
        averages.follow(len(batch) * engine.world_size, game.half_life(seen))
        yield step


def take(turn: Turn, game: Game, step: Step, optimizers: Optimizers, parts: int, engine: Engine) -> None:
    """One turn: lower its loss for its learners, everyone else frozen."""
    with learning(game.networks, turn.learners):
        for part in step.batch.parts(parts):
            kept = step.kept if parts == 1 else {}  # cut up to save memory: then nothing is kept
            with engine.stepping():
                terms = turn.loss(game.networks, replace(step, batch=part, kept=kept))
            (sum(terms.values(), torch.zeros(())) * (turn.gain / parts)).backward()  # type: ignore[no-untyped-call]
    for name, value in terms.items():
        step.note(f"{turn.name}/{name}", value)
    for learner in turn.learners:
        engine.average_gradients(game.networks[learner])
        step.note(f"gradient/{learner}", optimizers.step(learner, game.optimizers[learner], step.seen))


@contextmanager
def learning(networks: Networks, learners: Sequence[str]) -> Iterator[None]:
    """Within it only the learners' parameters require gradients: the others' weight gradients are never computed."""
    others = [network for name, network in networks.items() if name not in learners]
    for network in others:
        network.requires_grad_(False)
    try:
        yield
    finally:
        for network in others:
            network.requires_grad_(True)


def reseed(seed: int, number: int, rank: int = 0) -> int:
    """A 63-bit seed for one step of one process (a Weyl sequence: neighbours are far apart)."""
    return ((seed + 1) * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + rank * 0x8CB92BA72F3D8DD7) % 2**63
