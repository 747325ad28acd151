"""Checkpoints give back what was put in, notice every damage, and never let a misfit near a tensor."""

from __future__ import annotations

import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gansmith.runs import checkpoint
from gansmith.runs.checkpoint import CheckpointError

STATE = {"seen": 640, "number": 10, "best": {"score": 0.1 + 0.2, "name": None}, "말": ["é", "\udc80", True]}


def tensors(seed: int = 0) -> dict[str, dict[str, Tensor]]:
    chance = torch.Generator().manual_seed(seed)
    flat = torch.randn(12, generator=chance)
    return {
        "networks": {
            "generator.weight": torch.randn(4, 3, 3, 3, generator=chance).to(memory_format=torch.channels_last),
            "generator.half": torch.randn(5, generator=chance).bfloat16(),
            "norm.count": torch.tensor(7),
            "mask": torch.tensor([True, False]),
            "none": torch.empty(0, 3),
        },
        "optimizers": {"all": flat, "first": flat[:5], "tied": flat, "turned": flat.view(3, 4).t()},
    }


def write(folder: Path, name: str = "000000640", seed: int = 0) -> Path:
    return checkpoint.save(folder, name, tensors(seed), STATE)


def ignore(message: str) -> None: ...


def test_what_is_saved_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = write(tmp_path / "checkpoints")
    found, state = checkpoint.read(path)
    assert state == STATE
    assert found.keys() == tensors().keys()
    for file, named in tensors().items():
        assert found[file].keys() == named.keys()
        for name, tensor in named.items():
            assert found[file][name].dtype == tensor.dtype
            assert torch.equal(found[file][name], tensor)
    assert checkpoint.verify(path) is None


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    (path / "optimizers.safetensors").write_bytes(b"ruined")
    found, _ = checkpoint.read(path, "networks")
    assert found.keys() == {"networks"}
    with pytest.raises(CheckpointError, match=r"optimizers\.safetensors has 6 bytes"):
        checkpoint.read(path)
    with pytest.raises(CheckpointError, match=r"it has no averages\.safetensors"):
        checkpoint.read(path, "averages")


def test_the_same_name_again_replaces(tmp_path: Path) -> None:
    write(tmp_path, seed=0)
    path = write(tmp_path, seed=1)
    assert [entry.name for entry in tmp_path.iterdir()] == ["000000640"]
    assert torch.equal(checkpoint.read(path)[0]["optimizers"]["all"], tensors(1)["optimizers"]["all"])


@pytest.mark.parametrize("foreign", [(0.0, 0.99), {1: 2}, float("nan"), Path(), torch.tensor(1.0), {"deep": [set()]}])
def test_state_that_json_would_change_is_refused_before_writing(tmp_path: Path, foreign: Any) -> None:
    with pytest.raises(TypeError, match=r"state\['x'\]"):
        checkpoint.save(tmp_path / "new", "1", {}, {"x": foreign})
    assert not (tmp_path / "new").exists()


def test_a_state_that_is_not_finite_is_never_saved(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="w in networks holds NaN"):
        checkpoint.save(tmp_path, "1", {"networks": {"w": torch.tensor([1.0, float("inf")])}}, {})
    assert not list(tmp_path.iterdir())


def test_every_flipped_bit_and_every_truncation_is_found(tmp_path: Path) -> None:
    path = write(tmp_path)
    chance = random.Random(0)
    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        positions = range(len(whole)) if len(whole) < 700 else chance.sample(range(len(whole)), 150)
        for position in positions:
            flipped = bytearray(whole)
            flipped[position] ^= 1 << chance.randrange(8)
            for damaged in (flipped, whole[:position]):
                file.write_bytes(damaged)
                reason = checkpoint.verify(path)
                assert reason, (file.name, position)
                assert file.name in reason or file.name == "MANIFEST.json"  # which may then accuse another file
        file.write_bytes(whole)
    assert checkpoint.verify(path) is None


def remove(name: str) -> Callable[[Path], None]:
    return lambda path: (path / name).unlink()


def to_pipe(path: Path) -> None:
    (path / "state.json").unlink()
    os.mkfifo(path / "state.json")


def to_link(path: Path) -> None:
    (path / "state.json").rename(path.parent / "elsewhere")
    (path / "state.json").symlink_to(path.parent / "elsewhere")


def forge_manifest(path: Path) -> None:
    text = (path / "MANIFEST.json").read_text().replace("state.json", "../../state.json")
    (path / "MANIFEST.json").write_text(text)


