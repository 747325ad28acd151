"""Adversarial objectives: each is a pair of pure functions of the real and the fake logits, both to be minimised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from gansmith.errors import UsageError

Pair = Callable[[Tensor, Tensor], Tensor]
Side = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """What the discriminator and the generator lower, given (real logits, fake logits), each (N, ...) -> scalar.

    relative: the generator's side reads the real logits too.
    signed: a logit above 0 says real; elsewhere only differences of logits say anything.
    sides: per-logit losses of "this is labelled real / fake", where the objective has labels at all.
    """

    discriminator: Pair
    generator: Pair
    relative: bool = False
    signed: bool = True
    sides: tuple[Side, Side] | None = None


def _labelled(as_real: Side, as_fake: Side, generator: Side) -> Objective:
    return Objective(
        discriminator=lambda real, fake: as_real(real).mean() + as_fake(fake).mean(),
        generator=lambda real, fake: generator(fake).mean(),
        sides=(as_real, as_fake),
    )


minimax = _labelled(lambda d: softplus(-d), softplus, lambda d: -softplus(d))
non_saturating = _labelled(lambda d: softplus(-d), softplus, lambda d: softplus(-d))
least_squares = replace(
    _labelled(lambda d: (d - 1).square(), torch.square, lambda d: (d - 1).square()),
    signed=False,
)
wasserstein = replace(_labelled(lambda d: -d, lambda d: d, lambda d: -d), signed=False)
hinge = _labelled(lambda d: relu(1 - d), lambda d: relu(1 + d), lambda d: -d)
relativistic = Objective(
    discriminator=lambda real, fake: softplus(fake - real).mean(),
    generator=lambda real, fake: softplus(real - fake).mean(),
    relative=True,
    signed=False,
)
relativistic_average = Objective(
    discriminator=lambda real, fake: softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean(),
    generator=lambda real, fake: softplus(real.mean() - fake).mean() + softplus(real - fake.mean()).mean(),
    relative=True,
    signed=False,
)
relativistic_average_hinge = Objective(
    discriminator=lambda real, fake: relu(1 - real + fake.mean()).mean() + relu(1 + fake - real.mean()).mean(),
    generator=lambda real, fake: relu(1 - fake + real.mean()).mean() + relu(1 + real - fake.mean()).mean(),
    relative=True,
    signed=False,
)

OBJECTIVES: Mapping[str, Objective] = {
    "minimax": minimax,  # Goodfellow et al. 2014, eq. 1: G lowers log(1 - D(G(z))), which saturates
    "non-saturating": non_saturating,  # ibid., section 3: G raises log D(G(z))
    "least-squares": least_squares,  # Mao et al. 2017, eq. 9 with a=0, b=c=1
    "wasserstein": wasserstein,  # Arjovsky et al. 2017, eq. 2; needs a penalty
    "hinge": hinge,  # Lim & Ye 2017; Miyato et al. 2018, eq. 16-17
    "relativistic": relativistic,  # relativistic pairing, Jolicoeur-Martineau 2019; Huang et al. 2024 (R3GAN), eq. 2
    "relativistic-average": relativistic_average,  # Jolicoeur-Martineau 2019, eq. 12
    "relativistic-average-hinge": relativistic_average_hinge,  # the same with hinges, as MSG-GAN has it
}


def smoothed(objective: Objective, of_reals: float, of_fakes: float = 0.0) -> Objective:
    """Soft labels: a real counts as real by 1 - of_reals, a fake as real by of_fakes.

    One-sided, of_fakes = 0, as in Salimans et al. 2016, section 3.4; two-sided as in Szegedy et al. 2016.
    Raises UsageError for relativistic objectives, which compare logits and have no labels.
    """
    as_real, as_fake = sides_of(objective, "label smoothing")

    def softer(right: Side, wrong: Side, amount: float) -> Side:
        return (lambda logits: (1 - amount) * right(logits) + amount * wrong(logits)) if amount else right

    real_side, fake_side = softer(as_real, as_fake, of_reals), softer(as_fake, as_real, of_fakes)
    return replace(
        objective,
        discriminator=lambda real, fake: real_side(real).mean() + fake_side(fake).mean(),
        sides=(real_side, fake_side),
    )


def flipped(objective: Objective, chance: float) -> Objective:
    """Noisy labels: each sample's label is wrong with the given chance, drawn anew every step."""
    as_real, as_fake = sides_of(objective, "label noise")

    def side(right: Side, wrong: Side, logits: Tensor) -> Tensor:
        return torch.where(torch.rand_like(logits) < chance, wrong(logits), right(logits)).mean()

    return replace(
        objective,
        discriminator=lambda real, fake: side(as_real, as_fake, real) + side(as_fake, as_real, fake),
    )


def centred(objective: Objective, weight: float) -> Objective:
    """The discriminator also lowers weight * E[D(real)^2], which keeps logits that only differences matter of near 0.

    Karras et al. 2018, appendix A.1.
    """
    return replace(
        objective,
        discriminator=lambda real, fake: objective.discriminator(real, fake) + weight * real.square().mean(),
    )


def sides_of(objective: Objective, trick: str) -> tuple[Side, Side]:
    """The losses of either label; raises UsageError where there are none, naming the trick that asks for them."""
    if objective.sides is None:
        raise UsageError(
            f"A relativistic objective has no labels, so {trick} means nothing for it.",
            do="objective=non-saturating, or leave the trick out",
        )
    return objective.sides
