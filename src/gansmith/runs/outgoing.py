"""A folder made for others: whole or not there at all, and never in the place of anything else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gansmith.errors import GansmithError, UsageError
from gansmith.runs import disk


def publish(target: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write those files as the folder `target`; returns their paths.

    A folder that is there already gives way if it holds nothing but such files. Raises UsageError for any other, and
    GansmithError where the disk refuses; what was there is then untouched.
    """
    strangers = sorted(set(os.listdir(target)) - OURS) if target.is_dir() else [target.name] if target.exists() else []
    if strangers:
        raise UsageError(f"{target} is left alone.", f"it holds {strangers[0]}, which is no export", "--out elsewhere")
    temporary = disk.marked(disk.TEMPORARY, target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        disk.remove(temporary)
        temporary.mkdir()
        for name, data in files.items():
            disk.write(temporary / name, data)
        disk.sync_folder(temporary)
        if target.is_dir():
            disk.discard(target)
        os.rename(temporary, target)
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", error.strerror or str(error), "--out elsewhere") from None
    finally:
        disk.remove(temporary)
    return [target / name for name in files]


OURS = {"README.md", "grid.png", "config.json", "model.safetensors", "model.onnx", "model.pt2", "index.html"}
