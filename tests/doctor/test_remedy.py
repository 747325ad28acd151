"""Remedies change what they say, within bounds, and are left out where they would change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.doctor.remedy import TABLE, remedies

GAN: dict[str, Any] = {
    "objective": "non-saturating",
    "penalty": "none",
    "gamma": 1.0,
    "gamma_end": None,
    "lr": 2e-4,
    "lr_end": None,
    "beta1": 0.5,
    "beta2": 0.999,
    "smooth": 0.0,
    "batch": 64,
}


def by_id(ailment: str, settings: dict[str, Any], **about: Any) -> dict[str, Any]:
    return {remedy.id: remedy for remedy in remedies(ailment, settings, **about)}


def test_a_discriminator_that_learns_too_fast_is_slowed_down() -> None:
    found = by_id("discriminator_overpowers", {**GAN, "d_lr": 0.02})
    assert next(iter(found)) == "same-rate"
    assert found["same-rate"].changes == {"d_lr": None}
    assert found["slower-discriminator"].changes == {"d_lr": 0.005}


def test_equal_rates_are_not_made_equal_again() -> None:
    assert "same-rate" not in by_id("discriminator_overpowers", GAN)
    assert by_id("discriminator_overpowers", GAN)["slower-discriminator"].changes == {"d_lr": 5e-5}


def test_a_stronger_penalty_falls_back_to_what_it_was() -> None:
    settings = {**GAN, "penalty": "r1", "gamma": 0.5}
    assert by_id("mode_collapse", settings)["stronger-penalty"].changes == {"gamma": 2.0, "gamma_end": 0.5}
    assert "stronger-penalty" not in by_id("mode_collapse", GAN)


def test_a_relativistic_objective_has_no_labels_to_smooth() -> None:
    changes = by_id("mode_collapse", {**GAN, "smooth": 0.1}, shape=(1, 28, 28))["relativistic"].changes
    assert changes == {"objective": "relativistic", "smooth": 0.0, "penalty": "r1+r2", "gamma": 0.98}


def test_what_is_in_force_is_left_out() -> None:
    robust = {**GAN, "objective": "relativistic", "penalty": "r1+r2", "beta1": 0.0, "pack": 2, "minibatch_std": True}
    assert {"relativistic", "no-momentum", "pack", "minibatch-std"} & set(by_id("mode_collapse", robust)) == set()


def test_what_is_impossible_is_left_out() -> None:
    assert "pack" not in by_id("mode_collapse", {**GAN, "batch": 63})
    assert by_id("checkerboard", GAN) == {}  # this family does not upsample
    found = by_id("discriminator_overfits", GAN, kind="points")
    assert found.keys() == {"lecam", "slower-discriminator", "keep-best"}


def test_a_kernel_that_paints_checkerboards_goes_too() -> None:
    changes = by_id("checkerboard", {**GAN, "upsample": "transposed", "kernel": 3})["resize"].changes
    assert changes == {"upsample": "resize", "kernel": 4}


def test_augmentation_comes_down_a_step_at_a_time() -> None:
    wide = {**GAN, "augment": "colour,translation,cutout"}
    assert by_id("augmentation_leak", wide)["less-augmentation"].changes == {"augment": "colour,translation"}
    assert by_id("augmentation_leak", {**wide, "ada": 0.6})["less-augmentation"].changes == {"ada": 0.3}
    assert by_id("augmentation_leak", {**GAN, "augment": "bgc"})["less-augmentation"].changes == {"augment_p": 0.5}
    rare = {**GAN, "augment": "bgc", "augment_p": 0.2}
    assert by_id("augmentation_leak", rare)["less-augmentation"].changes == {"augment": ""}


def test_augmentation_that_was_fixed_becomes_adaptive_or_all() -> None:
    rare = {**GAN, "augment": "bgc", "augment_p": 0.2}
    found = by_id("discriminator_overfits", rare)
    assert found["adaptive-augmentation"].changes == {"ada": 0.6, "augment_p": 1.0}
    assert found["augmentation"].changes == {"augment": "colour,translation,cutout", "augment_p": 1.0}


def test_another_tools_log_gets_words_alone() -> None:
    for ailment in TABLE:
        assert all(remedy.words and not remedy.applicable for remedy in remedies(ailment, {}))


def test_data_is_not_tuned_away() -> None:
    assert remedies("data_fault", GAN) == ()
    assert remedies("no such thing", GAN) == ()


@given(
    ailment=st.sampled_from(sorted(TABLE)),
    lr=st.floats(1e-6, 1e-1),
    d_lr=st.none() | st.floats(1e-6, 1e-1),
    gamma=st.floats(0, 100),
    penalty=st.sampled_from(["none", "r1", "r2", "r1+r2", "gp", "dragan"]),
    batch=st.integers(1, 300),
)
def test_every_change_is_bounded_and_changes_something(
    ailment: str, lr: float, d_lr: float | None, gamma: float, penalty: str, batch: int
) -> None:
    settings = {**GAN, "lr": lr, "d_lr": d_lr, "gamma": gamma, "penalty": penalty, "batch": batch}
    found = remedies(ailment, settings, kind="images", shape=(3, 32, 32))
    assert len({remedy.id for remedy in found}) == len(found)
    for remedy in found:
        assert 0.25 <= remedy.gain <= 2
        for name, value in remedy.changes.items():
            assert value != settings.get(name, "absent")
        new = {**settings, **remedy.changes}
        assert 0 < new["lr"] <= 1 and 0 <= new["gamma"] <= 400
        assert new["d_lr"] is None or 0 < new["d_lr"] <= 1


@pytest.mark.parametrize("ailment", sorted(TABLE))
def test_the_settings_are_not_touched(ailment: str) -> None:
    settings = dict(GAN)
    remedies(ailment, settings)
    assert settings == GAN
