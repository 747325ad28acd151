"""Where the arithmetic runs: device, precision, compilation, processes. lightning-fabric comes only with several."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.errors import UsageError, closest

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "32", "bf16")
COMPILED = ContextVar("compiled", default=False)  # whether calls of compiled networks run compiled just now
VARIANTS = 64  # of one network, compiled side by side: for sizes, for learning and being looked through, for drawing


@dataclass(frozen=True)
class Engine:
    """One process's share of the machine. precision: "32" or "bf16" (autocast; weights and moments stay float32).

    compile: whether networks are compiled, see `compile_in_place`.
    """

    device: str = "cpu"
    precision: str = "32"
    fabric: Any = None
    compile: bool = False

    @property
    def rank(self) -> int:
        return int(self.fabric.global_rank) if self.fabric else 0

    @property
    def world_size(self) -> int:
        return int(self.fabric.world_size) if self.fabric else 1

    def autocast(self) -> AbstractContextManager[Any]:
        kind = torch.device(self.device).type
        return torch.autocast(kind, dtype=torch.bfloat16) if self.precision == "bf16" else nullcontext()

    @contextmanager
    def stepping(self) -> Iterator[None]:
        """Within it a turn's loss is computed: in this precision and, if so chosen, by compiled networks."""
        before = COMPILED.set(self.compile)
        try:
            with self.autocast():
                yield
        finally:
            COMPILED.reset(before)

    def seed(self, seed: int) -> None:
        """Let all randomness of this process begin anew. `torch.manual_seed` visits every kind of device: 0.2 ms."""
        torch.default_generator.manual_seed(seed)
        kind = torch.device(self.device).type
        if kind != "cpu":
            getattr(torch, kind).manual_seed(seed)

    def average_gradients(self, network: nn.Module) -> None:
        """Average the gradients over all processes: one flat all-reduce, exact for lazy turns too (DDP is not)."""
        if self.world_size == 1:
            return
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        flat = self.fabric.all_reduce(torch.cat([g.flatten() for g in gradients]), reduce_op="mean")
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))


def launch(play: Callable[[Engine], None], processes: int, engine: Engine) -> None:
    """Call `play` in several processes, each with its own engine; networks stay unwrapped, gradients are averaged."""
    from lightning_fabric import Fabric

    accelerator = torch.device(engine.device).type
    strategy = "ddp_spawn" if accelerator == "cuda" else "ddp_fork"
    fabric = Fabric(accelerator=accelerator, devices=processes, strategy=strategy)
    fabric.launch(lambda fabric: play(replace(engine, device=str(fabric.device), fabric=fabric)))


def choose(device: str = "auto", precision: str = "auto", compile: bool = False) -> Engine:
    """Settle "auto". Raises UsageError for an unknown or missing device or precision, or where nothing compiles."""
    for value, known, what in ((device, DEVICES, "device"), (precision, PRECISIONS, "precision")):
        if value not in known:
            raise UsageError(f"There is no {what} '{value}'.", do=closest(value, known))
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    elif (device == "cuda" and not torch.cuda.is_available()) or (
        device == "mps" and not torch.backends.mps.is_available()
    ):
        raise UsageError(
            f"This machine has no usable {device} device.",
            why="PyTorch does not see one (driver missing, or a CPU build of torch)",
            do="--device auto",
        )
    if precision == "auto":
        precision = "bf16" if device == "cuda" or (device == "cpu" and bf16_pays()) else "32"
    if compile and (why := cannot_compile(device)):
        raise UsageError(
            "Networks cannot be compiled on this machine.",
            why=why,
            do="leave out --compile, or install a C++ compiler such as g++ with the headers of Python",
        )
    return Engine(device, precision, compile=compile)


def cannot_compile(device: str) -> str:
    """Why `torch.compile` does not work here, in its own words; empty where it does. Tried, which takes seconds."""

    def trial(x: Tensor) -> Tensor:
        return (x * 2 + 1).sin().sum()

    try:
        torch.compile(trial)(torch.ones(3, device=device, requires_grad=True)).backward()  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever goes wrong inside a compiler
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""


def compile_in_place(network: nn.Module) -> bool:
    """Let calls of a network run compiled while `Engine.stepping`; its state and its copies stay as they were.

    Samples and check-ups, too few to pay for it, run as they are written. So do calls that a penalty may differentiate
    twice, as compiled code cannot be: of inputs that require gradients, while weights do, too. False for a network that
    is left alone: its calls change what it keeps (batch statistics, spectral vectors), and compiled code allows no
    second call before the first one's backward pass.
    """
    if not any(True for _ in network.parameters()) or any(map(_changes_when_called, network.modules())):
        return False
    dynamo: Any = import_module("torch._dynamo.config")
    dynamo.recompile_limit = max(dynamo.recompile_limit, VARIANTS)
    as_written: Any = network._call_impl
    compiled: Any = torch.compile(as_written)

    def call(*inputs: Any, **named: Any) -> Any:
        if not COMPILED.get():
            return as_written(*inputs, **named)
        twice = torch.is_grad_enabled() and any(map(_requires_gradient, (*inputs, *named.values())))
        if twice and any(parameter.requires_grad for parameter in network.parameters()):
            return as_written(*inputs, **named)
        return compiled(*inputs, **named)

    network._compiled_call_impl = call  # what `nn.Module.compile` sets, and what copies leave behind
    return True


def _changes_when_called(module: nn.Module) -> bool:
    return hasattr(module, "parametrizations") or getattr(module, "track_running_stats", False)


def _requires_gradient(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.requires_grad
    return isinstance(value, list | tuple) and any(map(_requires_gradient, value))


@cache
def bf16_pays() -> bool:
    """Whether bfloat16 matrices multiply at least 1.5 times as fast on this CPU: asked of a clock, not of flags."""
    return _matmul_seconds(torch.float32) > 1.5 * _matmul_seconds(torch.bfloat16)


def _matmul_seconds(dtype: torch.dtype, size: int = 768, tries: int = 4) -> float:
    a = torch.ones(size, size, dtype=dtype)
    a @ a
    best = float("inf")
    for _ in range(tries):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return best


def keep_memory() -> None:
    """Ask glibc to keep freed memory: fresh pages cost a training step several per cent. Elsewhere does nothing."""
    trim_threshold, mmap_threshold = -1, -3  # malloc.h
    _glibc("mallopt", trim_threshold, 1 << 30)
    _glibc("mallopt", mmap_threshold, 32 << 20)


def return_memory() -> None:
    """Give what was kept back to the system, once: before work that needs memory in other pieces."""
    _glibc("malloc_trim", 0)


def _glibc(function: str, *arguments: int) -> None:
    if platform.system() == "Linux":
        with suppress(OSError, AttributeError):
            getattr(ctypes.CDLL("libc.so.6"), function)(*arguments)


def fingerprint(engine: Engine) -> dict[str, Any]:
    """What exactness depends on: a run resumed where this is equal goes on bit for bit."""
    return {
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "device": torch.cuda.get_device_name() if engine.device == "cuda" else engine.device,
        "precision": engine.precision,
        **({"compile": True} if engine.compile else {}),  # runs from before there was a choice say nothing of it
        "world_size": engine.world_size,
        "onednn": os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
    }


def peak_memory_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 1024), 1)
