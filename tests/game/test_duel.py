"""What the two sides are shown, in which precision, and who may learn from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.game.duel import (
    Duel,
    Sample,
    alike,
    augmented,
    blurred_by_noise,
    both,
    discriminator_loss,
    first,
    generator_loss,
    judged,
    make,
    penalty_loss,
    told_apart,
)
from gansmith.game.game import Networks, Step, players
from gansmith.losses.objectives import OBJECTIVES
from gansmith.losses.penalties import PENALTIES, sizes


class Judge(nn.Module):
    """A curved discriminator that remembers in which precision it was asked and what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)
        self.precisions: list[torch.dtype] = []
        self.images: list[Tensor] = []

    def forward(self, image: Tensor) -> Tensor:
        self.images.append(image.detach().clone())
        hidden = self.first(image.flatten(1))
        self.precisions.append(hidden.dtype)
        return self.last(torch.nn.functional.softplus(hidden))[:, 0]


@dataclass
class Table:
    """A duel between two linear networks over images of 2 x 2 pixels."""

    together: bool = False
    networks: nn.ModuleDict = field(default_factory=lambda: players(generator=nn.Linear(3, 4), discriminator=Judge()))

    def duel(self) -> Duel:
        def fake(networks: Networks, step: Step) -> Sample:
            return Sample(networks["generator"](torch.randn(len(step.batch), 3)).view(-1, 1, 2, 2))

        return Duel(
            fake=fake,
            real=lambda networks, step: Sample(step.batch.image),
            judge=lambda networks, sample, step: networks["discriminator"](sample.one),
            together=self.together,
        )

    @property
    def judge(self) -> Judge:
        judge = self.networks["discriminator"]
        assert isinstance(judge, Judge)
        return judge


def step(**dials: float) -> Step:
    image = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    return Step(0, 0, Batch(image), {"penalty": 1.0, "noise": 0.0, **dials})


def table(together: bool = False) -> Table:
    torch.manual_seed(0)
    return Table(together)


BF16: Any = torch.bfloat16


@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("name", [None, *PENALTIES])
def test_penalties_are_reckoned_in_float32_whatever_the_precision(name: str | None, share: float) -> None:
    """The same in bf16 autocast as without it, fakes apart: those are made, and rounded, in bf16."""
    found = {}
    for mixed in (False, True):
        at = table()
        with torch.no_grad():
            for parameter in at.networks["generator"].parameters():
                parameter.fill_(0.5 if parameter.dim() == 1 else 0.0)
        torch.manual_seed(3)
        penalties = {} if name is None else {"penalty": PENALTIES[name]}
        with torch.autocast("cpu", dtype=BF16, enabled=mixed):
            terms = discriminator_loss(at.duel(), OBJECTIVES["non-saturating"], penalties, share)(at.networks, step())
        sum(terms.values(), torch.zeros(())).backward()  # type: ignore[no-untyped-call]
        slopes = [p.grad for p in at.judge.parameters()]
        found[mixed] = (terms, slopes)
        apart = name is None or share < 1  # then the objective's own pass is in the precision that was asked for
        judged_in = {torch.float32} if name is not None or not mixed else set()
        assert set(at.judge.precisions) == judged_in | ({BF16} if mixed and apart else set())
        assert all(term.dtype == torch.float32 for term in terms.values())
    if name is not None:
        torch.testing.assert_close(found[True][0]["penalty"], found[False][0]["penalty"])
    if name is not None and share == 1:
        torch.testing.assert_close(found[True], found[False])


def test_the_lazy_turn_lowers_the_same_penalty() -> None:
    at, penalties = table(), {"penalty": PENALTIES["r1+r2"]}
    torch.manual_seed(3)
    within = discriminator_loss(at.duel(), OBJECTIVES["hinge"], penalties)(at.networks, step(penalty=0.3))
    torch.manual_seed(3)
    alone = penalty_loss(at.duel(), penalties)(at.networks, step(penalty=0.3))
    assert alone.keys() == {"penalty"}
    torch.testing.assert_close(alone["penalty"], within["penalty"])
    torch.manual_seed(3)
    strong = penalty_loss(at.duel(), penalties)(at.networks, step(penalty=0.6))
    torch.testing.assert_close(strong["penalty"], 2 * alone["penalty"])


@pytest.mark.parametrize("tracked", [False, True])
def test_together_or_apart_is_the_same_without_batch_statistics(tracked: bool) -> None:
    found = []
    for together in (False, True):
        at = table(together)
        torch.manual_seed(3)
        shown = judged(at.duel(), at.networks, *make(at.duel(), at.networks, step()), step(), tracked=tracked)
        found.append((shown.real_logits, shown.fake_logits))
        assert len(at.judge.images) == (1 if together else 2)
        assert [one.requires_grad for one in sizes(shown.real, shown.fake)] == [tracked] * 2
    torch.testing.assert_close(found[0], found[1])


