"""Sorts images into two sides, A and B, where the data or the user says that there are two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gansmith.data.decode import Unreadable, measure, two_halves
from gansmith.data.labels import SPLIT_NAMES
from gansmith.data.listing import Entry, Listing, stem
from gansmith.data.names import shown, some
from gansmith.data.options import DataOptions
from gansmith.errors import UsageError, closest

Pairing = Literal["none", "paired", "unpaired"]

SIDES = (("trainA", "trainB"), ("A", "B"))
SET_ASIDE = ("testA", "testB", "valA", "valB")  # kept for measuring by those who made the set
GLANCED = 64  # files measured to tell images that are two
NEARLY_ALL = 0.9

WAYS = {
    "paired": "pairs are two folders A/ and B/ whose files have equal names, or images twice as wide as high",
    "unpaired": "two sides are two folders, A/ and B/ or whatever --sides names, or exactly two classes",
}


@dataclass(frozen=True)
class Arrangement:
    """The images in the order they are decoded; for each, its side: 0 is A, 1 is B, none where all are of one kind.

    names: of A and B; inside: the name of each image within its side; lonely: files left out for want of a partner.
    """

    images: Sequence[Entry]
    pairing: Pairing = "none"
    side: Sequence[int] = ()
    names: tuple[str, ...] = ()
    inside: Mapping[str, str] = field(default_factory=dict)
    lonely: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def key(self, entry: Entry) -> str:
        """What the two images of a pair have in common."""
        return stem(self.inside.get(entry.name, entry.name))


def arrange(listing: Listing, options: DataOptions) -> Arrangement:
    """The sides of a listing under the layout asked for. UsageError when it has no such layout."""
    if options.layout == "plain":
        return Arrangement(listing.images)
    if options.layout == "edges":
        return _twins(listing.images, ("outline", ""), ("outlines", "images"))
    names = _chosen(listing, options) or _known(listing, certain=options.layout == "auto")
    if names:
        return _sided(listing, names, options.layout)
    if options.layout == "auto":
        return Arrangement(listing.images)
    if options.layout == "paired" and _side_by_side(listing):
        return _twins(listing.images, ("left", "right"), ("left", "right"))
    names = _two_folders(listing)
    if names:
        return _sided(listing, names, options.layout)
    folders = sorted({entry.folder.rpartition("/")[2] for entry in listing.images} - {""})
    raise wrong_layout(options.layout, described(listing), folders)


class WrongLayout(UsageError):
    """The data has not the layout that was asked for. options: what on the command line would fit it."""

    def __init__(self, what: str, why: str, options: str, meaning: str) -> None:
        super().__init__(what, why, f"{options} ({meaning})")
        self.options = options


def wrong_layout(layout: str, found: str, folders: Sequence[str]) -> WrongLayout:
    """What is said where data has not the layout that is needed. folders: sub-folders or classes that it has."""
    if layout == "paired":
        return WrongLayout(
            f"There are no pairs of images: found {found}.", WAYS[layout], "--edges", "outlines are made of the images"
        )
    sides = ",".join(folders[:2] if len(folders) > 1 else ("NAME", "NAME"))
    return WrongLayout(
        f"There are no two sides of images: found {found}.", WAYS[layout], f"--sides {sides}", "learn the second"
    )


def described(listing: Listing) -> str:
    """`3,599 images in 5 folders (daisy, roses, tulips and 2 more)`."""
    folders = {entry.folder for entry in listing.images} - {""}
    where = f" in {len(folders)} folders ({some(folders)})" if len(folders) > 1 else ""
    return f"{len(listing.images):,} images{where}"


def _twins(
    images: Sequence[Entry],
    parts: tuple[Literal["left", "outline"], Literal["right", ""]],
    names: tuple[str, str],
) -> Arrangement:
    """Every file gives an image of either side."""
    both = [Entry(entry.name, entry.where, part) for entry in images for part in parts]
    return Arrangement(both, "paired", [0, 1] * len(images), names)


def _sided(listing: Listing, names: tuple[str, str], layout: str) -> Arrangement:
    """Two folders as sides; paired if asked for, or if nothing was asked for and most names are in both."""
    placed = [(entry, _place(entry.name, names)) for entry in listing.images]
    inside = {entry.name: place[1] for entry, place in placed if place}
    keys = [{stem(inside[entry.name]) for entry, place in placed if place and place[0] == side} for side in (0, 1)]
    shared = keys[0] & keys[1]
    most = 2 * len(shared) >= max(1, min(map(len, keys)))
    if layout == "paired" and not shared:
        raise WrongLayout(
            f"No image of {shown(names[0])}/ has a partner in {shown(names[1])}/.",
            f"Partners have equal names; there are {some(keys[0])} and {some(keys[1])}.",
            "--layout unpaired",
            "learn without pairs, as cyclegan does",
        )
    paired = layout == "paired" or (layout == "auto" and most)
    sided = [(entry, place[0]) for entry, place in placed if place]
    lonely: list[str] = []
    if paired:
        lonely = [entry.name for entry, _ in sided if stem(inside[entry.name]) not in shared]
        sided = [(entry, side) for entry, side in sided if stem(inside[entry.name]) in shared]
        sided, repeated = _one_each(sided, inside)
        lonely += repeated
    sided.sort(key=lambda item: (stem(inside[item[0].name]), item[1]))
    return Arrangement(
        [entry for entry, _ in sided],
        "paired" if paired else "unpaired",
        [side for _, side in sided],
        names,
        inside,
        tuple(sorted(map(shown, lonely))),
        tuple(_left_out(entry.name for entry, place in placed if not place)),
    )


def _one_each(sided: list[tuple[Entry, int]], inside: Mapping[str, str]) -> tuple[list[tuple[Entry, int]], list[str]]:
    """At most one image of a key on a side, `x.jpg` before `x.png`; and the names of the others."""
    kept: dict[tuple[str, int], tuple[Entry, int]] = {}
    repeated = []
    for entry, side in sided:
        if (stem(inside[entry.name]), side) in kept:
            repeated.append(entry.name)
        else:
            kept[stem(inside[entry.name]), side] = entry, side
    return list(kept.values()), repeated


def _place(name: str, sides: tuple[str, str]) -> tuple[int, str] | None:
    """(0 or 1, the name within that side) of a file below one of the two folders, at any depth."""
    places = [(f"/{name}".find(f"/{side}/"), number, side) for number, side in enumerate(sides)]
    found = min((place for place in places if place[0] >= 0), default=None)
    if found is None:
        return None
    start, number, side = found
    return number, name[:start] + name[start + len(side) + 1 :]


def _chosen(listing: Listing, options: DataOptions) -> tuple[str, str] | None:
    """The folders that the user named. UsageError if one of them holds no images."""
    if not options.sides:
        return None
    for side in options.sides:
        if not any(f"/{side}/" in f"/{entry.folder}/" for entry in listing.images):
            folders = {part for entry in listing.images for part in entry.folder.split("/")} - {""}
            raise UsageError(
                f"There are no images in a folder called '{shown(side)}'.",
                f"Found {described(listing)}.",
                closest(side, map(shown, folders)) if folders else "Lay the two sides into two folders.",
            )
    return options.sides


def _known(listing: Listing, certain: bool) -> tuple[str, str] | None:
    """Folders that are called as sides are. certain: with no other images beside them, which could be more classes."""
    folders = {entry.folder for entry in listing.images}
    for names in SIDES:
        places = [set(folder.split("/")) & {*names} for folder in folders]
        if {*names} <= set().union(*places):
            others = (folder for folder, place in zip(folders, places, strict=True) if not place)
            if not certain or all(set(folder.split("/")) & {*SET_ASIDE} for folder in others):
                return names
    return None


def _two_folders(listing: Listing) -> tuple[str, str] | None:
    """The two folders that images lie in, below those that all of them share."""
    paths = [entry.folder.split("/") for entry in listing.images]
    while paths and all(path and path[0] for path in paths) and len({path[0] for path in paths}) == 1:
        paths = [path[1:] for path in paths]
    names = sorted({path[0] if path else "" for path in paths})
    if len(names) != 2 or "" in names or {name.lower() for name in names} <= SPLIT_NAMES:
        return None
    return names[0], names[1]


def _side_by_side(listing: Listing) -> bool:
    """Whether nearly all images are twice as wide as high."""
    wide = []
    for entry in listing.images[:: max(1, len(listing.images) // GLANCED)]:
        try:
            wide.append(two_halves(measure(listing.read(entry))[0]))
        except Unreadable:
            continue
    return bool(wide) and sum(wide) >= NEARLY_ALL * len(wide)


def _left_out(names: Iterable[str]) -> list[str]:
    """What lies beside the two sides is not used, and said so."""
    apart: list[str] = []
    others: list[str] = []
    for name in names:
        (apart if set(name.split("/")) & {*SET_ASIDE} else others).append(name)
    told = []
    if apart:
        folders = some({next(part for part in name.split("/") if part in SET_ASIDE) for name in apart}, 4)
        told.append(f"{len(apart):,} images in {folders} are not trained on: they are there to measure with.")
    if others:
        told.append(f"{len(others):,} images outside the two sides are not used: {some(others)}.")
    return told
