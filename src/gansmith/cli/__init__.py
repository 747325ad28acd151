"""The command line: one thin command per verb. Nothing heavy is imported before a command runs."""

from gansmith.cli import (  # add their commands to the app
    augment,
    codes,
    compare,
    diagnose,
    encode,
    evaluate,
    export,
    features,
    mix,
    translate,
    truncation,
    video,
)
from gansmith.cli.app import main

__all__ = [
    "augment",
    "codes",
    "compare",
    "diagnose",
    "encode",
    "evaluate",
    "export",
    "features",
    "main",
    "mix",
    "translate",
    "truncation",
    "video",
]
