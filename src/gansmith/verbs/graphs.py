"""A run's generator as a graph of operations, for ONNX and for torch.export, compared with the run it came from."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.families.portable import Input, Portable
from gansmith.runs.model import Model

ALLOWED = 1e-4  # largest difference of a value, images being in [-1, 1]
BATCHES = (1, 5)
TRACED = 2  # samples of the batch that is traced: any number but 1, which would stay what it is

Run = Callable[[Sequence[Tensor]], Tensor]


@dataclass(frozen=True)
class Checked:
    """What a graph is to draw: its inputs, and what the run draws of the same (N, C, H, W) or (N, D)."""

    given: tuple[Tensor, ...]
    wanted: Tensor


def portable(model: Model) -> Portable:
    """The generator as one module. model: in float32, on the CPU."""
    chosen = family(model.config.family)
    with torch.no_grad():
        made = chosen.portable(model.networks, chosen.settings.read(model.config.settings), model.spec)
    return made.eval().requires_grad_(False)


@torch.no_grad()
def checks(model: Model, module: Portable) -> dict[int, Checked]:
    """By number of samples, what the run itself draws of latents and conditions as it would draw them."""
    found = {}
    for count in BATCHES:
        chance = torch.Generator().manual_seed(count)
        given = tuple(one.example(count, chance) for one in module.inputs)
        request = module.request(given)
        wanted = module(*given) if request is None else model.game.draw(module.players(model.networks), request)
        found[count] = Checked(given, wanted.float())
    return found


def errors(run: Run, wanted: Mapping[int, Checked], what: str) -> dict[int, float]:
    """By number of samples, the largest difference of any value. Raises GansmithError above ALLOWED."""
    found = {}
    for count, check in wanted.items():
        with refusing("run"):
            made = run(check.given)
        alike = made.shape == check.wanted.shape and made.dtype == torch.float32
        found[count] = float((made - check.wanted).abs().max()) if alike else float("inf")
        if not found[count] <= ALLOWED:  # NaN is none
            raise GansmithError(
                f"The {what} does not draw what the run draws, and is not written.",
                f"of {count} samples a value differs by {found[count]:.2g}; {ALLOWED:g} is allowed",
                "please report this, with the family and its settings",
            )
    return found


@torch.no_grad()
def traced(module: Portable) -> torch.export.ExportedProgram:
    """The graph, of any number of samples, and of any size where an input leaves that free.

    Raises GansmithError where PyTorch can make none of it.
    """
    chance = torch.Generator().manual_seed(0)
    given = tuple(enlarged(one.example(TRACED, chance), one) for one in module.inputs)
    free = {name: multiple for one in module.inputs for name, multiple in one.free.values()}
    dims: dict[str, Any] = {
        name: torch.export.Dim(name) if multiple == 1 else multiple * torch.export.Dim(name, min=1)
        for name, multiple in free.items()
    }
    shapes = tuple({place: dims[name] for place, (name, _) in one.free.items()} for one in module.inputs)
    with refusing("traced"):
        return torch.export.export(module, given, dynamic_shapes={"given": shapes}, strict=False)


def enlarged(example: Tensor, one: Input) -> Tensor:
    """Twice as large in every free dimension but the first: what is 1 at its smallest would be taken for always 1."""
    for place in one.free:
        example = torch.cat([example, example], place) if place else example
    return example


def as_pt2(program: torch.export.ExportedProgram, path: Path) -> Run:
    """Write the graph for torch.export.load; returns how it is run again, from the file. No pickle is in it."""
    program._example_inputs = None  # they alone would be pickled
    torch.export.save(program, path)
    loaded = torch.export.load(path).module()
    return lambda given: cast(Tensor, loaded(*given))


def as_onnx(program: torch.export.ExportedProgram, module: Portable, path: Path, about: Mapping[str, str]) -> Run:
    """Write the graph as ONNX, `about` among its metadata; returns how ONNX Runtime runs it, from the file.

    Raises UsageError where the packages for it are missing.
    """
    runtime = needed()
    with quietly(), refusing("written as ONNX"):
        names = [one.name for one in module.inputs]
        # Its own optimisation takes the 1e-8 that keeps a division from 0 for nothing, and leaves it out.
        made = torch.onnx.export(
            *(program, ()), input_names=names, output_names=["samples"], dynamo=True, verbose=False, optimize=False
        )
        assert made is not None
        optimizer: Any = import_module("onnxscript.optimizer")
        optimizer.fold_constants(made.model)
        optimizer.remove_unused_nodes(made.model)
        made.model.metadata_props.update(about)
        made.save(path)
    return session(runtime, path, names)


def session(runtime: Any, path: Path, names: Sequence[str], threads: int = 0) -> Run:
    """How ONNX Runtime runs a file. threads: 0 for as many as it likes."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    loaded = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(given: Sequence[Tensor]) -> Tensor:
        (made,) = loaded.run(None, {name: one.numpy() for name, one in zip(names, given, strict=True)})
        return torch.from_numpy(np.asarray(made))

    return run


def needed() -> Any:
    """ONNX Runtime. Raises UsageError where it, or what writes ONNX, is not there."""
    try:
        _, _, runtime = (import_module(name) for name in ("onnx", "onnxscript", "onnxruntime"))
    except Exception as error:  # a broken optional package fails in many ways
        raise UsageError("ONNX needs packages of its own.", str(error), 'pip install "gansmith[onnx]"') from None
    return runtime


@contextlib.contextmanager
def refusing(done: str) -> Iterator[None]:
    """Says in words what the tools inside say in many kinds of exceptions."""
    try:
        yield
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        do = "--to safetensors works; please report this, with the family and its settings"
        raise GansmithError(f"This generator cannot be {done}.", first, do) from error


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without the exporter's remarks on packages that nobody needs here."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
