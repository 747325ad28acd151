"""The film of a run: its samples from first to last, on latents that never change."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gansmith.errors import GansmithError, UsageError
from gansmith.runs import disk

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

    out: ends in .webp or .gif; `film.webp` in the run folder by default. width: pixels, at most; the height follows.
    milliseconds: per frame. Raises UsageError for another ending, GansmithError if the run has no samples yet.
    """
    out = out or run_path / "film.webp"
    if out.suffix.lower() not in (".webp", ".gif"):
        raise UsageError(f"'{out.name}' is no kind of film.", "Films are .webp or .gif.", out.with_suffix(".webp").name)
    pictures = [picture for _, picture in frames(run_path, limit)]
    if not pictures:
        raise GansmithError(f"{run_path} has no samples to make a film of.", "", "Train it a little first.")
    size = pictures[-1].size
    if size[0] > width:
        size = (width, max(1, round(size[1] * width / size[0])))
    shown = [fitted(picture, size) for picture in pictures]
    times = [milliseconds] * (len(shown) - 1) + [milliseconds * HOLD]
    temporary = disk.marked(disk.TEMPORARY, out)
    kind = out.suffix[1:].upper()
    if kind == "GIF":  # speckles that stand for missing colours would be the larger part of the file
        shown = [picture.convert("RGB").quantize(128, dither=Image.Dither.NONE) for picture in shown]
    options = {"quality": 80, "method": 4} if kind == "WEBP" else {"optimize": True, "disposal": 2}
    try:
        shown[0].save(temporary, kind, save_all=True, append_images=shown[1:], duration=times, loop=0, **options)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
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
