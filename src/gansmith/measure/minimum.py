"""From how many samples on a score means anything, and what is said below that."""

from __future__ import annotations

MINIMUM = {
    "KID": 64,
    "precision": 50,
    "recall": 50,
    "density": 50,
    "coverage": 50,
    "NDB": 100,  # ten bins of ten
    "JS": 100,
    "1-NN accuracy": 30,
    "1-NN reals": 30,
    "1-NN fakes": 30,
    "memorisation": 50,
    "copying z": 50,
    "distinct samples": 50,
    "SWD": 64,
    "checkerboard": 32,
    "spectrum": 32,
    "CAS": 100,
    "1-NN TSTR": 100,
    "faithfulness": 100,
}
"""Of either side. The Frechet distance needs more than two samples per dimension instead."""


def too_few(name: str, n: int, dimensions: int = 0) -> str:
    """Why there is no number of this name at n samples of either side; "" when there is one."""
    if name == "FD":
        least = 2 * dimensions + 1
        return f"{n} samples are too few: {dimensions} features need at least {least}" if n < least else ""
    least = MINIMUM.get(name.split(" at ")[0], 2)
    return f"{n} samples are too few: at least {least} are needed" if n < least else ""
