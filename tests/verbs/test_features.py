"""Features of a run's judge, written, probed and built upon; and its judgement of images, beside what it is worth."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import gansmith
from gansmith.cli import main
from gansmith.data.open import open_data
from gansmith.errors import GansmithError, UsageError
from gansmith.measure import probe as probing
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import frames, plan
from gansmith.verbs.features import features, refuse_pairs
from gansmith.verbs.judge import judge, judging
from gansmith.verbs.probing import UNTRAINED, Probed, fitting, right_answers
from tests import games
from tests.data.making import write
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of digits, of a GAN with convolutions and of a VAE."""
    home = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        tiny(home, family="robust", name="gan", duration="640img")
        tiny(home, family="vae", name="vae", duration="32img")
    return home


def another(model: Model, family: str = "", **spec: Any) -> Model:
    """The same model, its configuration saying something else."""
    config = model.config.changed(spec=model.spec.changed(**spec), family=family or model.config.family)
    return replace(model, config=config, game=games.game(family) if family else model.game)


def test_features_are_the_backbones_standardised(trained: Path, tmp_path: Path) -> None:
    found = features("gan", "digits", to=tmp_path / "f.npz", layer="all", out=trained)
    dataset = open_data("digits")
    with np.load(found.path) as file:
        rows, held, labels, names = (file[name] for name in ("features", "held", "labels", "names"))
        assert dict(zip(file["layers"].tolist(), file["sizes"].tolist(), strict=True)) == dict(found.sizes)
    assert found.of == "discriminator" and found.count == len(rows) == len(dataset.values) and rows.dtype == np.float32
    assert np.array_equal(np.flatnonzero(held), dataset.held) and labels.tolist() == np.asarray(dataset.labels).tolist()
    assert names[7] == "0007"
    plain = load("gan", out=trained).backbone("all")
    asked = plain(dataset.tensor(np.arange(400))).numpy()
    one = np.corrcoef(asked[:, 3], rows[:400, 3])[0, 1]
    assert one == pytest.approx(1, abs=1e-4) and plain.size == rows.shape[1]
    assert np.abs(rows[~held].mean(0)).max() < 0.2 and 0.3 < rows[~held].std(0).mean() <= 1.2


