"""Fast style transfer: learn styles once and paint any photo in one pass, or learn once to paint in any style."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gansmith import engine as engines
from gansmith.data.decode import Recipe, Unreadable, decode, measure
from gansmith.data.folder import read_file
from gansmith.data.gather import as_floats
from gansmith.data.listing import Entry
from gansmith.errors import UsageError
from gansmith.networks.transfer import TransferNet
from gansmith.runs.pictures import as_picture, save_png, to_uint8
from gansmith.styling import adain, fast
from gansmith.styling.adain import AdainSettings
from gansmith.styling.fast import FastSettings
from gansmith.styling.features import DEFAULT, extractor
from gansmith.verbs.lesson import Lesson, sheet, shown
from gansmith.verbs.transfers import TRANSFERS, Transfer, Watcher
from gansmith.verbs.translate import saved

SHEET = "learnt.png"
LEAST = 16  # pixels of a side


def train_fast(
    styles: str | Path | Sequence[str | Path],
    data: str | Path,
    *,
    to: str | Path | None = None,
    duration: str = "10m",
    features: str = DEFAULT,
    seed: int = 0,
    device: str = "auto",
    watch: Watcher = lambda report: None,
    **settings: Any,
) -> Transfer:
    """Learn one or several styles, image files, from the photos in `data`; `paint_fast` then takes a pass a photo.

    to: its folder, by default transfers/STYLE. duration: as for `train`. settings: of FastSettings. The same call goes
    on with what there is. Raises Interrupted after Ctrl-C, all saved, and UsageError for what cannot be.
    """
    how = FastSettings.read(settings)
    files = [Path(file) for file in ([styles] if isinstance(styles, str | Path) else styles)]
    names = [file.stem for file in files]
    if not names or len(set(names)) < len(names):
        raise UsageError("Styles need names of their own.", f"given: {', '.join(names) or 'none'}", "rename a file")
    lesson = Lesson(data, Path(to or TRANSFERS / "-".join(names)), duration, features, seed, device, watch)
    pictures = [opened(file, shorter=how.style_size).to(engines.choose(device, "32").device) for file in files]
    about = {"styles": names, "pictures": [fingerprint(picture) for picture in pictures]}
    transfer, training, dataset = lesson.take(
        "fast", how.model_dump(), about, lambda seen, images: fast.learning(seen, pictures, how, images)
    )
    sheet(transfer.path / SHEET, training, shown(dataset), [{"styles": row[None]} for row in torch.eye(len(names))])
    return transfer


def train_adain(
    data: str | Path,
    *,
    to: str | Path | None = None,
    duration: str = "10m",
    features: str = DEFAULT,
    seed: int = 0,
    device: str = "auto",
    watch: Watcher = lambda report: None,
    **settings: Any,
) -> Transfer:
    """Learn a decoder from the images in `data`, each the style of another; `paint_adain` then takes any style.

    to: its folder, by default transfers/any. Otherwise as `train_fast`, with the settings of AdainSettings.
    """
    how = AdainSettings.read(settings)
    lesson = Lesson(data, Path(to or TRANSFERS / "any"), duration, features, seed, device, watch)
    transfer, training, dataset = lesson.take(
        "adain", how.model_dump(), {}, lambda seen, images: adain.learning(seen, how, images)
    )
    photos = shown(dataset)
    sheet(transfer.path / SHEET, training, photos, [{"style": photo[None]} for photo in photos[:2]])
    return transfer


def paint_fast(
    content: str | Path,
    transfer: str | Path,
    *,
    to: str | Path = "styled.png",
    weights: Sequence[float] | None = None,
    size: int | None = None,
    device: str = "auto",
) -> Path:
    """Paint a photo in the styles a network has learnt, mixed by weights (equal parts by default), in one pass.

    transfer: its folder, or a name in `transfers/`. size: longer side in pixels, the photo's own by default. Returns
    the PNG written. Raises UsageError for other photos, networks or weights.
    """
    found, engine = Transfer.find(transfer, "fast"), engines.choose(device, "32")
    names, how = list(found.notes["styles"]), FastSettings.read(found.notes["settings"])
    mix = torch.ones(len(names)) if weights is None else torch.tensor([float(weight) for weight in weights])
    if len(mix) != len(names) or not mix.isfinite().all() or not mix.sum() > 0:
        raise UsageError(f"{len(mix)} weights do not mix {len(names)} styles.", do=f"one each of {', '.join(names)}")
    mix = mix / mix.sum()
    photo = opened(content, longer=size).to(engine.device)
    network = TransferNet(len(names), how.width, how.blocks)
    found.restore(network, fast.NETWORK)
    made = fast.painted(network.to(engine.device), photo, mix[None])
    recipe = {"content": Path(content).name, "fast": found.path.name, "styles": dict(zip(names, mix.tolist()))}
    return written(made, Path(to), recipe)


def paint_adain(
    content: str | Path,
    style: str | Path,
    transfer: str | Path,
    *,
    to: str | Path = "styled.png",
    strength: float = 1.0,
    size: int | None = None,
    style_size: int = 256,
    device: str = "auto",
) -> Path:
    """Paint a photo in the style of any picture, in one pass, by a decoder that `train_adain` has learnt.

    strength: how far of the way to the style, from 0 to 1. style_size: shorter side that it is looked at with.
    Otherwise as `paint_fast`; the features it was learnt with must be on this machine.
    """
    if not 0 <= strength <= 1:
        raise UsageError(f"{strength:g} is no strength.", do="from 0, the photo, to 1, all of the style")
    found, engine = Transfer.find(transfer, "adain"), engines.choose(device, "32")
    photo, picture = (
        image.to(engine.device) for image in (opened(content, longer=size), opened(style, shorter=style_size))
    )
    seen = extractor(found.notes["features"])
    decoder = adain.decoder_of(seen)
    found.restore(decoder, adain.NETWORK)
    made = adain.painted(seen.ready(engine), decoder.to(engine.device), photo, picture, strength)
    recipe = {"content": Path(content).name, "style": Path(style).name, "adain": found.path.name, "strength": strength}
    return written(made, Path(to), recipe)


def opened(path: str | Path, *, longer: int | None = None, shorter: int | None = None) -> Tensor:
    """An image file as (1, 3, H, W) in [-1, 1], one of its sides brought to so many pixels. Raises UsageError."""
    try:
        data = read_file(Entry(Path(path).name, str(path)))
        own, _ = measure(data)
        image = as_floats(decode(data, Recipe(own, "crop", 3)).pixels[None]).contiguous()
    except Unreadable as error:
        raise UsageError(f"{path} cannot be read.", str(error), "an image: PNG, JPEG, WebP, ...") from None
    wanted, side = (longer, max(own)) if longer else (shorter, min(own))
    if wanted and wanted != side:
        sides = [max(1, round(each * wanted / side)) for each in own]
        image = interpolate(image, sides, mode="bicubic", antialias=True).clamp(-1, 1)
    if min(image.shape[2:]) < LEAST:
        raise UsageError(f"{path} is too small.", f"a side has fewer than {LEAST} pixels")
    return image


def fingerprint(picture: Tensor) -> str:
    return hashlib.sha256(to_uint8(picture).tobytes()).hexdigest()[:16]


def written(image: Tensor, path: Path, recipe: Mapping[str, Any]) -> Path:
    """Write an image (1, 3, H, W) in [-1, 1] as a PNG with its recipe."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"Pictures are written as PNG, not '{path.suffix}'.", do=f"-o {path.with_suffix('.png')}")
    saved(lambda: save_png(as_picture(to_uint8(image)[0]), path, recipe), path.parent)
    return path
