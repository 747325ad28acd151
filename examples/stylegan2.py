"""A small StyleGAN2-ADA put together by hand: styles, noise, lazy R1 and path lengths, mixing, truncation.

python examples/stylegan2.py [DATA] [--quick]: DATA is any folder, zip or npz of images; by default sklearn's digits.
"""

import sys
from itertools import islice
from pathlib import Path

import torch

from gansmith.data.open import open_data
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Sample, noise
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.game.pathlength import PathLength, follow_lengths, path_turn
from gansmith.networks.mapping import truncated
from gansmith.networks.residual import pyramid
from gansmith.networks.stylegan2 import StyleDiscriminator, StyleGenerator, channels
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
shape, images = dataset.spec.shape, 1_000 if "--quick" in sys.argv else 60_000
recipe = {"penalty": "r1", "penalty_every": 16, "gamma": 0.01, "augment": "bg", "ada": 0.6, "minibatch_std": True}
settings = AdversarialSettings(batch=32, z=64, lr=2.5e-3, beta1=0, beta2=0.99, ema=10.0, **recipe)

torch.manual_seed(0)
widths = channels(pyramid(*shape[1:]), base=16_384, widest=512, dial=1 / 16)
networks = {"generator": StyleGenerator(shape, settings.z, w=64, widths=widths)}
networks["discriminator"] = StyleDiscriminator(shape, widths, spread=True)


def styles(networks, step, count):  # (count, layers, w), nine of ten images made of two latents
    return networks["generator"].styles(noise(count, settings.z, "normal"), mixing=0.9)


def paint(networks, styles):
    return networks["generator"].painted(styles, "random")


duel = Duel(
    lambda networks, step: Sample(paint(networks, styles(networks, step, len(step.batch)))),
    lambda networks, step: Sample(step.batch.image),
    lambda networks, sample, step: networks["discriminator"](sample.one),
)
paths = {"turns": [path_turn(styles, paint, 2.0, every=4)], "memories": {"path_length": (PathLength(), follow_lengths)}}
game = adversarial(settings, networks, [duel], images, shape, **paths)
averages = Averages(game)
steps = play(game, dataset.batches(settings.batch, seed=0, seen=0), Optimizers(game), averages)
for step in islice(steps, images // settings.batch):
    if step.number % 200 == 0:
        print(f"{step.seen:7,} images, a path is {step.facts['path/length']:.3f} long")
average = averages.networks["generator"]
with torch.no_grad():
    w = average.mapping(torch.randn(12, settings.z))
    rows = [truncated(w, average.mapping.mean, torch.full((12,), psi)) for psi in (0.0, 0.5, 1.0)]
    samples = average.painted(torch.cat(rows)[:, None].expand(-1, average.synthesis.layers, -1), "fixed")
save_png(grid(to_uint8(samples), columns=12), Path("stylegan2.png"), {"rows": "psi 0, 0.5, 1"})
