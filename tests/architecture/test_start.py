"""Asking for help is instant: nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys

import gansmith
from tests.architecture.source import ROOT

HEAVY = ("torch", "numpy", "sklearn", "scipy", "lightning", "torchmetrics", "huggingface_hub")


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "120"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=50)


def _seconds_for_help() -> float:
    """Processor seconds: what the clock shows on a quiet machine, and the same on a busy one."""
    before = os.times()
    done = _python("-m", "gansmith", "--help")
    after = os.times()
    assert done.returncode == 0, done.stderr
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_help_answers_in_less_than_four_tenths_of_a_second() -> None:
    assert min(_seconds_for_help() for _ in range(3)) < 0.4


def test_help_imports_nothing_heavy() -> None:
    done = _python("-X", "importtime", "-m", "gansmith", "--help")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "gansmith.cli" in imported
    assert imported & set(HEAVY) == set()


def test_importing_the_package_does_no_work() -> None:
    done = _python("-c", f"import sys, gansmith; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_no_package_hides_the_verb_of_its_name() -> None:
    """Importing a package sets the attribute that a verb would be found under."""
    packages = {path.parent.name for path in (ROOT / "src" / "gansmith").glob("*/__init__.py")}
    assert "verbs" in packages
    assert packages & set(gansmith.__all__) == set()
