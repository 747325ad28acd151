"""The recipe in a picture as what `sample` is asked for, so that the same is drawn again, or all but a wish."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gansmith.errors import UsageError
from gansmith.runs.pictures import read_recipe

NEEDED = ("run", "checkpoint", "seed", "count")
KEPT = ("columns", "label", "labels", "text", "code", "truncation", "noise", "latents", "index")
OTHERS = {  # what only another command's recipe says, and what to type
    "rows": "gansmith mix {run} --rows {rows} --columns {columns} --layers {layers}",
    "source": "gansmith invert, reconstruct or translate, whichever made it",
}


def recalled(path: str | Path) -> dict[str, Any]:
    """What `sample` was asked for when it made a PNG: NEEDED, and of KEPT what was said.

    Raises GansmithError for a picture without a recipe, UsageError for one that another command made.
    """
    recipe = read_recipe(Path(path))
    if missing := [name for name in NEEDED if name not in recipe]:
        raise UsageError(
            f"{path} was not made by gansmith sample.", f"its recipe has no {' and no '.join(missing)}", told(recipe)
        )
    return {name: recipe[name] for name in (*NEEDED, *KEPT) if name in recipe}


def told(recipe: Mapping[str, Any]) -> str:
    """How a picture of another command is made again."""
    for mark, command in OTHERS.items():
        if mark in recipe:
            return command.format_map({name: written(value) for name, value in recipe.items()} | {"mark": mark})
    return "a picture that gansmith sample wrote"


def written(value: Any) -> str:
    """A value as it is typed: lists with commas."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def agreed(recipe: Mapping[str, Any], wishes: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with wishes on top: those that are None, empty or, of a run or a checkpoint, "last" change nothing.

    Of a picture that was one of several, other samples than its own are wished for where seed or count are stated.
    """
    changed = {name: value for name, value in wishes.items() if value not in (None, "", ())}
    for name in ("run", "checkpoint"):
        if changed.get(name) == "last":
            del changed[name]
    if "run" in changed and "checkpoint" not in changed:
        changed["checkpoint"] = "last"
    stays = dict(recipe)
    if changed.keys() & {"seed", "count", "latents"}:
        stays.pop("index", None)
    for one, other in (("label", "labels"), ("labels", "label"), ("text", "label"), ("text", "labels")):
        if one in changed and other not in changed:  # one of them is said at a time
            stays.pop(other, None)
    return {**stays, **changed}
