"""Compiled networks compute what they computed before, are stored as before, and step aside where they must."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gansmith import engine
from gansmith.engine import Engine, cannot_compile, choose, compile_in_place, fingerprint
from gansmith.errors import UsageError
from gansmith.runs.config import RunConfig
from gansmith.verbs import session
from gansmith.verbs.train import resume
from tests.verbs.runs import at_every_step, final, quick, tiny

__all__ = ["quick"]


OWN_WARNINGS = (
    "ignore:.*torch.jit.script:DeprecationWarning",
    "ignore:.*autograd.function.Function.* should not be instantiated:DeprecationWarning",
    "ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning",
)


def ignored(test: Any) -> Any:
    """torch's own compiler does what torch's own warnings advise against."""
    for words in OWN_WARNINGS:
        test = pytest.mark.filterwarnings(words)(test)
    return test


class Judge(nn.Module):
    """A network of the smallest kind that all that matters here can be asked of."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(2, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(4 * 36, 1))

    def forward(self, image: Tensor, scales: list[Tensor] | None = None) -> Tensor:
        logits: Tensor = self.layers(image)
        return logits if scales is None else logits * scales[0]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where a compiler would be, somebody who counts."""
    counted: list[str] = []

    def count(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*inputs: Any, **named: Any) -> Any:
            counted.append("compiled")
            return function(*inputs, **named)

        return call

    monkeypatch.setattr(torch, "compile", count)
    return counted


@pytest.fixture
def compiler() -> None:
    """Skips where nothing can be compiled, saying why."""
    if why := cannot_compile("cpu"):
        pytest.skip(f"torch.compile does not work here: {why}")


def test_only_calls_that_may_be_differentiated_twice_run_as_written(calls: list[str]) -> None:
    judge, image = Judge(), torch.randn(2, 2, 8, 8)
    assert compile_in_place(judge)
    with Engine(compile=True).stepping():
        judge(image)
        assert len(calls) == 1  # a turn of its own
        judge(image.clone().requires_grad_())
        judge(image, scales=[torch.ones(1, requires_grad=True)])
        assert len(calls) == 1  # under a penalty, on the images or on some of a list
        judge.requires_grad_(False)
        judge(image.clone().requires_grad_())
        assert len(calls) == 2  # the generator's turn: it looks through the judge
        judge.requires_grad_(True)
        with torch.no_grad():
            judge(image.clone().requires_grad_())
        assert len(calls) == 3
    judge(image)
    with Engine().stepping():
        judge(image)
    assert len(calls) == 3  # a check-up, or a training that is not compiled


def test_copies_and_states_know_nothing_of_it(calls: list[str]) -> None:
    judge = Judge()
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    compile_in_place(judge)
    assert list(judge.state_dict()) == list(before)
    twin = copy.deepcopy(judge)
    with Engine(compile=True).stepping():
        twin(torch.zeros(1, 2, 8, 8))
        assert calls == []
        judge(torch.zeros(1, 2, 8, 8))
        assert calls == ["compiled"]


@pytest.mark.parametrize(
    "network",
    [nn.Sequential(Judge(), nn.BatchNorm1d(1)), nn.Sequential(spectral_norm(nn.Linear(2, 2))), nn.Flatten()],
    ids=["batch statistics", "spectral vectors", "nothing to learn"],
)
def test_networks_that_calls_change_are_left_alone(network: nn.Module, calls: list[str]) -> None:
    assert not compile_in_place(network)
    assert network._compiled_call_impl is None


def test_a_machine_that_cannot_compile_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(function: object) -> object:
        raise RuntimeError("No working C++ compiler found\nand a long story")

    monkeypatch.setattr(torch, "compile", fail)
    with pytest.raises(UsageError, match="cannot be compiled") as caught:
        choose("cpu", "32", compile=True)
    assert caught.value.why == "No working C++ compiler found"
    assert "--compile" in caught.value.do
    assert choose("cpu", "32") == Engine("cpu", "32")


def test_it_is_part_of_what_exactness_depends_on() -> None:
    assert fingerprint(Engine(compile=True)) != fingerprint(Engine())
    assert "compile" not in fingerprint(Engine())  # nor in runs from before there was a choice


def test_a_run_remembers_and_is_resumed_as_it_was(
    calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.setattr(engine, "cannot_compile", lambda device: "")
    run = tiny(tmp_path, "digits", family="robust", duration="64img", compile=True, width=4)
    config = RunConfig.read(run.config())
    assert config.compile and "compile" in config.machine
    assert any(line.startswith("compiled") for line in config.plan)
    assert calls
    calls.clear()
    told: list[Any] = []
    resume(run.path, duration="32img", watch=told.append)
    assert calls
    assert not any("machine differs" in str(report.get("warning")) for report in told)


@pytest.mark.timeout(300)
@ignored
def test_what_is_compiled_computes_the_same(compiler: None) -> None:
    torch.manual_seed(0)
    judge, image = Judge(), torch.randn(3, 2, 8, 8)
    twin = copy.deepcopy(judge)
    compile_in_place(judge)
    with Engine(compile=True).stepping():
        logits, expected = judge(image), twin(image)
        torch.testing.assert_close(logits, expected)
        torch.autograd.backward([logits.sum(), expected.sum()])
        for ours, theirs in zip(judge.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad)
        given = image.clone().requires_grad_()
        (slope,) = torch.autograd.grad(judge(given).sum(), given, create_graph=True)
        torch.autograd.backward(slope.square().sum())  # what compiled code would refuse


@pytest.mark.slow
@pytest.mark.timeout(900)
@ignored
def test_a_compiled_training_ends_the_same_whether_it_was_interrupted_or_not(
    compiler: None, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish: dict[str, Any] = {"family": "robust", "width": 4, "compile": True, "duration": "128img"}
    whole = tiny(tmp_path / "whole", "digits", **wish)

    def stop(now: session.Session) -> None:
        if now.place.seen == 64 and not now.asked:
            now.asked.append("request")

    with monkeypatch.context() as patch:
        at_every_step(patch, stop)
        with pytest.raises(session.Interrupted):
            tiny(tmp_path / "parts", "digits", **wish)
    assert final(resume("last", out=tmp_path / "parts")) == final(whole)


cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@cuda
@pytest.mark.slow
@pytest.mark.timeout(900)
@ignored
@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_on_a_gpu_a_training_runs_in_both_precisions_compiled_too(precision: str, tmp_path: Path, quick: None) -> None:
    for compile in (False, True):
        out = tmp_path / str(compile)
        wish: dict[str, Any] = {"family": "robust", "width": 4, "device": "cuda", "precision": precision}
        run = tiny(out, "digits", duration="640img", compile=compile, **wish)
        line = run.journal.read()[-1]
        assert line["seen"] == 640
        assert all(math.isfinite(value) for name, value in line["facts"].items() if name.endswith("/loss"))
