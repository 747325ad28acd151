"""Large images part by part are painted as at once."""

from __future__ import annotations

import torch

from gansmith.networks.transfer import Look, TransferNet
from gansmith.styling.parts import in_parts, overview


@torch.no_grad()
def test_parts_under_held_moments_are_the_whole_without_a_seam() -> None:
    torch.manual_seed(0)
    painter, image = TransferNet(1, width=4, blocks=1), torch.rand(1, 3, 101, 150) * 2 - 1
    look = Look(torch.ones(1, 1))
    whole = painter(image, look)
    sizes: list[int] = []

    def act(seen: torch.Tensor) -> torch.Tensor:
        sizes.append(max(seen.shape[2:]))
        return painter(seen, Look(look.styles, held=tuple(look.noted)))

    made = in_parts(act, image, part=48, reach=painter.reach)
    torch.testing.assert_close(made, whole, rtol=1e-3, atol=1e-4)
    assert len(sizes) == 3 * 4
    assert max(sizes) <= 48 + 2 * painter.reach


def test_a_part_larger_than_the_image_is_the_image() -> None:
    image = torch.rand(1, 3, 10, 7)
    torch.testing.assert_close(in_parts(lambda seen: seen * 2, image), image * 2)


def test_the_overview_has_the_shape_and_the_mean_of_the_image() -> None:
    image = torch.rand(1, 3, 80, 40)
    image[:, 1] += 1
    small = overview(image, part=28)
    assert small.shape == (1, 3, 40, 20)
    torch.testing.assert_close(small.mean((2, 3)), image.mean((2, 3)), rtol=0, atol=0.02)
    assert overview(image, part=64) is image
