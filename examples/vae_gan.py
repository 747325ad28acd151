"""A VAE-GAN put together by hand: a VAE for the first fifth, then a discriminator that pulls as hard as the images.

python examples/vae_gan.py [DATA] [--quick]: DATA is any folder, zip or npz of images; by default scikit-learn's digits.
"""

import sys
from pathlib import Path

import torch

from gansmith.data.open import open_data
from gansmith.families.vae_gan import VAEGANSettings, alike, begun_alone, contested, duel, nearness
from gansmith.game.acts import Act, remaining
from gansmith.game.adversarial import adversarial, drawn
from gansmith.game.averages import Averages
from gansmith.game.game import Request
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.networks.encoder import ResidualDecoder, ResidualEncoder, Scale
from gansmith.networks.residual import ResidualDiscriminator
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
shape, images = dataset.spec.shape, 3_200 if "--quick" in sys.argv else 128_000
settings = VAEGANSettings.read({"z": 16, "ema": 5.0, "gamma": 0.1, "gamma_end": 0.01, "penalty_share": 0.25})
alone = images // 5 // 64 * 64

torch.manual_seed(0)
halves = {"generator": ResidualDecoder(shape, settings.z, width=16), "encoder": ResidualEncoder(shape, settings.z, 16)}
networks = {**halves, "scale": Scale(), "discriminator": ResidualDiscriminator(shape, width=16)}
game = adversarial(
    settings,
    networks,
    [duel(settings)],  # half of its fakes are decodings, half are drawn from the prior
    images,
    shape,
    g_losses={"surprise": nearness(settings), "likeness": alike(settings)},
    g_learners=("generator", "encoder", "scale"),
    acts=[Act(images - alone)],
)
game = begun_alone(contested(game, share=1.0), settings, alone)
optimizers, averages, seen = Optimizers(game), Averages(game), 0
for act, end in remaining(game.acts, 0):
    batches = dataset.batches(64, seed=0, seen=seen)
    for step in play(game.during(act), batches, optimizers, averages, number=seen // 64, seen=seen):
        seen = step.seen + 64
        if step.number % 250 == 0:
            print(f"{seen:7,} images, {act.name}: drawn again to within {step.facts['scale']:.3f}")
        if seen >= end:
            break

real = dataset.tensor(dataset.held[:20])
with torch.no_grad():
    again = averages.networks["generator"].decoded(averages.networks["encoder"](real)[0])
pictures = torch.cat([real, again, drawn(averages.networks, Request(60, seed=1), settings)])
save_png(grid(to_uint8(pictures), columns=20), Path("vae_gan.png"), {"rows": "real, again, drawn"})
