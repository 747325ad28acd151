"""What gansmith says when it cannot go on: what happened, why, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GansmithError(Exception):
    """A clear refusal. The command line prints it without a traceback and exits with `code`.

    what: the fact ("cannot read photos.zip"); why: the cause, if known; do: the next thing to try.
    """

    code = 1

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.do = what, why, do

    def __str__(self) -> str:
        return "\n".join(
            part for part in (self.what, self.why and f"  why: {self.why}", self.do and f"  try: {self.do}") if part
        )


class UsageError(GansmithError):
    """The request itself is wrong (unknown option, impossible value); exit code 2."""

    code = 2


def closest(word: str, known: Iterable[str]) -> str:
    """`"Did you mean 'dcgan'?"`, or the known words when nothing is near."""
    options = sorted(known)
    near = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(options)}."
