"""Pictures show exactly the pixels they were given, and say how they were made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.runs.pictures import GAP, as_picture, grid, half_blocks, read_recipe, save_png, to_uint8

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def images(count: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def test_network_values_become_bytes_clamped_and_rounded() -> None:
    values = np.array([-9.0, -1.0, -0.999, 0.0, 0.004, 1.0, 9.0, np.nan])
    expected = [0, 0, 0, 128, 128, 255, 255, 0]  # 0.0 is 127.5, rounded to even
    assert to_uint8(values.reshape(8, 1, 1, 1)).ravel().tolist() == expected
    tensor = torch.tensor(values, dtype=torch.float64).reshape(2, 1, 2, 2).requires_grad_()
    assert to_uint8(tensor).shape == (2, 2, 2, 1)
    assert to_uint8(tensor.bfloat16()).dtype == np.uint8


def test_bytes_survive_the_way_to_network_values_and_back() -> None:
    shown = images(3, 5, 4, 3)
    assert (to_uint8((shown / 127.5 - 1).transpose(0, 3, 1, 2)) == shown).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("count", "columns", "scale", "gap"), [(7, 3, 2, 2), (4, 2, 1, 0), (1, 5, 3, 4)])
def test_every_pixel_of_a_grid_is_where_it_belongs(
    channels: int, count: int, columns: int, scale: int, gap: int
) -> None:
    shown = images(count, 4, 6, channels)
    picture = grid(shown, columns, scale=scale, gap=gap)
    columns = min(columns, count)
    rows = -(-count // columns)
    assert picture.mode == MODES[channels]
    assert picture.size == (columns * 6 * scale + (columns - 1) * gap, rows * 4 * scale + (rows - 1) * gap)
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)
    outside = np.ones(pixels.shape[:2], bool)
    for index, image in enumerate(shown):
        top, left = index // columns * (4 * scale + gap), index % columns * (6 * scale + gap)
        for y in range(4 * scale):
            for x in range(6 * scale):
                assert (pixels[top + y, left + x] == image[y // scale, x // scale]).all()
        outside[top : top + 4 * scale, left : left + 6 * scale] = False
    assert (pixels[outside] == (GAP if channels in (1, 3) else 0)).all()


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (32, 32), (64, 64), (64, 96), (96, 64), (1, 1), (3, 100)])
@pytest.mark.parametrize("count", [1, 10, 16, 64])
def test_small_images_are_enlarged_to_a_readable_grid(size: tuple[int, int], count: int) -> None:
    picture = grid(np.zeros((count, *size, 1), np.uint8))
    assert 600 <= max(picture.size) <= 1200
    assert max(picture.size) <= 1000 or max(picture.size) < 2 * 600  # whole factors only: 526 becomes 1052


def test_large_images_keep_their_size() -> None:
    assert grid(np.zeros((4, 700, 700, 3), np.uint8), 2).size == (1402, 1402)


def test_a_recipe_comes_back_from_the_png(tmp_path: Path) -> None:
    path = tmp_path / "새 폴더" / "grid.png"
    recipe = {"run": "003-꽃-robust", "seed": 1, "latents": [0.5, -1], "file": "\udcff.png", "at": Path("a")}
    save_png(grid(images(4, 8, 8, 4)), path, recipe)
    assert read_recipe(path) == {**recipe, "at": "a"}
    with Image.open(path) as picture:
        assert (np.asarray(picture) == np.asarray(grid(images(4, 8, 8, 4)))).all()
    assert [entry.name for entry in path.parent.iterdir()] == ["grid.png"]


def test_a_failed_write_leaves_the_old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "grid.png"
    save_png(as_picture(images(1, 8, 8, 1)[0]), path, {"n": 1})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(OSError, match="No space"):
        save_png(as_picture(images(1, 8, 8, 1)[0]), path, {"n": 2})
    assert read_recipe(path) == {"n": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_without_recipe_is_refused_in_words(tmp_path: Path) -> None:
    plain, garbled, missing = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"
    Image.new("L", (2, 2)).save(plain)
    garbled.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    for path, words in ((plain, "carries no recipe"), (garbled, "cannot be read"), (missing, "cannot be read")):
        with pytest.raises(GansmithError, match=words):
            read_recipe(path)


def test_half_blocks_carry_two_pixels_each() -> None:
    shown = np.zeros((2, 3, 2, 3), np.uint8)
    shown[0, 0], shown[0, 1], shown[0, 2] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    shown[1] = 7
    text = half_blocks(shown, columns=2, width=5)
    assert text.plain == "▀▀ ▀▀\n▀▀ ▀▀"  # the third row of pixels has nothing beneath it
    styles = {(span.start, span.end): str(span.style) for span in text.spans}
    assert styles[(0, 2)] == "#ff0000 on #00ff00"
    assert styles[(3, 5)] == "#070707 on #070707"
    assert styles[(6, 8)] == "#0000ff"


def test_half_blocks_use_their_width_and_leave_transparency_alone() -> None:
    text = half_blocks(images(12, 40, 30, 1), columns=4, width=72)
    lines = text.plain.split("\n")
    assert {len(line) for line in lines} == {4 * 17 + 3}
    assert len(lines) == 3 * 12  # 23 pixels and an empty one, in pairs
    assert (
        half_blocks(images(2, 4, 4, 1), columns=1, width=4).plain.split("\n") == ["▀▀▀▀"] * 2 + ["    "] + ["▀▀▀▀"] * 2
    )
    small = half_blocks(images(3, 8, 8, 3), columns=3, width=72).plain.split("\n")
    assert {len(line) for line in small} == {3 * 16 + 2} and len(small) == 8  # twice as large
    clear = np.zeros((1, 2, 2, 4), np.uint8)
    clear[0, 1] = 255
    assert half_blocks(clear, 1, width=3).plain == "▄▄"
    assert half_blocks(np.zeros((1, 2, 2, 2), np.uint8), 1, width=2).plain == "  "
