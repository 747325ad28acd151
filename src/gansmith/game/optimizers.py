"""One Adam per network, its moments known by parameter name, a step with non-finite gradients never taken."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.game.game import Adam, Game


class Optimizers:
    """Fused Adam for every learner of a game.

    gain multiplies every learning rate (a roll-back halves it); skipped counts turns whose gradient was not finite.
    """

    def __init__(self, game: Game, gain: float = 1.0) -> None:
        self.gain = gain
        self.networks: dict[str, nn.Module] = {name: game.networks[name] for name in game.optimizers}
        self.parameters = {name: list(network.parameters()) for name, network in self.networks.items()}
        device = next(iter(game.networks.parameters())).device
        self.skipped = torch.zeros((), device=device)
        self.adams = {
            name: torch.optim.Adam(
                self.parameters[name],
                lr=adam.lr(0),
                betas=(float(adam.beta1), float(adam.beta2(0))),
                eps=adam.eps,
                fused=True,
            )
            for name, adam in game.optimizers.items()
        }
        for name in self.adams:
            self._allocate(name)

    def _allocate(self, name: str) -> None:
        # Moments exist from the start and in the parameter's memory format: fused Adam on CPU ignores strides.
        for parameter in self.parameters[name]:
            self.adams[name].state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
                "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
            }

    @torch.no_grad()
    def step(self, name: str, adam: Adam, seen: int) -> Tensor:
        """Let one network learn from its gradients, then clear them; returns the gradient norm.

        Where the norm is not finite nothing moves, moments included. No device synchronisation.
        """
        optimizer = self.adams[name]
        for group in optimizer.param_groups:
            group["lr"] = adam.lr(seen) * self.gain
            group["betas"] = (float(adam.beta1), float(adam.beta2(seen)))
        gradients = [p.grad for p in self.parameters[name] if p.grad is not None]
        norm = torch.stack(torch._foreach_norm(gradients)).norm() if gradients else self.skipped.new_zeros(())
        bad = (~torch.isfinite(norm)).float()
        self.skipped += bad
        optimizer.found_inf = bad  # type: ignore[attr-defined]  # read by fused Adam: 1 leaves everything as it was
        optimizer.step()
        for parameter in self.parameters[name]:
            parameter.grad = None
        return norm

    def state(self) -> dict[str, Tensor]:
        """Every moment and step count as `network/parameter/slot`: live tensors, to be copied from or into."""
        return {
            f"{name}/{key}/{slot}": value
            for name, network in self.networks.items()
            for key, parameter in network.named_parameters()
            for slot, value in self.adams[name].state[parameter].items()
        }
