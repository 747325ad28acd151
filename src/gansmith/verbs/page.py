"""The page that draws: one HTML file with the model inside, run by onnxruntime-web where it is opened."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import adaptive_avg_pool2d

from gansmith.data.captions import encode
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.families.portable import Input, Portable
from gansmith.runs.model import Model
from gansmith.runs.pretrained import Pretrained
from gansmith.verbs.codes import codes_of

LARGEST = 100 * 2**20  # bytes of the page: what a browser opens without complaint, and a mailbox takes
VERSION = "1.30.0"  # of onnxruntime-web
HOST = "https://cdn.jsdelivr.net"
SCRIPTS = {  # what the page needs of it -> the file, and the SHA-384 that the browser must find
    "js": ("ort.wasm.min.js", "Bw6URI+Gvoadw0do7/QrSHUC9D1vCYYK5OSqChFyhyV5mzPL4oe2rOAFljAnS8Sq"),
    "mjs": ("ort-wasm-simd-threaded.mjs", "XcXA/MtAf0WpB8e023xQH9CM7RIjiugakT7x99DIwpFf7k56BIFFcAPerIF7FDad"),
    "wasm": ("ort-wasm-simd-threaded.wasm", "vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM"),
}
AT_ONCE, POINTS, PIXELS = 16, 1000, 2**19  # samples at first; of points; pixels of all images at first
LOOKED_AT, SMALL, SLIDERS = 1024, 16, 6  # samples that directions are found in, their size, and how many are kept
CAPTIONS = 24


def page(model: Model, known: Pretrained, module: Portable, graph: bytes, ort: Path | None) -> bytes:
    """index.html with the graph, an ONNX file, inside. ort: a folder with onnxruntime-web's scripts, put inside, too.

    Without it the browser fetches them, VERSION by their checksums, from a public mirror of npm. Raises UsageError for
    a folder without them, GansmithError where the page would be too large.
    """
    pieces = {"model": graph} | ({} if ort is None else {f"ort-{name}": data for name, data in own(ort).items()})
    told = json.dumps(about(model, known, module, fetched=ort is None), ensure_ascii=False).replace("<", "\\u003c")
    text = rendered(known, told, {name: base64.b64encode(data).decode() for name, data in pieces.items()}, ort is None)
    if len(text) > LARGEST:
        raise GansmithError(
            "The page is not written.",
            f"it would have {len(text) / 2**20:.0f} MB, {LARGEST / 2**20:.0f} are the most",
            "gansmith export --to onnx, or a smaller model",
        )
    return text.encode("utf-8", "replace")


def rendered(known: Pretrained, told: str, pieces: Mapping[str, str], fetched: bool) -> str:
    import jinja2
    from markupsafe import Markup

    folder = files("gansmith.runs") / "page"
    template, style, script = (folder.joinpath(f"draw.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(
        name=known.name,
        words=summary(known),
        style=Markup(style),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        allowed=f" {HOST}" if fetched else "",
        about=Markup(told),
        pieces=list(pieces.items()),
    )


def summary(known: Pretrained) -> str:
    spec = known.config.spec
    noun = "images" if spec.kind == "images" else "points"
    config = known.config
    facts = [config.family, f"{spec.count:,} {noun}, {config.source}", f"gansmith {config.version}", known.license]
    return " · ".join(fact for fact in facts if fact)


def own(folder: Path) -> dict[str, bytes]:
    """The scripts as they lie in a folder of npm's package, or in its `dist`."""
    for place in (folder, folder / "dist", folder / "node_modules" / "onnxruntime-web" / "dist"):
        try:
            return {name: (place / file).read_bytes() for name, (file, _) in SCRIPTS.items()}
        except OSError:
            continue
    names = ", ".join(file for file, _ in SCRIPTS.values())
    raise UsageError(f"{folder} holds no onnxruntime-web.", f"{names} are needed", "npm install onnxruntime-web")


def about(model: Model, known: Pretrained, module: Portable, *, fetched: bool) -> dict[str, Any]:
    """Everything the page's script must know."""
    spec, points = model.spec, model.spec.kind == "points"
    if points and spec.shape != (2,):
        raise UsageError("Only points of two columns make a picture.", do="--to onnx")
    conditions, kinds = family(model.config.family).conditions, {one.kind for one in module.inputs}
    most = POINTS if points else max(1, min(64, 4 * PIXELS // math.prod(spec.shape[1:])))
    styled = "styles" in conditions
    known_codes = codes_of(model.config) if "code" in kinds else None
    return {
        "name": known.name,
        "kind": spec.kind,
        "shape": spec.shape,
        "columns": spec.columns,
        "mean": spec.mean,
        "scale": spec.scale,
        "classes": list(spec.classes) if "label" in kinds else [],
        "count": POINTS if points else min(AT_ONCE, most),
        "most": most,
        "truncation": 0.7 if styled else 2.0,
        "loosest": 1.0 if styled else 2.0,
        "inputs": [described(one) for one in module.inputs],
        "code": {"categories": known_codes.categories, "continuous": known_codes.continuous} if known_codes else None,
        "sentences": sentences(model) if "sentence" in kinds else None,
        "directions": directions(model, module) if not points else [],
        "runtime": runtime() if fetched else None,
    }


def described(one: Input) -> dict[str, Any]:
    shape = one.example(1, torch.Generator().manual_seed(0)).shape[1:]
    multiple = one.free[2][1] if 2 in one.free else 0
    return {"name": one.name, "kind": one.kind, "shape": list(shape), "multiple": multiple}


def runtime() -> dict[str, dict[str, str]]:
    """Where onnxruntime-web is fetched from, and what must be found there."""
    where = f"{HOST}/npm/onnxruntime-web@{VERSION}/dist"
    return {
        name: {"url": f"{where}/{file}", "integrity": f"sha384-{digest}"} for name, (file, digest) in SCRIPTS.items()
    }


@torch.no_grad()
def sentences(model: Model) -> dict[str, Any]:
    """Some captions of the training, and what the run's reader makes of them."""
    texts = list(dict.fromkeys(text for text in model.spec.captions if text.strip()))[:CAPTIONS] or [" "]
    read = model.networks["text"](torch.from_numpy(encode(texts, model.spec.caption_bytes)))
    return {"texts": texts, "vectors": [[round(value, 6) for value in row] for row in read.float().tolist()]}


@torch.no_grad()
def directions(model: Model, module: Portable) -> list[list[float]]:
    """Unit vectors of latents, (k, z), along which images change most on average, the strongest first.

    The left singular vectors of the covariance of latents with images, which for latents as they are drawn is the best
    linear guess of one from the other.
    """
    latent = next((one for one in module.inputs if one.name == "latent"), None)
    if latent is None:
        return []
    count = max(64, min(LOOKED_AT, 2**24 // math.prod(model.spec.shape[1:])))
    z = latent.example(count, torch.Generator().manual_seed(0))
    seen = adaptive_avg_pool2d(model.draw(count, latent=z), SMALL).flatten(1)
    left, strength, _ = torch.linalg.svd(z.t() @ (seen - seen.mean(0)) / count, full_matrices=False)
    kept = left.t()[: min(SLIDERS, int((strength > 0).sum()))]
    return [[round(value, 5) for value in row] for row in kept.tolist()]
