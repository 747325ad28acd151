"""Writes docs/reference.md from the code: every command, every setting of every family, every objective and penalty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from gansmith.cli.app import app
from gansmith.families import BUILT_IN
from gansmith.game.adversarial import AdversarialSettings
from gansmith.losses.ada import OPERATIONS, PRESETS
from gansmith.losses.diffaugment import KINDS
from gansmith.losses.objectives import OBJECTIVES
from gansmith.losses.penalties import PENALTIES

PAGE = Path(__file__).with_name("reference.md")


def reference() -> str:
    """The whole page."""
    return "\n".join([*_head(), *_commands(), *_settings(), *_names()]) + "\n"


def _head() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Written from the code by `make docs`; a test keeps it true."


def _commands() -> Iterator[str]:
    group: Any = get_command(app)
    yield from ("", "## Commands")
    for name, command in group.commands.items():
        if command.hidden:
            continue
        yield from ("", f"### {name}", "", _plain(command.help))
        if not command.params:
            continue
        yield ""
        rows = [(_spelling(parameter), _plain(getattr(parameter, "help", ""))) for parameter in command.params]
        yield from _table(("argument or option", "what"), rows)


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _settings() -> Iterator[str]:
    yield from (
        "",
        "## Settings",
        "",
        "Given to `gansmith train` as `key=value`. A column holds a family's own defaults;",
    )
    yield "the plan may replace them by what suits the data, and says so. A dash: the family has no such setting."
    yield ""
    keys = dict.fromkeys(key for family in BUILT_IN for key in family.settings.model_fields)
    rows = [(f"`{key}`", *(_default(family.settings, key) for family in BUILT_IN), _meaning(key)) for key in keys]
    yield from _table(("key", *(family.name for family in BUILT_IN), "what"), rows)


def _meaning(key: str) -> str:
    """A setting's description; where the families' own differ, each with its families."""
    if key in AdversarialSettings.model_fields:
        return _plain(AdversarialSettings.model_fields[key].description)
    meant: dict[str, list[str]] = {}
    for family in BUILT_IN:
        if key in family.settings.model_fields:
            meant.setdefault(_plain(family.settings.model_fields[key].description), []).append(family.name)
    if len(meant) == 1:
        return next(iter(meant))
    return "; ".join(f"{', '.join(names)}: {words}" for words, names in meant.items())


def _default(settings: Any, key: str) -> str:
    if key not in settings.model_fields:
        return "-"
    value = settings.model_fields[key].default
    return "" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


def _names() -> Iterator[str]:
    yield from ("", "## Names", "")
    yield from _table(
        ("setting", "one of"),
        [
            ("`family`, given with `-f`", _listed(family.name for family in BUILT_IN)),
            ("`objective`", _listed(OBJECTIVES)),
            ("`penalty`", _listed(["none", *PENALTIES])),
            ("`augment`, one or several with commas: DiffAugment's", _listed(KINDS)),
            ("or ADA's operations", _listed(OPERATIONS)),
            ("and sets of them", _listed(PRESETS)),
        ],
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
