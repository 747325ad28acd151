"""Every family as ONNX in ONNX Runtime and as torch.export.load brings it back, against what its game draws."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gansmith.engine import Engine
from gansmith.families import families
from gansmith.networks.attention import SelfAttention
from gansmith.runs.config import RunConfig
from gansmith.runs.model import Model
from gansmith.verbs.graphs import ALLOWED, as_onnx, as_pt2, checks, errors, portable, traced
from tests import games

FAST = {"stylegan2"}  # latents, labels and a truncation; `make test` has the plain one as a whole run
CASES = [
    pytest.param(family, shape, marks=() if family in FAST and shape == "grey" else pytest.mark.slow)
    for family, shape in games.CASES
    if shape != "alpha"
]


def model(family: str, shape: str) -> Model:
    """A model of tiny networks that have learnt nothing, but whose outputs differ with every input."""
    game, chosen = games.game(family, shape), families()[family]
    chance = torch.Generator().manual_seed(0)
    for network in game.networks.values():
        network.eval().requires_grad_(False)
        for weight in network.parameters():
            if weight.dim() > 1:  # published initial weights are so small that all images are the same grey
                weight.data.add_(0.1 * torch.randn(weight.shape, generator=chance))
    data = games.spec(shape, chosen.needs or ("labels" if "label" in chosen.conditions else ""))
    small = {name: value for name, value in games.SMALL.items() if name in chosen.settings.model_fields}
    settings = chosen.settings.read(chosen.recipe(data).values | small).model_dump()
    told = {"version": "0", "source": "nowhere", "options": {}, "duration": "", "images": games.IMAGES}
    config = RunConfig.read({**told, "spec": data.model_dump(), "family": family, "settings": settings})
    return Model(config, game, dict(game.networks.items()), Engine(), "tiny", "0")


@pytest.mark.parametrize(("family", "shape"), CASES)
def test_a_graph_draws_what_the_game_draws(family: str, shape: str, tmp_path: Path) -> None:
    made = model(family, shape)
    module = portable(made)
    wanted, program = checks(made, module), traced(module)
    assert wanted[5].wanted.std() > 0.01
    onnx = as_onnx(program, module, tmp_path / "model.onnx", {"family": family})
    pt2 = as_pt2(program, tmp_path / "model.pt2")
    for run in (onnx, pt2):
        assert max(errors(run, wanted, "graph").values()) <= ALLOWED
    given = [one.example(3, torch.Generator().manual_seed(9)) for one in module.inputs]
    for one, tensor in zip(module.inputs, given, strict=True):
        changed = [torch.zeros_like(tensor) if other is tensor else other for other in given]
        different = (onnx(given) - onnx(changed)).abs().max()
        # A latent of zeros is on no sphere, and must not become a division by 0 either.
        assert one.kind == "label" or different > 1e-6, f"{one.name} means nothing"


def test_no_batch_is_fixed_by_what_small_images_do_without() -> None:
    """Attention sits on maps of 8 cells and more."""
    graph = torch.export.export(
        SelfAttention(8), (torch.zeros(2, 8, 4, 4),), dynamic_shapes=({0: torch.export.Dim("count")},)
    )
    assert graph.module()(torch.zeros(7, 8, 4, 4)).shape == (7, 8, 4, 4)


def test_an_image_may_have_any_size(tmp_path: Path) -> None:
    made = model("cyclegan", "grey")
    module = portable(made)
    pt2 = as_pt2(traced(module), tmp_path / "model.pt2")
    for size in ((8, 12), (12, 28), (40, 8)):
        source = torch.rand(2, 1, *size) * 2 - 1
        with torch.no_grad():
            torch.testing.assert_close(pt2([source]), module(source), atol=1e-5, rtol=0)
