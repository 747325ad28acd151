"""The command line: one thin command per verb. Nothing heavy is imported before a command runs."""

from gansmith.cli import codes, diagnose, evaluate, translate  # add their commands to the app
from gansmith.cli.app import main

__all__ = ["diagnose", "evaluate", "main", "translate"]
