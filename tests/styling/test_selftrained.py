"""Features learnt from photos: filters that k-means finds, maps of one deviation, and what is kept in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from gansmith.networks.vgg import LAYERS, VGG
from gansmith.styling import selftrained
from gansmith.styling.features import extractor
from gansmith.styling.selftrained import LAST, centres, learn, learnt, patches, sample_photos


def stripes(seed: int = 0) -> Tensor:
    """Waves of a few directions under noise, (1, 3, 64, 80) in [-1, 1]."""
    chance = torch.Generator().manual_seed(seed)
    down, across = torch.meshgrid(torch.arange(64.0), torch.arange(80.0), indexing="ij")
    waves = sum((torch.sin(down * k + across * (1.5 - k)) for k in (0.2, 0.7, 1.3)), torch.zeros(64, 80))
    return (waves / 3 + 0.2 * torch.randn(3, 64, 80, generator=chance)).clamp(-1, 1)[None]


def test_the_first_maps_have_mean_0_and_deviation_1_before_their_relu() -> None:
    photos = [stripes(0), stripes(1)]
    layer = learn(photos, width=2).convolutions["relu1_1"]
    assert isinstance(layer, nn.Conv2d)
    answers = [conv2d(pad(x, (1, 1, 1, 1), "replicate"), layer.weight, layer.bias)[0].flatten(1) for x in photos]
    values = torch.cat(answers, 1)
    torch.testing.assert_close(values.mean(1), torch.zeros(2), rtol=0, atol=1e-3)
    torch.testing.assert_close(values.std(1), torch.ones(2), rtol=1e-3, atol=0)


def test_all_layers_are_awake_and_the_same_again() -> None:
    network, again = learn([stripes()], width=2), learn([stripes()], width=2)
    for name, maps in network(stripes(), LAYERS[: LAYERS.index(LAST) + 1]).items():
        assert 0.1 < float((maps > 0).float().mean()) < 0.9, name
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_patches_are_parts_of_the_maps() -> None:
    maps = torch.arange(2.0 * 5 * 6).view(1, 2, 5, 6)
    found = patches([maps], torch.Generator().manual_seed(0), count=50).view(-1, 2, 3, 3)
    whole = maps.unfold(2, 3, 1).unfold(3, 3, 1)[0].permute(1, 2, 0, 3, 4).reshape(-1, 2, 3, 3)
    assert all((one == whole).flatten(1).all(1).any() for one in found)
    assert len(set(map(str, found.tolist()))) == len(whole)


def test_centres_are_the_kinds_of_patches_there_are() -> None:
    """Patches along three axes that are no axes of the coordinates: each axis is some centre's, up to its sign."""
    chance = torch.Generator().manual_seed(0)
    axes = torch.linalg.qr(torch.randn(9, 9, generator=chance))[0][:3]
    shown = axes[torch.randint(3, (3000,), generator=chance)] * torch.randn(3000, 1, generator=chance)
    found = centres(shown + 0.01 * torch.randn(3000, 9, generator=chance), 8, chance)
    alike = (torch.nn.functional.normalize(found, dim=1) @ axes.T).abs()
    assert (alike.max(0).values > 0.95).all()


def test_they_are_kept_and_learnt_anew_where_what_is_kept_is_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path))
    monkeypatch.setattr(selftrained, "WIDTH", 2)
    calls = list[int]()

    def quick(photos: list[Tensor]) -> VGG:
        calls.append(len(photos))
        return learn([stripes()], width=2)

    monkeypatch.setattr(selftrained, "learn", quick)
    first, second = learnt(), learnt()
    assert calls == [2]
    (kept,) = (tmp_path / "features").iterdir()
    kept.write_bytes(kept.read_bytes()[:-9])
    third = learnt()
    assert calls == [2, 2]
    for network in (second, third):
        for one, other in zip(first.parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(one, other)


def test_the_default_features_see_colours_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansmith.styling.features.learnt", lambda: learn([stripes()], width=2))
    found = extractor()
    assert found.name == "learnt"
    image = sample_photos(64)[0]
    assert image.shape == (1, 3, 64, 96)
    torch.testing.assert_close(found.features(image)["relu1_1"], found.network(image, ["relu1_1"])["relu1_1"])
