"""PatchGAN: what one logit sees, by the gradient itself, and the published number of weights."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gansmith.networks.dcgan import Norm
from gansmith.networks.patch import Patch, PatchDiscriminator, halvings_for

PATCHES: tuple[Patch, ...] = ("1", "16", "70", "full")
NORMS: tuple[Norm, ...] = ("batch", "instance", "none")


def seen(patch: Patch, size: int) -> tuple[int, int]:
    """Height and width of the pixels that can move the logit in the middle."""
    judge = PatchDiscriminator((1, size, size), 1, patch, norm="none", slope=1.0)  # linear: nothing is cut off
    with torch.no_grad():
        for weight in judge.parameters():
            weight.fill_(0.5)
    image = torch.zeros(1, 1, size, size, requires_grad=True)
    logits = judge.last(judge.layers(image))[0, 0]
    (slope,) = torch.autograd.grad(logits[logits.shape[0] // 2, logits.shape[1] // 2], image)
    rows, columns = slope[0, 0].nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(("patch", "side"), [("1", 1), ("16", 16), ("70", 70)])
def test_a_logit_sees_a_patch(patch: Patch, side: int) -> None:
    assert seen(patch, 2 * side + 40) == (side, side)


def test_a_logit_of_the_full_patch_sees_the_image() -> None:
    assert seen("full", 48) == (48, 48)
    assert [halvings_for("full", (size, size)) for size in (64, 128, 256)] == [3, 4, 5]  # 256: the paper's 286


def test_it_has_the_published_number_of_weights() -> None:
    """Isola et al. 2017, section 6.1.2, layer by layer: 4x4 kernels, batch normalisation on all but the first."""
    judge = PatchDiscriminator((6, 256, 256), norm="batch")
    kernels = sum(16 * a * b for a, b in pairwise([6, 64, 128, 256, 512])) + 16 * 512
    assert sum(p.numel() for p in judge.parameters()) == kernels + 64 + 1 + 2 * (128 + 256 + 512) == 2_768_705
    assert judge(torch.zeros(2, 6, 256, 256)).shape == (2, 30 * 30)


@pytest.mark.parametrize("shape", [(6, 8, 8), (2, 13, 20), (8, 16, 16), (6, 4, 9), (2, 1, 3), (6, 100, 64)])
@pytest.mark.parametrize("patch", PATCHES)
def test_any_shape_is_judged(shape: tuple[int, int, int], patch: Patch) -> None:
    for norm in NORMS:
        logits = PatchDiscriminator(shape, 4, patch, norm=norm)(torch.randn(3, *shape))
        assert logits.shape[0] == 3
        assert logits.shape[1] >= 1
        assert logits.std() > 0