def from_the_future(path: Path) -> None:
    (path / "MANIFEST.json").write_text('{"schema": 99, "parts": []}')


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (remove("state.json"), "state.json is missing"),
        (remove("networks.safetensors"), "networks.safetensors is missing"),
        (remove("MANIFEST.json"), "MANIFEST.json is missing"),
        (lambda path: (path / "extra.safetensors").touch(), "extra.safetensors is not listed"),
        (to_pipe, "state.json is not a plain file"),
        (to_link, "state.json is not a plain file"),
        (forge_manifest, "MANIFEST.json is damaged"),
        (from_the_future, "newer gansmith"),
        (lambda path: (path / "MANIFEST.json").write_text("[" * 100_000), "MANIFEST.json is damaged"),
    ],
)
def test_damage_is_named_and_the_older_checkpoint_is_used(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    older, newer = write(tmp_path, "000000064"), write(tmp_path, "000000640")
    damage(newer)
    assert reason in str(checkpoint.verify(newer))
    said: list[str] = []
    assert checkpoint.newest(tmp_path, warn=said.append) == older
    assert len(said) == 1 and reason in said[0] and str(newer) in said[0]


def test_a_desktop_file_does_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path)
    (path / ".DS_Store").touch()
    assert checkpoint.verify(path) is None


def test_newest_goes_by_number_not_by_letters(tmp_path: Path) -> None:
    write(tmp_path, "999999999")
    newer = write(tmp_path, "1000000000")
    (tmp_path / "notes").mkdir()
    assert checkpoint.newest(tmp_path, warn=ignore) == newer
    assert checkpoint.newest(tmp_path / "absent", warn=ignore) is None


def reseal(path: Path, file: str, data: bytes) -> None:
    """Replace a file and make the manifest agree, as a forger would."""
    (path / file).write_bytes(data)
    manifest = json.loads((path / "MANIFEST.json").read_text())
    manifest["files"][file] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (path / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")


def header(text: str, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text.encode() + data


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\x80\x04pickle.",
        struct.pack("<Q", 1 << 63) + b"{}",
        header("not json"),
        header('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', bytes(4)),
        header('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)),
        header('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', bytes(4)),
        header('{"a":{"dtype":"WAT","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
        header('{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'),
    ],
)
def test_a_forged_header_is_refused(tmp_path: Path, forged: bytes) -> None:
    path = write(tmp_path)
    reseal(path, "networks.safetensors", forged)
    assert checkpoint.verify(path) is None
    with pytest.raises(CheckpointError, match=r"networks\.safetensors is not a readable safetensors file"):
        checkpoint.read(path)


@pytest.mark.parametrize("forged", [b"[1]\n", b"{", b"[" * 100_000])
def test_a_forged_state_is_refused(tmp_path: Path, forged: bytes) -> None:
    path = write(tmp_path)
    reseal(path, "state.json", forged)
    with pytest.raises(CheckpointError):
        checkpoint.read(path)


def test_restore_writes_into_the_tensors_there_are() -> None:
    saved = {"w": torch.randn(4, 3, 2, 2), "n": torch.tensor(3)}
    weight = torch.nn.Parameter(torch.zeros(4, 3, 2, 2).to(memory_format=torch.channels_last))
    strides, memory = weight.stride(), weight.data_ptr()
    checkpoint.restore({"w": weight, "n": torch.tensor(0)}, saved, what="networks")
    assert torch.equal(weight, saved["w"]) and weight.requires_grad
    assert (weight.stride(), weight.data_ptr()) == (strides, memory)


@pytest.mark.parametrize(
    ("saved", "fault"),
    [
        ({"a": torch.ones(2)}, "b is missing"),
        ({"a": torch.ones(2), "b": torch.ones(3), "c": torch.ones(1)}, "c does not belong there"),
        ({"a": torch.ones(2), "b": torch.ones(2)}, r"b has shape \(2,\), not \(3,\)"),
        ({"a": torch.ones(2), "b": torch.ones(1, 3)}, r"b has shape \(1, 3\), not \(3,\)"),
        ({"a": torch.ones(2), "b": torch.ones(3).double()}, "b has dtype torch.float64, not torch.float32"),
        ({"a": torch.ones(2), "b": torch.tensor([1, float("nan"), 1])}, "b holds NaN"),
        ({"b": torch.ones(1), "c": torch.ones(1)}, r"a is missing \(and 2 more\)"),
    ],
)
def test_a_misfit_is_named_and_nothing_is_written(saved: dict[str, Tensor], fault: str) -> None:
    mine = {"a": torch.zeros(2), "b": torch.zeros(3)}
    with pytest.raises(CheckpointError, match=fault):
        checkpoint.restore(mine, saved, what="optimizers")
    assert all(not tensor.any() for tensor in mine.values())


@pytest.mark.parametrize("fused", [True, False])
def test_adam_goes_on_exactly_in_channels_last(tmp_path: Path, fused: bool) -> None:
    """The fused kernel reads moments by memory order: restored in another one they would update the wrong weights."""

    def begin() -> tuple[torch.nn.Module, torch.optim.Adam]:
        torch.manual_seed(0)
        network = torch.nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network, torch.optim.Adam(network.parameters(), lr=0.01, betas=(0.0, 0.9), fused=fused)

    def step(network: torch.nn.Module, adam: torch.optim.Adam, number: int) -> None:
        torch.manual_seed(number)
        network(torch.randn(2, 3, 6, 6)).square().mean().backward()
        adam.step()
        adam.zero_grad()

    def moments(network: torch.nn.Module, adam: torch.optim.Adam) -> dict[str, Tensor]:
        return {
            f"{name}.{kind}": adam.state[parameter][kind]
            for name, parameter in network.named_parameters()
            for kind in ("step", "exp_avg", "exp_avg_sq")
        }

    whole, whole_adam = begin()
    for number in range(4):
        step(whole, whole_adam, number)
        if number == 1:
            kept = {"networks": whole.state_dict(), "optimizers": moments(whole, whole_adam)}
            path = checkpoint.save(tmp_path, "2", kept, {})

    resumed, resumed_adam = begin()
    step(resumed, resumed_adam, 9)  # allocates the moments, in the parameters' memory format
    found, _ = checkpoint.read(path)
    checkpoint.restore(resumed.state_dict(), found["networks"], what="networks")
    checkpoint.restore(moments(resumed, resumed_adam), found["optimizers"], what="optimizers")
    for number in (2, 3):
        step(resumed, resumed_adam, number)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])