def test_images_of_a_folder_keep_their_names(trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for number in range(3):
        write(other / "deep" / f"{number}.png", np.full((20, 20), 80 * number, np.uint8))
    write(other / "broken.png", b"nothing")
    found = features("gan", other, to=tmp_path / "f.npz", out=trained)
    with np.load(found.path) as file:
        assert file["names"].tolist() == [f"deep/{number}.png" for number in range(3)]
        assert "labels" not in file and not file["held"].any()


def test_an_encoder_is_a_backbone_too(trained: Path, tmp_path: Path) -> None:
    found = features("vae", "digits", to=tmp_path / "f.npz", layer="units", out=trained)
    assert found.of == "encoder" and list(found.sizes) == ["units"]
    model = load("vae", out=trained)
    image = open_data("digits").tensor(np.arange(5))
    backbone = model.backbone("units")
    encoder = model.networks["encoder"]
    last: Any = encoder.get_submodule("last")
    told: Tensor = encoder(image)[0]
    assert torch.allclose(last[-1](backbone(image)).chunk(2, dim=1)[0], told, atol=1e-5)


def test_the_runs_own_network_is_never_touched(trained: Path) -> None:
    model = load("gan", out=trained)
    before = {name: value.clone() for name, value in model.networks["discriminator"].state_dict().items()}
    net = nn.Sequential(model.backbone(freeze=False), nn.Linear(model.backbone().size, 10))
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    net(torch.zeros(4, 1, 8, 8)).square().sum().backward()
    optimizer.step()
    assert all(torch.equal(before[name], value) for name, value in model.networks["discriminator"].state_dict().items())
    assert not any(one.requires_grad for one in model.networks["discriminator"].parameters())


def test_an_untrained_one_is_another_of_the_same_make(trained: Path) -> None:
    model = load("gan", out=trained)
    fresh = [model.backbone(untrained=seed).state_dict() for seed in (0, 0, 1)]
    assert [(name, value.shape) for name, value in fresh[0].items()] == [
        (name, value.shape) for name, value in model.backbone().state_dict().items()
    ]
    weight = next(name for name in fresh[0] if name.endswith("first.weight"))
    assert torch.equal(fresh[0][weight], fresh[1][weight]) and not torch.equal(fresh[0][weight], fresh[2][weight])


def test_a_probe_compares_what_learns_from_the_same_labels(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "STEPS", 3)
    found = features("gan", "digits", to=tmp_path / "f.npz", probe=True, counts=[10, 60, 5000], draws=2, out=trained)
    assert found.probe is not None
    cells = {(cell.labels, cell.features, cell.how): cell.share.mean for cell in found.probe.cells}
    assert {key[0] for key in cells} == {10, 60} and len(cells) == 2 * 8
    assert found.probe.tests == len(open_data("digits").held) and "5000 labels" in found.probe.notes[0]
    for count, wider in ((10, 60), (60, 60)):
        assert cells[count, "raw pixels", "linear"] <= cells[wider, "raw pixels", "linear"]
    assert cells[60, "raw pixels", "linear"] > 0.6, "digits are learnt from pixels alone"
    for gain in found.probe.gains:
        other = cells.get((gain.labels, gain.over, gain.how), cells[gain.labels, gain.over, "linear"])
        assert gain.share.mean == pytest.approx(cells[gain.labels, "discriminator", gain.how] - other)
        assert gain.verdict == ("better" if gain.share.low > 0 else "worse" if gain.share.high < 0 else gain.verdict)
    assert UNTRAINED in {gain.over for gain in found.probe.gains}


def test_an_interrupted_probe_keeps_its_whole_draws(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def probe(calls: int) -> Probed | None:
        left = iter([right_answers] * calls)

        def interrupted(*words: Any) -> Any:
            try:
                return next(left)(*words)
            except StopIteration:
                raise KeyboardInterrupt from None

        monkeypatch.setattr("gansmith.verbs.probing.right_answers", interrupted)
        return features(
            "gan", "digits", to=tmp_path / "f.npz", probe=True, counts=[10], draws=5, tune=False, out=trained
        ).probe

    found = probe(2)
    assert found is not None and found.draws == 2 and len(found.cells) == 6
    with pytest.raises(KeyboardInterrupt):
        probe(0)


def test_labels_that_cannot_be_drawn_are_refused() -> None:
    labels = np.repeat([0, 1, 2], [10, 20, 30])
    assert fitting((30, 3, 31, 2), labels) == [3, 30]
    for counts, of in (((2,), labels), ((), labels), ((3,), np.zeros(9, int))):
        with pytest.raises(UsageError, match="cannot be drawn"):
            fitting(counts, of)


@pytest.mark.parametrize(
    ("data", "wish", "words"),
    [
        ("ring", {}, "another shape"),
        ("digits", {"layer": "5x5"}, "no layers '5x5'"),
        ("digits", {"of": "encoder"}, "no network 'encoder'"),
        ("digits", {"to": "f.txt"}, r"\.txt"),
    ],
)
def test_what_has_no_features_is_refused_in_words(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, wish: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        features("gan", data, out=trained, **wish)
    assert list(tmp_path.iterdir()) == []


def test_who_looks_at_no_images_is_no_backbone(trained: Path) -> None:
    model = load("gan", out=trained)
    with pytest.raises(UsageError, match="naive-bayes has no network that looks"):
        another(model, "naive-bayes").backbone()
    with pytest.raises(UsageError, match="Points have no features"):
        another(model, kind="points", shape=(2,)).backbone()
    paired = another(model, pairing="paired", sides=("a", "b"))
    with pytest.raises(UsageError, match="judges pairs"):
        refuse_pairs(paired, "discriminator")
    refuse_pairs(paired, "encoder")
    refuse_pairs(model, "discriminator")
    for other, words in ((paired, "makes translations"), (another(model, "naive-bayes"), "no discriminator")):
        with pytest.raises(UsageError, match=words):
            judging(other)


def test_what_cannot_be_probed_is_refused(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wish: dict[str, Any] = {"to": tmp_path / "f.npz", "probe": True, "counts": [10], "out": trained}
    write(tmp_path / "in" / "0.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(UsageError, match="no labels"):
        features("gan", tmp_path / "in", **wish)
    with pytest.raises(UsageError, match="0 draws"):
        features("gan", "digits", draws=0, **wish)
    monkeypatch.setattr("gansmith.verbs.probing.FEWEST", 1000)
    with pytest.raises(UsageError, match="too few to try"):
        features("gan", "digits", **wish)
    assert not (tmp_path / "f.npz").exists()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Thirty digits, six of noise, and a file that is none."""
    values, chance = open_data("digits").values, np.random.default_rng(0)
    for number in range(30):
        write(tmp_path / "in" / f"digit{number:02d}.png", values[number, ..., 0])
    for number in range(6):
        write(tmp_path / "in" / f"noise{number}.png", chance.integers(0, 256, (8, 8), np.uint8))
    write(tmp_path / "in" / "broken.png", b"nothing")
    return tmp_path / "in"


def test_images_are_ranked_by_the_discriminators_own_word(trained: Path, pictures: Path, tmp_path: Path) -> None:
    found = judge("gan", pictures, top=4, to=tmp_path / "sheet.png", out=trained)
    logits = [one.logit for one in found.verdicts]
    assert logits == sorted(logits, reverse=True) and len(logits) == 36 and found.skipped[0][0] == "broken.png"
    model = load("gan", out=trained)
    first = found.verdicts[0]
    with Image.open(pictures / first.name) as picture:
        pixels = torch.from_numpy(np.asarray(picture, np.float32))[None, None] / 127.5 - 1
    assert first.logit == pytest.approx(float(model.networks["discriminator"](pixels)[0]), abs=1e-4)
    assert found.apart is not None and 0 <= found.apart <= 1 and not found.note
    assert [one.above_made for one in found.verdicts] == sorted(
        (one.above_made for one in found.verdicts), reverse=True
    )
    assert read_recipe(found.sheet)["top"] == 4
    with found.table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [one.name for one in found.verdicts]
    assert [float(row["above_real"]) for row in rows] == pytest.approx(
        [one.above_real for one in found.verdicts], abs=1e-4
    )


def test_without_the_runs_data_its_samples_remain(
    trained: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, to = pictures / "digit00.png", tmp_path / "sheet.png"
    real = open_data("digits")
    opened: dict[str, Any] = {
        "too few": lambda *words, **more: replace(real, held=real.held[:3]),
        "has changed": lambda *words, **more: replace(real, spec=real.spec.changed(fingerprint="1" * 64)),
        "cannot be read": gone,
    }
    for words, instead in opened.items():
        monkeypatch.setattr("gansmith.verbs.judge.open_data", instead)
        found = judge("gan", one, to=to, out=trained)
        assert found.apart is None and words in found.note
        assert found.verdicts[0].above_real is None and found.verdicts[0].chance is None
    with to.with_suffix(".csv").open(newline="") as file:
        assert next(csv.DictReader(file))["above_real"] == ""


def gone(*words: Any, **more: Any) -> None:
    raise GansmithError("gone")


@pytest.mark.parametrize(
    ("run", "wish", "words"),
    [
        ("vae", {}, "no discriminator"),
        ("gan", {"to": "sheet.jpg"}, r"\.jpg"),
        ("gan", {"top": 0}, "0 images make no sheet"),
    ],
)
def test_who_cannot_judge_says_so(
    trained: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: str,
    wish: dict[str, Any],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        judge(run, pictures, out=trained, **wish)
    with pytest.raises(GansmithError, match="could be read"):
        judge("gan", pictures / "broken.png", out=trained)
    assert [one.name for one in tmp_path.iterdir()] == ["in"]


def test_the_commands_say_what_they_did(
    trained: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["gansmith", *words, "--runs", str(trained)])
        with pytest.raises(SystemExit, match="0"):
            main()
            raise SystemExit(0)
        return capsys.readouterr().out

    to = str(tmp_path / "f.npz")
    quick = ("--labels", "10", "--draws", "2", "--no-tune")
    told = said("features", "gan", "digits", "-o", to, "--probe", *quick)
    assert "features of the discriminator" in told and "10 labels, linear, against raw pixels" in told
    found = json.loads(said("features", "gan", "digits", "-o", to, "--probe", *quick, "--json"))
    assert found["probe"]["gains"][0]["verdict"] and "fine-tuned" not in {
        cell["how"] for cell in found["probe"]["cells"]
    }
    sheet = str(tmp_path / "s.png")
    told = said("judge", "gan", str(pictures), "-o", sheet)
    assert "36 judged" in told and "right order" in told and "skipped broken.png" in told
    assert len(json.loads(said("judge", "gan", str(pictures), "-o", sheet, "--json"))["verdicts"]) == 36
    assert gansmith.features is features and gansmith.judge is judge
