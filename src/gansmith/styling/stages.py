"""From coarse to fine: a picture painted at growing sizes, each begun with what the last one came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gansmith.engine import Engine
from gansmith.game.optimizers import Optimizers
from gansmith.styling.aim import Style, aim_at
from gansmith.styling.features import Extractor
from gansmith.styling.painting import Painter, Painting, painting

LEAST = 16  # pixels of a side: below it the coarsest maps have no position


@dataclass(frozen=True)
class Stroke:
    """A step of painting: at which size, the how-manieth of how many in all, and the losses' weighed terms."""

    painter: Painter
    side: int
    done: int
    total: int
    terms: Mapping[str, Tensor]

    @property
    def picture(self) -> Tensor:
        """What there is so far, (1, 3, H, W) in [-1, 1]."""
        return self.painter.best


def stages(how: Painting) -> list[tuple[int, int]]:
    """(longer side, steps) of every size, growing by the root of 2 up to the last (crowsonkb)."""
    sides = [how.size]
    while (side := round(how.size / 2 ** (len(sides) / 2))) >= how.smallest:
        sides.append(side)
    return [(side, how.steps if place else how.first_steps) for place, side in enumerate(reversed(sides))]


def painted(content: Tensor, styles: Sequence[Style], looking: Extractor, how: Painting) -> Iterator[Stroke]:
    """Paint a content (1, 3, H, W) in [-1, 1] in some styles, step by step, where and as `looking` is `ready`.

    Contents are brought to every size from the original, styles too, though never enlarged. Whoever iterates may stop
    at any step; `Stroke.picture` is then what there is.
    """
    plan = stages(how)
    total, done = sum(steps for _, steps in plan), 0
    device = next(looking.network.parameters(), content).device
    painter: Painter | None = None
    for side, steps in plan:
        now = fitted(content, side).to(device)
        seen = [resized(style, now, side * how.style_scale) for style in styles]
        begin = begun(now, how) if painter is None else scaled(painter.best, now)
        aim = aim_at(looking, now, seen, how.loss, how.tile)
        last, painter = painter, Painter(painting(begin, aim, how, steps), how, now, Engine(str(device)))
        if last is not None:
            inherit(painter.optimizers, last.optimizers)
        for step in painter.steps():
            done += 1
            terms = {name.removeprefix("paint/"): step.facts[name] for name in step.facts if name.startswith("paint/")}
            yield Stroke(painter, side, done, total, terms)


def fitted(image: Tensor, side: float, enlarged: bool = True) -> Tensor:
    """An image (N, C, H, W) with that longer side, in its proportions."""
    scale = side / max(image.shape[2:])
    if scale >= 1 and not enlarged:
        return image
    sides = [max(LEAST, round(length * scale)) for length in image.shape[2:]]
    return interpolate(image, sides, mode="bicubic", antialias=True).clamp(-1, 1)


def scaled(image: Tensor, like: Tensor) -> Tensor:
    return interpolate(image, like.shape[2:], mode="bicubic").clamp(-1, 1)


def resized(style: Style, content: Tensor, side: float) -> Style:
    """A style at one size, its mask over the content at that size."""
    picture = fitted(style.picture, side, enlarged=False).to(content)
    if style.mask is None:
        return replace(style, picture=picture)
    mask = interpolate(style.mask, content.shape[2:], mode="bilinear", antialias=True).to(content).clamp(0, 1)
    return replace(style, picture=picture, mask=mask)


def begun(content: Tensor, how: Painting) -> Tensor:
    """What is painted over at first."""
    if how.start == "content":
        return content
    generator = torch.Generator().manual_seed(how.seed)
    noise = (torch.rand(content.shape, generator=generator) - 0.5).to(content)
    return noise if how.start == "noise" else (content + noise) / 2


@torch.no_grad()
def inherit(new: Optimizers, old: Optimizers) -> None:
    """Go on with the moments of another size, resampled: the first steps then need not find their scale again."""
    for mine, theirs in zip(new.moments["canvas"], old.moments["canvas"], strict=True):
        (count, mean, square), (steps, before, squares) = mine, theirs
        count.copy_(steps)
        mean.copy_(interpolate(before, mean.shape[2:], mode="bicubic"))
        square.copy_(interpolate(squares, square.shape[2:], mode="bilinear"))
