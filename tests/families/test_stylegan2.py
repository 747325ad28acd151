"""stylegan2: its published values, lazy turns that resume exactly, and what a request may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.families.stylegan2 import STYLEGAN2, recipe
from gansmith.game.game import Game, Request
from gansmith.networks.stylegan2 import StyleGenerator
from gansmith.runs.state import Training
from tests import games

LAZY: dict[str, Any] = {"path_length": 2.0, "mixing": 0.9, "penalty_every": 2, "path_every": 2}


@pytest.fixture
def game() -> Game:
    made = games.game("stylegan2", "colour")
    made.networks.eval()
    torch.nn.init.normal_(made.networks["generator"].get_buffer("mapping.mean"))
    return made


@pytest.mark.parametrize(
    ("size", "device", "expected"),
    [
        (32, "cuda", {"batch": 64, "gamma": 0.01, "path_length": 0.0, "mixing": 0.0, "size_dial": 1.0}),
        (64, "cuda", {"batch": 32, "gamma": 0.0002 * 64**2 / 32, "path_length": 2.0, "mixing": 0.9, "ema": 10.0}),
        (64, "cpu", {"batch": 16, "gamma": 1.0, "path_length": 2.0, "ema": 5.0, "size_dial": 0.125}),
        (256, "cuda", {"batch": 16, "gamma": 0.8192, "base": 16_384, "ema": 5.0, "lr": 0.0025}),
        (512, "cuda", {"batch": 8, "gamma": 6.5536, "base": 32_768}),
        (1024, "cuda", {"batch": 4, "gamma": 52.4288, "base": 32_768, "lr": 0.002}),
    ],
)
def test_values_are_the_published_ones(size: int, device: str, expected: dict[str, float]) -> None:
    """gamma 0.0002 size^2 / batch, 10 thousand images of average at batch 32 (`auto`, one GPU)."""
    found = recipe(games.spec("colour").changed(shape=(3, size, size)), device)
    assert {name: found.values[name] for name in expected} == pytest.approx(expected)
    assert any("size_dial" in reason for reason in found.reasons) == (device == "cpu")


def test_a_batch_chosen_by_hand_is_heeded_and_a_large_set_is_not_augmented() -> None:
    spec = games.spec("colour").changed(shape=(3, 64, 64), count=50_000)
    found = recipe(spec, "cuda", {"batch": 8}).values
    assert (found["batch"], found["gamma"], found["ema"]) == pytest.approx((8, 0.0002 * 64**2 / 8, 2.5))
    assert "ada" not in found
    assert recipe(spec.changed(count=300), "cpu").values["ada"] == 0.6


def test_lazy_turns_make_adam_slower() -> None:
    """lr and betas by c = r / (r + 1) (Karras et al. 2020 a, appendix B)."""
    made = games.game("stylegan2", "grey", path_length=2.0, lr=0.0025, penalty_every=16, path_every=4)
    for name, every in (("generator", 4), ("discriminator", 16)):
        c, adam = every / (every + 1), made.optimizers[name]
        assert (adam.lr(0), adam.beta1, adam.beta2(0)) == pytest.approx((0.0025 * c, 0.0, 0.99**c))


def test_lazy_turns_and_mixing_resume_exactly(tmp_path: Path) -> None:
    whole = Training.begin(games.game("stylegan2", "colour", **LAZY))
    games.advance(whole, "colour", 5)
    first = Training.begin(games.game("stylegan2", "colour", **LAZY))
    games.advance(first, "colour", 3)
    second = Training.begin(games.game("stylegan2", "colour", seed=9, **LAZY))
    second.restore(first.save(tmp_path))
    games.advance(second, "colour", 2)
    assert games.differing(games.tensors(whole), games.tensors(second)) == []


def test_truncated_to_nothing_all_samples_are_one(game: Game) -> None:
    def at(psi: float) -> torch.Tensor:
        return game.draw(game.networks, Request(4, given={"truncation": torch.full((4,), psi)}))

    none, half, whole = at(0.0), at(0.5), at(torch.inf)
    torch.testing.assert_close(none, none[:1].expand_as(none))
    assert half.std(dim=0).mean() < whole.std(dim=0).mean()
    torch.testing.assert_close(whole, game.draw(game.networks, Request(4)))


def test_styles_can_be_given(game: Game) -> None:
    generator = cast(StyleGenerator, game.networks["generator"])
    label = torch.tensor([0, 1, 2])
    plain = game.draw(game.networks, Request(3, 5, given={"label": label}))
    latent = torch.randn(3, games.SMALL["z"], generator=torch.Generator().manual_seed(5))
    styles = generator.styles(latent, label)
    torch.testing.assert_close(game.draw(game.networks, Request(3, given={"styles": styles})), plain)
    with pytest.raises(UsageError, match="do not fit"):
        game.draw(game.networks, Request(3, given={"styles": styles[:, :2]}))


def test_noise_of_a_request_is_a_function_of_its_seed(game: Game) -> None:
    for convolution in cast(StyleGenerator, game.networks["generator"]).synthesis.convolutions:
        torch.nn.init.ones_(convolution.get_parameter("loudness"))
    latent = torch.randn(1, games.SMALL["z"]).expand(2, -1)
    given = {"label": torch.zeros(2, dtype=torch.int64)}
    fixed = game.draw(game.networks, Request(2, 1, latent, given, noise="fixed"))
    one, again, other = (
        game.draw(game.networks, Request(2, seed, latent, given, noise="random")) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)
    assert not torch.allclose(one[0], one[1])
    torch.testing.assert_close(fixed[0], fixed[1])


def test_without_classes_nothing_is_told() -> None:
    spec = games.spec("colour")
    made = STYLEGAN2.build(STYLEGAN2.settings.read({"size_dial": 1 / 64, "z": 4}), spec, 100)
    assert not made.duels[0].conditional
    assert made.networks["discriminator"].mapping is None
    assert made.draw(made.networks.eval(), Request(2)).shape == (2, *spec.shape)
