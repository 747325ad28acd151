"""Causes read off the settings: only what is far outside the known, and only once the samples are poor as well."""

from __future__ import annotations

from typing import Any

import pytest

from gansmith.data.spec import DataSpec
from gansmith.doctor.causes import evident
from gansmith.doctor.diagnose import diagnose
from gansmith.doctor.history import History
from gansmith.doctor.remedy import remedies
from gansmith.families import families
from tests.doctor.shapes import PLAIN, training

IMAGE, POINT = (1, 28, 28), (2,)
ROBUST = {**PLAIN, "objective": "relativistic", "penalty": "r1+r2", "lr": 2.5e-3, "lr_end": 2.5e-4, "beta1": 0.0}


def found(settings: dict[str, Any], shape: tuple[int, ...] = IMAGE) -> dict[str, Any]:
    return {cause.remedy.id: dict(cause.remedy.changes) for cause in evident({**PLAIN, **settings}, shape)}


@pytest.mark.parametrize(
    ("settings", "shape", "expected"),
    [
        ({"z": 1}, IMAGE, {"larger-latent": {"z": 64}}),
        ({"z": 1}, POINT, {"larger-latent": {"z": 4}}),
        ({"z": 1}, (1,), {}),  # as many as there are columns
        ({"z": 2}, POINT, {}),
        ({"lr": 6e-3}, IMAGE, {"usual-rates": {"lr": 2e-4}}),
        ({"lr": 6e-3, "lr_end": 6e-4}, IMAGE, {"usual-rates": {"lr": 2e-4, "lr_end": 2e-5}}),
        ({"lr": 2e-4, "d_lr": 0.02}, IMAGE, {}),  # one player alone: discriminator_overpowers knows better
        ({**ROBUST, "lr": 0.075, "lr_end": 0.0075}, IMAGE, {"usual-rates": {"lr": 2.5e-3, "lr_end": 2.5e-4}}),
        ({"beta1": 0.9}, IMAGE, {"steady": {"beta1": 0.0}}),
        (
            {"beta1": 0.9, "norm": "none", "d_norm": "none"},
            IMAGE,
            {"steady": {"beta1": 0.5, "norm": "batch", "d_norm": "batch"}},
        ),
        ({"beta1": 0.9, "norm": "batch", "d_norm": "none"}, IMAGE, {}),
        ({"width": 64, "d_width": 6}, IMAGE, {"equal-width": {"d_width": 64}}),
        ({"width": 1200, "d_width": 240}, IMAGE, {}),  # as published in 2014
        ({"width": 64, "d_width": None}, IMAGE, {}),
        ({"penalty": "r1+r2", "gamma": 1000.0}, IMAGE, {"usual-penalty": {"gamma": 0.98}}),
        ({"penalty": "r1+r2", "gamma": 10.0}, IMAGE, {}),
    ],
)
def test_values_far_outside_the_known_are_causes(
    settings: dict[str, Any], shape: tuple[int, ...], expected: dict[str, Any]
) -> None:
    assert found(settings, shape) == expected


def test_no_family_as_it_comes_shows_a_cause() -> None:
    for one in families().values():
        for kind in one.kinds:
            shape = IMAGE if kind == "images" else POINT
            spec = DataSpec.model_validate(
                {"kind": kind, "shape": shape, "count": 5000, "classes": ("a", "b"), "fingerprint": ""}
            )
            settings = one.settings.read(one.recipe(spec).values).model_dump()
            assert evident(settings, shape) == (), one.name


def test_settings_that_are_not_a_gans_show_none() -> None:
    assert evident({}, IMAGE) == () and evident({"z": 1, "lr": 0.5}, IMAGE) == ()


def covering(share: float, settings: dict[str, Any], until: float = 0.3) -> History:
    whole = training(
        0,
        about={"settings": settings, "data": {"shape": IMAGE}},
        eval__coverage=lambda x: share + 0 * x,
        eval__coverage_floor=lambda x: 0.95 + 0 * x,
    )
    return whole.until(until * whole.length)


@pytest.mark.parametrize(
    ("share", "settings", "until", "named"),
    [
        (0.1, {"z": 1}, 0.3, True),
        (0.1, {"z": 100}, 0.3, False),
        (0.9, {"z": 1}, 0.3, False),
        (0.1, {"z": 1}, 0.08, False),
    ],
)
def test_a_cause_is_named_once_the_samples_are_poor(
    share: float, settings: dict[str, Any], until: float, named: bool
) -> None:
    names = {one.ailment: one for one in diagnose(covering(share, {**PLAIN, **settings}, until)).findings}
    assert ("mode_collapse" in names) == named
    if named:
        finding = names["mode_collapse"]
        assert "(z)" in finding.words and finding.sick
        assert finding.remedies[0].to_json()["changes"] == {"z": 64}
        assert finding.remedies[0].anew


def test_what_is_evident_is_mended_first_whatever_it_shows_as() -> None:
    settings = {**PLAIN, "beta1": 0.9}
    for ailment in ("mode_collapse", "explosion", "discriminator_blind", "oscillation"):
        assert remedies(ailment, settings, shape=IMAGE)[0].id == "steady"
    assert all(one.id != "steady" for one in remedies("discriminator_overfits", settings, shape=IMAGE))
