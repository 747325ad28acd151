"""A journal survives whatever happens to its last line, and says only what strict JSON can say."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from gansmith.runs import journal
from gansmith.runs.journal import Journal


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    book = Journal(tmp_path / "journal.jsonl")
    assert book.read() == []
    rows = [{"seen": 64 * n, "loss": 0.1 * n, "말": "a\nb\u2028c", "name": "\udcff"} for n in range(5)]
    assert all(book.append(row) for row in rows)
    assert book.read() == rows == journal.read(book.path)
    assert len(book.path.read_bytes().splitlines()) == 5


def test_numbers_that_json_lacks_are_strings_on_disk_and_numbers_again(tmp_path: Path) -> None:
    book = Journal(tmp_path / "journal.jsonl")
    book.append({"a": math.nan, "b": math.inf, "c": -math.inf, "deep": {"d": [math.nan]}, "t": (1, 2)})
    raw = json.loads(book.path.read_text(), parse_constant=refuse)
    assert raw == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "deep": {"d": ["NaN"]}, "t": [1, 2]}
    (row,) = book.read()
    assert math.isnan(row["a"]) and (row["b"], row["c"]) == (math.inf, -math.inf)
    assert math.isnan(row["deep"]["d"][0])
    with pytest.raises(TypeError):
        book.append({"a": object()})
    assert len(book.read()) == 1


@pytest.mark.parametrize(
    "tail", [b'{"seen": 3, "lo', b'{"seen": 3}', b"\xff\xfe\x00", b"[1]\n", b"NaN\n\n", b"[" * 99_999]
)
def test_a_torn_line_costs_itself_only(tmp_path: Path, tail: bytes) -> None:
    book = Journal(tmp_path / "journal.jsonl")
    book.append({"seen": 1})
    book.append({"seen": 2})
    with book.path.open("ab") as file:
        file.write(tail)
    assert [row["seen"] for row in book.read() if row["seen"] != 3] == [1, 2]
    book.append({"seen": 4})
    assert [row["seen"] for row in book.read() if row["seen"] != 3] == [1, 2, 4]


def test_every_cut_through_the_file_keeps_the_lines_before_it(tmp_path: Path) -> None:
    book = Journal(tmp_path / "journal.jsonl")
    for seen in range(6):
        book.append({"seen": seen, "name": "왕"})
    whole = book.path.read_bytes()
    for cut in range(len(whole)):
        book.path.write_bytes(whole[:cut])
        kept = [row["seen"] for row in book.read()]
        assert kept == list(range(len(kept)))
        assert len(kept) in (whole[:cut].count(b"\n"), whole[:cut].count(b"\n") + 1)


def test_resuming_drops_what_will_be_written_again(tmp_path: Path) -> None:
    book = Journal(tmp_path / "journal.jsonl")
    for seen in (1, 2, 3, 4):
        book.append({"seen": seen, "loss": math.nan})
    book.append({"note": "no place"})
    with book.path.open("ab") as file:
        file.write(b'{"torn')
    book.truncate_after(2)
    assert [row.get("seen") for row in book.read()] == [1, 2, None]
    before = os.stat(book.path).st_ino
    book.truncate_after(2)
    assert os.stat(book.path).st_ino == before  # nothing to drop, nothing rewritten
    Journal(tmp_path / "absent.jsonl").truncate_after(0)


def test_a_disk_that_refuses_is_told_not_raised(tmp_path: Path) -> None:
    assert Journal(tmp_path / "absent" / "journal.jsonl").append({"seen": 1}) is False
