"""The command line: one thin command per verb. Nothing heavy is imported before a command runs."""

from gansmith.cli import (  # add their commands to the app
    augment,
    codes,
    compare,
    diagnose,
    edit,
    encode,
    evaluate,
    export,
    features,
    invert,
    mix,
    style,
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
    "edit",
    "encode",
    "evaluate",
    "export",
    "features",
    "invert",
    "main",
    "mix",
    "style",
    "translate",
    "truncation",
    "video",
]
