"""Balance: let the generator catch up while the discriminator wins."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn, zeros

from gansmith.game.game import Networks, Rule, Step


class Balance(nn.Module):
    """How often fakes were lately told from reals; a player that never learns, so that checkpoints keep it."""

    accuracy: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("accuracy", zeros(()))


def watch(duel: str = "duel", memory: float = 0.9) -> Rule:
    """After each step, follow the share of the generator's fakes that the discriminator saw through."""

    def rule(networks: Networks, step: Step) -> None:
        share = step.facts.get(f"{duel}/seen through")
        balance = networks["balance"]
        if share is not None and isinstance(balance, Balance):
            balance.accuracy.lerp_(share, 1 - memory)

    return rule


def winning(above: float) -> Callable[[Networks], bool]:
    """For `Turn.unless`: whether the discriminator sees through more than this share of the fakes."""

    def too_strong(networks: Networks) -> bool:
        balance = networks["balance"]
        return isinstance(balance, Balance) and bool(balance.accuracy > above)

    return too_strong
