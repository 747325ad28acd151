"""Opens data as a family needs it, and says what would fit where it cannot."""

from __future__ import annotations

from pathlib import Path

from gansmith.data.dataset import Dataset
from gansmith.data.layouts import WrongLayout
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.data.pool import Progress
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families import family as find_family
from gansmith.families.family import Family

FOR_SIDES = {"paired": "pix2pix", "unpaired": "cyclegan"}
FITTING = {"paired": ("auto", "paired", "edges"), "unpaired": ("auto", "unpaired")}


def family_for(spec: DataSpec) -> str:
    """The family that is trained on data where none was named."""
    return FOR_SIDES.get(spec.pairing, "robust")


def open_for(
    data: str | Path, options: DataOptions, family: str | None, progress: Progress | None = None
) -> tuple[Dataset, DataOptions]:
    """The data in the layout that the family needs, and the options that give exactly this again.

    UsageError when the data has not what the family needs; it names the command that would fit.
    """
    if family is None:
        return open_data(data, options, progress=progress), options
    chosen = find_family(family)
    options = options_for(chosen, options, data)
    try:
        dataset = open_data(data, options, progress=progress)
    except WrongLayout as error:
        fitting = f"gansmith train {data} -f {_taking(error.options) or chosen.name} {error.options}"
        raise UsageError(f"{_learns(chosen)} {error.what}", error.why, fitting) from None
    spec = dataset.spec
    if "captions" in chosen.needs and spec.caption_bytes and options.captions == "optional" and not spec.classes:
        options = options.changed(captions="required")
        dataset = open_data(data, options, progress=progress)
    _check(chosen, dataset, data)
    return dataset, options


def options_for(chosen: Family, options: DataOptions, data: str | Path) -> DataOptions:
    """The options with the layout left open settled by the family. UsageError where they contradict each other."""
    allowed = FITTING.get(chosen.needs)
    if allowed is None:
        if options.layout == "auto" and options.sides:
            raise UsageError(
                f"{_learns(chosen)} --sides names two sides, one made from the other.",
                do=f"gansmith train {data} -f cyclegan --sides {','.join(options.sides)}",
            )
        changes = {"layout": "plain"} if options.layout == "auto" else {}
        return options.changed(**changes, **({"captions": "required"} if chosen.needs == "captions" else {}))
    if options.layout not in allowed:
        fitting = _taking(f"--layout {options.layout}")
        raise UsageError(
            f"{_learns(chosen)} --layout {options.layout} is something else.",
            do=f"leave it out, or choose -f {fitting}" if fitting else "leave it out",
        )
    return options.changed(layout=chosen.needs) if options.layout == "auto" else options


def _check(chosen: Family, dataset: Dataset, data: str | Path) -> None:
    spec, count = dataset.spec, f"{dataset.report.usable:,} {dataset.spec.kind}"
    classes = len(spec.classes) > 1
    lacking = {"labels": not classes, "labels or captions": not (classes or spec.words)}
    if lacking.get(chosen.needs):
        found = f"of one class ({spec.classes[0]})" if spec.classes else "without classes"
        more = ", or a caption for each image" if "captions" in chosen.needs else ""
        raise UsageError(
            f"{_learns(chosen)} Found {count} {found}.",
            f"Classes are a sub-folder each, or a column 'label' of metadata.csv{more}: two or more are needed.",
            f"gansmith train {data} (robust needs no classes)",
        )


def _learns(chosen: Family) -> str:
    return f"The family '{chosen.name}' learns from {chosen.data}."


def _taking(options: str) -> str:
    """The family that fits a layout which another one does not, if it is another."""
    return {"--layout unpaired": "cyclegan", "--layout paired": "pix2pix", "--layout edges": "pix2pix"}.get(options, "")
