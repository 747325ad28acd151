"""from_pretrained: a model out of an exported folder, or off the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from gansmith.errors import UsageError
from gansmith.runs import hub
from gansmith.runs.model import Model, load


def from_pretrained(
    source: str | Path, *, revision: str | None = None, download: bool = False, device: str = "auto"
) -> Model:
    """The model in a folder that `save_pretrained` wrote, or of the hub's repository "user/name".

    revision: a branch, tag or commit of the repository. download: whether the hub may be asked; without it only what
    its cache holds is used. Neither the data nor what training needs has to be there. Raises UsageError where there is
    no such thing, GansmithError where it cannot be used.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return load(folder.resolve(), device=device)
    if not hub.is_name(str(source)):
        raise UsageError(f"There is no folder {source}.", do="a folder that gansmith export wrote, or user/name")
    return load(hub.fetched(str(source), revision, download), device=device)
