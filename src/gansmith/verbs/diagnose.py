"""diagnose: what is wrong with a training, from its run folder or from the log of any tool."""

from __future__ import annotations

from pathlib import Path

from gansmith.doctor.diagnose import diagnose as examine
from gansmith.doctor.finding import Diagnosis
from gansmith.runs.logs import history


def diagnose(run_or_log: str | Path = "last", *, out: str | Path = "runs") -> Diagnosis:
    """Diagnose a run, finished or running, or a log file: a gansmith journal, CSV, TSV, JSON(L), printed text.

    A run is a path, a name, a number, the beginning of a name, or "last". Raises GansmithError when there is no such
    run, or when the file holds nothing of a GAN's training.
    """
    return examine(history(run_or_log, Path(out)))
