"""Where VGG-19's learnt weights are found on this machine, and how they are read: never as a program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from gansmith.data.cache import cache_root
from gansmith.errors import GansmithError, UsageError
from gansmith.networks.vgg import VGG, Pooling, vgg19

URL = (
    "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"  # torchvision's; the name ends in its SHA-256's beginning
)
FILE, HASH, MEGABYTES = "vgg19-dcbb9e9d.pth", "dcbb9e9d", 548


def load_vgg19(path: str = "", pooling: Pooling = "max", download: bool = False) -> VGG:
    """The network with weights from a file, or from where they are kept.

    Raises UsageError where there are none, GansmithError for a file that holds something else or cannot be fetched.
    """
    file = Path(path) if path else next(kept(), None)
    if file is None and download:
        file = fetched()
    if file is None or not file.is_file():
        raise UsageError(
            f"There are no weights at {path}." if path else "VGG-19's weights are not on this machine.",
            why="" if path else "nothing is downloaded unasked, and they take 548 MB",
            do="--features vgg19:PATH of torchvision's or timm's file, --download, or leave --features out",
        )
    try:
        return vgg19(read(file), pooling)
    except ValueError as error:
        raise GansmithError(
            f"{file} does not hold the weights of VGG-19.", str(error), "torchvision's vgg19, or timm's vgg19.tv_in1k"
        ) from None


def read(file: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of a .pth that holds nothing but tensors. Raises GansmithError."""
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a broken or foreign file makes of a reader
        raise GansmithError(f"cannot read the weights in {file}", str(error).partition("\n")[0]) from None
    found = found.get("state_dict", found) if isinstance(found, dict) else {}
    return {str(name): value for name, value in found.items() if isinstance(value, Tensor)}


def kept() -> Iterator[Path]:
    """Files that would be VGG-19's: in the caches of gansmith, torch and Hugging Face."""
    hub = Path(os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or _cache() / "huggingface") / "hub")
    for folder, pattern in (
        (cache_root() / "features", "vgg19*.safetensors"),
        (checkpoints(), "vgg19-*.pth"),
        (hub, "models--timm--vgg19.tv_in1k/snapshots/*/model.safetensors"),
    ):
        yield from sorted(folder.glob(pattern))


def fetched() -> Path:
    """Download torchvision's file into torch's cache, its hash checked. Raises GansmithError."""
    target = checkpoints() / FILE
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(URL, str(target), hash_prefix=HASH)
    except Exception as error:  # no network, a full disk, a wrong hash
        raise GansmithError(f"VGG-19's weights ({MEGABYTES} MB) cannot be fetched.", str(error), URL) from None
    return target


def checkpoints() -> Path:
    """Where torch keeps downloaded weights."""
    return Path(os.environ.get("TORCH_HOME") or _cache() / "torch") / "hub" / "checkpoints"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
