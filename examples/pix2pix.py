"""Pix2Pix put together by hand (Isola et al. 2017): a U-Net fills outlines, a PatchGAN sees outline and image together.

python examples/pix2pix.py [--quick]: discs are to become orange, boxes blue; only their outlines are given.
"""

import sys
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from gansmith.data.batch import Batch
from gansmith.data.gather import as_floats
from gansmith.data.outlines import outline
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.averages import Averages
from gansmith.game.game import Duel, Sample
from gansmith.game.loop import play
from gansmith.game.once import made_once
from gansmith.game.optimizers import Optimizers
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.unet import UNet
from gansmith.runs.pictures import grid, save_png, to_uint8

SIZE, BATCH, L1 = 32, 8, 100.0
steps, chance = 30 if "--quick" in sys.argv else 600, np.random.default_rng(0)


def pairs(count):
    """Outlines (N, 3, S, S) and images (N, 3, S, S) of a disc and a box each."""
    pages = [Image.new("RGB", (SIZE, SIZE), "white") for _ in range(count)]
    for page in pages:
        for shape, colour in (("ellipse", "orange"), ("rectangle", "royalblue")):
            x, y, side = chance.integers((1, 1, 6), (14, 14, 18))
            getattr(ImageDraw.Draw(page), shape)((x, y, x + side, y + side), fill=colour)
    images = [np.asarray(page) for page in pages]
    return as_floats(np.stack([outline(image) for image in images])), as_floats(np.stack(images))


def fake(networks, step):
    step.kept["made"] = made = networks["generator"](step.batch.given["source"])
    return Sample(torch.cat([step.batch.given["source"], made], 1))


real = lambda networks, step: Sample(torch.cat([step.batch.given["source"], step.batch.image], 1))  # noqa: E731
duel = Duel(fake, real, lambda networks, sample, step: networks["discriminator"](sample.one), conditional=True)
near = {"l1": lambda networks, step: {"l1": L1 * (step.kept.pop("made") - step.batch.image).abs().mean()}}
torch.manual_seed(0)
networks = {"generator": UNet(3, 3, (SIZE, SIZE), 32), "discriminator": PatchDiscriminator((6, SIZE, SIZE), 32, "16")}
settings = AdversarialSettings(batch=BATCH, lr=5e-4, lr_fall="late")
game = adversarial(settings, networks, [made_once(duel)], steps * BATCH, (6, SIZE, SIZE), g_losses=near)
batches = (Batch(image, None, {"source": source}) for source, image in (pairs(BATCH) for _ in iter(int, 1)))
for step in islice(play(game, batches, Optimizers(game), Averages(game)), steps):
    if step.number % 50 == 0:
        print(f"step {step.number:4}, mean absolute difference {step.facts['generator/l1'] / L1:.3f}")
source, image = pairs(8)
shown = to_uint8(torch.cat([source, networks["generator"](source), image]))
save_png(grid(shown, columns=8), Path("pix2pix.png"), {"rows": ["given", "made", "true"]})
