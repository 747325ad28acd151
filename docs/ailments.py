"""Makes docs/pictures/<ailment>.png from trainings that were made sick on purpose: `make bench-doctor`, then this."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
HISTORIES, PICTURES = ROOT / "build" / "doctor" / "histories", ROOT / "docs" / "pictures"
ROWS, EDGE = 2, 600  # rows of the grids shown, width of the whole picture
GAP, GREY = 12, 255


def film(trial: str) -> list[Image.Image]:
    """The samples of a recorded training, from first to last."""
    with zipfile.ZipFile(HISTORIES / trial / "samples.zip") as file:
        names = sorted(name for name in file.namelist() if name.endswith(".png"))
        return [Image.open(io.BytesIO(file.read(name)), formats=("PNG",)).convert("RGB") for name in names]


def top(picture: Image.Image, rows: int = ROWS, of: int = 6) -> Image.Image:
    """The first rows of a grid of samples."""
    return picture.crop((0, 0, picture.width, round(picture.height * rows / of)))


def stacked(pictures: list[Image.Image]) -> Image.Image:
    """One above the other, EDGE pixels wide."""
    scaled = [one.resize((EDGE, round(one.height * EDGE / one.width)), Image.Resampling.LANCZOS) for one in pictures]
    sheet = Image.new("RGB", (EDGE, sum(one.height for one in scaled) + GAP * (len(scaled) - 1)), (GREY,) * 3)
    below = 0
    for one in scaled:
        sheet.paste(one, (0, below))
        below += one.height + GAP
    return sheet


def last(trial: str) -> Callable[[], Image.Image]:
    return lambda: stacked([top(film(trial)[-1])])


def moments(trial: str, *shares: float) -> Callable[[], Image.Image]:
    """The same latents at several shares of a training, a row each."""

    def made() -> Image.Image:
        frames = film(trial)
        return stacked([top(frames[round(share * (len(frames) - 1))], 1) for share in shares])

    return made


def twins(trial: str, data: Path, side: int = 28, pairs: int = 6) -> Callable[[], Image.Image]:
    """Samples above, below each the training image nearest to it."""

    def made() -> Image.Image:
        picture = film(trial)[-1].convert("L")
        cell = picture.width / 6
        cells = [
            picture.crop((round(x * cell), round(y * cell), round((x + 1) * cell), round((y + 1) * cell)))
            for y in range(6)
            for x in range(6)
        ]
        samples = np.stack([np.asarray(one.resize((side, side), Image.Resampling.BOX), np.float32) for one in cells])
        with np.load(data) as file:
            real = file["images"].reshape(-1, side, side)
        distances = np.linalg.norm(samples[:, None].reshape(36, 1, -1) - real.reshape(1, len(real), -1), axis=2)
        order = distances.min(axis=1).argsort()[:pairs]
        rows = [samples[order], real[distances[order].argmin(axis=1)]]
        sheet = [np.concatenate([np.pad(one, 1, constant_values=110) for one in row], axis=1) for row in rows]
        strips = [Image.fromarray(strip.astype(np.uint8)) for strip in sheet]
        return stacked([strip.resize((strip.width * 4, strip.height * 4), 0).convert("RGB") for strip in strips])

    return made


FLOOD = ROOT / "build" / "doctor" / "data" / "fashion-flood.npz"

SHOWN: dict[str, Callable[[], Image.Image]] = {
    "mode_collapse": last("gan-digits.wild.13.off"),
    "discriminator_overpowers": last("dcgan-fashion.d-lr-50.1000.off"),
    "discriminator_blind": last("robust-fashion.gamma-1000.1000.off"),
    "oscillation": moments("gan-digits.healthy.3.off", 0.4, 0.6, 1.0),
    "discriminator_overfits": moments("robust-mnist.few.1000.off", 0.4, 1.0),
    "memorisation": twins("robust-fashion.flood.1000.off", FLOOD),
    "explosion": last("robust-fashion.both-lr-30.1000.off"),
    "checkerboard": last("dcgan-fashion.checkerboard.1000.off"),
    "augmentation_leak": last("dcgan-fashion.leak.1000.off"),
    "bad_init": last("dcgan-fashion.collapsed-init.1000.off"),
    "over_trained": moments("gan-fashion.few.1000.off", 0.4, 1.0),
    "under_trained": moments("robust-fashion.healthy.0.off", 0.4, 1.0),
    "data_fault": last("dcgan-fashion.dark.1000.off"),
}


def main() -> None:
    for name, make in SHOWN.items():
        try:
            picture = make()
        except FileNotFoundError as error:
            print(f"{name}: not recorded ({error.filename})", file=sys.stderr)
            continue
        picture.quantize(64).save(PICTURES / f"{name}.png", optimize=True)
        print(PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
