"""Real and generated points side by side in one picture, drawn with Pillow alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gansmith.runs.axis import Axis

FINER = 2  # everything is drawn this much larger and shrunk: smooth edges without an anti-aliasing library
REAL, FAKE = (37, 99, 200), (217, 95, 14)  # told apart by every kind of colour vision
INK, FAINT, LINE, PAPER = (30, 34, 40), (107, 114, 128), (228, 231, 235), (255, 255, 255)
DOTS = 3000  # of each kind, evenly picked; more would only darken the picture
PANEL = 440  # width and height of the area of one large panel
LEFT, TOP, BOTTOM, RIGHT = 64, 44, 56, 20  # room around it for title, ticks and names

# Looked for in this order when a name cannot be written with Pillow's own (Latin) font.
WIDE_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansKR-Regular.otf",
    "NanumGothic.ttf",
    "AppleSDGothicNeo.ttc",
    "malgun.ttf",
    "DejaVuSans.ttf",
)


def scatter(real: np.ndarray, fake: np.ndarray, columns: Sequence[str]) -> Image.Image:
    """Compare real and generated points, (N, D) and (M, D) in the data's own units, by eye.

    Two columns: real on the left and generated on the right, over the same axes. One: two histograms over each other.
    More: every pair of the first four, with histograms on the diagonal. Axes follow the real data with room around it;
    how many generated points fall outside stands above.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if real.shape[1] == 1:
        return _one(real[:, 0], fake[:, 0], columns[0])
    return _two(real, fake, columns) if real.shape[1] == 2 else _many(real[:, :4], fake[:, :4], columns[:4])


def cloud(points: np.ndarray, columns: Sequence[str]) -> Image.Image:
    """Generated points (N, 2) by themselves, in the data's own units."""
    points = np.asarray(points, np.float64)
    sheet = _Sheet(LEFT + PANEL + RIGHT, TOP + PANEL + BOTTOM)
    _panel(sheet, points, points, FAKE, "generated", columns[0], LEFT)
    sheet.upward((18, TOP + PANEL / 2), columns[1], 16, INK)
    return sheet.picture()


def tradeoff(
    points: Sequence[tuple[float, float]], labels: Sequence[str], real: tuple[float, float], names: tuple[str, str]
) -> Image.Image:
    """Points of generated samples, both values from 0 to 1, joined in their order, and where real ones lie."""
    sheet = _Sheet(LEFT + PANEL + RIGHT, TOP + PANEL + BOTTOM)
    x, y = Axis(-0.02, 1.06, LEFT, LEFT + PANEL), Axis(-0.02, 1.06, TOP + PANEL, TOP)
    _ticks(sheet, x, y, (TOP, TOP + PANEL))
    places = [(float(x.place(across)), float(y.place(up))) for across, up in points]
    sheet.line(places, FAKE, 2)
    for (across, up), label in zip(places, labels, strict=True):
        sheet.disc(across, up, 5, FAKE)
        sheet.text((across + 9, up - 9), label, 13, INK, "lm")
    sheet.disc(float(x.place(real[0])), float(y.place(real[1])), 6, REAL)
    sheet.text((LEFT + PANEL / 2, TOP + PANEL + 38), names[0], 16, INK, "mm")
    sheet.upward((18, TOP + PANEL / 2), names[1], 16, INK)
    _legend(sheet, LEFT, 22)
    return sheet.picture()


def _one(real: np.ndarray, fake: np.ndarray, name: str) -> Image.Image:
    sheet = _Sheet(LEFT + 2 * PANEL + RIGHT, TOP + PANEL + BOTTOM)
    x = Axis(*_range(real), LEFT, LEFT + 2 * PANEL)
    _ticks(sheet, x, None, (TOP, TOP + PANEL))
    _histogram(sheet, x, TOP, TOP + PANEL, real, fake)
    sheet.text((LEFT + PANEL, TOP + PANEL + 38), name, 16, INK, "mm")
    _legend(sheet, LEFT, 22)
    _outside(sheet, LEFT + 2 * PANEL, fake[:, None], [x])
    return sheet.picture()


