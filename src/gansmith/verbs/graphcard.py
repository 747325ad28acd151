"""What the card of a graph says: which tensors it takes, lines that run it, how near to the run it was found to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from gansmith.families.portable import Input, Portable
from gansmith.runs import card
from gansmith.runs.pretrained import Pretrained
from gansmith.verbs.graphs import ALLOWED

SOME = 4  # samples of the example


def use(to: str, module: Portable) -> str:
    """How the graph is run, in lines that run as they stand beside it."""
    names = [one.name for one in module.inputs]
    if to == "pt2":
        lines = ["import torch", "", *(line for one in module.inputs for line in in_torch(one))]
        lines += ['graph = torch.export.load("model.pt2").module()', f"samples = graph({', '.join(names)})"]
        return f"With PyTorch alone:\n\n{card.code('python', lines)}"
    lines = ["import numpy as np", "import onnxruntime", ""]
    lines += [line for one in module.inputs for line in in_numpy(one)]
    fed = ", ".join(f'"{name}": {name}' for name in names)
    lines += ['session = onnxruntime.InferenceSession("model.onnx")', f"(samples,) = session.run(None, {{{fed}}})"]
    return f"With [ONNX Runtime](https://onnxruntime.ai), `pip install onnxruntime`:\n\n{card.code('python', lines)}"


def in_torch(one: Input) -> Iterator[str]:
    """Lines that make such an input in PyTorch."""
    shape = shape_of(one)
    made = {
        **{"normal": f"torch.randn{shape}", "spherical": f"torch.randn{shape}", "sentence": f"torch.zeros{shape}"},
        **{"uniform": f"torch.rand{shape} * 2 - 1", "image": f"torch.rand{shape} * 2 - 1"},
        **{"chance": f"torch.rand{shape}", "code": f"torch.zeros{shape}", "truncation": "torch.tensor(0.7)"},
        **{"label": f"torch.zeros({SOME}, dtype=torch.int64)"},
    }
    yield f"{one.name} = {made[one.kind]}"
    if one.kind == "spherical":
        yield f"{one.name} *= {one.name}.shape[1] ** 0.5 / {one.name}.norm(dim=1, keepdim=True)"


def in_numpy(one: Input) -> Iterator[str]:
    """Lines that make such an input in NumPy."""
    shape = shape_of(one)
    normal, flat = f"np.random.standard_normal({shape})", f"np.random.random({shape})"
    made = {
        **{"normal": f"{normal}.astype(np.float32)", "spherical": f"{normal}.astype(np.float32)"},
        **{name: f"({flat} * 2 - 1).astype(np.float32)" for name in ("uniform", "image")},
        **{"chance": f"{flat}.astype(np.float32)", "truncation": "np.array(0.7, np.float32)"},
        **{name: f"np.zeros({shape}, np.float32)" for name in ("code", "sentence")},
        **{"label": f"np.zeros({SOME}, np.int64)"},
    }
    yield f"{one.name} = {made[one.kind]}"
    if one.kind == "spherical":
        yield f"{one.name} *= {one.name}.shape[1] ** 0.5 / np.linalg.norm({one.name}, axis=1, keepdims=True)"


def shape_of(one: Input) -> tuple[int, ...]:
    return tuple(one.example(SOME, torch.Generator().manual_seed(0)).shape)


def told(module: Portable, known: Pretrained, errors: Mapping[int, float]) -> str:
    """Its inputs and its output, and the comparison."""
    rows = [(f"`{one.name}`", one.words) for one in module.inputs]
    if known.config.spec.kind == "images":
        rows.append(("`samples`, made of them", "(N, C, H, W) float32, images in [-1, 1]"))
    else:
        spec = known.config.spec
        units = f"mean {list(spec.mean)}, deviation {list(spec.scale)}"
        rows.append(
            ("`samples`, made of them", f"(N, D) float32, standardised rows of {', '.join(spec.columns)}: {units}")
        )
    found = " and ".join(f"{error:.1g} (of {count})" for count, error in errors.items())
    return (
        f"{card.table(('tensor', 'what it is'), rows)}\n\nN is any number. Nothing in the graph is left to chance. "
        f"It draws what the run draws: the largest difference of any value was {found}; {ALLOWED:g} is allowed."
    )
