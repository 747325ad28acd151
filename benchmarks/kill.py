"""Kills training with -9 at random moments, resumes it to its end, and counts what was lost: nothing may be.

    python benchmarks/kill.py [--kills 60] [--control 40] [--seed 0]

Three questions, each asked of gansmith's own train and resume on a tiny run, in forked children:

1. kill: runs are killed, half of the time aimed at the writing of a checkpoint, resumed, killed again, and at last
   driven to their end. None may be lost, no visible checkpoint damaged, and the end must equal that of a run never
   touched: SHA-256 over every tensor of networks, averages and optimizers, and over the last picture's pixels.
2. control: the same with `torch.save` over one file instead. At least one run must be lost, or the killer is blind.
3. forget: resume with one piece of state forgotten. The end must differ for every piece, or the comparison is blind.

Two things differ from a user's training: a checkpoint every 100 ms instead of every few minutes, and no report.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gansmith.runs import checkpoint, disk
from gansmith.runs.folder import Run
from gansmith.runs.state import Place, Training
from gansmith.verbs import session
from gansmith.verbs import train as verbs

RESULTS = Path(__file__).with_name("RESULTS.md")
TRAINING = {
    "family": "dcgan",
    "duration": "2kimg",
    "batch": 50,
    "width": 4,
    "ema": 1,
    "device": "cpu",
    "precision": "32",
}
HANGS_AFTER = 60.0  # seconds
SINGLE_FILE = "state.pt"

Work = Callable[[Path], object]


@dataclass
class Tally:
    """What became of the runs of one question."""

    kills: int = 0
    aimed: int = 0
    within_a_write: int = 0
    runs: int = 0
    lost: int = 0
    damaged: int = 0
    different: int = 0


# Children: everything that trains is forked from this process, which has paid for the imports.


def start(work: Work, path: Path) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = os.open(path.with_name(f"{path.name}.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1), os.dup2(log, 2)
        hurry()
        work(path)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def finish(work: Work, path: Path) -> None:
    """Run to the end; one that hangs is killed, and found unfinished."""
    child, limit = start(work, path), time.monotonic() + HANGS_AFTER
    while not ended(child):
        if time.monotonic() > limit:
            return kill(child)
        time.sleep(0.01)


def hurry() -> None:
    """Turn the checkpoint clock forward and leave out the report; all else is the real thing."""
    verbs.finish = lambda *_: None
    session.CHECKPOINT_EVERY = 0.1
    go = session.Session.go

    def at_once(self: session.Session) -> None:
        self.next_checkpoint = 0.0
        go(self)

    session.Session.go = at_once


def go_on(path: Path) -> None:
    verbs.resume(path)


# What the end of a run is.


def fingerprint(path: Path, images: int) -> str | None:
    """SHA-256 over all that a finished run has learnt; None when it is not finished."""
    last = path / "checkpoints" / f"{images:09d}"
    if checkpoint.verify(last):
        return None
    digest = hashlib.sha256()
    tensors, state = checkpoint.read(last)
    for file, named in sorted(tensors.items()):
        for name, tensor in sorted(named.items()):
            digest.update(f"{file}/{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.numpy().tobytes())
    digest.update(f"{state['number']} {state['seen']}".encode())
    with Image.open(path / "samples" / f"{images:09d}.png") as picture:
        digest.update(np.asarray(picture).tobytes())
    return digest.hexdigest()


def copy(source: Path, target: Path, checkpoints: list[str]) -> Path:
    """A run that stands where `source` stood at these checkpoints."""
    for name in checkpoints:
        shutil.copytree(source / "checkpoints" / name, target / "checkpoints" / name)
    shutil.copy(source / "run.json", target / "run.json")
    (target / "samples").mkdir()
    return target


# 1 and 2: killing.


@dataclass(frozen=True)
class Method:
    """A way to go on, how to see that it is writing its state or died while it was, and about how long that takes."""

    name: str
    work: Work
    writing: Callable[[Path], bool]
    seconds: float


def writing_folder(path: Path) -> bool:
    return any(name.startswith(disk.TEMPORARY) for name in os.listdir(path / "checkpoints"))


def writing_single_file(path: Path) -> bool:
    file = path / SINGLE_FILE
    return file.exists() and not zipfile.is_zipfile(file)  # torch.save writes a zip, whose end comes last


def wait_for_a_moment(child: int, path: Path, method: Method, chance: random.Random, aim: bool, length: float) -> bool:
    """Wait until it is time to kill; False when the child ended before."""
    until = time.monotonic() + chance.uniform(0, length)
    while time.monotonic() < until:
        if ended(child):
            return False
        time.sleep(0.001)
    if aim:
        while not method.writing(path):
            if ended(child):
                return False
            time.sleep(0.0002)
        time.sleep(chance.uniform(0, method.seconds))
    return not ended(child)


def kill_runs(method: Method, base: Path, folder: Path, count: int, end: str, images: int, seed: int) -> Tally:
    """Kill `count` times, each run up to four times, and drive every run to its end."""
    chance, tally = random.Random(seed), Tally()
    untouched = copy(base, folder / "untouched", [f"{0:09d}"])
    began = time.monotonic()
    finish(method.work, untouched)
    length = time.monotonic() - began
    while tally.kills < count:
        path = copy(base, folder / f"{tally.runs:03d}", [f"{0:09d}"])
        tally.runs += 1
        for _ in range(min(chance.randint(1, 4), count - tally.kills)):
            child, aim = start(method.work, path), tally.kills % 2 == 1
            if not wait_for_a_moment(child, path, method, chance, aim, length):
                break
            kill(child)
            tally.kills += 1
            tally.aimed += aim
            tally.within_a_write += method.writing(path)
            names = [name for name in os.listdir(path / "checkpoints") if name.isdigit()]
            tally.damaged += sum(checkpoint.verify(path / "checkpoints" / name) is not None for name in names)
        if fingerprint(path, images) is None:
            finish(method.work, path)
        found = fingerprint(path, images)
        tally.lost += found is None
        tally.different += found not in (None, end)
        if found == end:
            shutil.rmtree(path)
        print(f"\r{method.name}: {tally.kills}/{count} kills, {tally.runs} runs, {tally.lost} lost", end="", flush=True)
    print()
    return tally


def go_on_from_a_single_file(path: Path) -> None:
    """resume, but the way most trainers keep their state: torch.save over the last one."""

    def save(training: Training, folder: Path) -> Path:
        torch.save({"tensors": training_tensors(training), "place": asdict(training.place)}, path / SINGLE_FILE)
        if training.place.seen == Run(path).config()["images"]:
            real_save(training, folder)  # so that the end can be compared
        return path / SINGLE_FILE

    def restore(training: Training, file: Path) -> None:
        if not file.exists():
            return real_restore(training, path / "checkpoints" / f"{0:09d}")
        saved = torch.load(file, weights_only=True)
        checkpoint.restore(training_tensors(training), saved["tensors"], what="file")
        training.place = Place(**saved["place"])

    real_save, real_restore = Training.save, Training.restore
    Training.save, Training.restore = save, restore
    checkpoint.newest = lambda *_, **__: path / SINGLE_FILE
    verbs.resume(path)


OURS = Method("gansmith", go_on, writing_folder, 0.02)
CONTROL = Method("torch.save over one file", go_on_from_a_single_file, writing_single_file, 0.001)


def training_tensors(training: Training) -> dict[str, torch.Tensor]:
    """Every live tensor of a training, by file and name."""
    parts = {
        "networks": training.game.networks.state_dict(),
        "averages": training.averages.state(),
        "optimizers": training.optimizers.state(),
    }
    return {f"{part}/{name}": tensor for part, named in parts.items() for name, tensor in named.items()}


# 3: forgetting.

TENSORS_FORGOTTEN: dict[str, Callable[[str], bool]] = {
    "nothing": lambda name: False,
    "generator": lambda name: name.startswith("networks/generator"),
    "discriminator": lambda name: name.startswith("networks/discriminator"),
    "batch norm statistics": lambda name: "running_" in name,
    "averages": lambda name: name.startswith("averages/"),
    "first moments": lambda name: name.endswith("/exp_avg"),
    "second moments": lambda name: name.endswith("/exp_avg_sq"),
    "optimizer step counts": lambda name: name.startswith("optimizers/") and name.endswith("/step"),
}
PLACE_FORGOTTEN = {"number": {"number": 0}, "seen": {"seen": 0}, "gain": {"gain": 0.5}}


def forgetting(piece: str) -> Work:
    """resume, but one piece of what was saved is as it is in a training that has just begun."""

    def work(path: Path) -> None:
        real = Training.restore

        def restore(training: Training, file: Path) -> None:
            fresh = {name: tensor.clone() for name, tensor in training_tensors(training).items()}
            real(training, file)
            with torch.no_grad():
                for name, tensor in training_tensors(training).items():
                    if TENSORS_FORGOTTEN.get(piece, lambda name: False)(name):
                        tensor.copy_(fresh[name])
            for field, value in PLACE_FORGOTTEN.get(piece, {}).items():
                setattr(training.place, field, value)
            training.optimizers.gain = training.place.gain

        Training.restore = restore
        verbs.resume(path)

    return work


def ends_when_forgetting(base: Path, folder: Path, images: int) -> dict[str, str | None]:
    last = max(name for name in os.listdir(base / "checkpoints") if int(name) < images)
    ends = {}
    for piece in (*TENSORS_FORGOTTEN, *PLACE_FORGOTTEN):
        path = copy(base, folder / piece.replace(" ", "-"), [last])
        finish(forgetting(piece), path)
        ends[piece] = fingerprint(path, images)
    return ends


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=60, help="kills of gansmith")
    parser.add_argument("--control", type=int, default=40, help="kills of the control")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    wishes = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gansmith-kill-") as name:
        folder = Path(name)
        os.environ["GANSMITH_CACHE"] = str(folder / "cache")
        finish(lambda path: verbs.train("digits", name="base", out=path, **TRAINING), folder / "runs")
        base = next((folder / "runs").glob("*-base"), None)
        images = Run(base).config()["images"] if base else 0
        end = fingerprint(base, images) if base else None
        if base is None or end is None:
            print((folder / "runs.log").read_text())
            return 1
        print(f"a run of {images} images, which ends in {end[:16]}")
        ours, control = (
            kill_runs(method, base, folder / name, count, end, images, wishes.seed)
            for method, name, count in ((OURS, "kill", wishes.kills), (CONTROL, "control", wishes.control))
        )
        print("forget")
        ends = ends_when_forgetting(base, folder / "forget", images)
        exact = ends.pop("nothing") == end
        changed = {piece: found not in (None, end) for piece, found in ends.items()}
        for log in sorted(folder.glob("kill/*.log")):
            if log.with_suffix("").exists():  # its run was lost or ended otherwise
                print(log.read_text())
    words = report(wishes, {OURS.name: ours, CONTROL.name: control}, changed, exact, time.monotonic() - began)
    print(words)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(words)
    good = ours.lost == ours.damaged == ours.different == 0 < control.lost and exact and all(changed.values())
    print("passed" if good else "FAILED")
    return 0 if good else 1


def report(
    wishes: argparse.Namespace, tallies: dict[str, Tally], changed: dict[str, bool], exact: bool, seconds: float
) -> str:
    """The section for RESULTS.md."""
    command = f"python benchmarks/kill.py --kills {wishes.kills} --control {wishes.control} --seed {wishes.seed}"
    settings = " ".join(f"{key}={value}" for key, value in TRAINING.items())
    rows = [" | ".join(map(str, ("", name, *asdict(tally).values(), ""))).strip() for name, tally in tallies.items()]
    pieces = ", ".join(piece if seen else f"**{piece}: no**" for piece, seen in changed.items())
    return f"""
## Kill -9, {datetime.date.today()}

`{command}` ({seconds:.0f} s; torch {torch.__version__}, {platform.machine()}, one thread; digits, {settings})

| | kills | aimed at a write | died within a write | runs | lost | damaged checkpoints | other end |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Every run was driven to its end; "other end" counts those whose networks, averages, optimizers or last picture differ in
any bit from a run never killed.

Resumed from its last checkpoint but one with nothing forgotten, a run ends {"the same" if exact else "**otherwise**"}.
Forgetting one piece of state changes the end in {sum(changed.values())} of {len(changed)} cases: {pieces}.
"""


if __name__ == "__main__":
    sys.exit(main())
