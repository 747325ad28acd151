"""Many small problems lowered at once, each by its own L-BFGS, so that one pass through a network serves them all."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

MEMORY = 30  # steps that the curvature is estimated from
SUFFICIENT = 1e-4  # of the promised decrease: less, and the step was too long (Armijo; Nocedal & Wright 2006, eq. 3.4)
SHORTER, SHORTEST = 0.4, 1e-3  # a step that was too long is tried again so much shorter, until nothing is left of it
FIRST = 0.3  # how far the first step goes, in coordinates of about unit deviation

Values = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Descent:
    """Rows of coordinates (n, d), each lowered on its own (L-BFGS: Nocedal & Wright 2006, algorithms 7.4 and 7.5).

    values: (coordinates (m, d) that ask for gradients, which rows (m,) they are of) -> values (m,) to lower, with a
    graph behind them, and errors (m,). A row whose error is at most `enough` is done; one may also be told to rest. A
    try costs one call with the other rows: gradients come with it, and a row whose try was no better tries a shorter
    step next.
    """

    def __init__(self, values: Values, start: Tensor, enough: float = 0.0) -> None:
        rows, size = start.shape
        self.of, self.enough = values, enough
        self.rows = torch.arange(rows)
        self.at = start.clone()
        self.value, self.error, self.slope = self.seen(self.at, self.rows)
        self.resting = torch.zeros(rows, dtype=torch.bool)
        self.length = torch.ones(rows)
        self.scale = FIRST / norms(self.slope)
        self.tries = 0
        memory = min(MEMORY, 2 * size)
        self.steps, self.bends = torch.zeros(2, memory, rows, size).unbind()
        self.curvature = torch.zeros(memory, rows)  # 1 / (step . bend); 0 where a step taught nothing

    def seen(self, at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Values, errors and slopes; a value that is no number counts as infinitely bad."""
        asking = at.detach().requires_grad_()
        values, errors = self.of(asking, rows)
        (slopes,) = torch.autograd.grad(values.sum(), asking)
        return values.detach().nan_to_num(torch.inf), errors.detach(), slopes.nan_to_num()

    def keep(self, chosen: Tensor) -> None:
        """Go on with these places (m,) alone, in this order."""
        for name in ("rows", "at", "value", "error", "slope", "length", "scale", "resting"):
            setattr(self, name, getattr(self, name)[chosen])
        for name in ("steps", "bends", "curvature"):
            setattr(self, name, getattr(self, name)[:, chosen])

    @property
    def done(self) -> Tensor:
        return self.error <= self.enough

    def go(self, tries: int) -> None:
        """So many tries of every row that is neither done nor resting."""
        for _ in range(tries):
            live = (~self.done & ~self.resting).nonzero()[:, 0]
            if not len(live):
                return
            self.one_try(live)

    def one_try(self, live: Tensor) -> None:
        way = self.downhill(live)
        promised = (way * self.slope[live]).sum(1)
        there = self.at[live] + self.length[live, None] * way
        value, error, slope = self.seen(there, self.rows[live])
        better = value < self.value[live] + SUFFICIENT * self.length[live] * promised
        self.learn(live, better, there - self.at[live], slope - self.slope[live])
        moved = live[better]
        for name, new in (("at", there), ("value", value), ("error", error), ("slope", slope)):
            getattr(self, name)[moved] = new[better]
        self.length[live] = torch.where(better, 1.0, self.length[live] * SHORTER)
        lost = live[self.length[live] < SHORTEST]  # what was learnt of the curvature misleads: it is forgotten
        self.curvature[:, lost] = 0
        self.scale[lost] = FIRST / norms(self.slope[lost])
        self.length[lost] = 1.0

    def learn(self, live: Tensor, better: Tensor, step: Tensor, bend: Tensor) -> None:
        """The newest step in the oldest one's place, of rows that made one along which the slope rises."""
        place = self.tries % len(self.curvature)
        self.tries += 1
        rise = (step * bend).sum(1)
        taught = better & (rise > 1e-7 * norms(step) * norms(bend))
        self.curvature[place] = 0
        at = live[taught]
        self.steps[place, at], self.bends[place, at] = step[taught], bend[taught]
        self.curvature[place, at] = 1 / rise[taught]
        self.scale[at] = rise[taught] / bend[taught].square().sum(1)

    def downhill(self, live: Tensor) -> Tensor:
        """Minus the estimated inverse curvature times the slope, by the two loops."""
        count = len(self.curvature)
        newest = [(self.tries - 1 - back) % count for back in range(min(self.tries, count))]
        way, shares = -self.slope[live], []
        for place in newest:
            shares.append(self.curvature[place, live] * (self.steps[place, live] * way).sum(1))
            way = way - shares[-1][:, None] * self.bends[place, live]
        way = way * self.scale[live, None]
        for place, share in zip(reversed(newest), reversed(shares), strict=True):
            other = self.curvature[place, live] * (self.bends[place, live] * way).sum(1)
            way = way + (share - other)[:, None] * self.steps[place, live]
        return way


def norms(rows: Tensor) -> Tensor:
    """Lengths (n,) of rows, never 0."""
    return rows.norm(dim=1).clamp(min=1e-20)
