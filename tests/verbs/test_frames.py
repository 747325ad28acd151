"""What samples are compared with represents the data, also where it lies sorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gansmith.data.open import open_data
from gansmith.verbs.frames import COMPARED, judges, spread


@pytest.mark.parametrize(("rows", "count"), [(10, 4), (4, 10), (1, 3), (1000, 256)])
def test_spread_reaches_from_first_to_last_without_repeats(rows: int, count: int) -> None:
    chosen = spread(np.arange(rows), count)
    assert len(chosen) == len(set(chosen.tolist())) == min(rows, count)
    assert chosen[0] == 0 and (chosen[-1] == rows - 1 or count == 1)


def test_samples_are_not_compared_with_the_first_class_alone(tmp_path: Path) -> None:
    """A table sorted by its groups: the rows compared have the mean of all, not of the first group."""
    path = tmp_path / "sorted.csv"
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(-5, 1, 6000), random.normal(5, 1, 6000)])
    path.write_text("value\n" + "\n".join(f"{value:.3f}" for value in values))
    dataset = open_data(path)
    assert len(judges(dataset)) == COMPARED
    assert abs(float(dataset.tensor(judges(dataset)).mean())) < 0.15
