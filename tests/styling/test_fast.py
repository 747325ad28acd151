"""A transfer network learns to lower what it is to lower, style by style; a decoder learns to give images back."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gansmith.data.batch import Batch
from gansmith.game.averages import Averages
from gansmith.game.game import Game, Request
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.networks.adain import Decoder
from gansmith.networks.vgg import random_vgg
from gansmith.styling import adain, fast
from gansmith.styling.adain import AdainSettings
from gansmith.styling.fast import FastSettings
from gansmith.styling.features import Extractor, through_vgg


def seen() -> Extractor:
    return through_vgg(random_vgg(6, "average"), "random", relative=True, content_weight=0.05)


def batches(size: int = 32, count: int = 2) -> Iterator[Batch]:
    """Smooth blots of chance, the same every time."""
    chance = torch.Generator().manual_seed(3)
    while True:
        small = torch.rand(count, 3, 4, 4, generator=chance) * 2 - 1
        yield Batch(torch.nn.functional.interpolate(small, (size, size), mode="bilinear"))


def style(colour: tuple[float, float, float]) -> Tensor:
    """Stripes of one colour and black, (1, 3, 32, 32)."""
    lines = (torch.arange(32) // 4 % 2).float()
    return (torch.tensor(colour)[:, None, None] * lines).expand(3, 32, 32)[None] * 2 - 1


def played(game: Game, steps: int) -> tuple[list[dict[str, Tensor]], Averages]:
    averages, facts = Averages(game), []
    for step in play(game, batches(), Optimizers(game), averages):
        facts.append(step.facts)
        if len(facts) == steps:
            break
    return facts, averages


def test_both_styles_are_learnt_by_one_network() -> None:
    torch.manual_seed(0)
    red, blue = style((1.0, 0.0, 0.0)), style((0.0, 0.0, 1.0))
    how = FastSettings(width=4, blocks=1, batch=2, lr=0.01, smooth=0)
    facts, averages = played(fast.learning(seen(), [red, blue], how, 160), 80)
    for place in (0, 1):  # the steps of each style
        terms = [float(fact["paint/style"]) for fact in facts[place::2]]
        assert sum(terms[-3:]) / 3 < 0.4 * terms[0]
    game, photo = fast.learning(seen(), [red, blue], how, 160), next(batches()).image
    networks = dict(averages.networks.items())
    made = [game.draw(networks, Request(2, given={"source": photo, "styles": row[None]})) for row in torch.eye(2)]
    warmth = [float((image[:, 0] - image[:, 2]).mean()) for image in made]
    assert warmth[0] > warmth[1] + 0.2  # the first style is red, the second blue
    mixed = game.draw(networks, Request(2, given={"source": photo}))
    assert warmth[1] < float((mixed[:, 0] - mixed[:, 2]).mean()) < warmth[0]


def test_losses_are_those_of_the_formulas() -> None:
    extractor, made, photo = seen(), next(batches()).image, next(batches(count=2)).image.flip(0)
    maps, target = extractor.features(made), extractor.features(photo)
    layer = next(iter(extractor.content))
    expected = ((maps[layer] - target[layer]) ** 2).mean() / (target[layer] ** 2).mean()
    torch.testing.assert_close(fast.content_loss(extractor, maps, target), expected)
    assert fast.content_loss(extractor, maps, maps) == 0


def test_a_large_photo_is_painted_in_parts_without_a_seam() -> None:
    torch.manual_seed(0)
    game = fast.learning(seen(), [style((1.0, 1.0, 0.0))], FastSettings(width=4, blocks=1), 4)
    network = game.networks[fast.NETWORK]
    photo = torch.nn.functional.interpolate(next(batches()).image[:1], (96, 160), mode="bilinear")
    mix, sizes = torch.ones(1, 1), list[int]()
    network.register_forward_hook(lambda module, args, out: sizes.append(out.shape[2] * out.shape[3]))
    whole = fast.painted(network, photo, mix)  # type: ignore[arg-type]
    parts = fast.painted(network, photo, mix, part=64)  # type: ignore[arg-type]
    assert len(sizes) == 1 + 1 + 2 * 3
    assert max(sizes[1:]) < whole[0, 0].numel()
    jumps = (parts[:, :, :, 64] - parts[:, :, :, 63]).abs().mean() / (parts[..., 1:] - parts[..., :-1]).abs().mean()
    assert jumps < 2
    assert (parts - whole).abs().mean() < 0.1  # the moments of a smaller copy are nearly those of the photo


def test_a_decoder_learns_to_give_the_image_back() -> None:
    torch.manual_seed(0)
    game = adain.learning(seen(), AdainSettings(batch=2, size=32, lr=0.003), 200)
    assert [type(network) for network in game.networks.values()] == [Decoder]
    facts, averages = played(game, 100)
    lost = [float(fact["decode/identity"]) for fact in facts]
    assert sum(lost[-5:]) < 0.5 * sum(lost[:5])
    photo, red = next(batches()).image, style((1.0, 0.0, 0.0))
    decoder = averages.networks[adain.NETWORK]
    plain, moved = (adain.painted(seen(), decoder, photo, red, strength) for strength in (0.0, 1.0))
    assert plain.shape == photo.shape
    assert float((moved[:, 0] - moved[:, 2]).mean()) > float((plain[:, 0] - plain[:, 2]).mean())
    assert (plain - photo).abs().mean() < (moved - photo).abs().mean()


def test_moments_are_those_of_the_neighbour() -> None:
    mean, deviation = torch.arange(3.0).view(3, 1, 1, 1), torch.ones(3, 1, 1, 1)
    assert adain.rolled((mean, deviation))[0].flatten().tolist() == [2.0, 0.0, 1.0]
    assert float(adain.apart((mean, deviation), adain.rolled((mean, deviation)))) == 2.0
