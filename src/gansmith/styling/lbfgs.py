"""The second way to play a game with one learner and nothing random: L-BFGS, which asks for no learning rate."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gansmith.data.batch import Batch
from gansmith.game.game import Game, Step

HISTORY = 20  # pairs of steps and changes of slope that it remembers
LOOKS = 12  # at most in a line search


def descend(game: Game, batch: Batch, steps: int) -> Iterator[Step]:
    """Take a game's only turn `steps` times, each a line search along a quasi-Newton direction (Liu & Nocedal 1989).

    Conditions of Wolfe hold at each, so the loss never rises; one step looks once or a few times. Ends early where
    there is nothing left to gain.
    """
    (turn,) = game.turns
    parameters = [p for learner in turn.learners for p in game.networks[learner].parameters()]
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=1,
        max_eval=LOOKS + 1,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
        tolerance_grad=0.0,
        tolerance_change=0.0,
    )
    values = sum(parameter.numel() for parameter in parameters)
    seen: list[Tensor] = []  # where the game was last looked at: the next step begins there, and need not look again
    kept: list[Tensor] = []
    step = Step(0, 0, batch)

    def look() -> Tensor:
        if not seen or not all(map(torch.equal, seen, parameters)):
            for parameter in parameters:
                parameter.grad = None
            terms = turn.loss(game.networks, step)
            # torch gives up on slopes as small as those of a mean over so many values: it is shown their sum.
            total = torch.stack(list(terms.values())).sum() * values
            total.backward()  # type: ignore[no-untyped-call]
            for name, value in terms.items():
                step.note(f"{turn.name}/{name}", value)
            seen[:] = [parameter.detach().clone() for parameter in parameters]
            kept[:] = [
                total.detach(),
                *(parameter.grad.clone() for parameter in parameters if parameter.grad is not None),
            ]
        for parameter, slope in zip(parameters, kept[1:], strict=True):
            parameter.grad = slope.clone()
        return kept[0]

    for number in range(steps):
        step = Step(number, number, batch)
        before = [parameter.detach().clone() for parameter in parameters]
        optimizer.step(look)  # type: ignore[no-untyped-call]
        yield step
        if all(map(torch.equal, before, parameters)):
            return
