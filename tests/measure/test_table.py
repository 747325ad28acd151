"""The table: every score with its interval and floor, or a reason; and each moves the right way on real pictures."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gansmith.errors import GansmithError
from gansmith.measure.minimum import MINIMUM, too_few
from gansmith.measure.score import Score
from gansmith.measure.table import BETTER, measure, measure_images
from tests.measure.clouds import Fashion, cloud, fashion, simple

N = 700


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.name: score for score in scores}


def value(score: Score) -> float:
    assert score.value is not None, score.why
    return score.value


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Fashion:
    return fashion(shared_data)


def table(data: Fashion, images: Tensor) -> dict[str, Score]:
    """Scores of images, as if generated, beside held-out and training rows."""
    return by_name(measure(data.rows(0, N), data.rows(N, 3 * N), simple(images), "pixels", replicates=20))


@pytest.fixture(scope="module")
def fresh(data: Fashion) -> dict[str, Score]:
    return table(data, data.images[3 * N : 4 * N])


def test_real_against_real_is_about_the_floor(fresh: dict[str, Score]) -> None:
    assert list(fresh) == list(BETTER)
    for name in ("KID", "precision", "recall", "density", "coverage", "1-NN accuracy", "memorisation", "JS", "FD"):
        score = fresh[name]
        assert score.floor is not None and score.low is not None and score.high is not None
        assert score.low <= value(score) <= score.high
        assert abs(value(score) - score.floor) < 1.5 * (score.high - score.low) / 2 + 0.01, name
    assert value(fresh["NDB"]) < 0.15
    assert abs(value(fresh["copying z"])) < 3
    assert value(fresh["distinct samples"]) > 10_000


def worse(spoiled: dict[str, Score], fresh: dict[str, Score], *names: str) -> None:
    """Every named score has left the fresh one's interval in the bad direction."""
    for name in names:
        low, high = fresh[name].low, fresh[name].high
        assert low is not None and high is not None
        if BETTER[name] in ("high", "near 1"):
            assert value(spoiled[name]) < low, name
        else:
            assert value(spoiled[name]) > high, name


def test_blur_shows(data: Fashion, fresh: dict[str, Score]) -> None:
    images = data.images[3 * N : 4 * N]
    once = table(data, avg_pool2d(images, 5, 1, 2))
    twice = table(data, avg_pool2d(images, 9, 1, 4))
    worse(once, fresh, "FD", "KID", "recall", "1-NN accuracy", "coverage")
    for name in ("FD", "KID", "1-NN accuracy"):
        assert value(twice[name]) > value(once[name])


def test_noise_shows(data: Fashion, fresh: dict[str, Score]) -> None:
    """Not in KID: a cubic kernel of plain pixels averages it away, which is why features are better than pixels."""
    images = data.images[3 * N : 4 * N]
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    some, much = table(data, images + 0.5 * noise), table(data, images + noise)
    worse(some, fresh, "FD", "precision", "density", "1-NN reals", "coverage")
    worse(much, fresh, "FD", "precision", "density", "1-NN reals", "coverage")
    assert value(much["FD"]) > value(some["FD"])
    assert abs(value(some["1-NN accuracy"]) - 0.5) < 0.1  # which is why it never stands alone


def test_dropped_classes_show(data: Fashion, fresh: dict[str, Score]) -> None:
    def kept(kinds: int) -> dict[str, Score]:
        return table(data, data.images[3 * N :][data.labels[3 * N :] < kinds][:N])

    half, one = kept(5), kept(1)
    worse(half, fresh, "FD", "KID", "recall", "coverage", "1-NN accuracy", "NDB", "JS")
    for name in ("FD", "KID", "NDB", "JS"):
        assert value(one[name]) > value(half[name])
    assert value(one["coverage"]) < value(half["coverage"])
    assert value(half["precision"]) > 0.8  # what is there is good


def test_duplicates_show(data: Fashion, fresh: dict[str, Score]) -> None:
    images = data.images[3 * N : 3 * N + 10].repeat(N // 10, 1, 1, 1)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    few = table(data, images + 0.01 * noise)
    worse(few, fresh, "FD", "KID", "recall", "coverage", "1-NN accuracy", "NDB", "JS", "distinct samples")
    assert value(few["distinct samples"]) == pytest.approx(10, rel=0.2)


def test_copies_show(data: Fashion, fresh: dict[str, Score]) -> None:
    copied = table(data, data.images[N : 2 * N])
    worse(copied, fresh, "memorisation")
    assert value(copied["memorisation"]) < 0.01
    assert value(copied["copying z"]) < -10
    assert value(copied["coverage"]) > 0.9  # which is why coverage alone is no proof


def test_images_are_measured_without_features(data: Fashion) -> None:
    held, train, made = data.images[:300], data.images[300:600], data.images[600:900]
    pattern = torch.zeros(28, 28)
    pattern[::2, ::2] = 0.2
    good, tiled = by_name(measure_images(held, train, made)), by_name(measure_images(held, train, made + pattern))
    assert list(good) == ["SWD", "SWD at 28 px", "SWD at 14 px", "checkerboard", "spectrum"]
    for name, score in good.items():
        assert score.floor is not None and score.low is not None and score.high is not None
        assert abs(value(score) - score.floor) < 1.5 * (score.high - score.low) / 2 + 0.5, name
        assert score.label == f"{name}@300"
    assert value(tiled["checkerboard"]) > 6 > (good["checkerboard"].high or 0)


def test_below_the_least_number_a_reason_stands_in_place_of_a_figure() -> None:
    held, train, fake = cloud(40, 8), cloud(200, 8, 1), cloud(200, 8, 2)
    found = by_name(measure(held, train, fake, "values"))
    assert value(found["1-NN accuracy"]) > 0
    assert value(found["FD"]) > 0
    for name in ("KID", "coverage", "NDB"):
        assert found[name].value is None and found[name].low is None
        assert found[name].why == f"40 samples are too few: at least {MINIMUM[name]} are needed"
    assert too_few("FD", 100, 50) == "100 samples are too few: 50 features need at least 101"
    assert too_few("SWD at 28 px", 63) and not too_few("SWD at 28 px", 64)
    assert all(score.value is None and score.why for score in measure(held[:3], train, fake, "values"))


def test_an_exploded_generator_has_reasons_and_broken_reals_are_refused() -> None:
    fake = cloud(100, 4)
    fake[3] = torch.inf
    for score in measure(cloud(100, 4, 1), cloud(100, 4, 2), fake, "values"):
        assert score.value is None and "1 of 100 generated samples" in score.why
    with pytest.raises(GansmithError, match="held-out"):
        measure(fake, cloud(100, 4), cloud(100, 4), "values")
    images = torch.full((64, 1, 16, 16), torch.nan)
    assert {score.value for score in measure_images(torch.rand(64, 1, 16, 16), torch.rand(64, 1, 16, 16), images)} == {
        None
    }


def test_constant_features_are_measured_without_fuss() -> None:
    found = by_name(measure(torch.ones(120, 3), torch.ones(240, 3), torch.ones(120, 3), "values", replicates=5))
    assert value(found["FD"]) == 0 and value(found["KID"]) == pytest.approx(0, abs=1e-9)
    assert value(found["1-NN accuracy"]) == 0.5
    assert found["memorisation"].value is None and "copies" in found["memorisation"].why
    assert value(found["distinct samples"]) == 1


def test_it_is_quick_enough_to_wait_for() -> None:
    before = time.process_time()
    measure(cloud(1000, 256), cloud(2000, 256, 1), cloud(1000, 256, 2), "values")
    assert time.process_time() - before < 8
