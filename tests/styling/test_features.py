"""How pictures are looked at: colours brought to what weights expect, layers, and where weights are found."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.engine import Engine
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.networks.backbone import Backbone
from gansmith.networks.vgg import VGG, random_vgg
from gansmith.styling.features import CONTENT, IMAGENET, STYLE, Extractor, extractor, through_vgg
from gansmith.styling.through import through_backbone
from gansmith.styling.weights import kept, load_vgg19


class Seen(torch.nn.Module):
    """Remembers what it was shown."""

    def forward(self, image: torch.Tensor, layers: object) -> dict[str, torch.Tensor]:
        return {"all": image}


def test_colours_are_those_that_weights_expect() -> None:
    """torchvision: (colour in [0, 1] - mean) / deviation."""
    image = torch.rand(2, 3, 5, 7) * 2 - 1
    found = Extractor("seen", Seen(), {"all": 1.0}, {"all": 1.0}).features(image)["all"]
    for channel, (mean, deviation) in enumerate(zip(*IMAGENET, strict=True)):
        assert torch.allclose(found[:, channel], ((image[:, channel] + 1) / 2 - mean) / deviation, atol=1e-6)


def test_layers_are_weighed_and_what_is_ready_is_a_copy() -> None:
    looking = extractor("random")
    assert set(looking.layers) == {*CONTENT, *STYLE}
    assert sum(looking.style.values()) == pytest.approx(1) == sum(looking.content.values())
    assert looking.style["relu1_1"] == pytest.approx(256 / 341)
    ready = looking.ready(Engine("cpu", "bf16"))
    assert next(ready.network.parameters()).dtype == torch.bfloat16
    assert next(looking.network.parameters()).dtype == torch.float32
    maps = ready.features(torch.zeros(1, 3, 32, 48), ("relu2_1",))
    assert {name: tuple(found.shape[2:]) for name, found in maps.items()} == {"relu2_1": (16, 24)}


def test_a_seed_is_a_network_and_an_unknown_name_is_refused() -> None:
    image = torch.rand(1, 3, 32, 32)
    one, same, other = (extractor("random", seed=seed).features(image)["relu3_1"] for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    with pytest.raises(UsageError, match="no features 'vgg16'"):
        extractor("vgg16")


def test_weights_are_found_where_torch_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "GANSMITH_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert list(kept()) == []
    file = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    file.parent.mkdir(parents=True)
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, file)
    assert list(kept()) == [file]
    with pytest.raises(GansmithError, match="does not hold the weights") as caught:
        load_vgg19()
    assert "VGG-19 has 16" in caught.value.why
    with pytest.raises(UsageError, match="no weights at"):
        load_vgg19(str(tmp_path / "nowhere.pth"))


def test_a_download_that_fails_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "GANSMITH_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(GansmithError, match="cannot be fetched"):
        load_vgg19(download=True)


@pytest.mark.parametrize(("name", "channels"), [("dcgan", 1), ("cgan", 3), ("robust", 3), ("msg-gan", 3)])
def test_discriminators_look_at_any_size(name: str, channels: int) -> None:
    """At images of their own size the maps are the backbone's; elsewhere they grow with the picture."""
    classes = ("a", "b") if name == "cgan" else ()
    spec = DataSpec(kind="images", shape=(channels, 32, 32), count=100, fingerprint="0" * 64, classes=classes)
    chosen = family(name)
    game = chosen.build(chosen.settings.read({**chosen.recipe(spec).values, "width": 8}), spec, 1000)
    backbone = Backbone(game.networks["discriminator"], (channels, 32, 32), ("all",), classes=len(classes))
    if name == "msg-gan":
        with pytest.raises(ValueError, match="one size"):
            through_backbone(backbone, "run")
        return
    looking = through_backbone(backbone, "run")
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    found = looking.features(image)
    if channels == 3:
        expected = backbone.features(image, list(found))
        assert all(torch.allclose(found[layer], expected[layer], atol=1e-5) for layer in found)
    larger = looking.features(torch.rand(1, 3, 64, 96))
    for layer, maps in found.items():
        assert larger[layer].shape[2] == 2 * maps.shape[2] and larger[layer].shape[3] == 3 * maps.shape[3]
    assert sum(looking.style.values()) == pytest.approx(1) and looking.relative


def test_a_stack_of_other_widths_is_an_extractor_too() -> None:
    looking = through_vgg(random_vgg(4), "mine", relative=False, content_weight=1.0)
    assert isinstance(looking.network, VGG) and looking.reach == 78 and looking.strides["relu5_1"] == 16
