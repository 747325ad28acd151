"""Painting one size of a picture: a game whose only player is the picture itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import repeat
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.engine import Engine
from gansmith.game.acts import Act
from gansmith.game.averages import Averages
from gansmith.game.game import Adam, Game, Networks, Request, Step, Terms, Turn, players
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.game.schedules import constant
from gansmith.losses.style import variation
from gansmith.settings import Settings
from gansmith.styling.aim import Aim
from gansmith.styling.lbfgs import descend

Start = Literal["content", "noise", "blend"]


class Painting(Settings):
    """How a picture is painted. Adam's values are crowsonkb's (style-transfer-pytorch), for images in [-1, 1]."""

    size: int = Field(default=512, ge=16, description="longer side of the result, in pixels")
    smallest: int = Field(default=128, ge=16, description="longer side that painting begins with")
    first_steps: int = Field(default=300, ge=1, description="steps at the smallest size")
    steps: int = Field(default=150, ge=1, description="steps at every further size")
    start: Start = Field(default="content", description="what is painted over: content, noise or blend (half of each)")
    optimizer: Literal["adam", "lbfgs"] = Field(default="adam", description="adam, whose steps are averaged, or lbfgs")
    loss: Literal["wasserstein", "gram"] = Field(default="wasserstein", description="what styles are compared by")
    content_weight: float | None = Field(default=None, ge=0, description="of the content, beside a style of 1")
    smooth: float = Field(default=1.0, ge=0, description="weight of smoothness (total variation)")
    lr: float = Field(default=0.04, gt=0, description="learning rate, of colours in [-1, 1]; of adam")
    average: float = Field(
        default=0.99, ge=0, lt=1, description="how much of the average of steps is kept at each; of adam"
    )
    style_scale: float = Field(default=1.0, gt=0, description="longer side of the style beside that of the result")
    tile: int = Field(default=1024, ge=128, description="side of what is looked at at once, in pixels: memory")
    seed: int = Field(default=0, description="of noise to start from")


class Canvas(nn.Module):
    """A picture (1, 3, H, W) in [-1, 1] that can learn."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.image = nn.Parameter(image.clone(memory_format=torch.contiguous_format))

    def forward(self) -> Tensor:
        return self.image


def painting(start: Tensor, aim: Aim, how: Painting, steps: int) -> Game:
    """One size as a game: from `start` (1, 3, H, W) towards an aim. An image of progress is a step."""
    weight = aim.extractor.content_weight if how.content_weight is None else how.content_weight

    def paint(networks: Networks, step: Step) -> Terms:
        image = networks["canvas"]()
        content, style = aim.distances(image)
        return {"content": weight * content, "style": style, "roughness": how.smooth * variation(image)}

    def draw(networks: Networks, request: Request) -> Tensor:
        image: Tensor = networks["canvas"]()
        return image.detach().clamp(-1, 1).expand(request.count, -1, -1, -1)

    return Game(
        players(canvas=Canvas(start)),
        (Turn("paint", ("canvas",), paint),),
        draw,
        {"canvas": Adam(constant(how.lr), 0.9, constant(0.99))},
        (Act(steps, size=(start.shape[2], start.shape[3])),),
        rules=(within,) if how.optimizer == "adam" else (),
        averaged=("canvas",),
        half_life=lambda seen: debiased(how.average, seen),
    )


@torch.no_grad()
def within(networks: Networks, step: Step) -> None:
    """Colours stay colours."""
    networks["canvas"]().clamp_(-1, 1)


def debiased(decay: float, steps: int) -> float:
    """The half-life with which an average follows so that it is, after each step, the debiased one of a fixed decay.

    Kingma & Ba 2015, section 3: after t steps weights decay^(t - i) (1 - decay) / (1 - decay^t), hence at step t it
    moves by (1 - decay) / (1 - decay^t) of the way.
    """
    share = (1 - decay) / (1 - decay**steps)
    return 0.0 if share >= 1 else -1 / math.log2(1 - share)


class Painter:
    """A game of `painting` under way. `best` is what there is of the picture so far."""

    def __init__(self, game: Game, how: Painting, content: Tensor, engine: Engine) -> None:
        self.game, self.how, self.content = game, how, content
        self.engine = Engine(engine.device)  # the extractor alone is less precise: statistics need every digit
        self.optimizers, self.averages = Optimizers(game), Averages(game)
        self.averaging = how.optimizer == "adam"

    def steps(self) -> Iterator[Step]:
        batch, count = Batch(self.content), self.game.acts[0].images
        if self.averaging:
            return play(self.game, repeat(batch, count), self.optimizers, self.averages, engine=self.engine)
        return descend(self.game, batch, count)

    @property
    def best(self) -> Tensor:
        """(1, 3, H, W) in [-1, 1]."""
        return self.game.draw(self.averages.networks if self.averaging else self.game.networks, Request(1))
