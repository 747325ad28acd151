"""Finds the caption of every image: in a `.txt` file beside it, or in a table that lies with the images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gansmith.data.captions import LONGEST, clipped
from gansmith.data.decode import Unreadable
from gansmith.data.listing import Listing, stem
from gansmith.data.metadata import CAPTION_COLUMNS, column_of, for_images, records_in
from gansmith.data.names import shown, some


@dataclass
class Captions:
    """The caption of each image that has one, by the image's name; and what was odd, with the files it was odd in."""

    of: dict[str, str] = field(default_factory=dict)
    odd: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """Keep the first line of `text` that says something, at most LONGEST bytes of it."""
        lines = [line for line in (" ".join(line.split()) for line in text.replace("\0", " ").splitlines()) if line]
        if not lines:
            self.note("the caption is empty", name)
            return
        if len(lines) > 1:
            self.note("several captions, the first is used", name)
        kept = clipped(lines[0])
        if len(kept) < len(lines[0]):
            self.note(f"the caption is cut to {LONGEST} bytes", name)
        self.of[name] = kept

    def note(self, what: str, name: str) -> None:
        """Remember that `what` holds for the image or file `name`."""
        self.odd.setdefault(what, []).append(name)

    def warnings(self) -> list[str]:
        """A sentence for each oddity, with the first names."""
        return [f"{some(names)}: {what}." for what, names in sorted(self.odd.items())]


def find_captions(listing: Listing, names: Sequence[str]) -> Captions:
    """Captions of the images called `names`; where both exist, the `.txt` beside an image beats the table."""
    found = Captions()
    for name, text in _from_tables(listing, names).items():
        found.add(name, text)
    for name in names if listing.texts else ():
        if entry := listing.texts.get(stem(name)):
            try:
                found.add(name, _text(listing.read(entry)))
            except (Unreadable, ValueError) as error:
                found.note(str(error) if isinstance(error, Unreadable) else "the caption is not UTF-8", entry.name)
    return found


def from_rows(texts: Sequence[str | bytes]) -> Captions:
    """Captions of the rows of an array, by `row 0`, `row 1` and so on."""
    found = Captions()
    for row, text in enumerate(texts):
        try:
            found.add(f"row {row}", _text(text) if isinstance(text, bytes) else text)
        except ValueError:
            found.note("the caption is not UTF-8", f"row {row}")
    return found


def missing(found: Captions, count: int, names: Sequence[str]) -> str:
    """What to say of images without a caption, where others have one; nothing if all or none have."""
    lacking = [shown(name) for name in names if name not in found.of]
    if not lacking or not found.of:
        return ""
    return f"{len(lacking):,} of {count:,} images have no caption: {some(lacking)}."


def _from_tables(listing: Listing, names: Sequence[str]) -> Mapping[str, str]:
    if listing.captions:
        return listing.captions
    for entry in listing.labels:
        if entry.name.endswith(".json"):
            continue
        try:
            rows = column_of(records_in(entry, listing.read(entry)), CAPTION_COLUMNS)
        except (Unreadable, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # reading labels tells what is wrong with the file
        texts = {name: text for name, text in for_images(rows, names, entry).items() if isinstance(text, str)}
        if texts:
            return texts
    return {}


def _text(data: bytes) -> str:
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
