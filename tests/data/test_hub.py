"""Hugging Face sets: through the optional package, in place of which a stand-in is used here."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from gansmith.data.captions import decode
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError, UsageError
from tests.data.making import encoded, noise

FRESH = DataOptions(cache=False)


class Image:
    """Stands for `datasets.Image`."""

    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class ClassLabel:
    """Stands for `datasets.ClassLabel`."""

    names = ("cat", "dog")


class Table:
    """Stands for `datasets.Dataset`: five rows, the last without an image."""

    def __init__(self, features: dict[str, object]) -> None:
        self.features = features

    def cast_column(self, name: str, kind: Image) -> Table:
        assert not kind.decode, "images must be decoded by our own guarded reader"
        return self

    def __len__(self) -> int:
        return 5

    def __getitem__(self, key: Any) -> Any:
        if key == "label":
            return [0, 1, 0, 1, 0]
        if key == "text":
            return ["a cat", None, "another cat", "a dog", "gone"]
        return {"image": {"bytes": encoded(noise(16, 16, 3, seed=key)) if key < 4 else None, "path": None}}


def stand_in(monkeypatch: pytest.MonkeyPatch, features: dict[str, object]) -> None:
    """Install a `datasets` package that knows one set."""

    def load_dataset(name: str, split: str) -> Table:
        if name != "user/pets":
            raise FileNotFoundError(f"{name} does not exist")
        assert split == "train"
        return Table(features)

    package = types.ModuleType("datasets")
    package.__dict__.update(Image=Image, ClassLabel=ClassLabel, load_dataset=load_dataset)
    monkeypatch.setitem(sys.modules, "datasets", package)


def test_images_and_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"image": Image(), "label": ClassLabel()})
    found = open_data("hf:user/pets", FRESH)
    assert (found.values == [noise(16, 16, 3, seed=n) for n in range(4)]).all()
    assert found.spec.classes == ("cat", "dog")
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.report.unreadable == (("row 00000004", "no image in this row"),)


def test_without_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"image": Image()})
    assert open_data("hf:user/pets", FRESH).labels is None


def test_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"image": Image(), "text": object()})
    found = open_data("hf:user/pets", FRESH)
    assert found.captions is not None
    assert decode(found.captions) == ["a cat", "", "another cat", "a dog"]
    assert found.report.captions == 3


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"text": object()})
    with pytest.raises(UsageError, match="Its columns are: text"):
        open_data("hf:user/pets", FRESH)
    with pytest.raises(GansmithError, match="does not exist"):
        open_data("hf:user/gone", FRESH)


def test_without_the_package_the_way_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError) as refusal:
        open_data("hf:user/pets", FRESH)
    assert "pip install" in refusal.value.do
    assert "gansmith[hf]" in refusal.value.do
