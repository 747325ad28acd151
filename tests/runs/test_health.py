"""The report's health section: verdict, findings with their evidence drawn, the story of treatments in pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from gansmith.runs.health import TOLD, health
from gansmith.runs.journal import Journal
from gansmith.runs.pictures import grid, save_png
from gansmith.runs.report import write_report
from tests.runs.test_report import HOSTILE, Page

CURVE = [[1000.0, 0.9], [2000.0, 0.5], [3000.0, 0.05]]
DIAGNOSIS: dict[str, Any] = {
    "healthy": False,
    "verdict": "The generator repeats itself.",
    "light": "red",
    "best": {"seen": 1000},
    "findings": [
        {
            "ailment": "mode_collapse",
            "severity": 0.8,
            "confidence": 0.93,
            "onset": 2000,
            "evidence": {"check/diversity features": CURVE, "score": 3.25, "odd": "NaN", "gap": [[1, "NaN"], [2, 1.0]]},
            "words": "All samples look alike.",
            "remedies": [{"id": "pack", "words": "show two at once", "changes": {"pack": 2}}],
        }
    ],
}
TREATED = {"event": "roll back", "seen": 3000, "id": "pack", "ailment": "mode_collapse", "words": "show two at once"}
TREATED |= {"at": 3000, "to": 1000, "until": 5000, "kid": 0.5}
JUDGED = {**TREATED, "event": "trial", "outcome": "kept", "kid_after": 0.125}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run folder with a picture at every thousand images, each of its own grey."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "run.json").write_text("{}")
    for seen in range(0, 7000, 1000):
        image = np.full((4, 8, 8, 1), seen // 30, np.uint8)
        save_png(grid(image), tmp_path / "samples" / f"{seen:09d}.png", {"seen": seen})
    return tmp_path


def page(path: Path, diagnosis: Any, events: list[dict[str, Any]]) -> Page:
    for event in events:
        Journal(path / "events.jsonl").append(event)
    return Page(write_report(path, extras={"diagnosis": diagnosis}))


def test_verdict_findings_and_story_are_told(path: Path) -> None:
    shown = page(path, DIAGNOSIS, [TREATED, JUDGED])
    for words in (
        "The generator repeats itself.",
        "mode collapse",
        "All samples look alike.",
        "93%",
        "show two at once",
    ):
        assert words in shown.text
    assert shown.by_id("health") is not None
    assert re.search(r"0\.5\b", shown.text) and "0.125" in shown.text
    assert "kept" in shown.text


def test_the_evidence_is_drawn_where_it_was_measured() -> None:
    (finding,) = health(Path("nowhere"), DIAGNOSIS, [])["findings"]
    assert [curve["title"] for curve in finding["curves"]] == ["check/diversity features", "gap"]
    for curve in finding["curves"]:
        ElementTree.fromstring(curve["svg"])
    assert finding["curves"][0]["legend"] == [("at the end", "0.0500")]
    assert [name for name, _ in finding["numbers"]] == ["score"]
    assert (finding["name"], finding["sure"], finding["remedies"]) == ("mode collapse", "93%", ["show two at once"])


def test_the_two_pictures_are_of_before_and_after(path: Path) -> None:
    """The one when it was called for, the one when its trial was over; between them the trial may have changed all."""
    (told,) = health(path, DIAGNOSIS, [TREATED, JUDGED])["story"]
    from tests.runs.test_report import decoded

    before, after = (float(np.asarray(decoded(str(uri)).convert("L")).mean()) for uri in told["pictures"])
    marks = [float(np.full(1, seen // 30, np.uint8)[0]) for seen in (3000, 5000)]
    assert [before, after] == pytest.approx(marks, abs=12)
    assert (told["before"], told["after"], told["outcome"]) == ("0.500", "0.125", "kept")


def test_one_picture_is_not_two(path: Path) -> None:
    """The training ended before another was made."""
    (told,) = health(path, DIAGNOSIS, [{**TREATED, "at": 6000, "until": 9000}])["story"]
    assert told["pictures"] == []


def test_a_treatment_without_a_verdict_is_on_trial(path: Path) -> None:
    (told,) = health(path, DIAGNOSIS, [TREATED])["story"]
    assert (told["outcome"], told["after"]) == ("on trial", "")


def test_the_outcome_belongs_to_its_own_treatment(path: Path) -> None:
    second = {**TREATED, "at": 5000}
    story = health(path, DIAGNOSIS, [TREATED, second, {**JUDGED, "at": 5000, "outcome": "undone"}])["story"]
    assert [told["outcome"] for told in story] == ["on trial", "undone"]


def test_a_remedy_without_a_roll_back_went_back_nowhere(path: Path) -> None:
    (told,) = health(path, DIAGNOSIS, [{**TREATED, "event": "remedy", "to": 3000}])["story"]
    assert told["to"] == ""


def test_of_many_treatments_the_first_few_are_told(path: Path) -> None:
    story = health(path, DIAGNOSIS, [{**TREATED, "at": at} for at in range(0, 6000, 500)])["story"]
    assert len(story) == TOLD


@pytest.mark.parametrize("diagnosis", [{}, {"verdict": ""}, {"healthy": True}, {"findings": []}])
def test_without_a_diagnosis_nothing_is_there(diagnosis: dict[str, Any], path: Path) -> None:
    assert health(path, diagnosis, [TREATED]) == {}
    assert page(path, diagnosis, []).by_id("health") is None


def test_a_healthy_run_has_a_verdict_and_no_findings(path: Path) -> None:
    shown = page(path, {"healthy": True, "verdict": "All is well.", "light": "green", "findings": []}, [])
    assert "All is well." in shown.text
    assert "mode collapse" not in shown.text


def test_no_word_becomes_markup(path: Path) -> None:
    hostile: dict[str, Any] = {
        "verdict": HOSTILE,
        "light": f"red {HOSTILE}",
        "findings": [
            {
                "ailment": HOSTILE,
                "words": HOSTILE,
                "confidence": HOSTILE,
                "onset": HOSTILE,
                "evidence": {HOSTILE: CURVE, "x": HOSTILE},
                "remedies": [{"words": HOSTILE}, "none", None],
            }
        ],
    }
    shown = page(path, hostile, [{**TREATED, "words": HOSTILE, "ailment": HOSTILE, "kid": HOSTILE, "until": HOSTILE}])
    calm = page(path, {"verdict": "calm", "findings": []}, [])
    assert len(shown.scripts) == len(calm.scripts)
    assert "alert" not in " ".join(shown.scripts)
    assert not [attributes for _, attributes in shown.elements if "onerror" in attributes]
    assert HOSTILE in shown.text


@pytest.mark.parametrize(
    "findings",
    [
        [None],
        ["x"],
        [{}],
        [{"evidence": []}],
        [{"evidence": {"a": [[1]], "b": None, "c": [1, 2]}}],
        [{"remedies": None}],
    ],
)
def test_what_is_missing_is_left_out(findings: list[Any], path: Path) -> None:
    assert (
        health(path, {"verdict": "ill", "findings": findings}, [{"event": "roll back", "id": "x"}])["verdict"] == "ill"
    )


def test_pictures_that_cannot_be_opened_are_left_out(path: Path) -> None:
    for picture in (path / "samples").glob("*.png"):
        picture.write_bytes(b"torn")
    (told,) = health(path, DIAGNOSIS, [TREATED, JUDGED])["story"]
    assert told["pictures"] == []
    for picture in (path / "samples").glob("*.png"):
        picture.unlink()
    assert health(path, DIAGNOSIS, [TREATED])["story"][0]["pictures"] == []
