"""Features from outside: Inception, a DINOv2-like model in a folder, or any module the user names."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gansmith.errors import GansmithError, UsageError
from gansmith.measure.features import Features

INCEPTION = "inception"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation that such models were trained with


def inception() -> Features:
    """The 2 048 features of the FID (Heusel et al. 2017), by torch-fidelity; its weights are downloaded once.

    Raises GansmithError with what to install, or where the weights cannot be had.
    """
    try:
        from torch_fidelity.utils import create_feature_extractor
    except Exception as error:  # a torchvision made for another torch raises RuntimeError, not ImportError
        raise GansmithError(
            "Inception features need torch-fidelity.", str(error).partition("\n")[0], "pip install gansmith[fid]"
        ) from None
    try:
        extractor = create_feature_extractor("inception-v3-compat", ["2048"], cuda=False, verbose=False)
    except Exception as error:  # no network, a broken download
        raise GansmithError("Inception's weights cannot be had.", str(error).partition("\n")[0]) from None
    return Features(INCEPTION, Inception(extractor))


class Inception(nn.Module):
    """torch-fidelity's extractor on images (N, C, H, W) in [-1, 1]: it wants colours as whole numbers."""

    def __init__(self, extractor: Any) -> None:
        super().__init__()
        self.extractor = extractor

    def forward(self, images: Tensor) -> Tensor:
        levels = ((coloured(images) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return self.extractor(levels)[0]


def named(name: str) -> Features:
    """`module:object`: a Python object that is, or makes when called, an nn.Module (N, C, H, W) -> (N, d).

    The module is imported, which runs its code: only ever called for a name the user wrote. Raises UsageError.
    """
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        network = found if isinstance(found, nn.Module) else found()
    except Exception as error:  # the user's code may raise anything
        raise UsageError(f"The features '{name}' cannot be had.", f"{type(error).__name__}: {error}") from None
    if not isinstance(network, nn.Module):
        raise UsageError(f"'{name}' is no network.", f"It gives a {type(network).__name__}.", "name an nn.Module")
    return Features(name, network.eval())


def in_folder(folder: Path) -> Features:
    """A model as Hugging Face keeps it, `model.safetensors` with `config.json`, such as DINOv2; its class token.

    Needs transformers, or timm where the configuration is timm's. Nothing is downloaded. Raises GansmithError.
    """
    for file in ("config.json", "model.safetensors"):
        if not (folder / file).is_file():
            raise UsageError(f"There are no features in {folder}.", f"It has no {file}.")
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        network = _timm(folder, config) if "architecture" in config else _transformers(folder)
    except ImportError as error:
        needed = "timm" if "architecture" in config else "transformers"
        raise GansmithError(f"The model in {folder} needs {needed}.", str(error), f"pip install {needed}") from None
    except Exception as error:  # foreign files, foreign code
        raise GansmithError(f"The model in {folder} cannot be used.", f"{type(error).__name__}: {error}") from None
    return Features(folder.name, network.eval())


def _transformers(folder: Path) -> nn.Module:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True, trust_remote_code=False)
    return Transformer(model, int(getattr(model.config, "image_size", 224)))


def _timm(folder: Path, config: dict[str, Any]) -> nn.Module:
    import timm

    weights = str(folder / "model.safetensors")
    model = timm.create_model(config["architecture"], num_classes=0, checkpoint_path=weights)
    return Transformer(model, int(config.get("pretrained_cfg", {}).get("input_size", [3, 224])[-1]))


class Transformer(nn.Module):
    """A model of ImageNet-normalised colour images of one size, on images (N, C, H, W) in [-1, 1]."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, model: nn.Module, size: int) -> None:
        super().__init__()
        self.model, self.size = model, min(size, 224)  # the published distances in DINOv2 features are at 224
        for name, values in zip(("mean", "deviation"), IMAGENET):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        seen = interpolate((coloured(images) + 1) / 2, (self.size, self.size), mode="bicubic", antialias=True)
        found = self.model((seen.clamp(0, 1) - self.mean) / self.deviation)
        return found if isinstance(found, Tensor) else found.last_hidden_state[:, 0]


def coloured(images: Tensor) -> Tensor:
    """(N, C, H, W) of 1 to 4 channels -> (N, 3, H, W): grey three times; what is transparent becomes white."""
    channels = images.shape[1]
    if channels in (2, 4):
        opaque = (images[:, -1:] + 1) / 2
        images = images[:, :-1] * opaque + (1 - opaque)
    return images.expand(-1, 3, -1, -1)
