"""Samples without any network: what a table of generators must stand beside. By scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.data.gather import gathered

COMPONENTS, MIXED = 64, 20  # directions that are kept; Gaussians in them
LEARNT = 20_000  # training samples at most: more change nothing
Images = NDArray[np.uint8]


def gaussian(dataset: Dataset, count: int, seed: int) -> Images:
    """(count, H, W, C) from one Gaussian in the directions of greatest variance (probabilistic PCA's mean)."""
    return _drawn(dataset, count, seed, 1)


def mixture(dataset: Dataset, count: int, seed: int) -> Images:
    """(count, H, W, C) from a mixture of MIXED Gaussians in those directions."""
    return _drawn(dataset, count, seed, MIXED)


def _drawn(dataset: Dataset, count: int, seed: int, gaussians: int) -> Images:
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    rows = np.random.default_rng(seed).permutation(dataset.train)[:LEARNT]
    values = gathered(dataset.values, np.sort(rows)).reshape(len(rows), -1).astype(np.float32)
    directions = PCA(min(COMPONENTS, *values.shape), whiten=True, random_state=seed).fit(values)
    places = GaussianMixture(min(gaussians, len(rows) // 2), reg_covar=1e-3, random_state=seed, max_iter=50)
    drawn, _ = places.fit(directions.transform(values).astype(np.float64)).sample(count)
    pixels = directions.inverse_transform(np.random.default_rng(seed).permutation(drawn))
    return pixels.round().clip(0, 255).astype(np.uint8).reshape(count, *dataset.values.shape[1:])


CLASSICAL: MappingProxyType[str, Callable[[Dataset, int, int], Images]] = MappingProxyType(
    {"pca": gaussian, "mixture": mixture}
)
TITLES = MappingProxyType(
    {
        "pca": f"a normal distribution in the {COMPONENTS} directions of greatest variance",
        "mixture": f"{MIXED} normal distributions in the {COMPONENTS} directions of greatest variance",
    }
)
