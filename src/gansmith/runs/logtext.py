"""Lines that people print while training, made into rows of names and numbers, with bounded work per line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Row = dict[str, float]

NUMBER = (
    r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,4})?|[-+]?(?:nan|NaN|NAN|inf|Inf|INF)(?:inity)?\b"
)
PAIR = re.compile(rf"\s{{0,4}}[:=]\s{{0,8}}({NUMBER})")
BARE = re.compile(rf"((?:[dg]|disc\w{{0,12}}|gen\w{{0,8}}|critic)[ _/-]?loss|loss[ _/-]?[dg])\s{{1,4}}({NUMBER})", re.I)
METRIC = re.compile(
    rf"\b(fid|kid|inception score)\b[^:=()\d]{{0,30}}(?:\([^()]{{0,80}}\))?[^:=()\d]{{0,12}}[:=]\s{{0,4}}({NUMBER})",
    re.I,
)
PLACE = re.compile(
    r"\b(epoch|step|iteration|iter|itr|batch|kimg|tick)s?\b[\s:=#\[(]{0,6}(\d{1,15}(?:\.\d{1,6})?)"
    r"(?:\s{0,2}(?:/|of)\s{0,2}\d{1,15})?(?:\]\s{0,2}\[(\d{1,15})/\d{1,15}\])?",
    re.I,
)
CORNER = re.compile(r"\W{0,40}\[(\d{1,9})/\d{1,9}\]\s{0,4}\[(\d{1,9})/\d{1,9}\]")  # [epoch/of][batch/of]
LEADING = re.compile(r"(?:\s{0,4}>(\d{1,9}),)?\s{0,8}(\d{1,12})/\d{1,12}\b")  # batch/of; some write >epoch before it
BAR = re.compile(r"\|\s{0,4}(\d{1,12})/\d{1,12}\s{0,4}\[")  # tqdm
ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]|[\x08]")
CUT = re.compile(r"[,;|\[\]{}<>\t]|\s{2,}|\s[-–]\s")
LONGEST = 4000  # characters of a line that are looked at


def rows(lines: Iterable[str]) -> Iterator[Row]:
    """A row per line that holds a number with a name; an epoch stays in force until the next."""
    epoch: float | None = None
    for line in lines:
        row = pairs(ANSI.sub("", line[:LONGEST]))
        if "epoch" in row:
            epoch = row["epoch"]
        elif epoch is not None and row:
            row["epoch"] = epoch
        if row:
            yield row


def pairs(line: str) -> Row:
    """Every `name: number` and `name=number` of a line, and where in the training it says it is."""
    row: Row = {}
    last = 0
    for match in PAIR.finditer(line):
        name = _name(line[last : match.start()])
        last = match.end()
        if name and name not in row and len(row) < 64:
            row[name] = float(match[1])
    for match in METRIC.finditer(line):
        row[match[1].lower().split()[0]] = float(match[2])
    for match in BARE.finditer(line):
        row.setdefault(match[1], float(match[2]))
    row.update(_place(line))
    return row


def _place(line: str) -> Row:
    found: Row = {}
    if corner := CORNER.match(line):
        return {"epoch": float(corner[1]), "batch": float(corner[2])}
    for match in PLACE.finditer(line):
        name = match[1].lower()
        found.setdefault(name, float(match[2]))
        if match[3] is not None:
            found.setdefault("batch", float(match[3]))
    if not found.keys() - {"epoch"}:
        if bar := BAR.search(line):
            found["step"] = float(bar[1])
        elif (leading := LEADING.match(line)) and any(sign in line[leading.end() :] for sign in ":="):
            found["batch"] = float(leading[2])
            if leading[1]:
                found["epoch"] = float(leading[1])
    return found


def _name(text: str) -> str:
    """The words right before a colon: `"] [D loss"` -> D loss, `", D(G(z))"` -> D(G(z)), `"(epoch"` -> epoch."""
    text = CUT.split(text[-60:])[-1]
    while text.count("(") > text.count(")"):
        text = text.partition("(")[2]
    if text.count(")") > text.count("("):
        text = text.rpartition(")")[2]
    text = text.strip()
    while text and not text[0].isalpha():
        text = text[1:]
    return " ".join(text.split()[-4:])
