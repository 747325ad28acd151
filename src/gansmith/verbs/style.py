"""style: a photo redrawn in the style of one or several pictures, the picture itself being what learns."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gansmith import engine as engines
from gansmith.data.gather import as_floats
from gansmith.errors import UsageError, closest
from gansmith.networks.vgg import POOLINGS
from gansmith.runs import disk
from gansmith.runs.model import load
from gansmith.runs.pictures import as_picture, to_uint8
from gansmith.styling.aim import Style
from gansmith.styling.colours import COLOURS, Colours, bright, brightened, histogram, matched, recoloured
from gansmith.styling.features import DEFAULT, NAMES, Extractor, extractor
from gansmith.styling.painting import Painting
from gansmith.styling.stages import Stroke, fitted, painted
from gansmith.styling.through import through_backbone
from gansmith.verbs.fast_style import opened, written
from gansmith.verbs.signals import stopping
from gansmith.verbs.translate import saved

Watcher = Callable[[Mapping[str, Any]], None]
Picture = str | Path | Tensor

SHOWN_EVERY = 5.0  # seconds between two previews


@dataclass(frozen=True)
class Styled:
    """What was painted and how it went.

    size: (height, width). losses: the terms as they ended, by name. stopped: whether somebody wished it to end early.
    """

    path: Path
    size: tuple[int, int]
    features: str
    steps: int
    seconds: float
    losses: dict[str, float]
    memory_mb: float
    stopped: bool = False
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path), "size": list(self.size), "notes": list(self.notes)}


def style(
    content: Picture,
    styles: Picture | Sequence[Picture],
    *,
    to: str | Path = "styled.png",
    weights: Sequence[float] | None = None,
    masks: Sequence[str | Path] = (),
    features: str = DEFAULT,
    pooling: str = "max",
    colours: str = "style",
    download: bool = False,
    out: str | Path = "runs",
    device: str = "auto",
    precision: str = "auto",
    watch: Watcher = lambda report: None,
    **settings: Any,
) -> Styled:
    """Paint `content` in one or several styles: image files, or tensors (1, 3, H, W) in [-1, 1].

    weights: of several styles, equal by default. masks: a grey image file per style, white where it is wanted; where no
    style is wanted the content stays. features: "random", "vgg19", "vgg19:PATH", or a run with a discriminator, found
    in `out`. colours: of the style; or of the content, as "match", "histogram" or "luminance". settings: of `Painting`.

    While it paints, `to` with .part.png for .png shows how far it is. Ctrl-C ends it with what there is, `stopped`.
    Raises UsageError for what cannot be read or does not fit together.
    """
    how, to, begun = Painting.read(settings), Path(to), time.perf_counter()
    if to.suffix.lower() != ".png":
        raise UsageError(f"Pictures are written as PNG, not '{to.suffix}'.", do=f"-o {to.with_suffix('.png')}")
    if colours not in COLOURS:
        raise UsageError(f"There are no colours '{colours}'.", do=closest(colours, COLOURS))
    several = [styles] if isinstance(styles, str | Path | Tensor) else list(styles)
    photo, pictures = read(content), [read(style) for style in several]
    if not pictures:
        raise UsageError("There is no style.", do="gansmith style PHOTO PAINTING")
    shares, places = shares_of(weights, len(pictures)), masks_of(masks, len(pictures))
    exactly = how.optimizer == "lbfgs" and precision == "auto"  # a line search ends early where losses are rounded
    engine = engines.choose(device, "32" if exactly else precision)
    looking = looking_by(features, pooling, download, out, device).ready(engine)
    wanted = [Style(*each) for each in zip(pictures, shares, places, strict=True)]
    seen, wanted = coloured(photo, wanted, colours, looking.relative)
    notes = notes_on(photo, how, looking)

    def finished(stroke: Stroke) -> Tensor:
        return composed(stroke.picture.cpu(), photo, colours == "luminance", places)

    last: Stroke | None = None
    saved(lambda: to.parent.mkdir(parents=True, exist_ok=True), to.parent)
    asked: list[str] = []
    with stopping(asked), previews(to) as preview:
        for last in painted(seen, wanted, looking, how):
            watch({"progress": (f"painting, {last.side} pixels", last.done, last.total)})
            if asked:
                break
            preview(last, finished)
    assert last is not None, "there is at least one step"
    picture = finished(last)
    losses = {name: float(value) for name, value in last.terms.items()}
    recipe: dict[str, Any] = {
        "content": named(content),
        "styles": [named(style) for style in several],
        "weights": shares,
    }
    recipe |= {"features": looking.name, "colours": colours, "taken": last.done, **how.model_dump()}
    written(picture, to, recipe)
    return Styled(
        to,
        (picture.shape[2], picture.shape[3]),
        looking.name,
        last.done,
        round(time.perf_counter() - begun, 2),
        losses,
        engines.peak_memory_mb(),
        stopped=bool(asked),
        notes=notes,
    )


def sample_pictures() -> tuple[Tensor, Tensor]:
    """scikit-learn's sample photos: a temple, to be painted, and a flower, whose style it may take."""
    from sklearn.datasets import load_sample_images

    china, flower = (as_floats(pixels[None]).contiguous() for pixels in load_sample_images().images)
    return china, flower


