"""Packs: the samples behind one another, reals and fakes apart, and what is left over not judged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.game.game import Duel, Networks, Sample, Step
from gansmith.game.packing import pack, packed, packed_shape
from tests import games


def test_a_pack_of_images_is_their_channels_in_order() -> None:
    image = torch.arange(5 * 2 * 3 * 4.0).view(5, 2, 3, 4)
    packs = pack(image, 2)
    expected = np.stack([np.concatenate([image[2 * k], image[2 * k + 1]]) for k in range(2)])
    np.testing.assert_array_equal(packs, expected)
    assert packs.shape[1:] == packed_shape((2, 3, 4), 2)


def test_a_pack_of_points_is_their_columns_in_order() -> None:
    assert pack(torch.arange(8.0).view(4, 2), 2).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_what_came_with_the_samples_is_grouped_with_them() -> None:
    made = Sample(torch.zeros(4, 2), {"label": torch.tensor([0, 1, 2, 3])})

    def make(networks: Networks, step: Step) -> Sample:
        return made

    def judge(networks: Networks, sample: Sample, step: Step) -> Tensor:
        return sample.one[:, 0]

    duel = packed(Duel(make, make, judge), 2)
    step = Step(0, 0, next(games.batches()))
    assert (
        duel.fake({}, step).given["label"].tolist() == duel.real({}, step).given["label"].tolist() == [[0, 1], [2, 3]]
    )


def test_too_few_samples_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match="do not fill one pack of 4"):
        pack(torch.zeros(3, 2), 4)
