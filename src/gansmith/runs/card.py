"""The model card: what a model learned from, how good it is, how to use it and what it cannot do, for its README.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from gansmith.doctor.diagnose import diagnose
from gansmith.errors import GansmithError
from gansmith.families import family
from gansmith.runs import disk
from gansmith.runs.folder import Run
from gansmith.runs.logs import run_history
from gansmith.runs.pretrained import Pretrained
from gansmith.runs.quantities import count, duration, finite, measure

KINDS = {1: "grey", 2: "grey, transparent", 3: "colour", 4: "colour, transparent"}
NOTED = ("kid", "precision", "recall", "density", "coverage")  # of the journal, where nothing was evaluated since
SMALL = 2000  # training images, below which memorisation is worth a word
NAMED = 40  # classes told by name


def course(run: Run, checkpoint: str) -> dict[str, Any]:
    """What a run's folder tells of how it went, as `Pretrained` has it; what cannot be read is left out."""
    lines = [line for line in run.journal.read() if finite(line.get("seconds")) is not None]
    told: dict[str, Any] = {"seconds": float(lines[-1]["seconds"])} if lines else {}
    told |= newest_scores(run, checkpoint) or noted_scores(lines)
    with suppress(GansmithError):
        told["verdict"] = diagnose(run_history(run)).verdict
    return told


def newest_scores(run: Run, checkpoint: str) -> dict[str, Any]:
    """Of `gansmith evaluate` on that checkpoint: label, value, interval, floor and which way is better."""
    try:
        found = disk.read_json(run.path / "evaluations" / f"{checkpoint}.json")
        rows = [row for row in found["scores"] if finite(row.get("value")) is not None]
    except (GansmithError, KeyError, TypeError, AttributeError):
        return {}
    kept = ("label", "value", "low", "high", "floor", "better")
    return {
        "scores": [{name: row.get(name) for name in kept} for row in rows],
        "scored": f"by gansmith evaluate, {found.get('count')} samples of seed {found.get('seed')}",
    }


