"""Captions as rows of bytes: UTF-8 of a fixed length, zero padded, so that they are cut, moved and kept like images."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

LONGEST = 256  # bytes of a caption that are kept
MOST_WORDS = 5000
WORD = re.compile(r"\w+(?:['’-]\w+)*")

Bytes = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


def encode(texts: Sequence[str], length: int) -> Bytes:
    """(N, length) uint8: the UTF-8 of each text, zero padded; longer texts are cut at a character."""
    rows = np.zeros((len(texts), length), np.uint8)
    for row, text in zip(rows, texts, strict=True):
        data = clipped(text, length).encode("utf-8")
        row[: len(data)] = np.frombuffer(data, np.uint8)
    return rows


def decode(captions: np.ndarray) -> list[str]:
    """The texts of (N, L) uint8. Bytes that are no UTF-8 become the replacement character."""
    return [bytes(row).rstrip(b"\0").decode("utf-8", "replace") for row in np.asarray(captions, np.uint8)]


def clipped(text: str, length: int = LONGEST) -> str:
    """`text` cut to at most `length` bytes of UTF-8, at a character's end; without zeros and lone surrogates.

    Composed (NFC), as one system writes 한 as one character, another as three.
    """
    data = unicodedata.normalize("NFC", text).replace("\0", " ").encode("utf-8", "replace")
    return data[:length].decode("utf-8", "ignore")


def words_in(text: str) -> list[str]:
    """The words of a text in lower case, punctuation left out: `A red T-shirt!` -> a, red, t-shirt."""
    return WORD.findall(unicodedata.normalize("NFC", text).lower())


def frequent_words(texts: Iterable[str], most: int = MOST_WORDS) -> tuple[str, ...]:
    """Distinct words, most frequent first, equally frequent ones by alphabet."""
    counts = Counter(word for text in texts for word in words_in(text))
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:most])
