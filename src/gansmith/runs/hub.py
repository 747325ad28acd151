"""The Hugging Face hub as a place for exported models: fetched into its cache, or sent there. Only when asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gansmith.errors import GansmithError, UsageError
from gansmith.runs.folder import PRETRAINED, WEIGHTS

NAME = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


def is_name(text: str) -> bool:
    """Whether it can be the name of a repository, user/name."""
    return NAME.fullmatch(text) is not None and ".." not in text


def fetched(name: str, revision: str | None, download: bool) -> Path:
    """The folder of the hub's cache that holds the model; the network is used only where `download` says so.

    Two files are taken, a configuration and tensors; no code of the repository is fetched or run.
    """
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            name, revision=revision, allow_patterns=[PRETRAINED, WEIGHTS], local_files_only=not download
        )
    except Exception as error:  # network, permission, a name that does not exist: the client raises many kinds
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if not download:
            do = f'gansmith.from_pretrained("{name}", download=True)'
            raise GansmithError(f"{name} is not on this machine.", "nothing is downloaded unasked", do) from None
        raise GansmithError(
            f"Cannot fetch {name}.", first, "check the name, the connection, or hf auth login"
        ) from None
    return Path(found)


def sent(name: str, files: Mapping[str, bytes], *, private: bool, message: str) -> str:
    """Send files to a repository of the hub, which is made if there is none; returns its address.

    The token is the one `hf auth login` has left. Raises UsageError for a name that can be none, GansmithError where
    the hub refuses.
    """
    if not is_name(name):
        raise UsageError(f"'{name}' is no repository.", do="user/name")
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi()
    operations = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=data) for path, data in files.items()]
    try:
        made = api.create_repo(name, private=private, exist_ok=True, repo_type="model")
        api.create_commit(made.repo_id, operations=operations, commit_message=message)
    except Exception as error:  # network, permission, quota: the client raises many kinds
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise GansmithError(f"Cannot send to {name}.", first, "hf auth login, with a token that may write") from None
    return str(made)
