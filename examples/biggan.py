"""A small BigGAN put together by hand: spectral norms, hinge, the latent and the class in every block, truncation.

python examples/biggan.py [DATA] [--quick]: DATA is any labelled folder, zip or npz; by default scikit-learn's digits.
"""

import sys
from itertools import islice
from pathlib import Path

import torch

from gansmith.data.open import open_data
from gansmith.families.biggan import orthogonality
from gansmith.game.adversarial import AdversarialSettings, adversarial, drawn
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Request, Sample, noise
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.game.standing import settled
from gansmith.game.truncation import truncated
from gansmith.networks.biggan import BigGANDiscriminator, BigGANGenerator
from gansmith.networks.spectral import normalise_spectra
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
classes, shape = len(dataset.spec.classes), dataset.spec.shape
images = 2_000 if "--quick" in sys.argv else 60_000
recipe = {"objective": "hinge", "spectral": True, "lr": 4e-4, "beta1": 0, "g_every": 2, "lecam": 0.1}
settings = AdversarialSettings(batch=32, z=24, ema=4.0, **recipe)

torch.manual_seed(0)
generator = BigGANGenerator(shape, settings.z, width=16, classes=classes, shared=32)
normalise_spectra(generator)  # of the discriminator, spectral=True sees to it
networks = {"generator": generator, "discriminator": BigGANDiscriminator(shape, width=16, classes=classes)}


def fake(networks, step):
    latent = noise(len(step.batch), settings.z, "normal")
    return Sample(networks["generator"](latent, step.batch.label), {"label": step.batch.label})


duel = Duel(
    fake,
    real=lambda networks, step: Sample(step.batch.image, {"label": step.batch.label}),
    judge=lambda networks, sample, step: networks["discriminator"](sample.one, sample.given["label"]),
    together=True,
    conditional=True,
)
game = adversarial(settings, networks, [duel], images, shape, g_losses={"orthogonality": orthogonality(1e-4)})
averages = Averages(game)
batches = dataset.batches(settings.batch, seed=0, seen=0)
for step in islice(play(game, batches, Optimizers(game), averages), images // settings.batch):
    if step.number % 200 == 0:
        print(f"{step.seen:7,} images, loss of the discriminator {step.facts['discriminator/loss']:.2f}")

latent = truncated(torch.randn(10 * classes, settings.z), torch.full((10 * classes,), 1.0))
label = torch.arange(classes).repeat_interleave(10)
average = settled(averages.networks["generator"], lambda one: one(latent, label), passes=1)
samples = drawn({"generator": average}, Request(len(label), latent=latent), settings, label)
save_png(grid(to_uint8(samples), columns=10), Path("biggan.png"), {"rows": dataset.spec.classes})
