"""`gansmith diagnose` as typed: what it prints, and that a sick training exits with 3."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from gansmith.cli import main
from gansmith.cli.diagnose import sparkline


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    def answer(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gansmith", "diagnose", *map(str, words)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        assert isinstance(code, int) and "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return answer


def log(path: Path, *, broken: bool) -> Path:
    dice = np.random.default_rng(0)
    rows = [
        f"{i},{'nan' if broken and i > 60 else 0.7 + 0.1 * dice.normal():.4},{1 + 0.1 * dice.normal():.4f}"
        for i in range(100)
    ]
    path.write_text("step,d_loss,g_loss\n" + "\n".join(rows) + "\n")
    return path


def test_a_healthy_log(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(log(tmp_path / "log.csv", broken=False))
    assert code == 0 and out.startswith("green  Healthy.")


def test_a_sick_log(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(log(tmp_path / "log.csv", broken=True))
    assert code == 3 and out.startswith("red  Sick: the training exploded.")
    for words in ("explosion", "severity 1.00", "since 61", "discriminator/loss", "try: half the learning rate"):
        assert words in out


def test_json(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = ask(log(tmp_path / "log.csv", broken=True), "--json")
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert code == 3 and found["healthy"] is False and found["best"] is None
    assert [finding["ailment"] for finding in found["findings"]] == ["explosion"]
    assert found["findings"][0]["onset"] == 61
    assert json.loads(ask(log(tmp_path / "log.csv", broken=False), "--json")[1])["healthy"] is True


def test_errors_keep_their_codes(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, _, err = ask("nobody", "--runs", tmp_path)
    assert code == 2 and "no run" in err
    (tmp_path / "notes.txt").write_text("nothing\n")
    code, _, err = ask(tmp_path / "notes.txt")
    assert code == 1 and "nothing to diagnose" in err and "d_loss" in err


def test_a_curve_in_a_line() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█" and sparkline([1.0, 1.0]) == "▁▁"
    assert sparkline([1.0, float("inf"), 2.0]) == "▁×█" and sparkline([]) == ""
