"""CLIP as a reader of captions: a tiny one where transformers is installed, and what is said where it is not."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gansmith.data.captions import encode
from gansmith.errors import GansmithError
from gansmith.networks.clip import CLIPText, frozen


class Tokenizer:
    def __call__(self, text: str, **_: Any) -> dict[str, torch.Tensor]:
        return {"input_ids": torch.tensor([[ord(letter) for letter in text][:8]])}

    @classmethod
    def from_pretrained(cls, name: str, *, local_files_only: bool) -> Tokenizer:
        assert local_files_only
        return cls()


class Reading(torch.nn.Module):
    """The sum and the number of what it is given, as features."""

    asked = 0
    config = SimpleNamespace(projection_dim=2, max_position_embeddings=8)

    def forward(self, ids: torch.Tensor) -> SimpleNamespace:
        Reading.asked += 1
        return SimpleNamespace(text_embeds=torch.stack([ids.sum(1), (ids > 0).sum(1)], 1).float())

    @classmethod
    def from_pretrained(cls, name: str, *, local_files_only: bool) -> Reading:
        assert local_files_only
        if name != "here":
            raise OSError(f"no {name}\nand much more")
        return cls()


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """transformers with one model, `here`."""
    there = SimpleNamespace(AutoTokenizer=Tokenizer, CLIPTextModelWithProjection=Reading)
    monkeypatch.setitem(sys.modules, "transformers", there)
    frozen.cache_clear()
    yield
    frozen.cache_clear()


def captions(*texts: str) -> torch.Tensor:
    return torch.from_numpy(encode(texts, 16))


def test_each_caption_is_read_once_and_its_features_are_weighed(clip: None) -> None:
    reader, before = CLIPText(4, "here"), Reading.asked
    found = reader(captions("ab", "한", "ab"))
    features = torch.tensor([[195.0, 2.0], [54620.0, 1.0], [195.0, 2.0]])
    torch.testing.assert_close(found, reader.even(reader.sentence(features)))
    reader(captions("ab"))
    assert Reading.asked == before + 2


def test_only_the_last_layer_learns_and_is_kept(clip: None) -> None:
    reader = CLIPText(4, "here")
    kept = {"sentence.weight", "sentence.bias", "even.weight", "even.bias"}
    assert set(reader.state_dict()) == kept
    assert set(dict(copy.deepcopy(reader).named_parameters())) == kept


def test_without_transformers_the_line_to_type_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    frozen.cache_clear()
    with pytest.raises(GansmithError) as refusal:
        CLIPText(4, "here")
    assert refusal.value.do == 'pip install "gansmith[clip]"'


def test_without_the_model_nothing_is_downloaded(clip: None) -> None:
    with pytest.raises(GansmithError) as refusal:
        CLIPText(4, "elsewhere/clip")
    assert "hf download elsewhere/clip" in refusal.value.do
    assert "no elsewhere/clip" in refusal.value.why


def test_a_real_clip_of_a_few_units_reads(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (tmp_path / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    last = len(words) - 1
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": last - 1, "eos_token_id": last, "pad_token_id": last}
    config = transformers.CLIPTextConfig(
        vocab_size=len(words), projection_dim=24, max_position_embeddings=16, **sizes, **ends
    )
    transformers.CLIPTextModelWithProjection(config).save_pretrained(tmp_path)
    frozen.cache_clear()
    reader = CLIPText(8, str(tmp_path))
    red, blue, long = reader(captions("red heart", "blue heart", "heart " * 30))
    assert (red - blue).abs().max() > 1e-3
    assert long.isfinite().all()
    frozen.cache_clear()
