"""Captions: as bytes and back, cut between characters, and found beside images and in tables."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.data.captions import decode, encode, frequent_words, words_in
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import UsageError
from tests.data.making import noise, write

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(partial(normalize, "NFC"))


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=5))
def test_what_fits_comes_back(captions: list[str]) -> None:
    length = max((len(text.encode()) for text in captions), default=0)
    rows = encode(captions, length)
    assert rows.shape == (len(captions), length)
    assert rows.dtype == np.uint8
    assert decode(rows) == captions


@settings(max_examples=100, deadline=None)
@given(texts, st.integers(0, 12))
def test_what_is_too_long_is_cut_between_characters(text: str, length: int) -> None:
    (kept,) = decode(encode([text], length))
    assert text.startswith(kept)
    rest = text[len(kept) :]
    assert not rest or len((kept + rest[0]).encode()) > length


def test_words_are_counted_without_case_and_punctuation() -> None:
    assert words_in("A red T-shirt, the CAT's — naïve 고양이!") == [
        "a",
        "red",
        "t-shirt",
        "the",
        "cat's",
        "naïve",
        "고양이",
    ]
    assert frequent_words(["b a", "A c", "a, b"]) == ("a", "b", "c")
    assert frequent_words(["z y x x"], most=2) == ("x", "y")


def captioned(folder: Path, beside: dict[str, bytes], count: int = 6) -> Path:
    """Images 0.png, 1.png ... and files beside them."""
    for number in range(count):
        write(folder / f"{number}.png", noise(16, 16, 3, seed=number))
    for name, data in beside.items():
        (folder / name).write_bytes(data)
    return folder


def kept_by(folder: Path, **options: object) -> list[str]:
    """The caption of every image, in order of names."""
    found = open_data(folder, DataOptions.read(options))
    assert found.captions is not None
    return decode(found.captions)


def test_texts_beside_images_are_captions(tmp_path: Path) -> None:
    folder = captioned(tmp_path / "a", {f"{n}.txt": f" number  {n}\n".encode() for n in range(6)})
    assert kept_by(folder) == [f"number {n}" for n in range(6)]
    found = open_data(folder)
    assert found.spec.caption_bytes == 8
    assert found.spec.words[0] == "number"
    assert ("captions", "6 captions, 7 words") in found.report.rows()
    batch = next(found.batches(4, seed=0, seen=0))
    rows = [next(r for r in range(6) if np.array_equal(found.tensor(np.array([r]))[0], image)) for image in batch.image]
    assert decode(batch.given["caption"].numpy()) == [f"number {row}" for row in rows]


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
@pytest.mark.parametrize("column", ["text", "caption"])
def test_a_column_of_a_table_is_captions_and_another_is_labels(tmp_path: Path, name: str, column: str) -> None:
    rows = [{"file_name": f"{n}.png", column: f"it, {n}", "label": "xy"[n % 2]} for n in range(6)]
    lines = [json.dumps(row) for row in rows]
    if name.endswith("csv"):
        lines = [f"file_name,{column},label", *(f'{n}.png,"it, {n}",{"xy"[n % 2]}' for n in range(6))]
    folder = captioned(tmp_path / "a", {name: "\n".join(lines).encode()})
    assert kept_by(folder) == [f"it, {n}" for n in range(6)]
    assert open_data(folder).spec.classes == ("x", "y")


def test_a_table_above_several_folders_holds_for_all_of_them(tmp_path: Path) -> None:
    for style in ("flat", "round"):
        captioned(tmp_path / "a" / style, {}, 2)
    (tmp_path / "a" / "metadata.csv").write_text("file_name,text\n0.png,sun\n1.png,moon\n")
    assert kept_by(tmp_path / "a") == ["sun", "moon", "sun", "moon"]


BAD = {
    "empty": (b" \n\n", "", "the caption is empty"),
    "not utf-8": (b"caf\xe9", "", "the caption is not UTF-8"),
    "10 000 characters": (b"\xc3\xa9" * 10_000, "é" * 128, "cut to 256 bytes"),
    "cut between characters": (b"a" + b"\xc3\xa9" * 200, "a" + "é" * 127, "cut to 256 bytes"),
    "several": (b"one\ntwo\n", "one", "several captions"),
    "byte order mark": (b"\xef\xbb\xbfsun", "sun", ""),
    "utf-16": ("sun".encode("utf-16"), "sun", ""),
    "zeros": (b"s\0un", "s un", ""),
}


@pytest.mark.parametrize("name", BAD)
def test_odd_captions_are_told_with_the_names(tmp_path: Path, name: str) -> None:
    data, kept, warning = BAD[name]
    folder = captioned(tmp_path / "a", {"0.txt": data, "1.txt": b"fine"})
    assert kept_by(folder)[:2] == [kept, "fine"]
    told = [line for line in open_data(folder).report.warnings if "caption" in line and "have no caption" not in line]
    assert len(told) == bool(warning)
    assert not warning or (warning in told[0] and ("0.png" in told[0] or "0.txt" in told[0]))


def test_images_without_a_caption_are_left_out_only_where_one_is_needed(tmp_path: Path) -> None:
    folder = captioned(tmp_path / "a", {"1.txt": b"a", "4.txt": b"b"})
    some = open_data(folder)
    assert some.spec.count == 6
    assert "4 of 6 images have no caption: 0.png, 2.png, 3.png and 1 more." in some.report.warnings
    needed = open_data(folder, DataOptions(captions="required"))
    assert needed.train.tolist() == [1, 4]
    assert "leave out 4 without a caption" in needed.report.plan
    assert needed.spec.captions == ("a", "b")


def test_captions_that_are_needed_and_missing_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no captions"):
        open_data(captioned(tmp_path / "a", {}), DataOptions(captions="required"))
    with pytest.raises(UsageError, match="no captions"):
        open_data("digits", DataOptions(captions="required"))


def test_captions_that_cannot_be_used_are_told_where_captions_are_needed(tmp_path: Path) -> None:
    table = {"metadata.csv": "file_name,text\n0.png,고양이\n".encode("cp949")}
    with pytest.raises(UsageError, match=r"no captions\. metadata\.csv is not used for labels: it is not UTF-8"):
        open_data(captioned(tmp_path / "a", table), DataOptions(captions="required"))
    with pytest.raises(UsageError, match=r"no captions\. 0\.png: the caption is empty"):
        open_data(captioned(tmp_path / "b", {"0.txt": b"\n"}), DataOptions(captions="required"))
    with pytest.raises(UsageError, match=r"no captions\. metadata\.csv is not used.*larger than"):
        table = {"metadata.csv": b"file_name,text\n0.png," + b"a" * 200_000}
        open_data(captioned(tmp_path / "c", table), DataOptions(captions="required"))


def test_a_caption_may_span_lines_of_a_table(tmp_path: Path) -> None:
    table = {"metadata.csv": b'file_name,text\r\n0.png,"a red\r\nheart"\r\n1.png,sun\r\n'}
    assert kept_by(captioned(tmp_path / "a", table, 2)) == ["a red", "sun"]
    table = {"metadata.jsonl": '{"file_name": "0.png", "text": "a\u2028b"}\n'.encode()}
    assert kept_by(captioned(tmp_path / "b", table, 1)) == ["a"]


def test_an_array_of_strings_is_captions(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=noise(3, 8, 8), captions=np.array(["sun", "", "moon"]))
    assert kept_by(tmp_path / "a.npz") == ["sun", "", "moon"]
    np.savez(tmp_path / "b.npz", images=noise(3, 8, 8), text=np.array([b"sun", b"caf\xe9", b"moon"]))
    assert kept_by(tmp_path / "b.npz") == ["sun", "", "moon"]
    assert any("row 1: the caption is not UTF-8" in line for line in open_data(tmp_path / "b.npz").report.warnings)
    np.savez(tmp_path / "c.npz", images=noise(3, 8, 8), captions=np.array(["sun"]))
    assert open_data(tmp_path / "c.npz").captions is None
    assert any("'captions' is not used" in line for line in open_data(tmp_path / "c.npz").report.warnings)


def test_captions_are_the_same_however_their_characters_are_written() -> None:
    composed, apart = (normalize(form, "한글 café") for form in ("NFC", "NFD"))
    assert composed != apart
    assert np.array_equal(encode([composed], 32), encode([apart], 32))
    assert words_in(apart) == [*composed.split()]


def test_other_text_files_are_no_captions(tmp_path: Path) -> None:
    found = open_data(captioned(tmp_path / "a", {"README.txt": b"read me"}))
    assert found.captions is None
    assert found.spec.caption_bytes == 0


def test_real_captions_are_found(shared_data: Path) -> None:
    found = open_data(shared_data / "pixelface" / "pixelface_32_dev.npz", DataOptions(captions="required"))
    assert found.report.captions == 12_000
    assert found.spec.caption_bytes == 122
    assert len(found.spec.captions) == 64
    assert {"smiling", "hair", "background"} <= set(found.spec.words)
