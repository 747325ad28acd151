"""gansmith trains generative adversarial networks on your own data, and puts them to use.

Every verb of the command line is a function of the same name: `gansmith.train("photos/")`,
`gansmith.load("last").sample(16)`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_VERBS = {
    "train": "gansmith.verbs.train",
    "resume": "gansmith.verbs.train",
    "sample": "gansmith.verbs.sample",
    "video": "gansmith.verbs.video",
    "mix": "gansmith.verbs.mix",
    "augment": "gansmith.verbs.augment",
    "evaluate": "gansmith.verbs.evaluate",
    "compare": "gansmith.verbs.compare",
    "diagnose": "gansmith.verbs.diagnose",
    "directions": "gansmith.verbs.directions",
    "edit": "gansmith.verbs.edit",
    "arithmetic": "gansmith.verbs.arithmetic",
    "encode": "gansmith.verbs.encode",
    "reconstruct": "gansmith.verbs.reconstruct",
    "invert": "gansmith.verbs.invert",
    "features": "gansmith.verbs.features",
    "judge": "gansmith.verbs.judge",
    "export": "gansmith.verbs.export",
    "style": "gansmith.verbs.style",
    "train_fast": "gansmith.verbs.fast_style",
    "train_adain": "gansmith.verbs.fast_style",
    "paint_fast": "gansmith.verbs.fast_style",
    "paint_adain": "gansmith.verbs.fast_style",
    "load": "gansmith.runs.model",
    "from_pretrained": "gansmith.runs.share",
}

__all__ = ["__version__", *_VERBS]


def __getattr__(name: str) -> Any:  # verbs are imported when first asked for: torch takes seconds
    if name not in _VERBS:
        raise AttributeError(f"module 'gansmith' has no attribute '{name}'")
    return getattr(import_module(_VERBS[name]), name)
