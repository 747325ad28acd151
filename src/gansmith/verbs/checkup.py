"""Signals that the losses do not show, taken from the live players between two steps without leaving a trace."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from gansmith.data.batch import Batch
from gansmith.data.dataset import Dataset
from gansmith.engine import Engine
from gansmith.game.duel import told_apart
from gansmith.game.game import Duel, Networks, Request, Step, noise
from gansmith.game.loop import reseed
from gansmith.game.penultimate import listening
from gansmith.losses.objectives import OBJECTIVES, Objective
from gansmith.measure.diversity import spread as median_distance
from gansmith.measure.features import Features
from gansmith.measure.sliced import flat
from gansmith.measure.spectrum import checkerboard
from gansmith.runs.config import RunConfig
from gansmith.runs.state import Training
from gansmith.verbs.frames import spread

LOOKED_AT = 64  # samples of each kind; of large images fewer, since all are in memory at once
LARGE = 3 * 64 * 64  # values of an image from which they are
FEWEST_HELD = 16  # of fewer held-out samples nothing is said: their mean is chance, and they may not fill a pack
NUDGE = 0.1  # length of the step in latent space, per unit of the latent's own length


class Checkup:
    """Looks at a training's players; the reals it compares with are the same for ever."""

    def __init__(self, dataset: Dataset, config: RunConfig, engine: Engine, features: Features) -> None:
        rows, held = (spread(rows, looked_at(dataset.spec.shape)) for rows in (dataset.train, dataset.held))
        self.engine, self.config, self.features = engine, config, features
        self.train = batch_of(dataset, rows, engine)
        self.held = batch_of(dataset, held, engine) if len(held) >= FEWEST_HELD else None
        self.whole = dataset.tensor(rows)
        self.before: Tensor | None = None
        self.compare_at(None)

    def compare_at(self, size: tuple[int, int] | None) -> None:
        """Compare with reals of that (height, width), enlarged as samples are; None: with reals as they are."""
        self.size, self.real = size, self.whole
        if size is not None:
            self.real = interpolate(adaptive_avg_pool2d(self.whole, size), self.whole.shape[2:])
        self.scale = {"pixels": median_distance(flat(self.real)), "features": self.apart(self.real)}

    def apart(self, samples: Tensor) -> float:
        return median_distance(self.features(samples))

    def look(self, training: Training) -> dict[str, float]:
        """The facts of one check-up, by name without `check/`; what makes no sense for this game is left out."""
        game, place = training.game, training.place
        networks = dict(game.networks.items())
        dials = {name: dial(place.seen) for name, dial in game.dials.items()}
        if (size := game.still_at(networks, self.config.spec.shape[1:])) != self.size:
            self.compare_at(size)
        self.engine.seed(reseed(self.config.seed, -2))  # the same latents and augmentations at every check-up
        with untouched(networks), self.engine.autocast():
            facts = self.drawn(training, networks)
            for duel in game.duels[:1] if "discriminator" in game.learning(place.seen) else ():
                step = Step(place.number, place.seen, self.train, dials)
                facts |= self.judged(duel, networks, step)
        return facts

    def drawn(self, training: Training, networks: Networks) -> dict[str, float]:
        """Variety, and how samples answer to a nudge of the latent and to training itself."""
        draw, settings = training.game.draw, {**self.config.settings, **training.place.changes}
        if "z" not in settings:
            return {}
        chance = torch.Generator().manual_seed(0)
        latent = noise(len(self.real), settings["z"], settings.get("prior", "normal"), chance)
        fake = draw(networks, Request(len(latent), 0, latent, self.train.conditions)).float().cpu()
        if not bool(torch.isfinite(fake).all()):
            return {}
        pixels, real = flat(fake), max(self.scale["pixels"], 1e-12)
        facts = {
            "diversity pixels": median_distance(pixels) / real,
            "diversity features": self.apart(fake) / max(self.scale["features"], 1e-12),
        }
        if self.config.spec.pairing == "none":  # a translation goes by its source, hardly by chance
            nudge = torch.randn(latent.shape, generator=chance) * NUDGE
            nudged = draw(networks, Request(len(latent), 0, latent + nudge, self.train.conditions)).float().cpu()
            facts["sensitivity"] = float(((flat(nudged) - pixels).norm(dim=1) / nudge.norm(dim=1)).mean()) / real
        if self.before is not None:
            facts["drift"] = float((pixels - self.before).norm(dim=1).mean()) / real
        self.before = pixels
        if fake.dim() == 4:
            facts["saturated"] = beyond(fake) - beyond(self.real)
            facts["nyquist"] = checkerboard(self.real, fake)
        return facts

    def judged(self, duel: Duel, networks: Networks, step: Step) -> dict[str, float]:
        """How the discriminator sees training, held-out and generated samples, and what the generator hears of it."""
        objective = OBJECTIVES.get(str(self.config.settings.get("objective")))
        fake, real = duel.fake(networks, step), duel.real(networks, step)
        fake = fake.mapped(lambda image: image.detach().float().requires_grad_(True))
        with listening(networks["discriminator"]) as seen:
            logits = duel.judge(networks, fake, step).float()
            with torch.no_grad():
                train = duel.judge(networks, real, step).float()
                held = None
                if self.held is not None:
                    held = duel.judge(networks, duel.real(networks, replace(step, batch=self.held)), step).float()
        facts = {"train": float(train.mean()), "fake": float(logits.detach().mean())}
        if held is not None:
            facts["held"] = float(held.mean())
        if objective:
            facts |= self.shares(objective, train, held, logits.detach())
            with torch.autocast(logits.device.type, enabled=False):
                lowered = objective.generator(train, logits)
                slopes = torch.autograd.grad(lowered * len(fake.images[0]), fake.images)
            facts["slope"] = float(torch.cat([slope.flatten(1) for slope in slopes], 1).norm(dim=1).mean())
        if len(seen) >= 2 and (spread_of_reals := median_distance(seen[1])) > 0:
            facts["diversity discriminator"] = median_distance(seen[0]) / spread_of_reals
        return facts

    def shares(self, objective: Objective, train: Tensor, held: Tensor | None, fake: Tensor) -> dict[str, float]:
        facts = {
            "accuracy train": float(told_apart(train, fake, objective)),
            "accuracy fake": float(told_apart(-fake, -train, objective)),
        }
        if held is not None:
            facts["accuracy held"] = float(told_apart(held, fake, objective))
        return facts


