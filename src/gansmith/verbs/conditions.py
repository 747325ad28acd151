"""What samples are asked for: the conditions of real samples, or those that somebody states."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from gansmith.data.captions import LONGEST, MOST_WORDS, encode, words_in
from gansmith.data.dataset import Dataset
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError, closest
from gansmith.game.codes import Codes

Conditions = dict[str, Tensor]


def conditions_of(dataset: Dataset, rows: np.ndarray, count: int) -> Conditions:
    """What came with real samples, over and over until there are `count`; empty where nothing comes with them."""
    if dataset.labels is None and dataset.captions is None and dataset.source_of is None:
        return {}
    return dataset.batch(np.resize(rows, count)).conditions


def given_for(
    spec: DataSpec,
    count: int,
    *,
    label: str | None = None,
    labels: str | None = None,
    text: Sequence[str] = (),
    code: str | None = None,
    truncation: float | None = None,
    codes: Codes | None = None,
    seed: int = 0,
) -> Conditions:
    """The conditions a user states for `count` samples; of several labels or texts, as many of each, one after another.

    label: one class, by name or number. labels: "all", or several with commas. text: captions. code: see `coded`, of
    the family's `codes`. truncation: the largest value a latent may have (biggan), or psi (stylegan2). Nothing stated:
    nothing given, and the game takes conditions as the data has them. Raises UsageError for what the data does not
    know.
    """
    further = {"code": coded(codes, count, code, seed)} if code and codes else {}
    if truncation is not None:
        further["truncation"] = torch.full((count,), limit(truncation))
    stated = [name for name, value in {"--label": label, "--labels": labels, "--text": text}.items() if value]
    if len(stated) > 1:
        raise UsageError(f"{' and '.join(stated)} exclude each other.", do=f"{stated[0]} alone")
    if label is not None or labels is not None:
        names = [label] if label is not None else _listed(spec, str(labels))
        return {"label": labelled(spec, count, names), **further}
    return {"caption": captioned(spec, count, text), **further} if text else further


def labelled(spec: DataSpec, count: int, names: Sequence[str]) -> Tensor:
    """Class numbers (count,) of those names, each for a share of the samples, in order."""
    if not spec.classes:
        raise UsageError("This run knows no classes.", why="its data had no labels", do="leave out --label")
    return spread_over([class_number(spec, name) for name in names], count)


def class_number(spec: DataSpec, name: str) -> int:
    """A class by its name, or by its number where no class has that name."""
    if name in spec.classes:
        return spec.classes.index(name)
    alike = [number for number, known in enumerate(spec.classes) if known.lower() == name.lower()]
    if len(alike) == 1:
        return alike[0]
    if name.isdecimal() and int(name) < len(spec.classes):
        return int(name)
    raise UsageError(f"There is no class '{name}'.", do=closest(name, spec.classes))


def captioned(spec: DataSpec, count: int, texts: Sequence[str]) -> Tensor:
    """Captions (count, L) uint8 of those texts, each for a share of the samples, in order."""
    if not spec.caption_bytes:
        raise UsageError("This run knows no captions.", why="its data had none", do="leave out --text")
    if empty := [text for text in texts if not text.strip()]:
        raise UsageError(f"'{empty[0]}' says nothing.", do='--text "what is to be seen"')
    encoded = torch.from_numpy(encode(list(texts), LONGEST))  # more words than any caption had are read, too
    return encoded[spread_over(list(range(len(texts))), count)]


def unmet(spec: DataSpec, texts: Sequence[str]) -> Iterator[str]:
    """A sentence for every word that the training's captions, as far as they are listed, did not hold."""
    where = "was in no caption" if len(spec.words) < MOST_WORDS else f"is none of the {MOST_WORDS:,} commonest words"
    for word in dict.fromkeys(word for text in texts for word in words_in(text)):
        if word not in spec.words:
            near = difflib.get_close_matches(word, spec.words, n=3, cutoff=0.5)
            yield f"'{word}' {where} of the training; closest: {', '.join(near) or 'nothing'}."


def coded(codes: Codes, count: int, text: str, seed: int) -> Tensor:
    """Codes (count, size) as stated, what is left open as from the prior: "3", the first code, or "k1=3,c2=-1.5"."""
    rows = codes.draw(count, torch.Generator().manual_seed((seed + 1) % 2**63))
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.rpartition("="))
        try:
            rows = codes.set(rows, name if equals else codes.names[0], float(value))
        except ValueError:
            raise UsageError(f"'{part}' is no code.", do="--code 3, or --code k1=3,c1=-2") from None
    return rows


def limit(truncation: float) -> float:
    if not truncation >= 0:
        raise UsageError(f"Samples cannot be truncated at {truncation:g}.", do="--truncation 0.5, or anything from 0")
    return truncation


def spread_over(values: Sequence[int], count: int) -> Tensor:
    """(count,) int64: every value in turn, as often as the others; the first take what is left over."""
    if len(values) > count:
        raise UsageError(f"{count} samples are too few for {len(values)} conditions.", do=f"-n {len(values)} or more")
    return torch.tensor(values)[torch.arange(count) * len(values) // count]


def _listed(spec: DataSpec, labels: str) -> list[str]:
    names = list(spec.classes) if labels == "all" else [name.strip() for name in labels.split(",") if name.strip()]
    if not names and spec.classes:
        raise UsageError(f"--labels {labels!r} names no class.", do="--labels all, or a,b,c")
    return names


def kinds_of(spec: DataSpec, *, labels: str | None = None, text: Sequence[str] = (), **single: object) -> int:
    """How many different conditions a user states: of that many kinds there are to be equally many samples."""
    return len(_listed(spec, labels)) if labels else len(text)