def _two(real: np.ndarray, fake: np.ndarray, columns: Sequence[str]) -> Image.Image:
    between = 28
    sheet = _Sheet(LEFT + 2 * PANEL + between + RIGHT, TOP + PANEL + BOTTOM)
    _panel(sheet, real, real, REAL, "real", columns[0], LEFT)
    _panel(sheet, fake, real, FAKE, "generated", columns[0], LEFT + PANEL + between)
    sheet.upward((18, TOP + PANEL / 2), columns[1], 16, INK)
    return sheet.picture()


def _panel(
    sheet: _Sheet,
    points: np.ndarray,
    frame: np.ndarray,
    colour: tuple[int, int, int],
    title: str,
    name: str,
    left: float,
) -> None:
    """Points (N, 2) over the axes that `frame` (M, 2) asks for."""
    x, y = Axis(*_range(frame[:, 0]), left, left + PANEL), Axis(*_range(frame[:, 1]), TOP + PANEL, TOP)
    _ticks(sheet, x, y, (TOP, TOP + PANEL), names=left == LEFT)
    _dots(sheet, x, y, {colour: points})
    sheet.disc(left + 6, 22, 6, colour)
    sheet.text((left + 20, 22), f"{title}, {len(points):,} points", 17, INK, "lm")
    sheet.text((left + PANEL / 2, TOP + PANEL + 38), name, 16, INK, "mm")
    _outside(sheet, left + PANEL, points, [x, y])


def _many(real: np.ndarray, fake: np.ndarray, columns: Sequence[str]) -> Image.Image:
    size = real.shape[1]
    panel, between = 720 // size, 16
    pitch = panel + between
    sheet = _Sheet(LEFT + 20 + size * pitch + RIGHT, TOP + size * pitch + BOTTOM)
    starts = [LEFT + 20 + index * pitch for index in range(size)]
    across = [Axis(*_range(real[:, index]), starts[index], starts[index] + panel) for index in range(size)]
    for row in range(size):
        top, bottom = TOP + row * pitch, TOP + row * pitch + panel
        for column in range(row + 1):
            x, y = across[column], Axis(*_range(real[:, row]), bottom, top)
            if row == column:
                _ticks(sheet, x, None, (top, bottom), about=3, names=row == size - 1)
                _histogram(sheet, x, top, bottom, real[:, row], fake[:, row])
                continue
            _ticks(sheet, x, y, (top, bottom), about=3, names=column == 0, below=row == size - 1)
            _dots(sheet, x, y, {REAL: real[:, [column, row]], FAKE: fake[:, [column, row]]})
        if row:
            sheet.upward((18, (top + bottom) / 2), columns[row], 15, INK)
        sheet.text((starts[row] + panel / 2, TOP + size * pitch + 22), columns[row], 15, INK, "mm")
    _legend(sheet, LEFT + 20, 22)
    _outside(sheet, sheet.width - RIGHT, fake, across)
    return sheet.picture()


@dataclass
class _Sheet:
    """White paper in plain pixels; drawn finer than that underneath."""

    width: int
    height: int

    def __post_init__(self) -> None:
        self._image = Image.new("RGB", (self.width * FINER, self.height * FINER), PAPER)
        self._draw = ImageDraw.Draw(self._image, "RGBA")  # RGBA drawn on RGB blends, so overlapping dots darken

    def picture(self) -> Image.Image:
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def line(self, points: Sequence[tuple[float, float]], colour: tuple[int, ...], width: float = 1) -> None:
        self._draw.line([(x * FINER, y * FINER) for x, y in points], colour, round(width * FINER), "curve")

    def area(self, points: Sequence[tuple[float, float]], colour: tuple[int, ...]) -> None:
        self._draw.polygon([(x * FINER, y * FINER) for x, y in points], colour)

    def disc(self, x: float, y: float, radius: float, colour: tuple[int, ...]) -> None:
        x, y, radius = x * FINER, y * FINER, radius * FINER
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    def text(self, at: tuple[float, float], text: str, size: int, colour: tuple[int, ...], anchor: str) -> None:
        shown = text if len(text) <= 40 else text[:39] + "…"
        shown = "".join(letter if letter.isprintable() else " " for letter in shown)
        self._draw.text((at[0] * FINER, at[1] * FINER), shown, colour, _font(size * FINER, shown), anchor)

    def upward(self, middle: tuple[float, float], text: str, size: int, colour: tuple[int, ...]) -> None:
        strip = _Sheet(300, size * 2)
        strip.text((150, size), text, size, colour, "mm")
        turned = strip._image.rotate(90, expand=True)
        mask = turned.convert("L").point(lambda level: 255 - level)
        corner = (round(middle[0] * FINER - turned.width / 2), round(middle[1] * FINER - turned.height / 2))
        self._image.paste(turned, corner, mask)


