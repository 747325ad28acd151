"""A history of fakes: the discriminator is also shown older ones, lest it forget them (Shrivastava et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from gansmith.errors import UsageError
from gansmith.game.game import Duel, Networks, Sample, Step

KEPT = 8  # batches
SMALLEST, LARGEST = 50, 1024  # images; Zhu et al. 2017 keep 50
RENEWED = 8  # one in so many fakes of a step takes an older one's place


def history_size(batch: int) -> int:
    """How many fakes are kept for batches of that size."""
    return min(max(KEPT * batch, SMALLEST), LARGEST)


class History(nn.Module):
    """Fakes of earlier steps, (size, *shape), of ages that fall off geometrically; checkpoints keep them.

    known: which places hold one yet.
    """

    images: Tensor
    known: Tensor

    def __init__(self, size: int, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("known", torch.zeros(size, dtype=torch.bool))

    @torch.no_grad()
    def mixed(self, image: Tensor, share: float) -> Tensor:
        """(N, ...) -> the same with about `share` of it from history; some of the new ones are remembered."""
        count, size, device = len(image), len(self.images), image.device
        place = torch.randint(size, (count,), device=device)
        older = self.known[place] & (torch.rand(count, device=device) < share)
        shown = torch.where(older.view(-1, *[1] * (image.dim() - 1)), self.images[place].to(image.dtype), image)
        renewed = torch.randperm(size, device=device)[: max(1, count // RENEWED)]
        self.images[renewed] = image[: len(renewed)].to(self.images.dtype)
        self.known[renewed] = True
        return shown


def remembering(duel: Duel, share: float) -> Duel:
    """The same duel for the discriminator's turns alone: about `share` of the fakes are older ones.

    Only for fakes that came with nothing else.
    """

    def fake(networks: Networks, step: Step) -> Sample:
        sample = duel.fake(networks, step)
        if not isinstance(sample.image, Tensor):
            raise UsageError("A history of fakes keeps images of one size.", do="leave out history=")
        past = networks[duel.called("history")]
        assert isinstance(past, History)
        return replace(sample, image=past.mixed(sample.one, share))

    return replace(duel, fake=fake)
