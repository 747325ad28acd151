"""Progressive growing put together by hand: an act per fade and per rest, reals faded like fakes, Adam anew in each.

python examples/progressive.py [DATA] [--quick]: DATA is any folder, zip or npz of images; by default sklearn's digits.
"""

import sys
from collections import deque
from itertools import islice
from pathlib import Path

import torch

from gansmith.data.open import open_data
from gansmith.game.acts import Act, remaining
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Request, Sample, noise
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.networks.progressive import ProgressiveDiscriminator, ProgressiveGenerator, at_stage, sizes_of
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
shape, sizes = dataset.spec.shape, sizes_of(dataset.spec.shape)
batch, each = 16, 480 if "--quick" in sys.argv else 8_000  # images per act
recipe = {"objective": "wasserstein", "penalty": "gp", "gamma": 10, "drift": 1e-3, "minibatch_std": True}
settings = AdversarialSettings(batch=batch, z=32, lr=3e-3, beta1=0, beta2=0.99, ema=4.0, **recipe)

torch.manual_seed(0)
generator = ProgressiveGenerator(shape, settings.z)
networks = {"generator": generator, "discriminator": ProgressiveDiscriminator(shape)}
acts = [Act(each, size=sizes[(number + 1) // 2]) for number in range(2 * len(sizes) - 1)]


def stage(seen):  # even acts rest at a size; in odd ones the next fades in, to be whole as their last step ends
    number, inside = divmod(seen, each)
    return number // 2 + (inside + batch) / each * (number % 2)


def fake(networks, step):
    generator.stage.fill_(step.dials["stage"])  # what it draws by, later
    return Sample(networks["generator"](noise(len(step.batch), settings.z, "normal"), step.dials["stage"]))


duel = Duel(
    fake,
    real=lambda networks, step: Sample(at_stage(step.batch.image, shape, step.dials["stage"])),
    judge=lambda networks, sample, step: networks["discriminator"](sample.one, step.dials["stage"]),
)
game = adversarial(settings, networks, [duel], each * len(acts), shape, acts=acts, dials={"stage": stage})
optimizers, averages, rows = Optimizers(game), Averages(game), []
for act, end in remaining(game.acts, 0):
    optimizers.forget()
    seen = end - each
    real = dataset.at(act.size).batches(batch, seed=0, seen=seen)
    steps = play(game, real, optimizers, averages, number=seen // batch, seen=seen)
    step = deque(islice(steps, each // batch), maxlen=1).pop()
    print(f"{end:7,} images, now {act.size}, loss of the discriminator {step.facts['discriminator/loss']:.2f}")
    rows.append(game.draw(dict(averages.networks.items()), Request(12)))
save_png(grid(to_uint8(torch.cat(rows)), columns=12), Path("progressive.png"), {"rows": "the ends of acts"})
