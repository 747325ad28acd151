"""Generated images on disk, as a labelled folder that any program reads; and what was kept and refused, as a sheet."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gansmith.errors import UsageError
from gansmith.runs import disk
from gansmith.runs.pictures import as_picture, grid
from gansmith.verbs.filtering import COPIED, LABEL, REPEATED, Collected, Images
from gansmith.verbs.translate import saved

UNSAFE = '/\\:*?"<>|'  # one system or another takes none of them in a name
SHOWN_KEPT, SHOWN_REFUSED = 6, {LABEL: 4, COPIED: 2, REPEATED: 2}  # of each class on the sheet


def check_target(to: str | Path) -> Path:
    """The folder to write. Raises UsageError where there is something already: nobody's files are overwritten."""
    target = Path(to)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already.", "nothing is overwritten or mixed", "another --out")
    return target


def folders_for(classes: Sequence[str]) -> list[str]:
    """A folder name for each class: its own, without what file systems refuse, and different from all others."""
    names: list[str] = []
    for label in classes:
        plain = "".join("-" if letter in UNSAFE or not letter.isprintable() else letter for letter in label)
        plain = plain.lstrip(".").rstrip(". ") or "class"
        taken = {other.casefold() for other in names}
        tries = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
        names.append(next(name for name in tries if name.casefold() not in taken))
    return names


def write_folder(target: Path, found: Collected, classes: Sequence[str], told: Mapping[str, Any]) -> None:
    """Write `target/CLASS/000001.png` and so on, without classes `target/000001.png`; whole or not at all.

    metadata.jsonl has a line for each image: its name, exact label, confidence and distance; metadata.json what `told`
    says of all. Raises GansmithError where it cannot be written.
    """
    labelled = len(classes) > 1 or classes[0] != ""
    folders = folders_for(classes) if labelled else [""]

    def save() -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = disk.marked(disk.TEMPORARY, target)
        try:
            lines = [json.dumps(line, ensure_ascii=False) for line in _written(hidden, found, classes, folders)]
            (hidden / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
            disk.write_json(hidden / "metadata.json", told)
            os.replace(hidden, target)  # an empty folder may be there
        except BaseException:
            disk.remove(hidden)
            raise

    saved(save, target)


def _written(hidden: Path, found: Collected, classes: Sequence[str], folders: Sequence[str]) -> list[dict[str, Any]]:
    lines = []
    for folder in folders:
        (hidden / folder).mkdir(parents=True, exist_ok=True)
    numbers = [0] * len(classes)
    for row, label in enumerate(found.labels.tolist()):
        numbers[label] += 1
        name = f"{folders[label]}/{numbers[label]:06d}.png".lstrip("/")
        as_picture(found.images[row]).save(hidden / name, "PNG")
        line: dict[str, Any] = {"file_name": name}
        if folders[label]:
            line |= {"label": classes[label], "confidence": round(float(found.confidences[row]), 4)}
        lines.append({**line, "distance": round(float(found.distances[row]), 3)})
    return lines


def sheet_of(found: Collected, classes: Sequence[str]) -> Image.Image:
    """A row per class: images that were kept; then refused ones, of another label, copied and repeated."""
    blank = np.full(found.images.shape[1:], 255, np.uint8)
    if found.images.shape[3] % 2 == 0:
        blank[..., -1] = 0  # transparent
    cells: list[Images] = []
    for label in range(len(classes)):
        kept = found.images[found.labels == label][:SHOWN_KEPT]
        cells += [*kept, *[blank] * (SHOWN_KEPT - len(kept))]
        for reason, most in SHOWN_REFUSED.items():
            some = found.refused.get((label, reason), [])[:most]
            cells += [blank, *some, *[blank] * (most - len(some))]
    return grid(np.stack(cells), SHOWN_KEPT + sum(SHOWN_REFUSED.values()) + len(SHOWN_REFUSED))