def read(picture: Picture) -> Tensor:
    """An image (1, 3, H, W) in [-1, 1]; UsageError where it is none."""
    if not isinstance(picture, Tensor):
        return opened(picture)
    if picture.dim() != 4 or picture.shape[:2] != (1, 3):
        raise UsageError(f"A picture has the shape (1, 3, H, W), not {tuple(picture.shape)}.")
    return picture


def named(picture: Picture) -> str:
    return "a tensor" if isinstance(picture, Tensor) else Path(picture).name


def shares_of(weights: Sequence[float] | None, count: int) -> list[float]:
    """One weight above 0 for every style."""
    shares = [1.0] * count if weights is None else [float(weight) for weight in weights]
    if len(shares) != count:
        raise UsageError(f"{len(shares)} weights do not mix {count} styles.", do="as many weights as styles")
    if not all(0 < share < float("inf") for share in shares):
        raise UsageError("A style's weight is a number above 0.", do="leave out a style that is not wanted")
    return shares


def masks_of(masks: Sequence[str | Path], count: int) -> list[Tensor | None]:
    """A mask (1, 1, H, W) in [0, 1] for every style, or none."""
    if not masks:
        return [None] * count
    if len(masks) != count:
        raise UsageError(f"{len(masks)} masks do not tell where {count} styles go.", do="a mask for each style")
    found: list[Tensor | None] = []
    for mask in masks:
        image = (bright(opened(mask))[:, :1] + 1) / 2
        if image.max() < 0.5:
            raise UsageError(f"{mask} is black.", "a style is painted where its mask is white")
        found.append(image)
    return found


def looking_by(features: str, pooling: str, download: bool, out: str | Path, device: str) -> Extractor:
    """An extractor by its name, or through the discriminator of a run."""
    if pooling not in POOLINGS:
        raise UsageError(f"There is no pooling '{pooling}'.", do=closest(pooling, POOLINGS))
    if features.partition(":")[0] in NAMES:
        return extractor(features, pooling=pooling, download=download)
    try:
        model = load(features, out=out, device=device)
    except UsageError as error:
        raise UsageError(
            f"There are no features '{features}'.", f"no run either: {error.what}", closest(features, NAMES)
        ) from None
    try:
        return through_backbone(model.backbone("all"), model.run)
    except ValueError as error:
        raise UsageError(
            f"{model.run} cannot look at pictures.", str(error), "a run on colour or grey images"
        ) from None


def coloured(photo: Tensor, styles: Sequence[Style], colours: Colours, recolour: bool) -> tuple[Tensor, list[Style]]:
    """(content, styles) as they are looked at, so that the result has those colours.

    recolour: whether the content takes the styles' colours first, where the result shall have them. Features that were
    not taught what things are see colours as content, too, which then would stand against the style.
    """
    if colours == "luminance":
        return bright(photo), [replace(style, picture=brightened(style.picture, photo)) for style in styles]
    if colours != "style":
        change = matched if colours == "match" else histogram
        return photo, [replace(style, picture=change(style.picture, photo)) for style in styles]
    if not recolour:
        return photo, list(styles)
    seen, whole = photo, sum(style.weight for style in styles if style.mask is None)
    for style in styles:
        share = style.weight / whole if style.mask is None else enlarged(style.mask, photo)
        seen = seen + share * (matched(photo, style.picture) - photo)
    return seen.clamp(-1, 1), list(styles)


def enlarged(mask: Tensor, image: Tensor) -> Tensor:
    """A mask (1, 1, h, w) as large as an image."""
    return interpolate(mask, image.shape[2:], mode="bilinear", antialias=True)


def composed(picture: Tensor, photo: Tensor, luminance: bool, masks: Sequence[Tensor | None]) -> Tensor:
    """What was painted (1, 3, H, W), with the photo's colours if so wished, and the photo where no style was wanted."""
    content = fitted(photo, max(picture.shape[2:]))
    picture = recoloured(picture, content) if luminance else picture
    places = [enlarged(mask, picture) for mask in masks if mask is not None]
    if not places:
        return picture
    share = torch.stack(places).sum(0).clamp(0, 1)
    return content + share * (picture - content)


@contextmanager
def previews(to: Path) -> Iterator[Callable[[Stroke, Callable[[Stroke], Tensor]], None]]:
    """Within it what there is can be seen beside `to`, as NAME.part.png, new every few seconds; gone afterwards."""
    part, shown = to.with_suffix(".part.png"), time.monotonic()

    def preview(stroke: Stroke, finished: Callable[[Stroke], Tensor]) -> None:
        nonlocal shown
        if time.monotonic() - shown >= SHOWN_EVERY:
            file = io.BytesIO()
            as_picture(to_uint8(finished(stroke))[0]).save(file, "PNG", compress_level=1)
            saved(lambda: disk.replace(part, file.getvalue(), durable=False), to.parent)
            shown = time.monotonic()

    try:
        yield preview
    finally:
        part.unlink(missing_ok=True)


def notes_on(photo: Tensor, how: Painting, looking: Extractor) -> tuple[str, ...]:
    """What the picture does not say itself."""
    notes = []
    if max(photo.shape[2:]) < how.size:
        notes.append(f"the photo has {max(photo.shape[2:])} pixels and was enlarged to {how.size}")
    if not looking.reach and how.size > how.tile:
        notes.append(f"{looking.name} cannot look at tiles: memory grows with the picture")
    return tuple(notes)
