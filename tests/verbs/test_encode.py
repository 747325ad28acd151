"""Images into latents and back: names kept, bad files named, scores by hand, and families without an encoder refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith
from gansmith.cli import main
from gansmith.data.gather import as_floats
from gansmith.data.open import open_data
from gansmith.errors import GansmithError, UsageError
from gansmith.runs.model import load
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import plan
from gansmith.verbs.encode import encode
from gansmith.verbs.reconstruct import in_rows, reconstruct
from gansmith.verbs.sample import sample
from tests.data.making import write
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: a VAE of digits that has learnt for a second, and a GAN."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        tiny(home, family="vae", name="vae", duration="4kimg", batch=32, lr=4e-3, ema=0.5)
        tiny(home, name="gan", duration="16img")
    return home


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four digits as files, one of them twice as large and in a folder of its own, and one that is none."""
    values = open_data("digits").values
    for number in range(4):
        size = (16, 16) if number == 3 else (8, 8)
        name = f"deep/{number}.png" if number == 3 else f"{number}.png"
        grey = np.asarray(Image.fromarray(values[number, ..., 0]).resize(size, Image.Resampling.NEAREST))
        write(tmp_path / "in" / name, grey)
    write(tmp_path / "in" / "broken.png", b"not an image")
    return tmp_path / "in"


def test_latents_are_the_encoders_and_are_drawn_again(trained: Path, pictures: Path, tmp_path: Path) -> None:
    found = encode("vae", pictures, to=tmp_path / "latents.npz", out=trained)
    assert sorted(found.names) == ["0.png", "1.png", "2.png", "deep/3.png"]
    assert [name for name, _ in found.skipped] == ["broken.png"]
    with np.load(found.path) as file:
        latents, names = file["latents"], file["names"]
    assert tuple(names) == found.names and latents.shape == (4, 8) and latents.dtype == np.float32
    model = load("vae", out=trained)
    image = as_floats(open_data("digits").values[:3])
    torch.testing.assert_close(model.encode(image), torch.from_numpy(latents[:3]))
    drawn = sample("vae", latents=found.path, to=tmp_path / "drawn.npz", out=trained)
    made = np.load(drawn)["images"]
    assert np.abs(made[:3].astype(int) - model.sample(3, latent=torch.from_numpy(latents[:3]))).max() <= 1


def test_reconstructions_resemble_their_originals_and_are_scored(trained: Path, pictures: Path, tmp_path: Path) -> None:
    found = reconstruct("vae", pictures, to=tmp_path / "out", out=trained)
    assert [path.relative_to(tmp_path / "out").as_posix() for path in found.files] == [
        "0.png", "1.png", "2.png", "deep/3.png",
    ]  # fmt: skip
    values = open_data("digits").values[:3, ..., 0].astype(float)
    made = [np.asarray(Image.open(path)).astype(float) for path in found.files[:3]]
    for wanted, one, scores in zip(values, made, found.scores, strict=False):
        assert scores["L1"] == pytest.approx(np.abs(wanted - one).mean() / 127.5, abs=0.01)
    others = [np.abs(values[a] - made[b]).mean() for a in range(3) for b in range(3) if a != b]
    assert np.mean([np.abs(wanted - one).mean() for wanted, one in zip(values, made, strict=True)]) < np.mean(others)
    assert found.mean["PSNR"] == pytest.approx(np.mean([one["PSNR"] for one in found.scores]))
    assert found.table.read_text().splitlines()[0] == "name,L1,PSNR,SSIM"
    assert len(found.table.read_text().splitlines()) == 5
    assert read_recipe(found.files[0])["source"] == "0.png"
    assert found.sheet.exists()


def test_archives_and_single_files_are_read_too(trained: Path, pictures: Path, tmp_path: Path) -> None:
    images = open_data("digits").values[:300, ..., 0]
    np.savez(tmp_path / "many.npz", images=images)
    found = encode("vae", tmp_path / "many.npz", to=tmp_path / "a.npz", out=trained)
    assert found.names[0] == "000.png" and len(found.names) == 300
    one = encode("vae", pictures / "1.png", to=tmp_path / "b.npz", out=trained)
    assert np.allclose(np.load(one.path)["latents"][0], np.load(found.path)["latents"][1], atol=1e-4)


def test_what_cannot_be_done_is_refused(trained: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot encode"):
        encode("gan", pictures, to=tmp_path / "x.npz", out=trained)
    with pytest.raises(UsageError, match=r"\.txt"):
        encode("vae", pictures, to=tmp_path / "x.txt", out=trained)
    with pytest.raises(GansmithError, match="could be read"):
        encode("vae", pictures / "broken.png", to=tmp_path / "x.npz", out=trained)
    with pytest.raises(UsageError, match="overwritten"):
        reconstruct("vae", pictures, to=pictures, out=trained)
    with pytest.raises(UsageError, match="no latents"):
        sample("vae", latents=pictures / "broken.png", to=tmp_path / "x.png", out=trained)
    np.savez(tmp_path / "wide.npz", latents=np.zeros((2, 9), np.float32))
    with pytest.raises(UsageError, match="not of this run"):
        sample("vae", latents=tmp_path / "wide.npz", to=tmp_path / "x.png", out=trained)
    assert not (tmp_path / "x.png").exists()


def test_the_commands_say_what_they_did(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["gansmith", *words, "--runs", str(trained)])
        with pytest.raises(SystemExit, match="0"):
            main()
            raise SystemExit(0)
        return capsys.readouterr().out

    latents = str(tmp_path / "l.npz")
    told = said("encode", "vae", str(pictures), "-o", latents)
    assert "4 encoded" in told and "skipped broken.png" in told
    found = json.loads(said("reconstruct", "vae", str(pictures), "-o", str(tmp_path / "r"), "--json"))
    assert found["mean"].keys() == {"L1", "PSNR", "SSIM"} and len(found["files"]) == 4
    assert "s.png" in said("sample", "vae", "--latents", latents, "-o", str(tmp_path / "s.png"))
    assert gansmith.encode is encode and gansmith.reconstruct is reconstruct


def test_a_sheet_has_originals_above_what_was_made_of_them() -> None:
    pairs = [(np.full((2, 2, 1), number, np.uint8), np.full((2, 2, 1), 100 + number, np.uint8)) for number in range(14)]
    values = in_rows(pairs)[:, 0, 0, 0].tolist()
    assert values[:24] == [*range(12), *range(100, 112)]
    assert values[24:26] == [12, 13] and values[36:38] == [112, 113] and len(values) == 48
    assert in_rows(pairs[:2])[:, 0, 0, 0].tolist() == [0, 1, 100, 101]
