"""ADA's pipeline: what is named happens to the share of images asked for, can be learnt through, and does not leak."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from gansmith.errors import UsageError
from gansmith.losses.ada import NAMES, OPERATIONS, PRESETS, ada, operations
from gansmith.losses.ada_draws import BANDS, PARTS, ROTATIONS, draw

SIZES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (2, 5, 3), (1, 1, 1), (3, 2, 9)]


def pictures(count: int, *shape: int) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def shown(image: Tensor, kinds: str, p: float = 1.0, seed: int = 3) -> Tensor:
    torch.manual_seed(seed)
    return ada(kinds)(image, p)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("p", [0.3, 1.0])
def test_shape_and_kind_of_number_stay(p: float, shape: tuple[int, int, int]) -> None:
    image = pictures(6, *shape)
    out = shown(image, "bgcfnc", p)
    assert out.shape == image.shape
    assert out.dtype == image.dtype
    assert bool(torch.isfinite(out).all())


@pytest.mark.parametrize("kinds", NAMES)
def test_at_a_probability_of_0_nothing_changes_and_at_1_something(kinds: str) -> None:
    image = pictures(16, 3, 16, 16)
    assert shown(image, kinds, 0.0) is image
    assert (shown(image, kinds) != image).flatten(1).any(1).sum() >= (4 if kinds in ("xflip", "lumaflip") else 8)


def test_sets_are_the_papers() -> None:
    """Karras et al. 2020, figure 4 and appendix B: 15 operations in six groups, added up one after the other."""
    assert len(OPERATIONS) == 15
    sizes = {"blit": 3, "geom": 4, "color": 5, "filter": 1, "bg": 7, "bgc": 12, "bgcf": 13, "bgcfn": 14, "bgcfnc": 15}
    assert {name: len(PRESETS[name]) for name in PRESETS} == sizes
    assert operations(" bgc , noise,xflip,") == (*PRESETS["bgc"], "noise")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'brightness'"):
        ada("xflip,brigthness")


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_each_operation_meets_that_share_of_the_images(p: float) -> None:
    """Of 4 000, within five deviations of a binomial share. A filter has four chances, a turn two of its own."""
    torch.manual_seed(0)
    draws = draw(OPERATIONS, 4000, p)
    for name in OPERATIONS:
        share = 1 - (1 - p) ** 4 if name == "imgfilter" else p
        met = draws.touched(*PARTS.get(name, (name,))).float().mean().item()
        assert met == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / 4000)), name
    for name in ROTATIONS:
        share = 1 - math.sqrt(1 - p)
        assert draws.touched(name).float().mean().item() == pytest.approx(share, abs=5 * math.sqrt(share / 4000))


def test_operations_are_drawn_independently_of_each_other() -> None:
    torch.manual_seed(0)
    met = draw(OPERATIONS, 20_000, 0.4).on.float()
    assert (torch.corrcoef(met) - torch.eye(len(met))).abs().max() < 5 / math.sqrt(20_000)


def test_what_else_is_named_changes_no_draw() -> None:
    found = []
    for names in (("hue",), OPERATIONS):
        torch.manual_seed(0)
        draws = draw(names, 50, 0.5)
        found.append((draws.touched("hue"), draws.angle("hue")))
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))
    torch.manual_seed(0)
    assert not draw(("hue",), 50, 0.5).touched("scale", *BANDS).any()


def test_no_image_sees_another() -> None:
    image = pictures(6, 3, 12, 12)
    other = image.clone()
    other[3] = -other[3]
    both = [shown(batch, "bgcfnc", 0.7) for batch in (image, other)]
    assert [index for index in range(6) if not torch.equal(both[0][index], both[1][index])] == [3]


@pytest.mark.parametrize("shape", [(3, 6, 5), (2, 4, 7)])
def test_derivatives_of_the_first_and_second_order_are_differences(shape: tuple[int, int, int]) -> None:
    image = pictures(2, *shape).double().requires_grad_(True)
    assert gradcheck(lambda x: shown(x, "bgcfnc", 0.9).pow(3), image, fast_mode=True)
    assert gradgradcheck(lambda x: shown(x, "bgcfnc", 0.9).pow(3), image, fast_mode=True)


def test_a_slope_penalty_reaches_the_weights_through_the_pipeline() -> None:
    """R1 on what lies before the augmentation, as StyleGAN2-ADA has it; reference: central differences."""
    image = pictures(4, 3, 8, 8).double().requires_grad_(True)
    weight = torch.randn(3 * 8 * 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def penalty(w: Tensor) -> Tensor:
        logits = torch.tanh(shown(image, "bgc", 0.8).flatten(1) @ w)
        (slope,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
        return slope.square().sum()

    direction = torch.randn_like(weight)
    free = weight.clone().requires_grad_(True)
    (found,) = torch.autograd.grad(penalty(free), free)
    expected = (penalty(weight + 1e-5 * direction) - penalty(weight - 1e-5 * direction)) / 2e-5
    assert (found * direction).sum().item() == pytest.approx(expected.item(), rel=1e-5)


def test_under_autocast_it_stays_in_float32() -> None:
    image = pictures(8, 3, 12, 12)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = shown(image, "bgcf", 0.8)
    assert torch.equal(inside, shown(image, "bgcf", 0.8))
    half = shown(image.bfloat16(), "bgcf", 0.8)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), shown(image.bfloat16().float(), "bgcf", 0.8), rtol=1e-2, atol=1e-2)


WAYS = {"rotate90": 4, "xflip": 2}  # how many ways an image may come to lie


def seen_as(kinds: str, p: float, seed: int = 3, count: int = 20_000) -> Tensor:
    """How often an upright picture is seen in each way, as a circulant (ways, ways): column j of a picture lying so."""
    picture = torch.tensor([[1.0, 2.0], [3.0, 4.0]])[None, None]
    lying = [picture.rot90(k, (2, 3)) if kinds == "rotate90" else picture.flip([3][:k]) for k in range(WAYS[kinds])]
    out = shown(picture.expand(count, -1, -1, -1), kinds, p, seed)
    shares = torch.stack([(out == way).flatten(1).all(1).double().mean() for way in lying])
    assert shares.sum().item() == pytest.approx(1)
    return torch.stack([shares.roll(shift) for shift in range(len(shares))], dim=1)


@pytest.mark.parametrize("kinds", WAYS)
@pytest.mark.parametrize("p", [0.3, 0.8, 1.0])
def test_what_is_seen_tells_what_the_data_is_unless_all_of_it_is_changed(kinds: str, p: float) -> None:
    """All but the mean of a distribution over the ways is kept 1 - p times: for p < 1 the map is invertible."""
    sizes = torch.linalg.eigvals(seen_as(kinds, p)).abs().sort().values
    assert sizes.tolist() == pytest.approx([1 - p] * (len(sizes) - 1) + [1.0], abs=0.02)


@pytest.mark.parametrize("p", [0.3, 0.8])
def test_a_generator_shown_through_turns_learns_the_upright_data(p: float) -> None:
    """From lying anyhow, lowering how far what is seen of it diverges from what other draws show of the data."""
    data, seen = seen_as("rotate90", p, seed=4)[:, 0], seen_as("rotate90", p)
    logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([logits], 0.1)
    for _ in range(300):
        loss = -(data * (seen @ logits.softmax(0)).log()).sum()
        (logits.grad,) = torch.autograd.grad(loss, logits)
        adam.step()
    assert logits.softmax(0)[0].item() > 0.95
