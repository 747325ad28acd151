"""BigGAN: classes, truncation, statistics of the drawn generator, orthogonal regularisation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.biggan import BIGGAN, overlap
from gansmith.game.game import Game, Request
from gansmith.runs.state import Training
from tests import games

LABELLED = games.spec("grey", "labels")


def game(seed: int = 0, spec: DataSpec = LABELLED, **settings: Any) -> Game:
    torch.manual_seed(seed)
    small = {"batch": 8, "z": 8, "width": 8, "shared": 4, "standing": 3}
    return BIGGAN.build(BIGGAN.settings.read(small | settings), spec, games.IMAGES)


def test_resumed_is_uninterrupted_with_labels(tmp_path: Path) -> None:
    whole, first = (Training.begin(game(ema=0.05)) for _ in range(2))
    games.advance(whole, "grey", 9)
    games.advance(first, "grey", 4)
    second = Training.begin(game(seed=9, ema=0.05))
    second.restore(first.save(tmp_path))
    games.advance(second, "grey", 5)
    assert games.digest(games.tensors(whole)) == games.digest(games.tensors(second))


def test_the_class_asked_for_is_the_class_made() -> None:
    made = game()
    made.networks.eval()
    latent = torch.randn(1, 8).expand(3, 8)
    same = made.draw(made.networks, Request(3, latent=latent, given={"label": torch.tensor([1, 1, 2])}))
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], same[2])
    assert made.duels[0].conditional


def test_unlabelled_images_are_one_class() -> None:
    made = game(spec=games.spec("grey"))
    assert made.networks["generator"].get_parameter("classes.weight").shape == (1, 4)
    games.advance(Training.begin(made), "grey", 2)
    assert made.draw(made.networks.eval(), Request(3)).shape == (3, 1, 8, 8)


def test_overlap_counts_pairs_of_different_columns() -> None:
    weight = torch.randn(3, 5, 2, 2)
    matrix = weight.flatten(1)
    by_hand = sum(float(matrix[i] @ matrix[j]) ** 2 for i in range(3) for j in range(3) if i != j)
    assert overlap(weight).item() == pytest.approx(by_hand, rel=1e-4)
    tall = torch.randn(50, 2)
    assert overlap(tall).item() == pytest.approx(2 * float(tall[:, 0] @ tall[:, 1]) ** 2, rel=1e-4)
    assert overlap(torch.eye(4)).item() == 0


def test_class_vectors_are_free_of_the_regularisation() -> None:
    """A step under an enormous weight moves them by gradients of the duel alone: no longer than without it."""
    found = []
    for beta in (0.0, 1e6):
        training = Training.begin(game(orthogonal=beta, lr=1e-3))
        before = training.game.networks["generator"].get_parameter("classes.weight").detach().clone()
        games.advance(training, "grey", 1)
        after = training.game.networks["generator"].get_parameter("classes.weight").detach()
        found.append(after - before)
    assert torch.equal(found[0], found[1])


def test_truncation_is_per_sample_and_makes_samples_alike() -> None:
    made = game(standing=0)
    made.networks.eval()
    limits = torch.tensor([0.1] * 16 + [3.0] * 16).roll(5)
    drawn = made.draw(
        made.networks, Request(32, given={"truncation": limits, "label": torch.zeros(32, dtype=torch.int64)})
    )
    spread = [drawn[limits == value].std(0).mean().item() for value in (0.1, 3.0)]
    assert spread[0] < 0.5 * spread[1]
    alone = made.draw(
        made.networks,
        Request(32, given={"truncation": torch.full((32,), 0.1), "label": torch.zeros(32, dtype=torch.int64)}),
    )
    torch.testing.assert_close(alone[limits == 0.1], drawn[limits == 0.1], rtol=1e-4, atol=1e-5)


def test_only_normal_latents_are_truncated() -> None:
    made = game(prior="uniform")
    with pytest.raises(UsageError, match="cannot be truncated"):
        made.draw(made.networks.eval(), Request(2, given={"truncation": torch.ones(2)}))


def test_standing_statistics_are_the_mean_over_passes_and_leave_the_generator_alone() -> None:
    """Drawn with them, a batch comes out as one normalised by its own statistics nearly does; the running ones lie."""
    made = game(standing=16)
    generator = made.networks["generator"]
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.fill_(3.0)  # type: ignore[union-attr]
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    made.networks.eval()
    latent, label = torch.randn(256, 8), torch.randint(3, (256,))
    settled = made.draw(made.networks, Request(256, latent=latent, given={"label": label}))
    again = made.draw(made.networks, Request(256, latent=latent, given={"label": label}))
    assert torch.equal(settled, again)
    assert all(torch.equal(value, before[key]) for key, value in generator.state_dict().items())
    for module in generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()
    own = generator(latent, label).detach()
    assert (settled - own).abs().mean() < 0.2 * own.std()
    stale = game(standing=0)
    stale.networks.load_state_dict({**stale.networks.state_dict(), **{f"generator.{k}": v for k, v in before.items()}})
    lying = stale.draw(stale.networks.eval(), Request(256, latent=latent, given={"label": label}))
    assert (lying - own).abs().mean() > 3 * (settled - own).abs().mean()


def test_standing_statistics_follow_the_weights() -> None:
    made = game()
    made.networks.eval()
    first = made.draw(made.networks, Request(4, given={"label": torch.zeros(4, dtype=torch.int64)}))
    with torch.no_grad():
        for parameter in made.networks["generator"].parameters():
            parameter.mul_(1.1)
    moved = made.draw(made.networks, Request(4, given={"label": torch.zeros(4, dtype=torch.int64)}))
    assert not torch.equal(first, moved)
    with torch.no_grad():
        for parameter in made.networks["generator"].parameters():
            parameter.div_(1.1)
    back = made.draw(made.networks, Request(4, given={"label": torch.zeros(4, dtype=torch.int64)}))
    torch.testing.assert_close(back, first, rtol=1e-3, atol=1e-4)


def test_few_images_get_lecam_and_augmentation() -> None:
    few = BIGGAN.recipe(games.spec("grey"))
    many = BIGGAN.recipe(games.spec("grey").changed(count=50_000))
    assert few.values["lecam"] == 0.3
    assert "lecam" not in many.values
    assert few.augment_beyond < float("inf")
