"""A variational autoencoder put together by hand: an encoder, a decoder with a learned prior, and the bound they raise.

python examples/vae.py [DATA] [--quick]: DATA is any folder, zip or npz of images; by default scikit-learn's digits.
"""

import sys
from itertools import islice
from pathlib import Path

import torch

from gansmith.data.open import open_data
from gansmith.game.acts import Act
from gansmith.game.adversarial import drawn
from gansmith.game.averages import Averages
from gansmith.game.game import Game, Request, Turn, players
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.game.rates import adam
from gansmith.game.settings import LearningSettings
from gansmith.losses.evidence import divergence_at, sampled, surprise
from gansmith.networks.encoder import ResidualDecoder, ResidualEncoder, Scale
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
shape, images = dataset.spec.shape, 4_000 if "--quick" in sys.argv else 200_000
settings = LearningSettings(batch=64, z=16, lr=1e-3, lr_end=1e-4, beta1=0.9, ema=5.0)

torch.manual_seed(0)
halves = {"generator": ResidualDecoder(shape, settings.z, width=16), "encoder": ResidualEncoder(shape, settings.z, 16)}
networks = players(**halves, scale=Scale())


def bound(networks, step):
    """Nats that an image's likelihood lacks: how far decodings are off, and how much the codes had to say."""
    image, generator = step.batch.image, networks["generator"]
    mean, log_variance = networks["encoder"](image)
    code = sampled(mean, log_variance)
    told = divergence_at(*generator.flow.inverse(code), log_variance)
    return {"surprise": surprise(image, generator.decoded(code), networks["scale"].log), "divergence": told}


def draw(networks, request):
    return drawn(networks, request, settings)


turns = (Turn("generator", tuple(networks), bound),)
optimizers = dict.fromkeys(networks, adam(settings, images))
game = Game(networks, turns, draw, optimizers, (Act(images),), averaged=("generator", "encoder"))
averages = Averages(game)
for step in islice(play(game, dataset.batches(64, seed=0, seen=0), Optimizers(game), averages), images // 64):
    if step.number % 500 == 0:
        print(f"{step.seen:7,} images lack {step.facts['generator/surprise'] + step.facts['generator/divergence']:.1f}")

real = dataset.tensor(dataset.held[:20])
with torch.no_grad():
    again = averages.networks["generator"].decoded(averages.networks["encoder"](real)[0])
pictures = torch.cat([real, again, draw(averages.networks, Request(60, seed=1))])
save_png(grid(to_uint8(pictures), columns=20), Path("vae.png"), {"rows": "real, again, drawn"})
