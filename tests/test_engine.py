"""The engine settles device and precision, and says what exactness depends on."""

from __future__ import annotations

import json

import pytest
import torch

from gansmith import engine
from gansmith.engine import DEVICES, Engine, bf16_pays, choose, fingerprint, keep_memory
from gansmith.errors import UsageError


def test_auto_takes_what_there_is() -> None:
    chosen = choose()
    assert chosen.device in DEVICES[1:]
    assert chosen.precision in ("32", "bf16")
    assert choose("cpu", "32") == Engine("cpu", "32")


@pytest.mark.parametrize(("pays", "precision"), [(True, "bf16"), (False, "32")])
def test_half_precision_only_where_it_pays(pays: bool, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "bf16_pays", lambda: pays)
    assert choose("cpu").precision == precision


def test_asking_a_clock_answers() -> None:
    assert bf16_pays() in (True, False)


@pytest.mark.parametrize(
    ("device", "precision", "words"),
    [("gpu", "auto", "no device 'gpu'"), ("cpu", "fp16", "no precision 'fp16'"), ("cpu", "b16", "Did you mean 'bf16'")],
)
def test_unknown_wishes(device: str, precision: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(device, precision)
    assert words in str(caught.value)


def test_a_missing_device_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no usable cuda") as caught:
        choose("cuda")
    assert caught.value.why
    assert "auto" in caught.value.do


def test_autocast_is_what_the_precision_says() -> None:
    a = torch.ones(4, 4)
    for precision, dtype in (("32", torch.float32), ("bf16", torch.bfloat16)):
        with Engine("cpu", precision).autocast():
            assert (a @ a).dtype == dtype
    assert (a @ a).dtype == torch.float32


def test_the_fingerprint_survives_json_and_sees_the_threads() -> None:
    now = fingerprint(Engine())
    assert json.loads(json.dumps(now)) == now
    assert now["threads"] == torch.get_num_threads()
    assert fingerprint(Engine(precision="bf16")) != now


def test_one_process_needs_no_averaging() -> None:
    network = torch.nn.Linear(2, 1)
    network.weight.grad = torch.full_like(network.weight, 3.0)
    Engine().average_gradients(network)
    assert network.weight.grad is not None
    assert torch.equal(network.weight.grad, torch.full((1, 2), 3.0))
    assert (Engine().rank, Engine().world_size) == (0, 1)


def test_asking_the_allocator_is_harmless() -> None:
    keep_memory()
    assert torch.ones(1000).sum() == 1000
