"""Reads image data sets of the Hugging Face hub, named `hf:user/name`, through the optional `datasets` package."""

from __future__ import annotations

from typing import Any

from gansmith.data.decode import Unreadable
from gansmith.data.listing import Entry, Listing
from gansmith.data.metadata import CAPTION_COLUMNS
from gansmith.errors import GansmithError, UsageError


def list_hub(name: str) -> Listing:
    """The images of a set's training part, with their classes. No code of the set is run.

    UsageError without the package or without an image column; GansmithError when the set cannot be fetched.
    """
    try:
        import datasets
    except Exception as error:  # a broken optional package fails in many ways
        raise UsageError(f"hf:{name} needs the `datasets` package.", str(error), 'pip install "gansmith[hf]"') from None
    try:
        rows: Any = datasets.load_dataset(name, split="train")
    except Exception as error:  # network, permission, or a set that does not exist
        raise GansmithError(f"Cannot fetch hf:{name}.", str(error), "Check the name and the connection.") from None
    column = next((key for key, kind in rows.features.items() if isinstance(kind, datasets.Image)), None)
    if column is None:
        raise UsageError(f"hf:{name} has no column of images.", f"Its columns are: {', '.join(rows.features)}.")
    rows = rows.cast_column(column, datasets.Image(decode=False))

    def read(entry: Entry) -> bytes:
        cell = rows[entry.where][column]
        if not cell or not cell.get("bytes"):
            raise Unreadable("no image in this row")
        return bytes(cell["bytes"])

    entries = [Entry(f"row {row:08d}", row) for row in range(len(rows))]
    told = next((key for key in CAPTION_COLUMNS if key in rows.features), None)
    texts = zip(entries, rows[told], strict=True) if told else ()
    captions = {entry.name: text for entry, text in texts if isinstance(text, str)}
    label = next((key for key, kind in rows.features.items() if isinstance(kind, datasets.ClassLabel)), None)
    if label is None:
        return Listing(read, entries, captions=captions)
    names = rows.features[label].names
    classes = {entry.name: names[number] for entry, number in zip(entries, rows[label], strict=True)}
    return Listing(read, entries, classes=classes, captions=captions)
