"""Pictures from words: coloured shapes with captions. "A green square" is never shown, and asked for all the same."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from gansmith.data.batch import Batch
from gansmith.data.captions import encode
from gansmith.data.spec import DataSpec
from gansmith.families import family
from gansmith.game.averages import Averages
from gansmith.game.game import Request
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.runs.pictures import grid, save_png, to_uint8

QUICK = "--quick" in sys.argv
SIZE, IMAGES = 16, 2_000 if QUICK else 40_000
COLOURS = {"red": (220, 40, 40), "green": (30, 170, 60), "blue": (40, 70, 220), "yellow": (240, 200, 30)}
SHAPES = ("disc", "square", "triangle")


def drawing(colour, shape, chance):
    """A shape of about that colour, somewhere on white: (3, SIZE, SIZE) in [-1, 1]."""
    picture = Image.new("RGB", (4 * SIZE, 4 * SIZE), "white")
    x, y, r = *chance.uniform(22, 42, 2), chance.uniform(14, 20)
    fill, box = tuple(int(c + chance.uniform(-15, 15)) for c in COLOURS[colour]), (x - r, y - r, x + r, y + r)
    pen = ImageDraw.Draw(picture)
    if shape == "triangle":
        pen.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=fill)
    else:
        (pen.ellipse if shape == "disc" else pen.rectangle)(box, fill=fill)
    return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BOX)).transpose(2, 0, 1) / 127.5 - 1


chance = np.random.default_rng(0)
known = [(c, s) for c in COLOURS for s in SHAPES if (c, s) != ("green", "square")]
told = [known[i] for i in chance.integers(len(known), size=3000)]
texts = [chance.choice([f"a {c} {s}", f"{s}, {c}", f"one {s} in {c}"]) for c, s in told]
images = torch.from_numpy(np.stack([drawing(*what, chance) for what in told])).float()
captions = torch.from_numpy(encode(texts, 32))

spec = DataSpec(kind="images", shape=(3, SIZE, SIZE), count=3000, captions=texts[:64], caption_bytes=32, fingerprint="")
cgan = family("cgan")
settings = cgan.settings.read(cgan.recipe(spec).values | {"batch": 32, "width": 16, "ema": 5.0})
torch.manual_seed(0)
game = cgan.build(settings, spec, IMAGES)
averages = Averages(game)
rows = (torch.from_numpy(chance.integers(3000, size=32)) for _ in range(IMAGES // 32))
batches = (Batch(images[some], None, {"caption": captions[some]}) for some in rows)
for step in play(game, batches, Optimizers(game), averages):
    if step.number % 100 == 0:
        print(f"{step.seen:6} images, right caption preferred {step.facts['mismatch/right']:.0%}")

asked = encode(["a red disc", "a blue triangle", "a green square", "yellow squares"], 32)
drawn = game.draw(averages.networks, Request(32, given={"caption": torch.from_numpy(asked).repeat_interleave(8, 0)}))
save_png(grid(to_uint8(drawn), 8), Path("cgan_text.png"), {})
