"""Feature matching: fakes are to look like reals to the discriminator's last features (Salimans et al. 2016, 3.1)."""

from __future__ import annotations

import torch

from gansmith.game.game import Duel, Loss, Networks, Step, Terms
from gansmith.game.penultimate import listening


def matching(loss: Loss, duel: Duel, weight: float) -> Loss:
    """A generator's loss plus weight ||E f(real) - E f(fake)||^2, f being what `listening` hears.

    The loss must have fakes judged first; where it has reals judged next, they are not judged again.
    """

    def matched(networks: Networks, step: Step) -> Terms:
        with listening(networks[duel.discriminator]) as heard:
            terms = loss(networks, step)
            if len(heard) < 2:
                with torch.no_grad():
                    duel.judge(networks, duel.real(networks, step), step)
        fake, real = (features.float().flatten(1).mean(0) for features in heard[:2])
        return terms | {"matching": weight * (fake - real.detach()).square().sum()}

    return matched
