"""Networks that are told something, against the papers' formulas worked by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from gansmith.networks.conditional import (
    PLANES,
    AuxiliaryDiscriminator,
    ConcatDiscriminator,
    JoinedGenerator,
    LabelCondition,
    ProjectionDiscriminator,
    SteeredGenerator,
    Steering,
)
from gansmith.networks.residual import ResidualDiscriminator, ResidualGenerator

CLASSES, SIZE, WIDTH, Z = 3, 5, 8, 4
SHAPES = ((1, 8, 8), (3, 13, 20), (4, 32, 32))
EVERY = pytest.mark.parametrize("shape", SHAPES)


def weights(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def vectors(count: int = 6) -> Tensor:
    return torch.randn(count, SIZE, generator=torch.Generator().manual_seed(1))


def images(shape: tuple[int, int, int], count: int = 6) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_a_label_is_a_row_of_a_table_and_a_pack_the_mean_of_its_rows() -> None:
    condition = LabelCondition(CLASSES, SIZE)
    table = condition.vectors.weight
    one, packs = torch.tensor([2, 0]), torch.tensor([[0, 2], [1, 1]])
    assert torch.equal(condition({"label": one}), table[[2, 0]])
    torch.testing.assert_close(condition({"label": packs}), torch.stack([(table[0] + table[2]) / 2, table[1]]))


@EVERY
def test_the_projections_logit_is_what_the_paper_says(shape: tuple[int, int, int]) -> None:
    judge = ProjectionDiscriminator(LabelCondition(CLASSES, SIZE), shape, WIDTH)
    image, vector = images(shape), vectors()
    features = judge.trunk.features(image)
    last, project = judge.trunk.last, judge.project
    agreement = torch.einsum("nd,df,nf->n", vector, project.weight, features) + vector @ project.bias
    expected = features @ last.weight[0] + last.bias[0] + agreement / math.sqrt(SIZE)
    torch.testing.assert_close(judge(image, vector), expected, rtol=1e-4, atol=1e-5)
    plain = weights(ResidualDiscriminator(shape, WIDTH))
    assert weights(judge) == plain + CLASSES * SIZE + features.shape[1] * SIZE + SIZE


@EVERY
def test_concatenated_the_condition_is_planes_of_one_value(shape: tuple[int, int, int]) -> None:
    judge = ConcatDiscriminator(LabelCondition(CLASSES, SIZE), shape, WIDTH)
    image, vector = images(shape), vectors()
    values = vector @ judge.planes.weight.t() + judge.planes.bias
    whole = torch.cat([image, values.view(6, PLANES, 1, 1).repeat(1, 1, *shape[1:])], 1)
    torch.testing.assert_close(judge(image, vector), judge.trunk(whole))
    assert judge.trunk.first.in_channels == shape[0] + PLANES


@EVERY
def test_the_auxiliary_classifier_shares_the_trunk(shape: tuple[int, int, int]) -> None:
    judge = AuxiliaryDiscriminator(CLASSES, shape, WIDTH)
    image = images(shape)
    logits, names = judge.both(image)
    torch.testing.assert_close(logits, judge(image))
    torch.testing.assert_close(names, judge.names(judge.trunk.features(image)))
    inputs = judge.trunk.last.in_features
    assert weights(judge) == weights(ResidualDiscriminator(shape, WIDTH)) + (inputs + 1) * CLASSES


@EVERY
def test_joined_the_vector_lies_behind_the_latent(shape: tuple[int, int, int]) -> None:
    generator = JoinedGenerator(LabelCondition(CLASSES, SIZE), shape, Z, WIDTH)
    z, vector = torch.randn(6, Z), vectors()
    torch.testing.assert_close(generator(z, vector), generator.picture(torch.cat([z, vector], 1)))
    assert weights(generator) == weights(ResidualGenerator(shape, Z + SIZE, WIDTH)) + CLASSES * SIZE


def test_class_conditional_batch_norm_has_a_gain_and_a_bias_per_class() -> None:
    """As Dumoulin et al. 2017, eq. 5: z = gamma_s (x - mu) / sigma + beta_s, statistics over batch and places."""
    steering = Steering(SIZE, 7, norm=True)
    x, vector = torch.randn(6, 7, 3, 4) * 3 + 1, vectors()
    gamma, beta = (1 + vector @ steering.amounts.weight[:7].t(), vector @ steering.amounts.weight[7:].t())
    mean, deviation = x.mean((0, 2, 3), keepdim=True), x.std((0, 2, 3), correction=0, keepdim=True)
    expected = gamma[:, :, None, None] * (x - mean) / torch.sqrt(deviation**2 + 1e-5) + beta[:, :, None, None]
    torch.testing.assert_close(steering(x, vector), expected, rtol=1e-4, atol=1e-5)
    plain = Steering(SIZE, 7, norm=False)
    plain.load_state_dict(steering.state_dict(), strict=False)
    expected = gamma[:, :, None, None] * x + beta[:, :, None, None]
    torch.testing.assert_close(plain(x, vector), expected, rtol=1e-4, atol=1e-5)


@EVERY
@pytest.mark.parametrize("norm", [False, True])
def test_steered_every_image_follows_its_own_vector(shape: tuple[int, int, int], norm: bool) -> None:
    torch.manual_seed(0)
    generator = SteeredGenerator(LabelCondition(CLASSES, SIZE), shape, Z, WIDTH, norm=norm).eval()
    for block in generator.modules():  # blocks start silent
        if isinstance(block, nn.Conv2d) and not block.weight.any():
            nn.init.normal_(block.weight, 0.0, 0.1)
    z, vector = torch.randn(1, Z).expand(2, -1), vectors(2)
    both = generator(z, vector)
    assert both.shape == (2, *shape)
    assert both.abs().max() <= 1
    assert not torch.allclose(both[0], both[1], atol=1e-3)
    torch.testing.assert_close(generator(z[:1], vector[1:])[0], both[1], rtol=1e-4, atol=1e-5)


def test_with_nothing_to_say_the_steered_generator_is_the_plain_one() -> None:
    """Scale 1 and shift 0: the vectors are zeros."""
    generator = SteeredGenerator(LabelCondition(CLASSES, SIZE), (1, 16, 16), Z, WIDTH, norm=False)
    plain = ResidualGenerator((1, 16, 16), Z, WIDTH)
    names = {name.replace(".block.", "."): tensor for name, tensor in generator.picture.state_dict().items()}
    plain.load_state_dict({name: tensor for name, tensor in names.items() if ".steer." not in name})
    z = torch.randn(3, Z)
    torch.testing.assert_close(generator(z, torch.zeros(3, SIZE)), plain(z))


def test_penalties_reach_through_every_discriminator() -> None:
    """A second derivative by all weights, as R1 asks for, agrees with finite differences of the first."""
    torch.manual_seed(0)
    condition = LabelCondition(CLASSES, SIZE).double()
    image, vector = images((1, 8, 8), 2).double(), vectors(2).double()
    for judge in (
        ProjectionDiscriminator(condition, (1, 8, 8), WIDTH).double(),
        ConcatDiscriminator(condition, (1, 8, 8), WIDTH).double(),
    ):

        def slope(judge: nn.Module = judge) -> Tensor:
            x = image.clone().requires_grad_(True)
            (found,) = torch.autograd.grad(judge(x, vector).sum(), x, create_graph=True)
            return found.square().sum()

        weight = next(p for name, p in judge.named_parameters() if name.startswith(("project.w", "trunk.first.w")))
        (exact,) = torch.autograd.grad(slope(), weight)
        place = torch.zeros(weight.numel(), dtype=torch.float64).index_fill(0, torch.tensor([3]), 1e-6)
        moved = []
        for times in (1, -2):
            with torch.no_grad():
                weight.add_(times * place.view(weight.shape))
            moved.append(slope().item())
        assert exact.flatten()[3] != 0
        assert (moved[0] - moved[1]) / 2e-6 == pytest.approx(exact.flatten()[3].item(), rel=1e-3)
