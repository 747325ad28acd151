"""A class-conditional GAN put together by hand: the projection discriminator of Miyato & Koyama 2018 under R1 + R2.

python examples/cgan.py [DATA] [--quick]: DATA is any labelled folder, zip or npz; by default scikit-learn's digits.
"""

import sys
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from gansmith.data.open import open_data
from gansmith.families.robust import RobustSettings
from gansmith.game.adversarial import adversarial, drawn
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Request, Sample, noise
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.networks.conditional import JoinedGenerator, LabelCondition, ProjectionDiscriminator
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
classes, shape = len(dataset.spec.classes), dataset.spec.shape
images = 3_000 if "--quick" in sys.argv else 30_000
settings = RobustSettings(gamma=0.1, gamma_end=0.01, penalty_share=0.25, ema=5.0)

torch.manual_seed(0)
networks = {
    "generator": JoinedGenerator(LabelCondition(classes, 32), shape, settings.z, width=24),
    "discriminator": ProjectionDiscriminator(LabelCondition(classes, 32), shape, width=24),
}


def told(network, x, given):
    return network(x, network.condition(given))


def fake(networks, step):
    given = {"label": step.batch.label}
    return Sample(told(networks["generator"], noise(len(step.batch), settings.z, "normal"), given), given)


duel = Duel(
    fake,
    real=lambda networks, step: Sample(step.batch.image, {"label": step.batch.label}),
    judge=lambda networks, sample, step: told(networks["discriminator"], sample.one, sample.given),
    together=True,
    conditional=True,
)
game = adversarial(settings, networks, [duel], images, shape)
averages, chance = Averages(game), np.random.default_rng(0)
batches = (dataset.batch(chance.choice(dataset.train, settings.batch)) for _ in iter(int, 1))
for step in islice(play(game, batches, Optimizers(game), averages), images // settings.batch):
    if step.number % 100 == 0:
        print(f"{step.seen:7,} images, loss of the generator {step.facts['generator/loss']:.2f}")

vectors = averages.networks["generator"].condition({"label": torch.arange(classes).repeat_interleave(10)})
samples = drawn(averages.networks, Request(len(vectors), seed=1), settings, vectors)
save_png(grid(to_uint8(samples), columns=10), Path("cgan.png"), {"rows": dataset.spec.classes})