def test_keepers_are_the_last_the_best_and_ever_sparser_ones() -> None:
    names = [f"{seen:09d}" for seen in range(1000, 1_000_001, 1000)]
    kept = checkpoint.keepers(names, best="000777000")
    assert {"000777000", "000999000", "001000000", "000001000"} <= kept
    assert len(kept) <= 9
    assert checkpoint.keepers([], best="1") == set()


def test_keeping_as_one_goes_keeps_the_same_as_at_the_end() -> None:
    names = [f"{seen:09d}" for seen in range(500, 200_000, 500)]
    kept: set[str] = set()
    for name in names:
        kept = checkpoint.keepers([*kept, name], best=None, last=2)
    assert kept == checkpoint.keepers(names, best=None, last=2)


def test_prune_spares_the_two_newest_that_verify(tmp_path: Path) -> None:
    paths = [write(tmp_path, str(number)) for number in range(1, 7)]
    for path in paths[4:]:
        (path / "state.json").write_text("ruined")
    checkpoint.prune(tmp_path, keep={"1", "6"}, warn=pytest.fail)
    assert {path.name for path in tmp_path.iterdir()} == {"1", "3", "4", "6"}


def test_a_deletion_that_fails_is_only_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        write(tmp_path, str(number))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", refuse)
    said: list[str] = []
    checkpoint.prune(tmp_path, keep=(), warn=said.append)
    assert len(said) == 2 and "Permission denied" in said[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        checkpoint.prune(tmp_path, keep=())
    assert len(caught) == 2
    assert checkpoint.newest(tmp_path, warn=pytest.fail) == tmp_path / "3"


def test_sweep_removes_what_the_dead_left_and_only_that(tmp_path: Path) -> None:
    good = write(tmp_path, "5")
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    dead, alive = gone.stdout.strip(), os.getppid()
    for name in (f".tmp-6-{dead}", f".dead-4-{dead}", f".old-5-{dead}", f".tmp-6-{alive}", ".tmp-mine", "notes"):
        (tmp_path / name).mkdir()
    good.rename(tmp_path / f".old-3-{dead}")  # its process was killed between the two renames
    checkpoint.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"3", "5", f".tmp-6-{alive}", ".tmp-mine", "notes"}
    assert checkpoint.newest(tmp_path, warn=ignore) == tmp_path / "3"
