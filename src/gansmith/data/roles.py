"""Chooses what each row is for: learned or held out, of the target side or of the source side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gansmith.data.captions import decode, frequent_words
from gansmith.data.options import DataOptions
from gansmith.data.prepared import Prepared
from gansmith.data.spec import DataSpec
from gansmith.data.split import split
from gansmith.errors import UsageError

SHOWN_CAPTIONS = 64


@dataclass(frozen=True)
class Roles:
    """Rows by what they are for, as in `Dataset`; uncaptioned: how many were left out for want of a caption."""

    train: np.ndarray
    held: np.ndarray
    source_train: np.ndarray
    source_held: np.ndarray
    source_of: np.ndarray | None = None
    uncaptioned: int = 0


def roles(prepared: Prepared, options: DataOptions) -> Roles:
    """Targets and sources by the direction, and what of each is held out. A pair is held out whole.

    UsageError when captions are required and there are none.
    """
    count, side = len(prepared.values), prepared.side
    targets, sources = np.arange(count), np.empty(0, np.int64)
    if side is not None:
        target = 1 if options.direction == "AtoB" else 0
        targets, sources = np.flatnonzero(side == target), np.flatnonzero(side != target)
    if prepared.partner is not None:
        targets = targets[prepared.partner[targets] >= 0]
    kept = _captioned(prepared, targets) if options.captions == "required" else targets
    train, held = _split(prepared, kept, options.holdout)
    uncaptioned = len(targets) - len(kept)
    if prepared.partner is not None or side is None:
        return Roles(train, held, sources[:0], sources[:0], prepared.partner, uncaptioned)
    source_train, source_held = _split(prepared, sources, options.holdout)
    source_of = np.full(count, -1, np.int64)
    source_of[train] = np.resize(source_train, len(train))
    source_of[held] = np.resize(source_held if len(source_held) else source_train, len(held))
    return Roles(train, held, source_train, source_held, source_of, uncaptioned)


def spec_of(prepared: Prepared, roles: Roles, options: DataOptions) -> DataSpec:
    """The specification of what is trained on: the target side, without what is held out."""
    spec, fingerprint = prepared.spec, prepared.spec.fingerprint
    if options.direction == "BtoA" and spec.sides:
        fingerprint = f"{fingerprint[:-4]}BtoA"  # the same files, but other images are learned
        spec = spec.changed(sides=spec.sides[::-1])
    captions = [] if prepared.captions is None else [text for text in decode(prepared.captions[roles.train]) if text]
    return spec.changed(
        count=len(roles.train),
        fingerprint=fingerprint,
        shares=_shares(prepared, roles.train, options.balanced),
        captions=tuple(captions[place] for place in _spread(len(captions), SHOWN_CAPTIONS)),
        words=frequent_words(captions),
    )


def _split(prepared: Prepared, rows: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    train, held = split(prepared.groups[rows], share, prepared.spec.fingerprint)
    return rows[train], rows[held]


def _captioned(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    kept = rows[:0] if prepared.captions is None else rows[prepared.captions[rows].any(axis=1)]
    if not len(kept):
        faults = [line for line in prepared.report.warnings if "caption" in line or "metadata" in line]
        raise UsageError(
            " ".join(("These images have no captions.", *faults[:3])),
            "Captions are name.txt beside name.png, a column 'text' of metadata.csv, or 'captions' in an .npz.",
            "Add them, or choose a family that needs none.",
        )
    return kept


def _shares(prepared: Prepared, train: np.ndarray, balanced: bool) -> tuple[float, ...]:
    if prepared.labels is None:
        return ()
    counts = np.bincount(prepared.labels[train], minlength=len(prepared.spec.classes)).astype(np.float64)
    if balanced:
        counts = (counts > 0).astype(np.float64)
    return tuple((counts / counts.sum()).tolist())


def _spread(count: int, most: int) -> list[int]:
    """Up to `most` places, evenly spread over `count`."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, most))}) if count else []
