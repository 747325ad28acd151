"""The Dirac-GAN through the product's own loop: how far from equilibrium each method ends, beside what theory says.

python benchmarks/dirac.py; a second or two. Mescheder et al. 2018, section 2: data is a point at 0, the generator a
point theta, the discriminator D(x) = psi x. Adam with beta1 = 0 and a huge epsilon is plain gradient descent, of which
everything is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.game.acts import Act
from gansmith.game.averages import Averages
from gansmith.game.duel import discriminator_loss, generator_loss
from gansmith.game.game import Adam, Duel, Game, Loss, Networks, Sample, Step, Terms, Turn, players
from gansmith.game.lookahead import SlowWeights, lookahead
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.game.schedules import constant
from gansmith.losses.objectives import OBJECTIVES, Objective
from gansmith.losses.penalties import PENALTIES

RATE, STEPS = 0.2, 500
EVERY, ALPHA = 5, 0.5  # of Lookahead


@dataclass(frozen=True)
class Method:
    """How the two points move. at_once: both by the same state, instead of the discriminator first."""

    objective: str
    penalty: str = ""
    gamma: float = 0.0
    at_once: bool = False
    lookahead: bool = False


class Theta(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, count: int) -> Tensor:
        return self.theta.expand(count, 1)


class Psi(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.psi * x[:, 0]


DUEL = Duel(
    fake=lambda networks, step: Sample(networks["generator"](len(step.batch))),
    real=lambda networks, step: Sample(step.batch.image),
    judge=lambda networks, sample, step: networks["discriminator"](sample.one.double()),
)


def dirac(method: Method) -> Game:
    """The game, both points starting at 1."""
    objective = OBJECTIVES[method.objective]
    penalties = {"penalty": PENALTIES[method.penalty]} if method.penalty else {}
    against = discriminator_loss(DUEL, objective, penalties)
    turns: tuple[Turn, ...] = (
        Turn("discriminator", ("discriminator",), against),
        Turn("generator", ("generator",), generator_loss(DUEL, objective)),
    )
    if method.at_once:
        turns = (Turn("both", ("discriminator", "generator"), both(against, objective)),)
    game = Game(
        players(generator=Theta(), discriminator=Psi()),
        turns,
        lambda networks, request: networks["generator"](request.count),
        {"generator": descent(RATE), "discriminator": descent(RATE)},
        (Act(10**9),),
        dials={"penalty": constant(method.gamma)},
        averaged=(),
    )
    if method.lookahead:
        game.networks["lookahead"] = SlowWeights(dict(game.networks.items()))
        game = replace(game, rules=(lookahead(EVERY, ALPHA),))
    return game


def both(against: Loss, objective: Objective) -> Loss:
    """Both sides' losses in one turn, each lowered by its own player alone: simultaneous descent."""

    def loss(networks: Networks, step: Step) -> Terms:
        fixed = {name: value.detach() for name, value in networks["discriminator"].named_parameters()}
        fake = torch.func.functional_call(networks["discriminator"], fixed, networks["generator"](len(step.batch)))
        return against(networks, step) | {"generator": objective.generator(fake.detach(), fake)}

    return loss


def descent(rate: float, huge: float = 1e9) -> Adam:
    return Adam(constant(rate * huge), 0.0, constant(0.999), eps=huge)


def zeros() -> Iterator[Batch]:
    while True:
        yield Batch(torch.zeros(2, 1, dtype=torch.float64))


def trajectory(method: Method, steps: int = STEPS) -> Tensor:
    """(steps, 2): theta and psi after each step of the loop."""
    game = dirac(method)
    points = [*game.networks["generator"].parameters(), *game.networks["discriminator"].parameters()]
    taken = islice(play(game, zeros(), Optimizers(game), Averages(game)), steps)
    return torch.tensor([[point.item() for point in points] for _ in taken], dtype=torch.float64)


ROWS: Mapping[str, Method] = {
    "minimax": Method("minimax"),
    "non-saturating": Method("non-saturating"),
    "wasserstein": Method("wasserstein"),
    "non-saturating, R1 0.3": Method("non-saturating", "r1", 0.3),
    "non-saturating, R1 1": Method("non-saturating", "r1", 1.0),
    "relativistic, R1 + R2 0.5": Method("relativistic", "r1+r2", 0.5),
}


def main() -> None:
    print(f"distance from equilibrium after {STEPS} steps of {RATE}, from (1, 1); Lookahead {EVERY}, {ALPHA}")
    heads = ("simultaneous", "with Lookahead", "alternating", "with Lookahead")
    print(f"| game | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for name, method in ROWS.items():
        ends = [
            trajectory(replace(method, at_once=at_once, lookahead=slow))[-1].norm().item()
            for at_once in (True, False)
            for slow in (False, True)
        ]
        print(f"| {name} | {' | '.join(f'{end:.2g}' for end in ends)} |")


if __name__ == "__main__":
    main()
