"""Decoding: every kind of image comes out as it looks, and every kind of damage comes out as a reason."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gansmith.data.decode import MAX_PIXELS, Recipe, Unreadable, decode, measure, to_byte_range
from gansmith.data.options import Channels, Fit
from tests.data.making import encoded, noise, smooth

RAMP = np.linspace(0, 255, 16 * 16).reshape(16, 16)  # exactly representable in 8 bits after rounding


def pixels(data: bytes, channels: Channels = 3, size: tuple[int, int] = (16, 16)) -> np.ndarray:
    return decode(data, Recipe(size, "crop", channels)).pixels


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_colour_is_untouched(kind: str) -> None:
    image = noise(16, 16, 3)
    assert (pixels(encoded(image, kind)) == image).all()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_colour_is_close(kind: str) -> None:
    image = smooth(16, 16)
    assert abs(pixels(encoded(image, kind, quality=95)).astype(int) - image).mean() < 10


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind: str) -> None:
    data = encoded(np.rint(RAMP * 257).astype(np.uint16), kind)
    assert (pixels(data, 1)[..., 0] == np.rint(RAMP)).all()


def test_sixteen_bit_numbers_that_are_nearly_black_are_noted() -> None:
    picture = decode(encoded((RAMP * 16).astype(np.uint16)), Recipe((16, 16), "crop", 1))
    assert any("12-bit" in note for note in picture.notes)


@pytest.mark.parametrize(
    ("values", "range_named"),
    [
        ((RAMP / 255).astype(np.float32), "0 to 1"),
        ((RAMP / 127.5 - 1).astype(np.float32), "-1 to 1"),
        (RAMP.astype(np.float32), "0 to 255"),
        (np.rint(RAMP).astype(np.int32), "0 to 255"),
        (np.rint(RAMP * 257).astype(np.int32), "0 to 65535"),
        ((RAMP * 1000 - 70000).astype(np.float32), "own darkest"),
    ],
)
def test_floats_and_long_integers_keep_their_ramp(values: np.ndarray, range_named: str) -> None:
    picture = decode(encoded(values, "TIFF"), Recipe((16, 16), "crop", 1))
    assert abs(picture.pixels[..., 0] - RAMP).max() <= 1
    assert any(range_named in note for note in picture.notes)


def test_one_bit_images_are_black_and_white() -> None:
    mask = noise(16, 16) > 127
    assert (pixels(encoded(Image.fromarray(mask)), 1)[..., 0] == mask * 255).all()


def test_palettes_show_their_colours() -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([0, 0, 0, 250, 120, 7])
    assert (pixels(encoded(image)) == (250, 120, 7)).all()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_shows_its_colours(kind: str) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow ink make red
    assert abs(pixels(encoded(image, kind)).astype(int) - (255, 0, 0)).max() <= 8


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_are_white_unless_alpha_is_kept(mode: str) -> None:
    image = Image.new(mode, (16, 16), (10, 0) if mode == "LA" else (10, 20, 30, 0))
    assert (pixels(encoded(image), 3) == 255).all()
    assert (pixels(encoded(image), 1) == 255).all()
    assert (pixels(encoded(image), 4)[..., 3] == 0).all()
    assert (pixels(encoded(image), 2)[..., 1] == 0).all()


def test_half_transparent_parts_are_mixed_with_white() -> None:
    assert abs(pixels(encoded(Image.new("RGBA", (16, 16), (0, 0, 200, 128)))).astype(int) - (127, 127, 227)).max() <= 1


def test_transparent_palette_entries_and_colours_are_white() -> None:
    image = Image.new("P", (16, 16), 1)
    image.putpalette([0, 0, 0, 250, 120, 7])
    assert (pixels(encoded(image, transparency=1)) == 255).all()
    assert (pixels(encoded(image, "GIF", transparency=1)) == 255).all()
    assert (pixels(encoded(Image.new("RGB", (16, 16), (1, 2, 3)), transparency=(1, 2, 3))) == 255).all()
    assert (pixels(encoded(Image.new("L", (16, 16), 9), transparency=9)) == 255).all()


def test_hidden_colours_do_not_bleed_when_resized() -> None:
    image = np.zeros((64, 64, 4), np.uint8)
    image[:, :32] = (200, 100, 50, 255)  # opaque left, transparent black right
    small = pixels(encoded(image), 4, (8, 8))
    seen = small[..., 3] > 32
    assert abs(small[seen][:, :3].astype(int) - (200, 100, 50)).max() <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(orientation: int) -> None:
    upright = smooth(16, 24)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(np.ascontiguousarray(stored), "PNG", exif=exif)
    picture = decode(data, Recipe((16, 24), "crop", 3))
    assert picture.size == (16, 24) == measure(data)[0]
    assert (picture.pixels == upright).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations_give_their_first_frame_and_say_so(kind: str) -> None:
    first, second = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(first, kind, save_all=True, append_images=[second], **options)
    picture = decode(data, Recipe((16, 16), "crop", 3))
    assert abs(picture.pixels.astype(int) - (255, 0, 0)).max() <= 2
    assert any("first frame" in note for note in picture.notes)


def test_greyness_is_seen_in_pixels_not_in_the_mode() -> None:
    grey = np.repeat(noise(16, 16, 1), 3, axis=2)
    recipe = Recipe((16, 16), "crop", 3)
    assert decode(encoded(grey), recipe).grey
    assert decode(encoded(grey, "JPEG"), recipe).grey
    assert not decode(encoded(smooth(16, 16)), recipe).grey
    assert (measure(encoded(grey))[1], measure(encoded(grey[..., 0]))[1]) == (3, 1)


def test_large_jpegs_are_measured_before_they_are_decoded_small() -> None:
    data = encoded(smooth(1024, 768), "JPEG", quality=95)
    picture = decode(data, Recipe((32, 32), "stretch", 3))
    assert picture.size == (1024, 768)
    reference = Image.fromarray(smooth(1024, 768)).resize((32, 32), Image.Resampling.BOX)
    assert abs(picture.pixels.astype(int) - np.asarray(reference)).mean() < 2


def png(width: int, height: int, data: bytes) -> bytes:
    """A grey PNG that claims a size, whatever its pixels are."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


