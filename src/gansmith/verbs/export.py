"""export: a run's generator for elsewhere, checked against the run before it is called done."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from gansmith import __version__
from gansmith.errors import UsageError, closest
from gansmith.families.portable import Portable
from gansmith.runs import card, outgoing
from gansmith.runs.model import Model, load
from gansmith.runs.pretrained import Pretrained
from gansmith.verbs.graphcard import told, use
from gansmith.verbs.graphs import Run, as_onnx, as_pt2, checks, errors, needed, portable, traced
from gansmith.verbs.page import page

Kind = Literal["safetensors", "onnx", "pt2", "web", "hub"]
Watcher = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Exported:
    """Where it went, a folder or an address, and with which files.

    errors: number of samples -> the largest difference between a value of the graph and of the run, where a graph was
    made. inputs: of the graph, name -> what it is.
    """

    where: str
    files: tuple[str, ...]
    errors: Mapping[int, float] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "where": self.where,
            "files": list(self.files),
            "errors": {str(count): error for count, error in self.errors.items()},
            "inputs": dict(self.inputs),
        }


def export(
    run: str | Path = "last",
    to: str = "safetensors",
    *,
    folder: str | Path | None = None,
    name: str | None = None,
    license: str = "",
    private: bool = True,
    ort: str | Path | None = None,
    which: str = "last",
    out: str | Path = "runs",
    watch: Watcher = lambda report: None,
) -> Exported:
    """Write a run's generator into a folder that others can use, or send it to the Hugging Face hub.

    to: "safetensors", what `from_pretrained` and every verb that draws read; "onnx" and "pt2", a graph for ONNX Runtime
    or for torch.export.load; "web", a page that draws in a browser; "hub", the first, to the repository `name`, the
    only one that uses the network. A graph is compared with the run at 1 and 5 samples, and not written where a value
    differs by more than 1e-4. license: for the card. private: of a new repository. ort: the folder of
    onnxruntime-web's scripts, for a page that needs no network. Raises UsageError for impossible wishes.
    """
    if to not in get_args(Kind):
        raise UsageError(f"There is no export to '{to}'.", do=closest(to, get_args(Kind)))
    if (name is None) == (to == "hub"):
        fault = "needs the name of a repository" if to == "hub" else "takes no name: that is of a repository"
        raise UsageError(f"--to {to} {fault}.", do="--to hub --name user/name")
    if ort is not None and to != "web":
        raise UsageError(f"--ort means nothing to --to {to}.", do="--to web")
    if to in ("onnx", "web"):
        needed()
    model = load(run, out=out, which=which, device="cpu")
    model = replace(model, engine=replace(model.engine, precision="32"))
    target = Path(folder) if folder is not None else Path(f"{model.run}-{to}")
    if to == "hub":
        assert name is not None
        watch({"progress": ("packing", 0, 1)})
        return Exported(model.push_to_hub(name, private=private, license=license), tuple(FILES[to]))
    if to == "safetensors":
        watch({"progress": ("packing", 0, 1)})
        model.save_pretrained(target, license=license)
        return Exported(str(target), tuple(sorted(path.name for path in target.iterdir())))
    return graph(model, to, target, license, None if ort is None else Path(ort), watch)


def graph(model: Model, to: str, target: Path, license: str, ort: Path | None, watch: Watcher) -> Exported:
    """The three that hold a graph: traced, written aside, checked from there, and only then put in place."""
    steps = ["tracing", "writing", "comparing", "drawing its card"]

    def begin(step: int) -> None:
        watch({"progress": (steps[step], step, len(steps))})

    known = model.described(license)
    module = portable(model)
    begin(0)
    wanted, program = checks(model, module), traced(module)
    begin(1)
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / FILES[to][0]
        drawn: Run = as_pt2(program, path) if to == "pt2" else as_onnx(program, module, path, about(known, module))
        begin(2)
        found = errors(drawn, wanted, "graph")
        data = path.read_bytes()
    begin(3)
    inputs = {one.name: one.words for one in module.inputs}
    if to == "web":
        files = {"index.html": page(model, known, module, data, ort)}
    else:
        pictures = model.pictures()
        text = card.card(known, known.name, use(to, module), [told(module, known, found)], picture=bool(pictures))
        files = {FILES[to][0]: data, **pictures, "README.md": text.encode("utf-8", "replace")}
    written = outgoing.publish(target, files)
    return Exported(str(target), tuple(one.name for one in written), found, inputs)


FILES = {
    "onnx": ["model.onnx"],
    "web": ["model.onnx"],
    "pt2": ["model.pt2"],
    "hub": ["config.json", "model.safetensors", "README.md"],
}


def about(known: Pretrained, module: Portable) -> dict[str, str]:
    """What an ONNX file tells of itself, in its metadata: words, or JSON."""
    spec = known.config.spec
    facts = {
        "gansmith": __version__,
        "family": known.config.family,
        "run": known.name,
        "checkpoint": known.checkpoint,
        "license": known.license,
        "inputs": json.dumps({one.name: one.words for one in module.inputs}),
        "classes": json.dumps(list(spec.classes)) if spec.classes else "",
        "columns": json.dumps({"names": spec.columns, "mean": spec.mean, "scale": spec.scale}) if spec.columns else "",
    }
    return {name: value for name, value in facts.items() if value}
