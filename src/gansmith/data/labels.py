"""Finds the class of every image: in label files beside them, or in the folders they lie in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gansmith.data.decode import Unreadable
from gansmith.data.listing import Entry, Listing
from gansmith.data.metadata import LABEL_COLUMNS, column_of, for_images, labels_in, records_in
from gansmith.data.names import shown

SPLIT_NAMES = frozenset(("train", "training", "val", "valid", "validation", "dev", "test", "testing"))


@dataclass(frozen=True)
class Classes:
    """The class of each image, by its name; empty when the images have none. note: what the user should know."""

    of: Mapping[str, str]
    note: str = ""


def find_classes(listing: Listing, inside: Mapping[str, str] | None = None) -> Classes:
    """Classes from dataset.json (StyleGAN), metadata.csv or .jsonl (Hugging Face), or one level of sub-folders.

    inside: of two-sided data, the names of images within their side, whose folders then are the classes.
    """
    if listing.classes:
        return Classes(listing.classes)
    names = list(dict.fromkeys(image.name for image in listing.images))
    faults = []
    for entry in listing.labels:
        try:
            found = _from_file(entry, listing.read(entry), names)
        except (Unreadable, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            faults.append(f"{shown(entry.name)} is not used for labels: {error}")
            continue
        if found is not None:
            return found
    by_folder = _from_folders([inside.get(name, name) for name in names] if inside else names)
    of = {name: by_folder.of[inside.get(name, name)] for name in names} if inside and by_folder.of else by_folder.of
    return Classes(of, " ".join((*faults, by_folder.note)).strip())


def class_names(classes: Sequence[str]) -> tuple[str, ...]:
    """The distinct names in label order: by number if all are numbers, else by alphabet."""
    distinct = sorted(set(classes))
    return tuple(sorted(distinct, key=int) if all(name.isdecimal() for name in distinct) else distinct)


def _from_file(entry: Entry, data: bytes, names: Sequence[str]) -> Classes | None:
    if entry.name.endswith(".json"):
        known = labels_in(entry, data)
        if known is None:
            return Classes({})  # the folders of such a set are numbers, not classes
        rows = known
    else:
        rows = column_of(records_in(entry, data), LABEL_COLUMNS)
    labels = for_images(rows, names, entry).items()
    labelled = {name: shown(str(label)) for name, label in labels if isinstance(label, (str, int)) and label != ""}
    if not labelled:
        return None
    if len(labelled) < len(names):
        missing = next(name for name in names if name not in labelled)
        raise ValueError(
            f"{len(names) - len(labelled):,} of {len(names):,} images have no label there ({shown(missing)}, for one)."
        )
    return Classes(labelled)


def _from_folders(names: Sequence[str]) -> Classes:
    folders = {name: name.split("/")[:-1] for name in names}
    note = ""
    tops = {parts[0].lower() if parts else "" for parts in folders.values()}
    if len(tops) > 1 and tops <= SPLIT_NAMES:
        note = f"All of {', '.join(sorted(tops))} is used; name one of these folders to use it alone."
        folders = {name: parts[1:] for name, parts in folders.items()}
    while folders and all(folders.values()) and len({parts[0] for parts in folders.values()}) == 1:
        folders = {name: parts[1:] for name, parts in folders.items()}
    if folders and all(len(parts) == 1 for parts in folders.values()):
        return Classes({name: shown(parts[0]) for name, parts in folders.items()}, note)
    if len(Counter("/".join(parts) for parts in folders.values())) > 1:
        note = f"{note} Folders are not used as classes: images lie at different depths.".strip()
    return Classes({}, note)
