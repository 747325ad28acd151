"""stop, pause, continue, snapshot: requests dropped into the inbox of a training elsewhere; and the list of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gansmith.errors import GansmithError
from gansmith.runs.folder import Run, list_runs

REQUESTS = ("stop", "pause", "continue", "snapshot")


def ask(run: str | Path, request: str, *, out: str | Path = "runs") -> Run:
    """Ask a running training for one of REQUESTS. Raises GansmithError where nobody is training."""
    found = Run.find(str(run), Path(out))
    if not found.status()["alive"]:
        raise GansmithError(
            f"Nobody is training {found.path.name}, so nobody would {request}.",
            do=f"gansmith resume {found.path.name}",
        )
    found.post(request)
    return found


def runs(out: str | Path = "runs") -> list[dict[str, Any]]:
    """Every run in a folder, oldest first: name, family, state, images seen of total, when it began."""
    return [summary(run) for run in list_runs(Path(out))]


def summary(run: Run) -> dict[str, Any]:
    status = run.status()
    state = status.get("state", "empty")
    if state in {"training", "paused"} and not status["alive"]:
        state = "interrupted"
    try:
        config = run.config()
    except GansmithError:
        config = {}
    return {
        "name": run.path.name,
        "family": config.get("family", "?"),
        "data": Path(str(config.get("source", "?"))).name,
        "state": state,
        "seen": status.get("seen", 0),
        "total": status.get("total", config.get("images", 0)),
        "seconds_left": status.get("seconds_left") if state == "training" else None,
    }