def test_the_discriminator_turn_asks_nothing_of_the_generator() -> None:
    at = table()
    terms = discriminator_loss(at.duel(), OBJECTIVES["relativistic"], {"p": PENALTIES["r1+r2"]})(at.networks, step())
    sum(terms.values(), torch.zeros(())).backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is None for p in at.networks["generator"].parameters())
    assert all(p.grad is not None for p in at.judge.parameters())


def test_tracking_leaves_the_batch_as_it_was() -> None:
    at, now = table(), step()
    kept = now.batch.image.clone()
    part = Step(0, 0, next(now.batch.parts(1)), now.dials)
    judged(at.duel(), at.networks, *make(at.duel(), at.networks, part), part, tracked=True)
    assert torch.equal(now.batch.image, kept)
    assert not now.batch.image.requires_grad


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_a_share_of_the_batch_is_penalised_as_a_batch_of_its_own(share: float) -> None:
    at, now = table(), step()
    duel, penalties = at.duel(), {"penalty": PENALTIES["r1+r2"]}
    torch.manual_seed(3)
    fake, real = make(duel, at.networks, now)
    few = judged(duel, at.networks, first(fake, share), first(real, share), now, tracked=True)
    torch.manual_seed(3)
    terms = discriminator_loss(duel, OBJECTIVES["hinge"], penalties, share)(at.networks, now)
    torch.testing.assert_close(terms["penalty"], PENALTIES["r1+r2"](few))
    assert len(few.real) == len(few.fake) == max(1, round(6 * share))
    assert len(now.facts["duel/real"]) == 6


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_generator_looks_at_reals_only_where_they_matter(objective: str) -> None:
    at = table()
    generator_loss(at.duel(), OBJECTIVES[objective])(at.networks, step())
    assert len(at.judge.images) == (2 if OBJECTIVES[objective].relative else 1)


def test_shares_told_apart() -> None:
    logits, others = torch.tensor([-1.0, 0.5, 2.0, 3.0]), torch.tensor([2.5, 2.5])
    assert told_apart(logits, others, OBJECTIVES["hinge"]).item() == 0.75
    assert told_apart(logits, others, OBJECTIVES["relativistic"]).item() == 0.25


def test_noise_has_the_strength_of_its_dial_on_both_sides() -> None:
    at = table()
    duel = blurred_by_noise(at.duel())
    big = Batch(torch.zeros(4000, 1, 2, 2))
    for strength in (0.0, 0.3):
        now = Step(0, 0, big, {"noise": strength})
        torch.manual_seed(1)
        plain = at.duel().fake(at.networks, now).one
        torch.manual_seed(1)
        difference = duel.fake(at.networks, now).one - plain
        for noise in (duel.real(at.networks, now).one, difference):
            assert noise.std().item() == pytest.approx(strength, rel=0.05)
            assert abs(noise.mean().item()) <= 5 * strength / 16_000**0.5


def test_both_sides_are_augmented_before_they_are_judged_and_gradients_flow_back() -> None:
    at = table()
    duel = augmented(at.duel(), lambda image: 10 * image)
    now = step()
    terms = generator_loss(duel, OBJECTIVES["relativistic"])(at.networks, now)
    fake, real = at.judge.images
    assert torch.equal(real, 10 * now.batch.image)
    slopes = torch.autograd.grad(terms["loss"], list(at.networks["generator"].parameters()))
    assert all(slope.abs().sum() > 0 for slope in slopes)
    assert not torch.equal(fake, real)


def test_several_sizes_are_changed_alike() -> None:
    """By the same draws at every size, and the next change draws others."""
    sample = Sample([torch.zeros(5, 1, 2, 2), torch.zeros(5, 1, 4, 4)])
    torch.manual_seed(0)
    once, again = (alike(sample, lambda image: image + torch.rand(5, 1, 1, 1)) for _ in range(2))
    small, large = once.images
    assert torch.equal(small[:, :, 0, 0], large[:, :, 3, 3])
    assert len(set(small[:, 0, 0, 0].tolist())) == 5
    assert not torch.equal(once.images[0], again.images[0])


def test_both_sides_at_several_sizes_are_judged_in_one_pass() -> None:
    real, fake = (Sample([torch.full((3, 1, 2, 2), v), torch.full((3, 1, 4, 4), v)]) for v in (1.0, -1.0))
    joined = both(real, fake)
    assert [tuple(image.shape) for image in joined.images] == [(6, 1, 2, 2), (6, 1, 4, 4)]
    assert [image[:3].mean().item() for image in joined.images] == [1, 1]
    assert [image[3:].mean().item() for image in joined.images] == [-1, -1]
    assert len(first(joined, 0.5).images[1]) == 3
