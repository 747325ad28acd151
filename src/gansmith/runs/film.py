"""The film of a run: its samples from first to last, on latents that never change."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gansmith.errors import GansmithError
from gansmith.runs.animation import animate, check

HOLD = 12  # the last frame stays this many times as long


def frames(run_path: Path, limit: int = 40) -> list[tuple[int, Image.Image]]:
    """(images seen, picture) of at most `limit` samples, evenly spread from first to last; bad files are skipped."""
    files = sorted((int(path.stem), path) for path in (run_path / "samples").glob("*.png") if path.stem.isdecimal())
    steps = min(limit, len(files)) - 1
    picked = [files[round(step * (len(files) - 1) / steps)] for step in range(steps + 1)] if steps > 0 else files[-1:]
    return [(seen, picture) for seen, path in picked if (picture := opened(path))]


def film(
    run_path: Path, out: Path | None = None, *, width: int = 480, limit: int = 40, milliseconds: int = 120
) -> Path:
    """Write the samples of a run as one animation that repeats for ever; returns its path.

    out: ends in .webp, .gif, .png or .mp4; `film.webp` in the run folder by default. width: pixels, at most; the height
    follows. milliseconds: per frame; the last is held. Raises UsageError for another ending, GansmithError if the run
    has no samples yet.
    """
    out = out or run_path / "film.webp"
    pictures = [picture for _, picture in frames(run_path, limit)]
    if not pictures:
        raise GansmithError(f"{run_path} has no samples to make a film of.", "", "Train it a little first.")
    size = pictures[-1].size
    if size[0] > width:
        size = (width, max(1, round(size[1] * width / size[0])))
    check(out, rate=1000 / milliseconds, frames=len(pictures), size=size)
    times = [milliseconds / 1000] * (len(pictures) - 1) + [HOLD * milliseconds / 1000]
    animate((fitted(picture, size) for picture in pictures), times, out)
    return out


def fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture at exactly this size: averaged when it shrinks, with hard pixel edges when it grows."""
    if picture.size == size:
        return picture
    smaller = size[0] < picture.width
    return picture.resize(size, Image.Resampling.LANCZOS if smaller else Image.Resampling.NEAREST)


def opened(path: Path) -> Image.Image | None:
    """A sample's picture, or None where it cannot be read."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
    except (OSError, SyntaxError, ValueError):
        return None