def _font(size: int, text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not text.isascii():
        for name in WIDE_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _range(real: np.ndarray) -> tuple[float, float]:
    finite = real[np.isfinite(real)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = 0.12 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def _inside(points: np.ndarray, axes: Sequence[Axis]) -> np.ndarray:
    low, high = np.array([axis.low for axis in axes]), np.array([axis.high for axis in axes])
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _dots(sheet: _Sheet, x: Axis, y: Axis, kinds: Mapping[tuple[int, int, int], np.ndarray]) -> None:
    radius = 2.2 if abs(x.end - x.start) > 300 else 1.5
    dots: list[tuple[float, float, float, tuple[int, ...]]] = []
    for colour, points in kinds.items():
        shown = points[np.linspace(0, len(points) - 1, min(DOTS, len(points))).astype(int)]
        shown = shown[_inside(shown, (x, y))]
        opacity = int(np.clip(60_000 / max(1, len(shown)) * radius / 2.2, 40, 170))
        places = zip(x.place(shown[:, 0]).tolist(), y.place(shown[:, 1]).tolist())
        dots += [(index / len(shown), *place, (*colour, opacity)) for index, place in enumerate(places)]
    for _, across, up, fill in sorted(dots):  # the kinds by turns, so that neither hides the other
        sheet.disc(across, up, radius, fill)


def _histogram(sheet: _Sheet, x: Axis, top: float, bottom: float, real: np.ndarray, fake: np.ndarray) -> None:
    edges = np.linspace(x.low, x.high, 41)
    shares = [np.histogram(values, edges)[0] / max(1, len(values)) for values in (real, fake)]
    y = Axis(0.0, max(1e-12, *(float(share.max()) for share in shares)) * 1.08, bottom, top)
    across = np.repeat(x.place(edges), 2)[1:-1].tolist()
    for share, colour in zip(shares, (REAL, FAKE)):
        outline = list(zip(across, np.repeat(y.place(share), 2).tolist()))
        sheet.area([(across[0], bottom), *outline, (across[-1], bottom)], (*colour, 50))
        sheet.line(outline, colour, 1.5)


def _ticks(
    sheet: _Sheet,
    x: Axis,
    y: Axis | None,
    rows: tuple[float, float],
    *,
    about: int = 5,
    names: bool = True,
    below: bool = True,
) -> None:
    top, bottom = rows
    for at, label in x.labels(about=about):
        sheet.line([(at, top), (at, bottom)], LINE)
        if below and (names or y is not None):
            sheet.text((at, bottom + 14), label, 13, FAINT, "mm")
    for at, label in y.labels(about=about) if y else ():
        sheet.line([(x.start, at), (x.end, at)], LINE)
        if names:
            sheet.text((x.start - 8, at), label, 13, FAINT, "rm")
    sheet.line([(x.start, bottom), (x.end, bottom)], FAINT)
    if y:
        sheet.line([(x.start, top), (x.start, bottom)], FAINT)


def _legend(sheet: _Sheet, left: float, y: float) -> None:
    for start, colour, name in ((left, REAL, "real"), (left + 76, FAKE, "generated")):
        sheet.disc(start + 6, y, 6, colour)
        sheet.text((start + 20, y), name, 17, INK, "lm")


def _outside(sheet: _Sheet, right: float, fake: np.ndarray, axes: Sequence[Axis]) -> None:
    out = int((~_inside(fake, axes)).sum())
    if out:
        sheet.text((right, 22), f"{out:,} outside the frame", 13, FAINT, "rm")
