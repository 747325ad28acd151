"""Moving pictures in one file: WebP, GIF and PNG by themselves, MP4 where ffmpeg is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import accumulate, chain, pairwise
from pathlib import Path

from PIL import Image

from gansmith.errors import GansmithError, UsageError
from gansmith.runs import disk

KINDS = {".webp": "WEBP", ".gif": "GIF", ".png": "PNG", ".mp4": "MP4"}
FASTEST = {".webp": 60, ".gif": 50, ".png": 60, ".mp4": 60}  # frames per second; a GIF counts hundredths of a second
HELD = 2**27  # pixels of a film that is put together in memory: 400 MB
MOST = 2**31  # pixels of any film
COLOURS = 128  # of a GIF


def check(out: Path, *, rate: float, frames: int, size: tuple[int, int]) -> None:
    """Refuse a film that cannot be written, before anything is drawn. size: (width, height) in pixels."""
    kind = out.suffix.lower()
    if kind not in KINDS:
        raise UsageError(
            f"'{out.name}' is no kind of film.", "Films are .webp, .gif, .png or .mp4.", out.with_suffix(".webp").name
        )
    if kind == ".mp4" and shutil.which("ffmpeg") is None:
        raise GansmithError(
            "An .mp4 is written by ffmpeg, and there is none on the PATH.",
            do=f"install ffmpeg, or write {out.with_suffix('.webp').name}: browsers play it",
        )
    if not 0 < rate <= FASTEST[kind]:
        raise UsageError(f"A {kind} cannot show {rate:g} frames a second.", do=f"1 to {FASTEST[kind]}")
    most = MOST if kind == ".mp4" else HELD
    if frames * size[0] * size[1] > most:
        raise UsageError(
            f"{frames} frames of {size[0]}x{size[1]} are too much for one {kind}.",
            why=f"{frames * size[0] * size[1] / 1e6:.0f} million pixels, and {most / 1e6:.0f} are the most",
            do="fewer seconds, a lower fps, a smaller grid or scale",
        )


def animate(pictures: Iterable[Image.Image], seconds: Sequence[float], out: Path) -> None:
    """Write pictures of one size, each shown for its `seconds`, as a film that repeats for ever: whole or not at all.

    Pictures may come from a generator; an .mp4 is written as they come. `check` says beforehand what is possible.
    """
    kind = KINDS[out.suffix.lower()]
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = disk.marked(disk.TEMPORARY, out)
    try:
        if kind == "MP4":
            _mp4(pictures, seconds, temporary)
        else:
            _repeating(list(pictures), seconds, temporary, kind)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def durations(seconds: Sequence[float], unit: int) -> list[int]:
    """Milliseconds of each frame, whole multiples of `unit`, whose sums are as near the true times as can be."""
    ends = [unit * round(1000 * end / unit) for end in accumulate(seconds, initial=0.0)]
    return [max(unit, after - before) for before, after in pairwise(ends)]


def _repeating(shown: list[Image.Image], seconds: Sequence[float], path: Path, kind: str) -> None:
    if kind == "GIF":  # speckles that stand for missing colours would be the larger part of the file
        shown = [_solid(picture).quantize(COLOURS, dither=Image.Dither.NONE) for picture in shown]
    else:
        shown = [picture.convert("RGBA" if "A" in picture.getbands() else "RGB") for picture in shown]
    options: dict[str, dict[str, object]] = {
        "WEBP": {"quality": 80, "method": 4},
        "GIF": {"optimize": True, "disposal": 2},
        "PNG": {},
    }
    times = durations(seconds, 10 if kind == "GIF" else 1)
    shown[0].save(path, kind, save_all=True, append_images=shown[1:], duration=times, loop=0, **options[kind])


def _mp4(pictures: Iterable[Image.Image], seconds: Sequence[float], path: Path) -> None:
    """Pictures through ffmpeg's standard input, at the rate of the shortest; longer ones are repeated."""
    frames, shortest = map(_opaque, pictures), min(seconds)
    first = next(frames)
    with tempfile.TemporaryFile() as said:
        command = _ffmpeg(first.size, 1 / shortest, path)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=said)
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError), process.stdin:  # it ended early, and has said why
                for frame, time in zip(chain([first], frames), seconds, strict=True):
                    for _ in range(max(1, round(time / shortest))):
                        process.stdin.write(frame.tobytes())
            process.wait()
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            said.seek(0)
            raise GansmithError("ffmpeg could not write the film.", said.read().decode(errors="replace").strip()[-300:])


def _ffmpeg(size: tuple[int, int], rate: float, path: Path) -> list[str]:
    width, height = size
    return [
        *("ffmpeg", "-y", "-loglevel", "error"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate:.6f}", "-i", "-"),
        *("-an", "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart"),
        *("-f", "mp4", str(path)),
    ]


def _opaque(picture: Image.Image) -> Image.Image:
    """In solid colour, of an even width and height, as that codec needs them."""
    width, height = picture.size
    even = Image.new("RGB", (width + width % 2, height + height % 2), "white")
    even.paste(_solid(picture))
    return even


def _solid(picture: Image.Image) -> Image.Image:
    """In colour; what is transparent becomes white."""
    if "A" not in picture.getbands():
        return picture.convert("RGB")
    shown = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
