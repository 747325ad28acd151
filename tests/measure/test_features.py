"""The built-in features: the same network everywhere, features on one scale, samples of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d

from gansmith.measure.features import OFFSET, batched, built_in, fingerprint, orthogonal, random_vgg, standardised

PINNED = {  # channels -> the weights' SHA-256: whoever compares figures of two machines relies on it
    1: "802fab24b0fe83215669d1d5434879b1f0506deab80ae40294a6330102bbf6df",
    2: "83a7e8c92a6333ff3091e0fda233c668f16ceeb75fb2343eb838fdc0d5d1ef46",
    3: "8598d4466a2f3f33a41ee3ca2c456783bd38e3937db22d4152abc659d0c2201d",
    4: "42b14326d0c8149fb1d6e804c22e7b5b46ce356d8b73f6079b7dbc3120d365a9",
}


def drawing(size: int = 28) -> Tensor:
    """(3, 1, size, size): a saddle, grey, white."""
    line = torch.linspace(-1, 1, size)
    return torch.stack([line[:, None] * line, torch.zeros(size, size), torch.ones(size, size)])[:, None]


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("channels", PINNED)
def test_weights_are_the_same_everywhere(channels: int) -> None:
    assert fingerprint(random_vgg(channels, (28, 28))) == PINNED[channels]


def test_outputs_are_the_same_everywhere() -> None:
    features = batched(random_vgg(1, (28, 28)), drawing())
    assert features.sum(1).tolist() == pytest.approx([-489.261, -671.044, -360.682], abs=0.01)
    assert features[:, :3].flatten().tolist() == pytest.approx(
        [-1.8105, -1.7945, -1.758, -2.9957, -2.9957, -2.9957, -2.6612, -0.0996, -2.9957], abs=1e-3
    )


def test_what_the_network_computes_by_hand() -> None:
    network, image = random_vgg(3, (16, 16)), noise(2, 3, 16, 16)
    weights = dict(network.named_buffers())
    x = image
    levels = []
    for level, places in enumerate((2, 1, 1, 1)):
        x = avg_pool2d(x, 2) if level else x
        for place in range(places):
            x = conv2d(x, weights[f"weight_{level}_{place}"], padding=1).clamp(min=0)
        levels.append(x)
    parts = [levels[0].mean((2, 3)), (levels[0] ** 2).mean((2, 3)) ** 0.5]
    parts += [levels[1].mean((2, 3)), (levels[1] ** 2).mean((2, 3)) ** 0.5, levels[2].mean((2, 3))]
    parts += [levels[3].mean((2, 3))]
    assert torch.allclose(batched(network, image), torch.log(torch.cat(parts, 1) + OFFSET), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 9, 20), (3, 28, 28), (4, 64, 48), (3, 130, 130)])
def test_images_of_any_size(shape: tuple[int, int, int]) -> None:
    features = batched(random_vgg(shape[0], shape[1:]), noise(5, *shape))
    assert features.shape == (5, 224 if min(shape[1:]) >= 16 else 160)
    assert features.isfinite().all()
    assert torch.pdist(features).min() > 0


def test_impossible_images_are_refused() -> None:
    for channels, size in ((0, (8, 8)), (5, (8, 8)), (3, (3, 8))):
        with pytest.raises(ValueError, match="1 to 4 channels"):
            random_vgg(channels, size)


@pytest.mark.parametrize(("wide", "channels"), [(16, 1), (16, 16), (64, 3)])
def test_weights_are_orthogonal(wide: int, channels: int) -> None:
    rows = orthogonal(wide, channels, (1, 2, 3)).flatten(1).double()
    small = rows @ rows.T if wide <= 9 * channels else rows.T @ rows
    expected = 2 * max(1.0, wide / (9 * channels)) * torch.eye(len(small), dtype=torch.float64)
    assert torch.allclose(small, expected, atol=0.01)


def test_no_global_randomness_is_touched() -> None:
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index]
    random_vgg(1, (8, 8))
    assert torch.equal(torch_before, torch.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])  # type: ignore[index]


def test_features_are_standardised_by_the_reference() -> None:
    train = noise(64, 2, 16, 16)
    features = built_in(train)(train)
    assert torch.allclose(features.mean(0), torch.zeros(224), atol=1e-3)
    # Divided by a little more than the deviation, so that those that hardly vary stay small.
    assert (features.std(0) < 1.01).all()
    assert features.std(0).median() == pytest.approx(1 / (1 + 0.3**2) ** 0.5, rel=0.05)


def test_a_constant_feature_cannot_outweigh_the_others() -> None:
    reference = torch.cat([noise(100, 3), torch.full((100, 1), 7.0)], dim=1)
    network = standardised(nn.Identity(), reference)
    moved = reference[:1].clone()
    moved[0, 3] += 0.01
    assert (network(moved) - network(reference[:1])).abs().max() < 0.1
    alone = standardised(nn.Identity(), torch.full((10, 2), 7.0))
    assert torch.equal(alone(torch.full((1, 2), 8.0)), torch.ones(1, 2))


def test_points_are_their_own_features() -> None:
    points = noise(50, 3)
    features = built_in(points)
    assert features.name == "values"
    deviation = points.std(0, correction=0)
    scale = (deviation**2 + (0.3 * deviation.median()) ** 2) ** 0.5
    assert torch.allclose(features(points), (points - points.mean(0)) / scale, atol=1e-5)


def test_chunks_change_nothing_and_modes_are_put_back() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 3))
    images = noise(10, 1, 8, 8)
    whole = batched(network, images)
    assert torch.allclose(whole, batched(network, images, chunk=3), atol=1e-6)
    assert network.training
    assert not whole.requires_grad


def test_the_fingerprint_tells_networks_apart() -> None:
    a, b = nn.Linear(2, 2), nn.Linear(2, 2)
    assert fingerprint(a) != fingerprint(b)
    b.load_state_dict(a.state_dict())
    assert fingerprint(a) == fingerprint(b)
    assert fingerprint(nn.Identity()) != fingerprint(a)
