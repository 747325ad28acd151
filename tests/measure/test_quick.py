"""What is measured during training: the figures of the full scores, quickly, on good, collapsed and copied sets."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.measure.kernel import kid
from gansmith.measure.manifold import manifold
from gansmith.measure.neighbours import memorisation
from gansmith.measure.quick import NAMES, Reference, quick
from tests.measure.clouds import cloud, fashion

TRAIN, HELD = cloud(1024, 32), cloud(512, 32, 1)


def test_the_figures_are_those_of_the_full_scores() -> None:
    fake = cloud(512, 32, 2, mean=0.2)
    found = Reference.of(TRAIN, HELD).quick(fake)
    four = manifold(TRAIN[:512], fake)
    assert found["kid"] == pytest.approx(kid(HELD, fake), rel=1e-6)
    for name in ("precision", "recall", "density", "coverage"):
        assert found[name] == pytest.approx(getattr(four, name), abs=1e-6)
    assert found["coverage floor"] == pytest.approx(manifold(TRAIN[:512], HELD).coverage, abs=1e-6)
    assert found["memorised"] == pytest.approx(memorisation(TRAIN, HELD, fake).ratio, rel=1e-4)
    assert tuple(found) == NAMES


def test_a_perfect_generator_sits_on_every_floor() -> None:
    found = quick(HELD, TRAIN, cloud(512, 32, 2))
    assert abs(found["kid"]) < 4 * found["kid floor"]
    assert found["coverage"] == pytest.approx(found["coverage floor"], abs=0.03)
    assert found["memorised"] == pytest.approx(1, abs=0.05)
    assert found["ndb"] < 0.2
    assert found["birthday"] > 10_000


def test_collapse_and_copies_show() -> None:
    reference = Reference.of(TRAIN, HELD)
    collapsed = reference.quick(TRAIN[:4].repeat(128, 1) + cloud(512, 32, 2, spread=0.01))
    assert collapsed["kid"] > 20 * collapsed["kid floor"]
    assert collapsed["recall"] < 0.02 and collapsed["coverage"] < 0.1
    assert collapsed["birthday"] == pytest.approx(4, rel=0.05)
    copies = reference.quick(TRAIN[:512] + cloud(512, 32, 2, spread=0.01))
    assert copies["memorised"] < 0.1
    assert copies["birthday"] > 10_000


def test_real_pictures_do_what_they_should(shared_data: Path) -> None:
    data = fashion(shared_data)
    reference = Reference.of(data.rows(0, 1024), data.rows(1024, 1536))
    fresh = reference.quick(data.rows(2000, 2512))
    kept = data.images[2000:][data.labels[2000:] < 5][:512]
    half = reference.quick(torch.nn.functional.avg_pool2d(kept, 2).flatten(1))
    assert abs(fresh["kid"]) < 4 * fresh["kid floor"] < half["kid"]
    assert fresh["coverage"] > 0.93 > 0.75 > half["coverage"]
    assert fresh["ndb"] < 0.2 < half["ndb"]
    assert fresh["memorised"] == pytest.approx(1, abs=0.1)


def test_an_exploded_generator_has_no_figures() -> None:
    fake = cloud(64, 32)
    fake[5, 5] = math.inf
    assert all(math.isnan(value) for value in Reference.of(TRAIN, HELD).quick(fake).values())


def test_too_few_are_refused_in_words() -> None:
    with pytest.raises(GansmithError, match="9 real samples"):
        Reference.of(TRAIN, HELD[:9])
    with pytest.raises(GansmithError, match="3 generated samples"):
        Reference.of(TRAIN, HELD).quick(HELD[:3])


def test_small_and_constant_sets_are_measured_without_fuss() -> None:
    assert quick(HELD[:20], TRAIN[:60], cloud(64, 32, 2))["coverage"] > 0.5
    constant = quick(torch.ones(40, 3), torch.ones(80, 3), torch.ones(64, 3))
    assert math.isnan(constant["memorised"])
    assert constant["kid"] == pytest.approx(0, abs=1e-9)
    assert constant["birthday"] == 1


def test_it_is_quick() -> None:
    reference, fake = Reference.of(cloud(1024, 256), cloud(512, 256, 1)), cloud(512, 256, 2)
    times = []
    for _ in range(8):
        before = time.process_time()
        reference.quick(fake)
        times.append(time.process_time() - before)
    assert min(times) < 0.08
