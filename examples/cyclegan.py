"""CycleGAN put together by hand (Zhu et al. 2017): digits learn to be thick and dark on light, without a single pair.

python examples/cyclegan.py [--quick]: the rows of cyclegan.png are digits, their translations, and the right answers.
"""

import sys
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import interpolate, max_pool2d

from gansmith.data.batch import Batch
from gansmith.data.open import open_data
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.averages import Averages
from gansmith.game.duel import Duel, Sample
from gansmith.game.loop import play
from gansmith.game.once import made_once
from gansmith.game.optimizers import Optimizers
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.resnet import ResNetGenerator
from gansmith.runs.pictures import grid, save_png, to_uint8

images, dataset = 120 if "--quick" in sys.argv else 6_000, open_data("digits")
light = interpolate(dataset.tensor(dataset.train), (16, 16), mode="bilinear")
dark, half = -max_pool2d(light, 3, 1, 1), len(light) // 2  # no digit is on both sides

torch.manual_seed(0)
settings = AdversarialSettings(batch=4, objective="least-squares", lr=4e-4, lr_fall="late", history=0.5)
networks = {name: ResNetGenerator(1, width=16, blocks=3) for name in ("generator", "inverse")}
networks |= {name: PatchDiscriminator((1, 16, 16), 16, "16") for name in ("discriminator", "discriminator_a")}


def way(name, maker, judge, start, end):
    def fake(networks, step):
        step.kept[maker] = networks[maker](start(step.batch))
        return Sample(step.kept[maker])

    real, judged = (lambda n, step: Sample(end(step.batch))), (lambda n, sample, step: n[judge](sample.one))
    return made_once(Duel(fake, real, judged, name, generator=maker, discriminator=judge))


def comes_back(networks, step):
    there, back = step.kept.pop("generator"), step.kept.pop("inverse")
    lost = networks["inverse"](there) - a(step.batch), networks["generator"](back) - b(step.batch)
    return {"cycle": sum(10 * one.abs().mean() for one in lost)}


a, b = (lambda batch: batch.given["source"]), (lambda batch: batch.image)
duels = [way("duel", "generator", "discriminator", a, b), way("back", "inverse", "discriminator_a", b, a)]
game = adversarial(settings, networks, duels, images, (1, 16, 16), g_losses={"cycle": comes_back})
rows = (torch.randint(half, (2, settings.batch)) for _ in iter(int, 1))
batches = (Batch(dark[half + there], given={"source": light[here]}) for here, there in rows)
for step in islice(play(game, batches, Optimizers(game), Averages(game)), images // settings.batch):
    if step.number % 100 == 0:
        print(f"{step.seen:5,} images of each side, cycle loss {step.facts['generator/cycle']:.2f}")
new, right = light[half : half + 12], dark[half : half + 12]
shown = torch.cat([new, networks["generator"](new).detach(), right])
save_png(grid(to_uint8(shown), columns=12), Path("cyclegan.png"), {"rows": ["digits", "translated", "right"]})