def looked_at(shape: Sequence[int]) -> int:
    """How many samples of that shape a check-up takes: 16 to LOOKED_AT."""
    return max(FEWEST_HELD, min(LOOKED_AT, LOOKED_AT * LARGE // math.prod(shape)))


def batch_of(dataset: Dataset, rows: object, engine: Engine) -> Batch:
    import numpy as np

    return dataset.batch(np.asarray(rows), engine.device)


def beyond(images: Tensor, limit: float = 0.99) -> float:
    """Share of pixels at the ends of their range."""
    return float((images.abs() > limit).float().mean())


@contextmanager
def untouched(networks: Mapping[str, nn.Module]) -> Iterator[None]:
    """Networks as they are in training, but nothing random dropped; afterwards every buffer and mode is as before.

    Batch normalisation stays with the batch: its running statistics mix reals and fakes in a discriminator.
    """
    modules = [module for network in networks.values() for module in network.modules()]
    modes = [module.training for module in modules]
    buffers = [buffer for network in networks.values() for buffer in network.buffers()]
    values = [buffer.clone() for buffer in buffers]
    for module in modules:
        module.training = isinstance(module, nn.modules.batchnorm._BatchNorm)
    try:
        yield
    finally:
        for module, mode in zip(modules, modes):
            module.training = mode
        with torch.no_grad():
            for buffer, value in zip(buffers, values):
                buffer.copy_(value)
