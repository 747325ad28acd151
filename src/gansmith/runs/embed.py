"""Pictures inside a page: data URIs small enough that the whole page stays easy to send."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from PIL import Image

from gansmith.runs.film import fitted

# Tried in this order until one fits: (quality, share of the size); None is without loss.
ATTEMPTS = ((None, 1.0), (88, 1.0), (75, 1.0), (75, 0.7), (65, 0.5), (50, 0.35), (40, 0.2))


def data_uris(pictures: Sequence[Image.Image], most: int) -> list[str]:
    """The pictures as WebP data URIs of together at most `most` bytes of image, in equal parts.

    Quality goes first, then size. Only the last may stay without loss; what it needed is where the others begin.
    """
    begin, uris = 0, list[str]()
    for picture in reversed(pictures):
        data, needed = _within(picture, most // len(pictures), begin)
        begin = begin if uris else max(1, needed)
        uris.append("data:image/webp;base64," + base64.b64encode(data).decode("ascii"))
    return uris[::-1]


def _within(picture: Image.Image, most: int, begin: int) -> tuple[bytes, int]:
    data = b""
    for index in range(begin, len(ATTEMPTS)):
        data = _webp(picture, *ATTEMPTS[index])
        if len(data) <= most:
            return data, index
    return data, len(ATTEMPTS) - 1


def _webp(picture: Image.Image, quality: int | None, share: float) -> bytes:
    if share < 1:
        picture = fitted(picture, (max(1, round(picture.width * share)), max(1, round(picture.height * share))))
    file = io.BytesIO()
    if quality is None:
        picture.save(file, "WEBP", lossless=True, quality=20, method=3)
    else:
        picture.save(file, "WEBP", quality=quality, method=4, use_sharp_yuv=True)
    return file.getvalue()