def noted_scores(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the last line of the journal that has some."""
    for line in reversed(lines):
        facts = line.get("facts") or {}
        values = {name: value for name in NOTED if (value := finite(facts.get(f"eval/{name}"))) is not None}
        if values:
            floors = {name: finite(facts.get(f"eval/{name} floor")) for name in values}
            rows = [{"label": name, "value": value, "floor": floors[name]} for name, value in values.items()]
            when = f"while it trained, after {count(line['seen'])} images"
            return {"scores": rows, "scored": f"{when}, on few samples and in random features"}
    return {}


def card(known: Pretrained, title: str, use: str, tables: Sequence[str] = (), picture: bool = True) -> str:
    """README.md. use: how it is loaded, in Markdown. tables: paragraphs behind that. picture: there is a grid.png."""
    import yaml

    header = yaml.safe_dump(_header(known), sort_keys=False, allow_unicode=True)
    parts = [f"---\n{header}---", f"# {title}"]
    parts += ["![Samples of this model](grid.png)"] if picture else []
    parts += [_learned(known), *_classes(known), f"## Use\n\n{use}", *tables]
    parts += [f"## How good it is\n\n{_scores(known)}"]
    parts += ["## What it cannot do\n\n" + "\n".join(f"* {line}" for line in _limits(known))]
    return "\n\n".join(parts) + "\n"


def _header(known: Pretrained) -> dict[str, Any]:
    conditions, config = family(known.config.family).conditions, known.config
    tags = ["gan", config.family, "gansmith"]
    task = "unconditional-image-generation"
    if "source" in conditions:
        task = "image-to-image"
    elif "caption" in conditions and config.spec.caption_bytes:
        task = "text-to-image"
    header: dict[str, Any] = {"license": known.license} if known.license else {}
    return {**header, "library_name": "gansmith", **({"pipeline_tag": task} if _images(known) else {}), "tags": tags}


def _learned(known: Pretrained) -> str:
    config, spec, chosen = known.config, known.config.spec, family(known.config.family)
    if _images(known):
        makes = f"{KINDS.get(spec.shape[0], spec.shape[0])} images of {spec.shape[1]} x {spec.shape[2]} pixels"
    else:
        makes = f"rows of {', '.join(spec.columns)}"
    length = f" in {duration(known.seconds)}" if known.seconds else ""
    noun = "images" if _images(known) else "points"
    facts = [
        ("makes", makes),
        ("family", f"{config.family}: {chosen.title}{f'; {chosen.paper}' if chosen.paper else ''}"),
        ("learned from", f"{spec.count:,} {noun}, `{config.source}`"),
        ("their fingerprint", f"`{spec.fingerprint}`"),
        ("trained for", f"{count(known.seen)} {noun} seen{length}, seed {config.seed}"),
        ("run, checkpoint", f"`{known.name}`, `{known.checkpoint}`"),
        ("licence", known.license or "not stated: ask its maker before you use it for more than looking"),
        ("made with", f"gansmith {config.version}"),
    ]
    return table(("", ""), facts)


def _classes(known: Pretrained) -> Iterator[str]:
    names = known.config.spec.classes
    if names and "label" in family(known.config.family).conditions:
        shown = ", ".join(f"{number} {name}" for number, name in enumerate(names[:NAMED]))
        yield f"Classes: {shown}{f' and {len(names) - NAMED} more' if len(names) > NAMED else ''}."


def _scores(known: Pretrained) -> str:
    told = f"\n\nThe doctor's last word: {known.verdict}" if known.verdict else ""
    if not known.scores:
        return f"Nobody has measured it; `gansmith evaluate` on its run would.{told}"
    rows = []
    for score in known.scores:
        value, low, high, floor = (finite(score.get(name)) for name in ("value", "low", "high", "floor"))
        around = "" if low is None or high is None else f"{measure(low)} to {measure(high)}"
        shown = ("" if one is None else measure(one) for one in (value, floor))
        rows.append((str(score.get("label", "")), next(shown), around, next(shown), str(score.get("better") or "")))
    figures = table(("score", "value", "95 % interval", "real against real", "better"), rows)
    return f"Measured {known.scored}; beside each figure the same of two halves of the real data.\n\n{figures}{told}"


def _limits(known: Pretrained) -> Iterator[str]:
    spec = known.config.spec
    noun = "images" if _images(known) else "points"
    yield f"It knows only what its {spec.count:,} training {noun} show, with whatever they leave out or show too often."
    if spec.count < SMALL:
        yield "It learned from few: a sample may be near to a training image. `gansmith evaluate` tells how near."
    if _images(known) and "source" not in family(known.config.family).conditions:
        yield f"It makes {spec.shape[1]} x {spec.shape[2]} pixels and no other size."
    yield "Its samples are not real, and nothing in them is evidence of anything; say so where they are shown."


def _images(known: Pretrained) -> bool:
    return known.config.spec.kind == "images"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def code(language: str, lines: Sequence[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def in_python(known: Pretrained, where: str, *, download: bool = False) -> str:
    """How a folder with config.json is used."""
    further = ", download=True" if download else ""
    lines = ["import gansmith", "", f"model = gansmith.from_pretrained({json.dumps(where)}{further})"]
    if "source" in family(known.config.family).conditions:
        lines += [
            "# images: (N, C, H, W) float32 in [-1, 1]",
            'made = model.draw(len(images), given={"source": images})',
        ]
        return f"`pip install gansmith`, and then:\n\n{code('python', lines)}"
    words = "rows (16, columns)" if not _images(known) else "uint8 (16, height, width, channels)"
    lines += [f"samples = model.sample(16, seed=1)  # {words}"]
    line = "" if download else f"\n\nOn the command line: `gansmith sample {where}`."
    return f"`pip install gansmith`, and then:\n\n{code('python', lines)}{line}"
