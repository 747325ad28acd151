"""Acts follow each other by images seen, whatever place one begins from."""

from __future__ import annotations

from gansmith.game.acts import Act, remaining

ACTS = (Act(100, "warm", ("discriminator",)), Act(50, "main"), Act(7, "last"))


def names(seen: int) -> list[tuple[str, int]]:
    return [(act.name, end) for act, end in remaining(ACTS, seen)]


def test_what_remains_after_any_number_of_images() -> None:
    whole = [("warm", 100), ("main", 150), ("last", 157)]
    assert names(0) == names(99) == whole
    assert names(100) == names(149) == whole[1:]
    assert names(150) == names(156) == whole[2:]
    assert names(157) == names(10**9) == []
