"""Painting: exact slopes tile by tile, averages as papers debias them, sizes that grow, losses that fall."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
import torch
from torch import Tensor

from gansmith.engine import Engine
from gansmith.game.averages import Averages
from gansmith.networks.vgg import random_vgg
from gansmith.styling.aim import Style, aim_at
from gansmith.styling.features import Extractor, through_vgg
from gansmith.styling.painting import Painting, debiased, painting
from gansmith.styling.stages import Stroke, fitted, painted, stages
from gansmith.styling.tiles import tiles_of


def looking(width: int = 4) -> Extractor:
    return through_vgg(random_vgg(width), "random", relative=True, content_weight=0.1)


def picture(seed: int, high: int = 24, across: int = 32) -> Tensor:
    """Stripes in a colour of their own and some noise."""
    generator = torch.Generator().manual_seed(seed)
    colour = torch.rand(3, 1, 1, generator=generator) * 2 - 1
    stripes = torch.sin(torch.arange(across) * (0.2 + 0.3 * seed)).expand(high, across)
    return (0.6 * colour + 0.3 * stripes + 0.1 * torch.randn(3, high, across, generator=generator))[None].clamp(-1, 1)


def masked(style: Tensor, content: Tensor) -> list[Style]:
    left = torch.zeros(1, 1, *content.shape[2:])
    left[..., : content.shape[3] // 3] = 1
    return [Style(style, 2.0, left), Style(content.flip(3), 1.0, 1 - left)]


@pytest.mark.parametrize("where", ["everywhere", "masks"])
def test_tiles_give_the_loss_and_the_slope_of_the_whole(where: str) -> None:
    """Odd sizes, so that the last tiles have pixels that no coarse position holds."""
    content, style, image = picture(0, 137, 205), picture(1, 60, 70), picture(2, 137, 205)
    wanted = [Style(style)] if where == "everywhere" else masked(style, content)
    found: list[tuple[int, float, float, Tensor]] = []
    for side in (1000, 64):
        aim, canvas = aim_at(looking(2), content, wanted, tile=side), image.clone().requires_grad_()
        distances = aim.distances(canvas)
        (0.3 * distances[0] + 0.7 * distances[1]).backward()  # type: ignore[no-untyped-call]
        assert canvas.grad is not None
        found.append((len(aim.tiles), distances[0].item(), distances[1].item(), canvas.grad))
    (one, *losses, slope), (many, *losses_in_tiles, slope_in_tiles) = found
    assert (one, many) == (1, 6)
    assert losses_in_tiles == pytest.approx(losses, rel=1e-4)
    assert torch.allclose(slope_in_tiles, slope, atol=1e-3 * float(slope.abs().max()))


def test_tiles_cover_a_picture_once() -> None:
    covered = torch.zeros(1, 1, 333, 250)
    for tile in tiles_of((333, 250), 96, looking()):
        tile.inner(covered).add_(1)
    assert bool((covered == 1).all())


def test_the_average_is_the_debiased_one() -> None:
    """Kingma & Ba 2015, section 3: sum of (1 - d) d^(t - i) x_i over 1 - d^t."""
    game = painting(picture(0), aim_at(looking(2), picture(0), [Style(picture(1))]), Painting(average=0.9), 5)
    averages, canvas, decay = Averages(game), game.networks["canvas"], 0.9
    values = [0.3, -0.8, 0.5, 0.9, -0.1]
    for step, value in enumerate(values, 1):
        with torch.no_grad():
            canvas().fill_(value)
        averages.follow(1, debiased(decay, step))
        shares = [(1 - decay) * decay ** (step - place) for place in range(1, step + 1)]
        expected = sum(share * past for share, past in zip(shares, values)) / (1 - decay**step)
        assert float(averages.networks["canvas"]().mean()) == pytest.approx(expected, abs=1e-5)


def test_sizes_grow_by_the_root_of_two() -> None:
    how = Painting(size=512, smallest=128, first_steps=9, steps=4)
    assert stages(how) == [(128, 9), (181, 4), (256, 4), (362, 4), (512, 4)]
    assert stages(Painting(size=100)) == [(100, Painting.model_fields["first_steps"].default)]


def finished(content: Tensor, styles: Sequence[Style], **wishes: object) -> tuple[Stroke, list[float]]:
    """The last stroke, and the whole loss at each."""
    how = Painting.read({"size": 32, "smallest": 22, "first_steps": 25, "steps": 10, "content_weight": 0.05, **wishes})
    strokes = list(painted(content, styles, looking(), how))
    assert [stroke.done for stroke in strokes] == list(range(1, len(strokes) + 1))
    return strokes[-1], [float(sum(stroke.terms.values())) for stroke in strokes]


@pytest.mark.parametrize("wishes", [{}, {"loss": "gram"}, {"optimizer": "lbfgs"}, {"start": "noise"}], ids=str)
def test_losses_fall_and_the_picture_comes_nearer_in_style(wishes: dict[str, str]) -> None:
    content, style = picture(0), picture(3)
    last, losses = finished(content, [Style(style)], **wishes)
    assert last.total >= last.done and last.picture.shape == fitted(content, 32).shape
    assert float(last.picture.abs().max()) <= 1
    judge = through_vgg(random_vgg(6, "average", seed=9), "another", relative=True, content_weight=1)
    aim = aim_at(judge, fitted(content, 32), [Style(fitted(style, 32))])
    assert aim.distances(last.picture)[1] < 0.6 * aim.distances(fitted(content, 32))[1]
    assert losses[24] < 0.5 * losses[0] and losses[-1] < losses[25]


def test_lbfgs_never_rises_and_looks_no_oftener_than_it_must() -> None:
    calls = 0

    class Counted(Extractor):
        def features(self, image: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
            nonlocal calls
            calls += torch.is_grad_enabled()
            return super().features(image, layers)

    counted = Counted(**vars(looking()))
    content, losses = picture(0), []
    how = Painting(size=32, smallest=32, first_steps=15, optimizer="lbfgs")
    for stroke in painted(content, [Style(picture(3))], counted, how):
        losses.append(float(sum(stroke.terms.values())))
    assert losses[-1] < 0.8 * losses[0]
    assert calls <= 2 * len(losses) + 2  # torch's own closure is called once more at the start of each


def test_several_styles_are_between_them() -> None:
    content, red, blue = picture(0), torch.full((1, 3, 24, 24), -0.8), torch.full((1, 3, 24, 24), -0.8)
    red[:, 0], blue[:, 2] = 0.8, 0.8
    only, _ = finished(content, [Style(red)], content_weight=0)
    both, _ = finished(content, [Style(red, 1), Style(blue, 1)], content_weight=0)
    means = [stroke.picture.mean((2, 3))[0].tolist() for stroke in (only, both)]
    assert means[0][0] > means[0][2] + 0.3, "red alone"
    assert abs(means[1][0] - means[1][2]) < 0.3, "as much of the one as of the other"


def test_masks_keep_styles_apart() -> None:
    content, red, blue = picture(0), torch.full((1, 3, 24, 24), -0.8), torch.full((1, 3, 24, 24), -0.8)
    red[:, 0], blue[:, 2] = 0.8, 0.8
    left = torch.zeros(1, 1, 24, 32)
    left[..., :16] = 1
    last, _ = finished(content, [Style(red, 1, left), Style(blue, 1, 1 - left)], content_weight=0, first_steps=40)
    halves = [part.mean((2, 3))[0] for part in last.picture.chunk(2, dim=3)]
    assert halves[0][0] > halves[1][0] + 0.3 and halves[1][2] > halves[0][2] + 0.3


def test_bfloat16_looks_at_nearly_the_same() -> None:
    content, style = picture(0), picture(3)
    exact, rough = (looking().ready(Engine("cpu", precision)) for precision in ("32", "bf16"))
    one, other = (aim_at(each, content, [Style(style)]).distances(style.flip(2)) for each in (exact, rough))
    assert torch.allclose(torch.stack(one), torch.stack(other), rtol=0.05)
