"""How a file's name is shown: whatever bytes it holds, printing it never fails and never moves the cursor."""

from __future__ import annotations

from collections.abc import Iterable

ZERO_WIDTH_JOINER = "\u200d"  # holds emoji together: the one invisible character worth keeping


def shown(name: str) -> str:
    """`name` in one printable line: Korean and emoji as they are, control and undecodable bytes escaped."""
    return "".join(_shown(character) for character in name)


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few of `names`, by alphabet, and how many more there are."""
    ordered = sorted(names)
    listed = ", ".join(shown(name) for name in ordered[:most])
    return listed if len(ordered) <= most else f"{listed} and {len(ordered) - most:,} more"


def _shown(character: str) -> str:
    if character.isprintable() or character == ZERO_WIDTH_JOINER:
        return character
    return character.encode("unicode_escape").decode("ascii")
