"""MSG-GAN put together by hand: a generator that ends in an image at every size, and one judge of them all.

python examples/msg_gan.py [DATA] [--quick]: DATA is any folder, zip or npz of images; by default scikit-learn's digits.
"""

import sys
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from gansmith.data.open import open_data
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Sample, noise
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.networks.msg import MultiScaleDiscriminator, MultiScaleGenerator, at_every_size
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
images = 2_000 if "--quick" in sys.argv else 60_000
penalty = {"penalty": "r1+r2", "gamma": 0.2, "gamma_end": 0.02, "penalty_share": 0.25}
rates = {"lr": 0.015, "lr_end": 0.0015, "beta1": 0, "beta2": 0.99, "ema": 5.0}
settings = AdversarialSettings(batch=32, z=32, objective="relativistic", **penalty, **rates)

torch.manual_seed(0)
networks = {
    "generator": MultiScaleGenerator(dataset.spec.shape, settings.z, width=24),
    "discriminator": MultiScaleDiscriminator(dataset.spec.shape, width=24, spread=False),
}
duel = Duel(
    fake=lambda networks, step: Sample(networks["generator"].images(noise(len(step.batch), settings.z, "normal"))),
    real=lambda networks, step: Sample(at_every_size(step.batch.image)),
    judge=lambda networks, sample, step: networks["discriminator"](sample.images),
    together=True,
)
game = adversarial(settings, networks, [duel], images, dataset.spec.shape)
averages = Averages(game)
batches = dataset.batches(settings.batch, seed=0, seen=0)
for step in islice(play(game, batches, Optimizers(game), averages), images // settings.batch):
    if step.number % 200 == 0:
        print(f"{step.seen:7,} images, loss of the discriminator {step.facts['discriminator/loss']:.2f}")

with torch.no_grad():
    sizes = averages.networks["generator"].images(torch.randn(12, settings.z))
rows = [interpolate(image, sizes[-1].shape[2:], mode="nearest") for image in sizes]
save_png(grid(to_uint8(torch.cat(rows)), columns=12), Path("msg_gan.png"), {"rows": "sizes, coarse to fine"})
