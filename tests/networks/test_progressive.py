"""Networks that grow, against Table 2 of their paper, the formula of the fade, and numerical derivatives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.losses.penalties import PENALTIES, Shown
from gansmith.networks.equalised import EqualisedConv2d
from gansmith.networks.progressive import (
    ProgressiveDiscriminator,
    ProgressiveGenerator,
    Stage,
    at_stage,
    doubled,
    doubling,
    grids_of,
    sizes_of,
    widths_of,
)

SHAPES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (1, 28, 28), (3, 33, 64)]
BARELY = 1e-6  # of a level


def pair(shape: tuple[int, int, int], seed: int = 0) -> tuple[ProgressiveGenerator, ProgressiveDiscriminator]:
    torch.manual_seed(seed)
    return ProgressiveGenerator(shape, 6, 4, 16), ProgressiveDiscriminator(shape, 4, 16)


def latents(count: int = 4) -> Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(1))


def test_at_1024_pixels_it_has_the_parameters_of_table_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """23.1 million each, layer by layer; the authors' first layer has a bias per map, ours one per cell."""
    monkeypatch.setattr("torch.nn.init.normal_", lambda weight, *args, **kwargs: weight)  # untouched memory is free
    shape, widths = (3, 1024, 1024), [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert widths_of(grids_of(shape), 16, 512) == widths

    def layer(inputs: int, outputs: int, kernel: int) -> int:
        return inputs * outputs * kernel**2 + outputs

    pairs = list(pairwise(widths))
    body = sum(layer(a, b, 3) + layer(b, b, 3) for a, b in pairs)
    generator = layer(512, 512, 4) + layer(512, 512, 3) + body + sum(layer(one, 3, 1) for one in widths)
    found = sum(p.numel() for p in ProgressiveGenerator(shape, 512, 16, 512).parameters())
    assert found - 15 * 512 == generator == 23_079_115
    body = sum(layer(b, b, 3) + layer(b, a, 3) for a, b in pairs)
    discriminator = sum(layer(3, one, 1) for one in widths) + body
    discriminator += layer(513, 512, 3) + layer(512, 512, 4) + layer(512, 1, 1)
    found = sum(p.numel() for p in ProgressiveDiscriminator(shape, 16, 512).parameters())
    assert found == discriminator
    assert round(discriminator / 1e6, 1) == 23.1


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_at_every_stage_there_and_back(shape: tuple[int, int, int]) -> None:
    generator, discriminator = pair(shape)
    sizes = sizes_of(shape)
    assert sizes[-1] == shape[1:]
    assert min(sizes[0]) in range(4, 8)
    for level, size in enumerate(sizes):
        for stage in {float(level), max(0.0, level - 0.7)}:
            image = generator(latents(), stage)
            assert image.shape == (4, shape[0], *size)
            assert discriminator(image, stage).shape == (4,)
            assert at_stage(torch.randn(4, *shape), shape, stage).shape == image.shape


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_a_fade_begins_with_the_old_image_and_is_a_straight_line(shape: tuple[int, int, int]) -> None:
    generator, discriminator = pair(shape)
    top = len(sizes_of(shape)) - 1
    old, new = generator(latents(), top - 1.0), generator(latents(), float(top))
    begin = doubled(old)[:, :, : shape[1], : shape[2]]
    torch.testing.assert_close(generator(latents(), top - 1 + BARELY), begin, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(generator(latents(), top - 0.75), 0.75 * begin + 0.25 * new, atol=1e-5, rtol=1e-4)
    if (shape[1], shape[2]) == grids_of(shape)[-1]:  # else the repeated edge is not what was cut off
        logits = discriminator(begin, top - 1 + BARELY)
        torch.testing.assert_close(logits, discriminator(old, top - 1.0), atol=1e-4, rtol=1e-4)


def test_reals_are_block_means_faded_like_fakes() -> None:
    image = np.random.default_rng(0).normal(size=(2, 3, 16, 24)).astype(np.float32)
    means = [image.reshape(2, 3, 16 // k, k, 24 // k, k).mean(axis=(3, 5)) for k in (4, 2, 1)]
    for stage, coarse, fine, alpha in ((0.0, 0, 0, 1.0), (1.0, 0, 1, 1.0), (0.25, 0, 1, 0.25), (1.5, 1, 2, 0.5)):
        old = means[coarse].repeat(2, axis=2).repeat(2, axis=3)
        expected = means[fine] if alpha == 1 else (1 - alpha) * old + alpha * means[fine]
        for given in (image, means[fine]):  # at full size, or as the loader reduces it
            found = at_stage(torch.from_numpy(given), (3, 16, 24), stage).numpy()
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_stage_names_its_finest_grid() -> None:
    assert Stage.of(0.0) == (0, None)
    assert Stage.of(2.0) == (2, None)
    level, alpha = Stage.of(1.25)
    assert level == 2
    assert alpha is not None
    assert alpha.item() == 0.25
    assert Stage.of(Stage.of(1.25)) == (level, alpha)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own compiler makes such
def test_a_fade_is_compiled_once() -> None:
    """Not at every step, although alpha moves at every one."""
    graphs: list[object] = []

    def counting(graph: Any, examples: object) -> Any:
        graphs.append(graph)
        return graph.forward

    generator, _ = pair((1, 8, 8))
    compiled = torch.compile(generator, backend=counting)
    with torch.no_grad():
        for alpha in (0.1, 0.2, 0.3):
            torch.testing.assert_close(compiled(latents(), Stage.of(alpha)), generator(latents(), alpha))
    assert len(graphs) == 1


def test_without_a_stage_it_draws_at_full_size_what_it_has_reached() -> None:
    shape = (1, 28, 28)
    generator, discriminator = pair(shape)
    for stage in (0.0, 0.5, 2.0):
        generator.stage.fill_(stage)
        discriminator.stage.fill_(stage)
        made, drawn = generator(latents(), stage), generator(latents())
        each = 28 // made.shape[2]
        expected = made.detach().numpy().repeat(each, axis=2).repeat(each, axis=3).clip(-1, 1)
        np.testing.assert_array_equal(drawn.detach().numpy(), expected)
        torch.testing.assert_close(discriminator(drawn), discriminator(made.clamp(-1, 1), stage))


def test_doubling_is_a_convolution_of_the_doubled_map() -> None:
    torch.manual_seed(3)
    layer, x = EqualisedConv2d(3, 5, 3).double(), torch.randn(2, 3, 4, 6, dtype=torch.float64)
    assert layer.bias is not None
    torch.nn.init.normal_(layer.bias)
    torch.testing.assert_close(doubling(layer, x), layer(doubled(x)))
    with torch.no_grad():
        torch.testing.assert_close(doubling(layer, x), layer(doubled(x)))


def test_only_layers_of_the_stage_are_given_gradients() -> None:
    generator, discriminator = pair((1, 16, 16))
    discriminator(generator(latents(), 0.5), 0.5).sum().backward()
    idle = ("blocks.1.", "images.2.", "entries.2.")
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert (parameter.grad is None) == name.startswith(idle), name


@pytest.mark.parametrize("stage", [1.0, 1.4])
def test_the_penalty_has_the_numerical_derivative(stage: float) -> None:
    """In double precision, of weights on every way through the fade; the spread, in single, has a test of its own."""
    torch.manual_seed(2)
    judge = ProgressiveDiscriminator((1, 16, 16), 2, 4, spread=False).double()
    size = sizes_of((1, 16, 16))[Stage.of(stage).level]
    image = torch.randn(4, 1, *size, dtype=torch.float64)

    def penalty() -> Tensor:
        shown = image.clone().requires_grad_(True)
        logits = judge(shown, stage)
        return PENALTIES["r1"](Shown(shown, shown, logits, logits, lambda one: judge(one, stage)))

    names = ["entries.1.weight", "blocks.0.second.weight", "final.weight", "weighing.weight", "last.weight"]
    names += ["entries.2.weight", "blocks.1.first.weight"] if stage > 1 else []
    weights = [judge.get_parameter(name) for name in names]
    slopes = torch.autograd.grad(penalty(), weights)
    for weight, slope in zip(weights, slopes, strict=True):
        place, nudge = tuple(0 for _ in weight.shape), 1e-6
        with torch.no_grad():
            weight[place] += nudge
        above = penalty()
        with torch.no_grad():
            weight[place] -= 2 * nudge
        below = penalty()
        with torch.no_grad():
            weight[place] += nudge
        assert slope[place].item() == pytest.approx(((above - below) / (2 * nudge)).item(), rel=1e-4, abs=1e-8)
