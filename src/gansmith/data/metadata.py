"""Reads the tables that lie beside images: `metadata.csv` or `.jsonl` (Hugging Face) and `dataset.json` (StyleGAN)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

from gansmith.data.listing import Entry

Records = Mapping[str, Mapping[str, object]]  # by the image's name within the set

LABEL_COLUMNS = ("label", "class", "labels")
CAPTION_COLUMNS = ("text", "caption", "captions")


def records_in(entry: Entry, data: bytes) -> Records:
    """What a metadata file says of each image. Raises ValueError, KeyError or TypeError for one that is damaged."""
    try:
        text = data.decode("utf-8-sig")
        if entry.name.endswith(".csv"):
            records: list[Mapping[str, object]] = [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        else:
            records = [json.loads(line) for line in text.split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return {_inside(entry, str(record["file_name"])): record for record in records}


def labels_in(entry: Entry, data: bytes) -> Mapping[str, object] | None:
    """The label of each image in a `dataset.json`; None where it says that there are none. Raises as `records_in`."""
    labels = json.loads(data)["labels"]
    if labels is None:
        return None
    pairs = labels.items() if isinstance(labels, dict) else labels
    return {_inside(entry, str(name)): label for name, label in pairs}


def column_of(records: Records, columns: Sequence[str]) -> Mapping[str, object]:
    """The first of `columns` that occurs, by image; empty if none does."""
    column = next((column for column in columns if any(column in record for record in records.values())), None)
    return {name: record.get(column) for name, record in records.items()} if column else {}


def for_images(rows: Mapping[str, object], names: Sequence[str], entry: Entry) -> dict[str, object]:
    """The row of each image. A table that lies above several folders may name files without their folder."""
    present = set(names)

    def row(name: str) -> object:
        bare = _inside(entry, name.rpartition("/")[2])
        return rows[name] if name in rows else None if bare in present else rows.get(bare)

    return {name: found for name in names if (found := row(name)) is not None}


def _inside(entry: Entry, name: str) -> str:
    return f"{entry.folder}/{name}" if entry.folder else name
