"""Self-attention against the formula, cell by cell."""

from __future__ import annotations

import torch
from torch import nn

from gansmith.networks.attention import SelfAttention


def test_attention_gathers_from_all_cells_what_the_formula_says() -> None:
    """Row by row, in loops; and nothing at all before the gain is learnt."""
    torch.manual_seed(1)
    layer, x = SelfAttention(8), torch.randn(2, 8, 4, 6)
    assert torch.equal(layer(x), x)
    nn.init.constant_(layer.gain, 0.7)
    found = layer(x)
    query, key, value = layer.query(x), layer.key(x), layer.value(x)
    for image, row, column in [(0, 0, 0), (1, 2, 5), (1, 3, 3)]:
        keys = [key[image, :, r : r + 2, c : c + 2].amax((1, 2)) for r in (0, 2) for c in (0, 2, 4)]
        values = [value[image, :, r : r + 2, c : c + 2].amax((1, 2)) for r in (0, 2) for c in (0, 2, 4)]
        weights = torch.softmax(torch.stack([query[image, :, row, column] @ one for one in keys]), 0)
        gathered = sum((w * v for w, v in zip(weights, values, strict=True)), torch.zeros(4))
        expected = x[image, :, row, column] + 0.7 * layer.back.weight[:, :, 0, 0] @ gathered
        torch.testing.assert_close(found[image, :, row, column], expected, rtol=1e-4, atol=1e-5)
