"""What the columns of another tool's training log are, by their names: steps, losses, accuracies, a metric."""

from __future__ import annotations

import re
from collections.abc import Iterable

# One word, and what people write for it. Words are what is left of a name when it is cut at signs and capitals.
DISCRIMINATOR = {"d", "dis", "disc", "discr", "discriminator", "critic", "netd", "errd", "lossd", "dloss", "d1", "d2"}
GENERATOR = {"g", "gen", "generator", "netg", "errg", "lossg", "gloss"}
LOSS = {"loss", "losses", "err", "error", "cost", "errd", "errg", "lossd", "lossg", "dloss", "gloss"}
REAL, FAKE = {"real", "true", "x", "d1"}, {"fake", "generated", "d2", "gz"}
ACCURACY = {"acc", "accuracy"}
# A loss with one of these is part of one, or no loss at all.
PARTS = {
    *(
        "gp",
        "penalty",
        "r1",
        "r2",
        "pl",
        "reg",
        "regularization",
        "grad",
        "gradient",
        "gradients",
        "norm",
        "lr",
        "rate",
    ),
    *(
        "std",
        "num",
        "time",
        "l1",
        "l2",
        "cycle",
        "cyc",
        "idt",
        "identity",
        "perceptual",
        "vgg",
        "feat",
        "fm",
        "aux",
        "cls",
    ),
    *(
        "best",
        "min",
        "max",
        "ema",
        "weight",
        "lambda",
        "steps",
        "step_time",
        "sec",
        "eta",
        "cond",
        "kl",
        "rec",
        "pixel",
    ),
}
METRICS = (  # the first that a log has counts; True: more is better
    ("fid", False),
    ("fid50k", False),
    ("kid", False),
    ("kid50k", False),
    ("swd", False),
    ("frechet", False),
    ("mmd", False),
    ("jsd", False),
    ("emd", False),
    ("is", True),
    ("is50k", True),
    ("inception", True),
    ("coverage", True),
    ("recall", True),
    ("precision", True),
    ("metric", False),
)
STEPS = (  # the first that a log has, and that goes forward, counts
    *(
        "globalstep",
        "step",
        "steps",
        "iteration",
        "iterations",
        "iter",
        "iters",
        "itr",
        "it",
        "batches",
        "seen",
        "nimg",
    ),
    *("kimg", "images", "tick", "batch"),
)
EPOCHS = {"epoch", "epochs", "ep"}
PLACE = re.compile(r"[A-Z]?[a-z]+\d*k?|[A-Z]+\d*(?![a-z])|[A-Z]|\d+")


def words(name: str) -> list[str]:
    """`"Loss/D/loss"` -> loss d loss; `"lossD_real"` -> loss d real; `"fid50k_full"` -> fid50k full."""
    name = re.sub(r"[Gg]lobal[ _/-]?[Ss]tep", "globalstep", name[:200])
    name = re.sub(r"\b([DdGg])(?=[Ll]oss|[Aa]cc)", r"\1_", name)
    return [word.lower() for word in PLACE.findall(name)]


def player(found: Iterable[str]) -> str:
    """ "discriminator", "generator" or "": of whom the words speak."""
    names = set(found)
    if names & DISCRIMINATOR and not names & (GENERATOR - {"gen"}):
        return "discriminator"
    return "generator" if names & GENERATOR and not names & DISCRIMINATOR else ""


def role(name: str) -> tuple[str, int] | None:
    """(what a column is, rank) or None. Of columns that are the same thing the lowest rank counts; equals are averaged.

    Roles: "step:NAME", "epoch", "discriminator/loss", "generator/loss", "discriminator/loss real" and "fake",
    "accuracy/real", "accuracy/fake", "accuracy", "logits/real", "logits/fake", "metric:NAME".
    """
    if re.fullmatch(r"\s*[DG]\s*\(.*\)\s*", name):
        return None  # D(x), D(G(z)): probabilities, which nobody here asks for
    found = words(name)
    if not found:
        return None
    whole, last = set(found), found[-1]
    who = player(found)
    if whole & ACCURACY:
        side = "/real" if whole & REAL else "/fake" if whole & FAKE else ""
        return (f"accuracy{side}", 1 if "val" in whole else 0) if who != "generator" else None
    if "scores" in whole or "logits" in whole:
        side = "real" if whole & REAL else "fake" if whole & FAKE else ""
        return (f"logits/{side}", 0) if side else None
    metric = _metric(found)
    if metric:
        return metric
    if who and not whole & PARTS:
        return _loss(found, whole, who)
    if last in EPOCHS or found[0] in EPOCHS:
        return "epoch", 0
    for number, step in enumerate(STEPS):
        if last == step or (found[0] == step and len(found) <= 2):
            return f"step:{step}", number
    return None


def _loss(found: list[str], whole: set[str], who: str) -> tuple[str, int] | None:
    named = bool(whole & LOSS)
    rank = 3 * ("val" in whole or "test" in whole) + (last_word(found) == "epoch") + 2 * (not named)
    if who == "discriminator" and whole & (REAL | FAKE):
        return f"discriminator/loss {'real' if whole & REAL else 'fake'}", rank
    if who == "generator" and whole & (REAL | FAKE):
        return None
    bare = [word for word in found if word not in DISCRIMINATOR | GENERATOR | LOSS]
    if not named and len(bare) > 1:
        return None
    known = {"total", "a", "b", "gan", "adv", "train", "step", "epoch", "avg", "mean", "val", "test", "net", "info"}
    strange = [word for word in bare if word not in known]
    if strange and not named:
        return None
    return f"{who}/loss", rank + len(strange) + (0 if "total" in whole else 1 if {"gan", "adv"} & whole else 0)


def _metric(found: list[str]) -> tuple[str, int] | None:
    if {"best", "min", "max", "time", "std", "loss"} & set(found):
        return None
    for rank, (metric, _) in enumerate(METRICS):
        if metric in found and (metric not in ("is", "metric") or len(found) <= 2):
            return f"metric:{metric}", rank
    return None


def last_word(found: list[str]) -> str:
    return found[-1] if found else ""


def more_is_better(metric: str) -> bool:
    return dict(METRICS).get(metric, False)
