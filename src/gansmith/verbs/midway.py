"""An evaluation in the middle of training: light scores of the averaged generator, and the state of both networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.engine import Engine
from gansmith.game.game import Request, Step
from gansmith.losses.augmentation import steadily
from gansmith.measure.features import Features
from gansmith.measure.leak import leak
from gansmith.measure.quick import Reference
from gansmith.runs.config import RunConfig
from gansmith.runs.state import Training
from gansmith.verbs.anatomy import listening, spectra
from gansmith.verbs.checkup import batch_of, looked_at, untouched
from gansmith.verbs.conditions import conditions_of
from gansmith.verbs.frames import affordable, draw, sampled, spread

SAMPLES, TRAIN, HELD, PLAIN = 512, 1024, 512, 256
FEWEST = 32  # held-out samples below which half of the training samples stand in for them


def shuffled(rows: np.ndarray) -> np.ndarray:
    """The same rows in another order, always the same one: some scores look at the first few only."""
    return np.random.default_rng(0).permutation(rows)


class Midway:
    """Scores a training at its evaluations; everything about the reals is computed once."""

    def __init__(self, dataset: Dataset, config: RunConfig, engine: Engine, features: Features) -> None:
        train, held = dataset.train, dataset.held
        if len(held) < FEWEST:
            train, held = train[::2], train[1::2]
        self.config, self.engine, self.features = config, engine, features
        self.batch = batch_of(dataset, spread(train, looked_at(config.spec.shape)), engine)
        real = dataset.tensor(shuffled(spread(train, TRAIN)))
        self.count = affordable(config.spec, SAMPLES)
        self.given = conditions_of(dataset, shuffled(held), self.count)
        self.train, self.held = features(real), features(dataset.tensor(shuffled(spread(held, HELD))))
        self.reference = Reference.of(self.train, self.held)
        self.plain = self.augmented(real[:PLAIN]) if config.spec.kind == "images" else None

    def augmented(self, real: Tensor) -> Tensor | None:
        """Features of augmented training images, where the training augments."""
        kinds = str(self.config.settings.get("augment") or "")
        if not kinds:
            return None
        self.engine.seed(0)
        return self.features(steadily(kinds)(real))

    @torch.no_grad()
    def evaluate(self, training: Training) -> dict[str, float]:
        """Facts `eval/...` of the averaged generator, and of the live networks `check/sigma`, `rank` and `dead`.

        Samples that are still made at a smaller size are not scored: beside real images, even perfect ones are bad.
        """
        if training.game.still_at(sampled(training), self.config.spec.shape[1:]):
            return {f"check/{name}": value for name, value in self.bodies(training).items()}
        facts: dict[str, float] = {}
        with self.engine.autocast():
            samples = draw(training, self.count, given=self.given)
        if bool(torch.isfinite(samples).all()):
            fake = self.features(samples)
            facts |= {f"eval/{name}": value for name, value in self.reference.quick(fake).items()}
            if self.plain is not None:
                facts["eval/leak"] = leak(self.train[:PLAIN], self.plain, self.held, fake)
        return facts | {f"check/{name}": value for name, value in self.bodies(training).items()}

    def bodies(self, training: Training) -> dict[str, float]:
        game, place = training.game, training.place
        networks: dict[str, Any] = dict(game.networks.items())
        facts: dict[str, float] = {}
        for name in ("generator", "discriminator"):
            if name in networks:
                with untouched({name: networks[name]}):
                    facts[f"sigma {name}"], facts[f"rank {name}"] = spectra(networks[name])
        if not game.duels or not {"generator", "discriminator"} <= networks.keys():
            return facts
        dials = {name: dial(place.seen) for name, dial in game.dials.items()}
        step = Step(place.number, place.seen, self.batch, dials)
        self.engine.seed(1)
        with untouched(networks), self.engine.autocast():
            with listening(networks["generator"]) as generator:
                game.draw(networks, Request(len(self.batch), 0, given=self.batch.conditions))
            with listening(networks["discriminator"]) as discriminator:
                game.duels[0].judge(networks, game.duels[0].real(networks, step), step)
        facts["dead generator"], facts["dead discriminator"] = generator.share, discriminator.share
        return {name: value for name, value in facts.items() if not math.isnan(value)}
