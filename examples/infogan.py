"""An InfoGAN put together by hand: a code of ten values that must be readable off the digit, and is told no label."""

import sys
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, one_hot

from gansmith.data.open import open_data
from gansmith.game.adversarial import AdversarialSettings, adversarial, drawn
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Request, Sample, noise
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.measure.codes import matched
from gansmith.networks.infogan import InfoDiscriminator, InfoGenerator, Reader
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data("digits")
shape, values, width, updates = dataset.spec.shape, 10, 16, 100 if "--quick" in sys.argv else 2_000
settings = AdversarialSettings(batch=64, z=32, lr=1e-3, d_lr=2e-4)
torch.manual_seed(0)
generator, discriminator = InfoGenerator(shape, settings.z + values, width), InfoDiscriminator(shape, width)
networks = {"generator": generator, "discriminator": discriminator, "reader": Reader(width, values)}


def fake(networks, step):
    code = torch.randint(values, (len(step.batch),))
    latent = noise(len(step.batch), settings.z, "normal")
    return Sample(networks["generator"](latent, one_hot(code, values)), {"code": code})


def judge(networks, sample, step):
    features = networks["discriminator"].features(sample.one)
    if "code" in sample.given:
        step.kept["seen"] = features, sample.given["code"]
    return networks["discriminator"].last(features)[:, 0]


def information(networks, step):
    features, code = step.kept["seen"]
    return {"information": cross_entropy(networks["reader"](features), code)}


duel = Duel(fake, lambda networks, step: Sample(step.batch.image), judge)
reading = {"information": information}
further = {"d_losses": reading, "g_losses": reading, "d_learners": ("reader",)}
game = adversarial(settings, networks, [duel], updates * settings.batch, shape, **further)
batches = dataset.batches(settings.batch, seed=0, seen=0)
for step in islice(play(game, batches, Optimizers(game), Averages(game)), updates):
    if step.number % 200 == 0:
        print(f"{step.number:5} updates, code misread by {step.facts['generator/information']:.2f} nats")
game.networks.eval().requires_grad_(False)
codes = one_hot(torch.arange(values).repeat_interleave(10), values)
latents = Request(len(codes), latent=noise(10, settings.z, "normal").repeat(values, 1))
save_png(grid(to_uint8(drawn(networks, latents, settings, codes)), columns=10), Path("infogan.png"), {"rows": "codes"})
read = networks["reader"](discriminator.features(dataset.tensor(dataset.train))).argmax(1).numpy()
print(f"against the labels it never saw: {matched(read, dataset.labels[dataset.train]).error:.0%} error")
