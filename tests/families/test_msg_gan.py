"""MSG-GAN: every size is judged and augmented alike, the paper's game can be had, what needs one size is refused."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import avg_pool2d

from gansmith.errors import UsageError
from gansmith.families.msg_gan import MSG_GAN, MSGSettings
from gansmith.game.game import Request, Step
from gansmith.networks.equalised import EqualisedConv2d
from gansmith.networks.msg import MultiScaleDiscriminator
from gansmith.runs.state import Training
from tests import games


def test_the_papers_game_is_the_settings_default() -> None:
    """Karnewar & Wang 2020: relativistic average hinge, no penalty, Adam of 3e-3 and (0, 0.99)."""
    settings = MSGSettings.read({"batch": 20})
    assert (settings.objective, settings.penalty) == ("relativistic-average-hinge", "none")
    assert (settings.lr, settings.beta1, settings.beta2) == (3e-3, 0.0, 0.99)
    # 0.999 a step of 20 images: half of the average is left after log(1/2) / log(0.999) steps
    assert settings.ema * 1000 == pytest.approx(20 * 692.8, rel=0.02)
    assert MSG_GAN.recipe(games.spec("colour")).values["objective"] == "relativistic"


@pytest.mark.parametrize("minibatch_std", [True, False])
def test_the_batchs_deviation_is_seen_where_it_is_wanted(minibatch_std: bool) -> None:
    game = games.game("msg-gan", minibatch_std=minibatch_std)
    discriminator = game.networks["discriminator"]
    assert isinstance(discriminator, MultiScaleDiscriminator)
    layer = discriminator.settle
    assert isinstance(layer, EqualisedConv2d)
    assert layer.in_channels == layer.out_channels + minibatch_std
    assert game.duels[0].together != minibatch_std


def test_reals_are_augmented_alike_at_every_size() -> None:
    """Cutout of the same part: what is blanked at full size is grey in the smaller ones too."""
    game = games.game("msg-gan", "alpha", augment="cutout")
    torch.manual_seed(0)
    step = Step(0, 0, next(games.batches("alpha", 64)))
    small, middle, large = game.duels[0].real(game.networks, step).images
    assert (small.shape[2], middle.shape[2], large.shape[2]) == (4, 8, 16)
    blank = [avg_pool2d((image == 0).all(1, keepdim=True).float(), size) for image, size in ((middle, 2), (large, 4))]
    both = torch.stack([coarse.flatten() for coarse in blank])
    assert both.std(dim=1).min() > 0.2
    assert torch.corrcoef(both)[0, 1] > 0.9


def test_samples_are_of_full_size_and_those_that_are_judged() -> None:
    training = Training.begin(games.game("msg-gan", "colour"))
    games.advance(training, "colour", 2)
    networks = training.game.networks.eval()
    latent = torch.randn(3, games.SMALL["z"])
    drawn = training.game.draw(networks, Request(3, latent=latent))
    torch.testing.assert_close(drawn, networks["generator"].images(latent)[-1])  # type: ignore[operator]


def test_a_history_of_fakes_is_refused() -> None:
    with pytest.raises(UsageError, match="one size"):
        MSGSettings.read({"history": 0.5})