WHOLE = encoded(smooth(64, 64), "JPEG")
HOSTILE = {
    "empty": (b"", "empty"),
    "text": (b"I am not an image\n", "text"),
    "html": (b"<html><body>404</body></html>", "text"),
    "zeros": (b"\0" * 1000, "zeros"),
    "random": (noise(1000).tobytes(), "not an image"),
    "truncated JPEG": (WHOLE[: len(WHOLE) // 2], "truncated"),
    "truncated PNG": (encoded(noise(64, 64, 3))[:3000], "truncated"),
    "header only": (WHOLE[:20], "."),
    "169 megapixels": (png(13_000, 13_000, b"\0" * 100), "too many pixels"),
    "400 megapixels": (png(20_000, 20_000, b"\0" * 100), "too many pixels"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "text"),
    "PSD": (b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + b"\0" * 99, "not an image"),
    "text bomb": (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 200_000) + b"zTXt" + b"k\0\0" + zlib.compress(b"\0" * 200_000_000), "."
    ),
    "not numbers": (encoded(np.full((16, 16), np.nan, np.float32), "TIFF"), "not numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_used_gives_a_reason(name: str) -> None:
    data, reason = HOSTILE[name]
    with pytest.raises(Unreadable, match=reason) as fault:
        pixels(data)
    assert "\n" not in str(fault.value)
    assert len(str(fault.value)) < 200


def test_just_under_the_cap_is_decoded() -> None:
    assert measure(png(MAX_PIXELS // 1000, 1000, b""))[0] == (1000, MAX_PIXELS // 1000)
    with pytest.raises(Unreadable, match="megapixels"):
        measure(png(MAX_PIXELS // 1000 + 1, 1000, b""))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (10, 20_000), (20_000, 10), (1, 64), (3, 5)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_odd_shapes_come_out_at_the_asked_size(height: int, width: int, fit: Fit) -> None:
    data = encoded(np.full((height, width, 3), 77, np.uint8))
    picture = decode(data, Recipe((8, 12), fit, 3))
    assert picture.pixels.shape == (8, 12, 3)
    assert picture.size == (height, width)
    assert (picture.pixels == 77).any()


SEEDS = {
    "PNG": encoded(noise(24, 24, 4)),
    "JPEG": encoded(smooth(24, 24), "JPEG"),
    "GIF": encoded(Image.fromarray(noise(24, 24)), "GIF"),
    "WEBP": encoded(noise(24, 24, 4), "WEBP"),
    "TIFF": encoded(noise(24, 24, 3), "TIFF", compression="tiff_lzw"),
    "BMP": encoded(noise(24, 24, 3), "BMP"),
    "PPM": encoded(noise(24, 24, 3), "PPM"),
}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.data(),
)
def test_any_damage_gives_an_image_or_a_reason(kind: str, edits: list[tuple[int, int]], more: st.DataObject) -> None:
    data = bytearray(SEEDS[kind])
    for place, value in edits:
        data[place % len(data)] = value
    end = more.draw(st.integers(0, len(data)))
    data = data[: end if end % 3 == 0 else len(data)]
    try:
        picture = decode(bytes(data), Recipe((16, 16), "crop", 3))
    except Unreadable as fault:
        assert str(fault).isprintable()
        return
    assert picture.pixels.shape == (16, 16, 3)
    assert picture.pixels.dtype == np.uint8


def test_values_of_one_colour_do_not_divide_by_zero() -> None:
    assert np.isfinite(to_byte_range(np.full((4, 4), -7.0))[0]).all()


def test_decoding_leaves_pillow_as_it_was() -> None:
    from PIL import ImageFile

    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    for data, _ in HOSTILE.values():
        with pytest.raises(Unreadable):
            measure(data)
            pixels(data)
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert Image.open(io.BytesIO(WHOLE)).size == (64, 64)
