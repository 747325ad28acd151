"""Tables: numeric columns are found, holes are counted, and values come back exactly from the spec."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gansmith.data.open import open_data
from gansmith.data.tables import read_table
from gansmith.errors import GansmithError, UsageError


def table(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    """Write a table."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / name


def test_text_columns_are_left_out_by_name(tmp_path: Path) -> None:
    found = read_table(table(tmp_path, "who,height,weight\nann,1.70,60\nbob,1.855,80.5\n"))
    assert found.columns == ("height", "weight")
    assert found.decimals == (3, 1)
    assert found.points.tolist() == [[1.7, 60], [1.855, 80.5]]
    assert found.warnings == ("Left out, as text: who.",)


def test_rows_with_holes_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [f"{n},{n * 2}" for n in range(30)]
    text = "a,b\n" + "\n".join([*rows, "1,nan", ",2", "NA,3", "inf,4", "5", "6,7,8", "", "-1e400,0"])
    found = read_table(table(tmp_path, text))
    assert len(found.points) == 30
    assert found.count == 37
    assert found.warnings == ("7 of 37 rows are left out: a number is missing in them.",)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1,2\n3,4\n", ("column 1", "column 2")),
        ("a;b\n1;2\n3;4\n", ("a", "b")),
        ("a\tb\n1\t2\n3\t4\n", ("a", "b")),
        ("\ufeffa,b\n1,2\n3,4\n", ("a", "b")),
        ("only\n1\n2\n", ("only",)),
        ('"a, b","c\nd"\n1,2\n3,4\n', ("a, b", "c\\nd")),
        ("키,몸무게\n1,2\n3,4\n", ("키", "몸무게")),
        ("a,\n1,2\n3,4\n", ("a", "column 2")),
    ],
)
def test_headers_and_separators(tmp_path: Path, text: str, columns: tuple[str, ...]) -> None:
    found = read_table(table(tmp_path, text))
    assert found.columns == columns
    assert len(found.points) == 2


def test_other_encodings(tmp_path: Path) -> None:
    assert read_table(table(tmp_path, "a,b\n1,2\n3,4\n".encode("utf-16"))).columns == ("a", "b")
    assert read_table(table(tmp_path, gzip.compress(b"a,b\n1,2\n3,4\n"), "t.csv.gz")).columns == ("a", "b")


@pytest.mark.parametrize(
    "text",
    ["name\nann\nbob\n", "a,b\n", "\n\n", "a,b\nnan,nan\n", "a,b\n1,\n,2\n", b"\xff\xfe\xfd\x00\x01", b"a,b\n\xe9,1\n",
     b"a\0b\n1\n"],
)  # fmt: skip
def test_what_holds_no_points_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(GansmithError) as refusal:
        open_data(table(tmp_path, text))
    assert str(tmp_path) in refusal.value.what
    assert refusal.value.why


def test_without_numbers_the_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name, town"):
        open_data(table(tmp_path, "name,town\nann,rome\nbob,oslo\n"))


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    data = gzip.compress(("a,b\n" + "1,2\n" * 9999).encode())
    with pytest.raises(GansmithError, match="Cannot read"):
        open_data(table(tmp_path, data[: len(data) // 2], "t.csv.gz"))


def test_points_come_back_from_the_spec(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    points = random.normal([100, -3], [15, 0.01], (500, 2)).round(4)
    text = "a,b\n" + "\n".join(f"{a:.4f},{b:.4f}" for a, b in points)
    found = open_data(table(tmp_path, text))
    assert abs(found.values.mean(axis=0)).max() < 1e-5
    assert abs(found.values.std(axis=0) - 1).max() < 1e-5
    back = np.asarray(found.spec.mean) + found.values.astype(np.float64) * found.spec.scale
    assert np.allclose(back, points, atol=1e-4)
    assert found.spec.decimals == (4, 4)


def test_a_constant_column_is_kept_with_a_warning(tmp_path: Path) -> None:
    found = open_data(table(tmp_path, "a,b\n" + "\n".join(f"{n},7" for n in range(50))))
    assert found.spec.scale[1] == 1
    assert (found.values[:, 1] == 0).all()
    assert any("same value" in warning for warning in found.report.warnings)


@pytest.mark.parametrize(
    ("cell", "decimals"),
    [("1", 0), ("1.5", 1), ("-0.250", 3), ("1e3", 0), ("1.5e-3", 4), (".5", 1), ("5.", 0), ("1e-2", 2)],
)
def test_decimals_are_counted_as_written(tmp_path: Path, cell: str, decimals: int) -> None:
    assert read_table(table(tmp_path, f"a\n{cell}\n2\n")).decimals == (decimals,)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=80), st.text(alphabet='0123456789.,;\n"e- a', max_size=80), st.binary(max_size=80)))
def test_any_content_is_points_or_a_refusal(tmp_path: Path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    try:
        found = read_table(table(tmp_path, data))
    except GansmithError:
        return
    assert np.isfinite(found.points).all()
    assert found.points.shape[1] == len(found.columns) == len(found.decimals)


def test_the_real_heights_and_weights(shared_data: Path) -> None:
    found = open_data(shared_data / "tabular" / "weight-height.csv.gz")
    assert found.spec.columns == ("Height", "Weight")
    assert (len(found.values), len(found.train), len(found.held)) == (10_000, 9_500, 500)
    with gzip.open(shared_data / "tabular" / "weight-height.csv.gz") as stream:
        reference = np.genfromtxt(stream, delimiter=",", skip_header=1, usecols=(1, 2))
    assert np.allclose(found.spec.mean, reference.mean(axis=0))
    assert np.allclose(found.spec.scale, reference.std(axis=0))
    assert any("Gender" in warning for warning in found.report.warnings)


def test_the_real_census(shared_data: Path) -> None:
    found = open_data(shared_data / "tabular" / "adult_24k_dev.csv.gz")
    assert found.spec.columns[:2] == ("age", "fnlwgt")
    assert found.spec.shape == (6,)
    assert found.spec.decimals == (0,) * 6
