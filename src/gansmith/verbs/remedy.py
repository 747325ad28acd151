"""remedy: what could be done about a run's findings, and doing or undoing it by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gansmith.doctor.causes import KNOWN
from gansmith.doctor.remedy import TABLE
from gansmith.errors import UsageError, closest
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.state import place_of
from gansmith.verbs.care import Care


def list_remedies(run: str | Path = "last", *, out: str | Path = "runs") -> dict[str, list[dict[str, Any]]]:
    """What was applied and what could be: {"applied": treatments in order, "offered": remedies of what was found}.

    An offered remedy tells its ailment, what it would change, and how sure the finding is.
    """
    found = Run.find(str(run), Path(out))
    config, place = RunConfig.read(found.config()), place_of(found.checkpoints)
    care = Care(config)
    care.remember(found.journal.read())
    offered = [
        {"ailment": finding.ailment, "confidence": round(finding.confidence, 3), **remedy.to_json()}
        for finding in care.look_back(place).findings
        for remedy in care.offered(finding.ailment, place)
    ]
    return {"applied": place.treatments, "offered": offered}


def apply_remedy(run: str | Path, name: str, *, undo: bool = False, out: str | Path = "runs") -> str:
    """Ask for a remedy, or for its end; returns what will happen. A run that rests does it when it is resumed.

    Raises UsageError for an unknown remedy, or one to undo that is not in force.
    """
    found = Run.find(str(run), Path(out))
    known = {recipe.id for recipes in TABLE.values() for recipe in recipes} | {recipe.id for *_, recipe in KNOWN}
    if undo and name not in (in_force := [treatment["id"] for treatment in place_of(found.checkpoints).in_force]):
        raise UsageError(f"No remedy '{name}' is in force.", do=closest(name, in_force) if in_force else "")
    if name not in known:
        raise UsageError(f"There is no remedy '{name}'.", do=closest(name, sorted(known)))
    found.post("remedy", id=name, undo=undo)
    when = "now" if found.status()["alive"] else f"when it goes on: gansmith resume {found.path.name}"
    return f"{found.path.name} will {'undo' if undo else 'apply'} {name} {when}"
