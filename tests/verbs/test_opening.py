"""Data is opened as the family needs it; what does not fit is told with what was found and what would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import UsageError
from gansmith.families import families
from gansmith.families.family import Needs
from gansmith.verbs import opening
from gansmith.verbs.opening import family_for, open_for
from gansmith.verbs.train import prepare
from tests.data.making import noise, write


def two_sides(folder: Path, names: tuple[str, str] = ("A", "B"), count: int = 6) -> Path:
    """Two folders with files of equal names."""
    for number in range(count):
        for side in names:
            write(folder / side / f"{number}.png", noise(16, 16, 3, seed=number + ord(side[-1])))
    return folder


def layout_for(family: str | None, folder: Path | str, **options: Any) -> tuple[str, str]:
    """(the pairing that the family gets, the layout that is kept in the run)."""
    dataset, kept = open_for(folder, DataOptions.read(options), family)
    assert open_data(folder, kept).spec == dataset.spec  # the run can open it again
    return dataset.spec.pairing, kept.layout


def test_each_family_gets_its_layout(tmp_path: Path) -> None:
    folder = two_sides(tmp_path)
    assert layout_for("pix2pix", folder) == ("paired", "paired")
    assert layout_for("cyclegan", folder) == ("unpaired", "unpaired")
    assert layout_for("dcgan", folder) == ("none", "plain")
    assert layout_for("pix2pix", folder, layout="edges") == ("paired", "edges")
    assert layout_for("dcgan", folder, layout="paired") == ("paired", "paired")


def test_data_chooses_the_family_where_nobody_did(tmp_path: Path) -> None:
    for folder, rename, expected in (("same", "{}", "pix2pix"), ("other", "x{}", "cyclegan"), ("one", "", "robust")):
        two_sides(tmp_path / folder)
        for path in (tmp_path / folder / "B").iterdir():
            path.rename(path.with_name(rename.format(path.name))) if rename else path.unlink()
        assert family_for(open_data(tmp_path / folder).spec) == expected
        assert layout_for(None, tmp_path / folder)[1] == "auto"


REFUSED = {
    "pairs": ("pix2pix", ("x", "y", "z"), {}, "learns from pairs", "18 images in 3 folders", "-f pix2pix --edges"),
    "sides": ("cyclegan", ("x", "y", "z"), {}, "learns from two", "18 images in 3 folders", "-f cyclegan --sides x,y"),
    "edges of sides": (
        "cyclegan",
        ("A", "B"),
        {"layout": "edges"},
        "edges is something else",
        "",
        "-f pix2pix",
    ),
    "sides of pairs": ("pix2pix", ("A", "B"), {"layout": "unpaired"}, "something else", "", "-f cyclegan"),
    "plain pairs": ("pix2pix", ("A", "B"), {"layout": "plain"}, "something else", "", "leave it out"),
    "sides of one set": ("dcgan", ("A", "B"), {"sides": "A,B"}, "two sides", "", "-f cyclegan --sides A,B"),
    "no classes": ("cgan", ("all",), {}, "Found 6 images without classes", "two or more", "robust needs no classes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_names_the_command_that_would(tmp_path: Path, name: str) -> None:
    family, folders, options, what, why, do = REFUSED[name]
    for folder in folders:
        two_sides(tmp_path, (folder, folder))
    with pytest.raises(UsageError) as refused:
        open_for(tmp_path, DataOptions.read(options), family)
    assert f"The family '{family}'" in refused.value.what
    assert what in refused.value.what
    assert why in str(refused.value)
    assert do in refused.value.do


def test_one_class_is_not_enough(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=noise(20, 8, 8), labels=np.full(20, 7))
    with pytest.raises(UsageError, match=r"Found 20 images of one class \(7\)"):
        open_for(tmp_path / "a.npz", DataOptions(), "cgan")


def test_pairs_without_one_common_name_are_sent_to_the_family_without_pairs(tmp_path: Path) -> None:
    two_sides(tmp_path)
    for path in (tmp_path / "B").iterdir():
        path.rename(path.with_name(f"x{path.name}"))
    with pytest.raises(UsageError) as refused:
        open_for(tmp_path, DataOptions(), "pix2pix")
    assert refused.value.do.endswith("-f cyclegan --layout unpaired")


def test_images_without_captions_are_left_out_where_captions_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        write(tmp_path / f"{number}.png")
    (tmp_path / "2.txt").write_text("a red heart")
    cases: list[tuple[Needs, str]] = [("captions", "cgan"), ("labels or captions", "cgan"), ("", "dcgan")]
    for needs, family in cases:
        chosen = replace(families()[family], needs=needs)
        monkeypatch.setattr(opening, "find_family", lambda name, chosen=chosen: chosen)
        dataset, kept = open_for(tmp_path, DataOptions(), family)
        assert dataset.train.tolist() == ([2] if needs else list(range(6)))
        assert kept.captions == ("required" if needs else "optional")
    (tmp_path / "2.txt").unlink()
    monkeypatch.setattr(opening, "find_family", lambda name: replace(families()["cgan"], needs="captions"))
    with pytest.raises(UsageError, match="no captions"):
        open_for(tmp_path, DataOptions(), "cgan")


def test_a_plan_remembers_how_the_data_was_opened(tmp_path: Path) -> None:
    folder = two_sides(tmp_path)
    plan, dataset, _ = prepare(folder, family="pix2pix", duration="1kimg", timed=False)
    assert plan.config.options.layout == "paired"
    assert plan.config.spec == dataset.spec
    assert "learn B from A" in plan.config.plan
