"""Reads the package as text: which modules there are, what each imports, in which layer it lives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "gansmith"

Layers = list[tuple[str, ...]]


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Every module of a package, `gansmith.data.batch` -> its file; a package stands for its `__init__`."""
    named = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imports(module: str, path: Path, known: Mapping[str, Path]) -> set[str]:
    """The modules of `known` that a file imports anywhere in it, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in _imported(node, module, path):
            while name not in known and "." in name:
                name = name.rpartition(".")[0]
            if name in known:
                found.add(name)
    return found - {module}


def _imported(node: ast.AST, module: str, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        home = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        start = ".".join(home[: len(home) + 1 - node.level]) if node.level else ""
        origin = ".".join(part for part in (start, node.module or "") if part)
        yield from (f"{origin}.{alias.name}" for alias in node.names if alias.name != "__version__")


def graph(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Module -> the modules of the same package that it imports."""
    known = modules(package)
    return {module: imports(module, path, known) for module, path in known.items()}


def layers() -> Layers:
    """The layers from the top down, as ARCHITECTURE.md states them."""
    block = re.search(r"```layers\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block, "ARCHITECTURE.md has no ```layers block"
    return [tuple(line.split()) for line in block[1].splitlines()]


def part(module: str) -> str:
    """The layer name of a module: `gansmith.data.batch` -> `data`; the package itself -> ``."""
    return module.partition(".")[2].partition(".")[0]


def upward(edges: Mapping[str, set[str]], order: Layers) -> list[str]:
    """Imports that do not point down, each as `a -> b`. The package's own `__init__` and `__main__` stand above all."""
    rank = {name: depth for depth, names in enumerate(order, start=1) for name in names} | {"": 0, "__main__": 0}
    return [
        f"{module} -> {target}"
        for module, targets in edges.items()
        for target in sorted(targets)
        if part(module) != part(target) and rank[part(module)] >= rank[part(target)]
    ]


def cycle(edges: Mapping[str, set[str]]) -> list[str]:
    """The modules of one import cycle, or nothing."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []
