"""Decodes many image files, in this process while that is quick, in several worker processes when it is not."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
import types
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from gansmith.data.decode import Picture, Recipe, Unreadable, decode
from gansmith.data.listing import Entry, Reader

Outcome = Picture | Unreadable
Progress = Callable[[str, int, int], None]  # (what, done, total)

CHUNK = 64
GLANCE_SECONDS, WORTH_SECONDS = 0.5, 4.0  # time the work here, then start workers if this much is left
WORKER_MEMORY = 4 * 2**30


def decode_all(
    read: Reader, entries: Sequence[Entry], recipe: Recipe, progress: Progress, *, workers: int | None = None
) -> Iterator[list[Outcome]]:
    """The outcome for every entry, in order, in chunks. `workers=0` decodes everything here."""
    chunks = deque(entries[start : start + CHUNK] for start in range(0, len(entries), CHUNK))
    done = 0
    progress("decoding", done, len(entries))
    for outcomes in _outcomes(read, chunks, recipe, _cores() if workers is None else workers):
        done += len(outcomes)
        progress("decoding", done, len(entries))
        yield outcomes


def _outcomes(read: Reader, chunks: deque[Sequence[Entry]], recipe: Recipe, workers: int) -> Iterator[list[Outcome]]:
    begun, total, alone = time.monotonic(), len(chunks), workers < 2
    while chunks:
        yield decode_chunk(read, chunks.popleft(), recipe)
        spent = time.monotonic() - begun
        left = spent / (total - len(chunks)) * len(chunks)
        if not alone and spent > GLANCE_SECONDS and left > WORTH_SECONDS:
            alone = True
            if travels(read):
                yield from _in_parallel(read, chunks, recipe, workers)


def _cores(most: int = 16) -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(most, allowed)


def decode_chunk(read: Reader, entries: Sequence[Entry], recipe: Recipe) -> list[Outcome]:
    """Decode some entries; a file that cannot be used gives the reason instead of a picture."""
    return [_attempt(read, entry, recipe) for entry in entries]


def _attempt(read: Reader, entry: Entry, recipe: Recipe) -> Outcome:
    try:
        return decode(read(entry), recipe, entry.part)
    except Unreadable as fault:
        return fault


def _in_parallel(read: Reader, chunks: deque[Sequence[Entry]], recipe: Recipe, workers: int) -> Iterator[list[Outcome]]:
    """Outcomes from worker processes; whatever they leave in `chunks` is for the caller."""
    started = False
    while chunks:
        running: deque[tuple[Sequence[Entry], Future[list[Outcome]]]] = deque()
        try:
            with _workers(workers) as submit:
                started = started or submit(bool, True).result()
                while chunks or running:
                    while chunks and len(running) < 2 * workers:
                        running.append((chunks[0], submit(decode_chunk, read, chunks[0], recipe)))
                        chunks.popleft()
                    outcomes = running[0][1].result()
                    running.popleft()
                    yield outcomes
        except (BrokenProcessPool, OSError):
            if not started:  # some places allow no further processes
                return
            # A worker died, and with it all chunks under way: each goes alone now, to find the file that did it.
            for chunk, _ in running:
                yield _survivors(read, chunk, recipe)


def _survivors(read: Reader, entries: Sequence[Entry], recipe: Recipe) -> list[Outcome]:
    """Outcomes of a chunk that may kill its worker, found by halving it."""
    try:
        with _workers(1) as submit:
            return submit(decode_chunk, read, entries, recipe).result()
    except BrokenProcessPool:
        if len(entries) == 1:
            return [Unreadable("it crashed the decoder")]
        half = len(entries) // 2
        return _survivors(read, entries[:half], recipe) + _survivors(read, entries[half:], recipe)


@contextmanager
def _workers(count: int) -> Iterator[Callable[..., Future[Any]]]:
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_prepare_worker)

    def submit(*task: Any) -> Future[Any]:
        with _no_main(), _no_interrupt():
            return pool.submit(*task)

    try:
        yield submit
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _no_main() -> Iterator[None]:
    """Keeps starting workers from running the user's script again, as spawning does for scripts without a guard."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Workers started inside never hear Ctrl-C, not even while they import; it reaches this process on leaving."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker() -> None:
    """Ctrl-C is the parent's business; and a decoder that asks for absurd memory must fail, not the machine."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (WORKER_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, OSError, ValueError):
        pass  # not every system has such limits


def travels(read: Reader) -> bool:
    """Whether a reader can be sent to a worker."""
    try:
        pickle.dumps(read)
    except Exception:  # pickling fails with whatever the object raises
        return False
    return True
