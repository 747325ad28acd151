"""The command line: one thin command per verb. Nothing heavy is imported before a command runs."""

from gansmith.cli import codes, compare, diagnose, evaluate, translate, truncation  # add their commands to the app
from gansmith.cli.app import main

__all__ = ["codes", "compare", "diagnose", "evaluate", "main", "translate", "truncation"]
