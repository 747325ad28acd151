"""IDX: MNIST's own format, packed or not, alone or in its folder."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.idx import read_idx
from gansmith.data.open import open_data
from gansmith.errors import GansmithError
from tests.data.making import noise

IMAGES, LABELS = noise(20, 28, 28), np.arange(20, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    """An array as an IDX file, written from the format's description."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def test_images_with_labels_beside_them(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES)))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS)))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(IMAGES[:5]))
    for source in (tmp_path, tmp_path / "train-images-idx3-ubyte.gz"):
        found = open_data(source)
        assert (found.values[..., 0] == IMAGES).all()
        assert found.labels is not None
        assert (found.labels == LABELS).all()
        assert found.spec.classes == tuple("0123456789")
    assert open_data(tmp_path / "t10k-images-idx3-ubyte").labels is None


def test_labels_of_another_length_are_left_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:7]))
    found = open_data(tmp_path)
    assert found.labels is None
    assert "not used" in found.report.warnings[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        idx(IMAGES)[:-1],
        idx(IMAGES)[:10],
        idx(IMAGES[0]),
        struct.pack(">HBBIII", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1),
        struct.pack(">HBBIII", 0, 0x0D, 3, 1, 1, 1) + b"\0" * 4,
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_damaged_files_are_refused(tmp_path: Path, data: bytes, packed: bool) -> None:
    path = tmp_path / ("train-images-idx3-ubyte" + ".gz" * packed)
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(GansmithError):
        open_data(path)


def test_cut_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(IMAGES))[:-2000])
    with pytest.raises(GansmithError, match="Cannot read"):
        read_idx(path)


def test_the_real_mnist(shared_data: Path) -> None:
    found = open_data(shared_data / "mnist")
    assert found.values.shape == (60_000, 28, 28, 1)
    assert found.labels is not None
    assert found.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # as printed in every tutorial
    assert abs(found.values[:6000].mean() / 255 - 0.1307) < 0.002  # the mean everyone normalises with
    assert len(found.held) == 3000
