"""One Adam per network, its moments known by parameter name, a step with non-finite gradients never taken."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.adam import adam  # the function: making one of torch's optimizers imports its compiler, for a second

from gansmith.game.game import Adam, Game

SLOTS = ("step", "exp_avg", "exp_avg_sq")


class Optimizers:
    """Fused Adam for every learner of a game.

    gain multiplies every learning rate (a roll-back halves it); skipped counts turns whose gradient was not finite.
    """

    def __init__(self, game: Game, gain: float = 1.0) -> None:
        self.gain = gain
        self.networks: dict[str, nn.Module] = {name: game.networks[name] for name in game.optimizers}
        self.parameters = {name: list(network.parameters()) for name, network in self.networks.items()}
        self.moments = {name: [nothing_learnt(p) for p in parameters] for name, parameters in self.parameters.items()}
        self.skipped = torch.zeros((), device=next(iter(game.networks.state_dict().values())).device)

    @torch.no_grad()
    def step(self, name: str, rule: Adam, seen: int) -> Tensor:
        """Let one network learn from its gradients, then clear them; returns the gradient norm.

        Where the norm is not finite nothing moves, moments included. No device synchronisation.
        """
        learnt = [(p, p.grad, *m) for p, m in zip(self.parameters[name], self.moments[name]) if p.grad is not None]
        if not learnt:
            return self.skipped.new_zeros(())
        parameters, gradients, steps, means, squares = (list(column) for column in zip(*learnt))
        norm = torch.stack(torch._foreach_norm(gradients)).norm()
        bad = (~torch.isfinite(norm)).float()
        self.skipped += bad
        adam(
            parameters,
            gradients,
            means,
            squares,
            [],
            steps,
            fused=True,
            found_inf=bad,  # where 1, everything stays as it was
            lr=rule.lr(seen) * self.gain,
            beta1=float(rule.beta1),
            beta2=float(rule.beta2(seen)),
            eps=rule.eps,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )
        for parameter in parameters:
            parameter.grad = None
        return norm

    def forget(self) -> None:
        """Begin again as if nothing had been learnt."""
        for moments in self.moments.values():
            torch._foreach_zero_([value for kept in moments for value in kept])

    def state(self) -> dict[str, Tensor]:
        """Every moment and step count as `network/parameter/slot`: live tensors, to be copied from or into."""
        return {
            f"{name}/{key}/{slot}": value
            for name, network in self.networks.items()
            for (key, _), moments in zip(network.named_parameters(), self.moments[name], strict=True)
            for slot, value in zip(SLOTS, moments, strict=True)
        }


def nothing_learnt(parameter: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A count of steps and two moments, in the parameter's memory format: fused Adam on CPU ignores strides."""
    count = torch.zeros((), dtype=torch.float32, device=parameter.device)
    return count, torch.zeros_like(parameter), torch.zeros_like(parameter)
