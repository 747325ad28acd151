"""The robust family on either backbone: what comes with one, exact resuming, and where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from gansmith.errors import UsageError
from gansmith.families.robust import R3, ROBUST, BackboneSettings, fitted, recipe
from gansmith.networks.r3 import R3Discriminator, R3Generator
from gansmith.runs.state import Training
from tests import games


def test_what_a_backbone_is_begun_from_goes_by_size_and_machine() -> None:
    plain = recipe(games.spec("colour"))
    assert fitted(games.spec("colour"), "cpu", {}) == plain
    for device, narrow in (("cpu", 100), ("cuda", 500)):
        wide = 1000
        for pixels in (28, 32, 64, 128, 256):
            spec = games.spec("grey").changed(shape=(1, pixels, pixels + 4))
            values = ROBUST.recipe_for(spec, device, {"backbone": "r3"}).values
            assert values["gamma"] == recipe(spec).values["gamma"]
            assert values["width"] <= min(narrow, wide)
            wide = values["width"]
            BackboneSettings.read({**values, "backbone": "r3"})
    assert all(row["published"].width == 768 for row in R3.values())
    assert fitted(games.spec("points"), "cpu", {"backbone": "r3"}) == recipe(games.spec("points"))


@pytest.mark.parametrize("shape", ["grey", "colour", "alpha"])
def test_r3_learns_in_every_weight(shape: str) -> None:
    training = Training.begin(games.game("robust", shape, backbone="r3"))
    networks: nn.ModuleDict = training.game.networks
    assert isinstance(networks["generator"], R3Generator)
    assert isinstance(networks["discriminator"], R3Discriminator)
    before = games.copied(training)
    steps = games.advance(training, shape, 4, precision="bf16")
    moved = set(games.differing(before, games.tensors(training)))
    assert {f"networks/{name}" for name, _ in networks.named_parameters()} <= moved
    assert all(torch.isfinite(fact).all() for step in steps for fact in step.facts.values())


def test_r3_goes_on_exactly(tmp_path: Path) -> None:
    whole, first = (Training.begin(games.game("robust", "grey", backbone="r3")) for _ in range(2))
    games.advance(whole, "grey", 6)
    games.advance(first, "grey", 3)
    second = Training.begin(games.game("robust", "grey", seed=9, backbone="r3"))  # other weights, to be overwritten
    second.restore(first.save(tmp_path))
    games.advance(second, "grey", 3)
    assert games.differing(games.tensors(whole), games.tensors(second)) == []


def test_points_have_no_backbone() -> None:
    with pytest.raises(UsageError, match="Points"):
        games.game("robust", "points", backbone="r3")
