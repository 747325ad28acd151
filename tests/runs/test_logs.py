"""Logs of other tools are known by their shape: what each prints becomes the same few columns."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.doctor.history import History
from gansmith.errors import GansmithError
from gansmith.runs import logtext
from gansmith.runs.logroles import role, words
from gansmith.runs.logs import history, log_history

D, G = "discriminator/loss", "generator/loss"


def read(tmp_path: Path, text: str, name: str = "log.txt") -> History:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return log_history(path)


def repeated(line: str, rows: int = 12) -> str:
    """The line with {i}, {d} and {g} filled in, row after row."""
    return "\n".join(line.format(i=i, d=1 + i / 100, g=2 - i / 100) for i in range(rows))


def check(found: History, rows: int = 12) -> None:
    assert found.foreign and len(found) == rows
    assert found.columns[D] == pytest.approx(1 + np.arange(rows) / 100)
    assert found.columns[G] == pytest.approx(2 - np.arange(rows) / 100)


LINES = {
    "examples/dcgan": "[0/25][{i}/782]\tLoss_D: {d:.4f}\tLoss_G: {g:.4f}\tD(x): 0.9\tD(G(z)): 0.1 / 0.05",
    "PyTorch-GAN": "[Epoch 0/200] [Batch {i}/938] [D loss: {d:f}] [G loss: {g:f}]",
    "lucidrains": " 10%|#   | {i}/150000 [00:10<10:00, 3.2it/s]G: {g:.2f} | D: {d:.2f} | GP: 0.01 | PL: 3.2",
    "Keras": "  {i}/1875 [====>...] - ETA: 3:20 - d_loss: {d:.4f} - g_loss: {g:.4f}",
    "StudioGAN": "2022-01-01 12:30 > Step: {i}   Progress: 0.1%   Discriminator_loss: {d:.3f}  Generator_loss: {g:.3f}",
    "logger": "2021-01-01 12:30:45,123 INFO step={i} d_loss={d:.3f}, g_loss={g:.3f}",
    "words": "Epoch [{i}/200], Discriminator Loss: {d:.3f}, Generator Loss: {g:.3f}",
    "bare": "iter {i} D loss {d:.3f} G loss {g:.3f}",
    "table": "epoch {i} | loss/d {d:.3f} | loss/g {g:.3f}",
    "no step": "errD: {d:.3f} errG: {g:.3f}",
    "colours": "\x1b[32mstep {i}\x1b[0m loss_D: {d:.3f} loss_G: {g:.3f}",
}


@pytest.mark.parametrize("tool", LINES)
def test_printed_lines(tool: str, tmp_path: Path) -> None:
    check(read(tmp_path, "Namespace(lr=0.0002, batch=64)\nnonsense\n" + repeated(LINES[tool])))


def test_cyclegan_has_two_of_each(tmp_path: Path) -> None:
    line = "(epoch: 1, iters: {i}00, time: 0.322, data: 0.2) D_A: {d:.3f} G_A: {g:.3f} cycle_A: 1.2 idt_A: 0.4 "
    found = read(tmp_path, repeated(line + "D_B: {d:.3f} G_B: {g:.3f} cycle_B: 1.3"))
    check(found)
    assert found.seen[1] - found.seen[0] == 100


def test_pix2pix_tells_the_discriminators_halves_apart(tmp_path: Path) -> None:
    line = "(epoch: 1, iters: {i}00, time: 0.3) G_GAN: {g:.3f} G_L1: 13.5 D_real: 0.4 D_fake: {d:.3f} "
    found = read(tmp_path, repeated(line))
    assert found.columns[D] == pytest.approx(1.4 + np.arange(12) / 100)
    assert found.columns[G] == pytest.approx(2 - np.arange(12) / 100)


def test_accuracies_in_percent(tmp_path: Path) -> None:
    found = read(tmp_path, repeated("{i} [D loss: {d:.3f}, acc.: 62.50%] [G loss: {g:.3f}]"))
    check(found)
    assert found.columns["accuracy/real"] == pytest.approx(np.full(12, 0.625))


def test_an_epoch_stays_in_force_until_the_next(tmp_path: Path) -> None:
    text = "\n".join(f"Epoch {e}/3\n" + repeated("{i}/6 - d_loss: {d:.3f} - g_loss: {g:.3f}", 6) for e in (1, 2, 3))
    found = read(tmp_path, text)
    assert len(found) == 18 and (np.diff(found.seen) > 0).all()


def test_a_metric_in_lines_of_its_own(tmp_path: Path) -> None:
    text = "".join(
        f"step {i} d_loss: 0.7 g_loss: 0.8\n"
        + (f"FID score (Step: {i}, Using test moments): {100 - i}\n" if i % 5 == 0 else "")
        for i in range(1, 21)
    )
    found = read(tmp_path, text)
    assert found.data["metric"] == "FID" and found.data["better"] == "low"
    assert found.series("metric").pairs() == ((5.0, 95.0), (10.0, 90.0), (15.0, 85.0), (20.0, 80.0))
    assert len(found.series(D)) == 20


@pytest.mark.parametrize("sign", [",", "\t", ";", "  "])
def test_tables(sign: str, tmp_path: Path) -> None:
    rows = [["step", "d_loss", "g_loss", "fid"]] + [
        [str(i), f"{1 + i / 100}", f"{2 - i / 100}", "50.5"] for i in range(12)
    ]
    found = read(tmp_path, "\n".join(sign.join(row) for row in rows) + "\n", "log.csv")
    check(found)
    assert found.columns["metric"].tolist() == [50.5] * 12


def test_sparse_cells_and_windows_line_ends(tmp_path: Path) -> None:
    text = "epoch,step,train/d_loss,train/g_loss_step,val/inception_score\r\n" + "".join(
        f"0,{i},{1 + i / 100},,\r\n0,{i},,{2 - i / 100},{'3.5' if i == 8 else ''}\r\n" for i in range(12)
    )
    found = read(tmp_path, text, "metrics.csv")
    check(found)
    assert found.data["better"] == "high" and found.series("metric").pairs() == ((8.0, 3.5),)


def test_a_table_of_tags(tmp_path: Path) -> None:
    lines = ["wall_time,step,tag,value"]
    lines += [
        f"1.5,{i},{tag},{value}" for i in range(12) for tag, value in (("loss/D", 1 + i / 100), ("loss/G", 2 - i / 100))
    ]
    check(read(tmp_path, "\n".join(lines), "export.csv"))


def test_one_scalar_of_tensorboard_is_named_by_its_file(tmp_path: Path) -> None:
    text = "Wall time,Step,Value\n" + "".join(f"1e9,{i},{1 + i / 100}\n" for i in range(12))
    found = read(tmp_path, text, "run-tag-d_loss.csv")
    assert found.columns[D] == pytest.approx(1 + np.arange(12) / 100) and found.seen[-1] == 11


def test_stylegan_statistics_and_the_metrics_beside_them(tmp_path: Path) -> None:
    rows = [
        {
            "Loss/scores/real": {"num": 64, "mean": 0.5, "std": 1.0},
            "Loss/D/loss": {"num": 64, "mean": 1 + i / 100, "std": 0.1},
            "Loss/G/loss": {"num": 64, "mean": 2 - i / 100, "std": 0.1},
            "Loss/r1_penalty": {"num": 4, "mean": 0.1, "std": 0.1},
            "Progress/kimg": {"num": 1, "mean": 4.0 * i, "std": 0.0},
            "timestamp": 1.6e9,
        }
        for i in range(12)
    ]
    metric = {"results": {"fid50k_full": 30.5}, "metric": "fid50k_full", "snapshot_pkl": "network-snapshot-000020.pkl"}
    (tmp_path / "metric-fid50k_full.jsonl").write_text(json.dumps(metric) + "\n")
    found = read(tmp_path, "\n".join(map(json.dumps, rows)), "stats.jsonl")
    check(found)
    assert found.columns["logits/real"][0] == 0.5
    assert found.series("metric").pairs() == ((20.0, 30.5),)
    alone = log_history(tmp_path / "metric-fid50k_full.jsonl")
    assert alone.seen.tolist() == [20]


def test_json_of_other_shapes(tmp_path: Path) -> None:
    lists = {"d_loss": [1 + i / 100 for i in range(12)], "g_loss": [2 - i / 100 for i in range(12)]}
    check(read(tmp_path, json.dumps(lists), "history.json"))
    rows = [{"itr": i, "losses": {"D": 1 + i / 100, "G": 2 - i / 100}} for i in range(12)]
    check(read(tmp_path, json.dumps({"log": rows}, indent=1), "log.json"))
    check(read(tmp_path, "\n".join(map(json.dumps, rows)) + '\n{"itr": 13, "loss', "log.jsonl"))  # a torn line
    biggan = "\n".join(json.dumps({"itr": 1000 * i, "IS_mean": 5.0, "FID": 50.0 - i}) for i in range(3))
    assert read(tmp_path, biggan, "test_log.jsonl").data["metric"] == "FID"


def test_what_is_not_a_number(tmp_path: Path) -> None:
    text = "step,d_loss,g_loss,fid\n" + "".join(
        f"{i},{'nan' if i > 7 else 0.5},{'inf' if i > 7 else 1},nan\n" for i in range(12)
    )
    found = read(tmp_path, text, "log.csv")
    assert np.isinf(found.columns[D][8:]).all() and np.isfinite(found.columns[D][:8]).all()
    assert np.isinf(found.columns[G][8:]).all()
    assert "metric" not in found  # never measured
    turns = "".join(f"{i},{'0.5' if i % 2 else 'nan'},{'nan' if i % 2 else '1'}\n" for i in range(12))
    assert not np.isinf(read(tmp_path, "step,d_loss,g_loss\n" + turns, "log.csv").columns[D]).any()


def test_steps_that_begin_anew_each_epoch(tmp_path: Path) -> None:
    text = "epoch,iter,d_loss,g_loss\n" + "".join(f"{e},{i},1,2\n" for e in range(3) for i in range(10))
    found = read(tmp_path, text, "log.csv")
    assert len(found) == 30 and (np.diff(found.seen) == 1).all()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no named numbers"),
        ("nothing to see here\n" * 5, "no named numbers"),
        ("epoch,val_loss,accuracy\n1,0.5,0.6\n2,0.4,0.7\n", "val_loss"),
        ("\x00\x01\x02\xff" * 100, "no named numbers"),
        ('{"loss": 1}\n' * 5, "loss"),
        ("[1, 2, 3]", "no named numbers"),
    ],
)
def test_a_log_of_something_else_is_told_by_what_it_has(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(GansmithError, match="nothing to diagnose") as told:
        read(tmp_path, text)
    assert named in str(told.value)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="not a file"):
        log_history(tmp_path)
    with pytest.raises(GansmithError, match=r"there is no run|is not a run"):
        history(tmp_path / "absent.csv", tmp_path)


def test_utf_16_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "step,d_loss,g_loss\n" + "".join(f"{i},{1 + i / 100},{2 - i / 100}\n" for i in range(12))
    for coding in ("utf-16", "utf-8-sig"):
        (tmp_path / "log.csv").write_bytes(text.encode(coding))
        check(log_history(tmp_path / "log.csv"))


def test_a_journal_of_gansmith_without_its_run(tmp_path: Path) -> None:
    lines = [{"seen": 64 * i, "step": i, "facts": {D: 0.5, "eval/kid": "NaN" if i == 3 else 0.1}} for i in range(1, 6)]
    found = read(tmp_path, "\n".join(map(json.dumps, lines)) + "\n{torn", "journal.jsonl")
    assert not found.foreign and found.seen.tolist() == [64, 128, 192, 256, 320]
    assert math.isinf(found.columns["eval/kid"][2])
    assert len(history(tmp_path, tmp_path)) == 5  # the folder it lies in


@given(st.text(max_size=400))
def test_any_line_is_read_in_no_time(line: str) -> None:
    start = time.perf_counter()
    for row in logtext.rows(line.split("\n")):
        assert all(isinstance(value, float) for value in row.values())
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "line", ["a:" * 5000, "1" * 9000, "(" * 9000, "x = " * 4000, "[0/" * 3000, "step " * 3000, " " * 9000 + ":1"]
)
def test_lines_made_to_take_long_do_not(line: str) -> None:
    start = time.perf_counter()
    list(logtext.rows([line] * 20))
    for name in (line, line[:300]):
        role(name)
    assert time.perf_counter() - start < 2


def test_a_hundred_thousand_lines_in_seconds(tmp_path: Path) -> None:
    text = "step,d_loss,g_loss\n" + "".join(f"{i},0.7,1.5\n" for i in range(100_000))
    start = time.process_time()
    assert len(read(tmp_path, text, "long.csv")) == 100_000
    assert time.process_time() - start < 10


def test_names_are_cut_into_words() -> None:
    assert words("Loss/D/loss") == ["loss", "d", "loss"]
    assert words("lossD_real") == ["loss", "d", "real"]
    assert words("trainer/global_step") == ["trainer", "globalstep"]
    assert words("dLoss") == ["d", "loss"] and words("fid50k_full") == ["fid50k", "full"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        *(
            (name, D)
            for name in ("d_loss", "Loss_D", "errD", "Discriminator Loss", "critic_loss", "netD", "train/loss_disc")
        ),
        *((name, G) for name in ("g_loss", "Loss/G/loss", "gen_loss", "generator_loss", "lossG", "adv_loss_g", "G")),
        *(
            (name, None)
            for name in ("d_lr", "Loss/r1_penalty", "G_L1", "D(G(z))", "time", "best_fid", "g_grad_norm", "lr")
        ),
        ("d_loss_fake", "discriminator/loss fake"),
        ("d_acc_real", "accuracy/real"),
        ("val_fid", "metric:fid"),
        ("global_step", "step:globalstep"),
        ("Epoch", "epoch"),
    ],
)
def test_roles(name: str, what: str | None) -> None:
    found = role(name)
    assert (found[0] if found else None) == what
