"""Reading captions: what must not matter, what must, and hashing against a plain reading of the definition."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity

from gansmith.data.captions import encode, words_in
from gansmith.networks.text import (
    FACTOR,
    PRIME,
    SIZES,
    SPACE,
    SentenceCondition,
    TextEncoder,
    characters,
    folds,
    pieces,
)

TEXTS = ("a red heart", "Red HEART!", "", "빨간 하트 ❤️ x", "naïve Ärger, 𝒳", "?!", "a a a a")


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    torch.manual_seed(0)
    return TextEncoder(16, width=128).requires_grad_(False)


def rows(*texts: str, length: int = 64) -> torch.Tensor:
    return torch.from_numpy(encode(texts, length))


def test_characters_are_those_python_decodes() -> None:
    told = characters(rows(*TEXTS), folds()).tolist()
    for text, found in zip(TEXTS, told, strict=True):
        plain = [SPACE if character in " ,!?" else ord(character.lower()) for character in text]
        assert found == plain + [SPACE] * (64 - len(plain))


def test_bytes_that_are_no_text_do_no_harm(encoder: TextEncoder) -> None:
    chance = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (50, 33), dtype=torch.uint8, generator=chance)
    assert encoder(noise).isfinite().all()


def test_pieces_are_the_n_grams_of_each_distinct_word() -> None:
    found = pieces(rows("heart of a heart", "a heart"), folds(), PRIME)
    assert found.words.shape == (2, 4)
    heart, of, a = (int(found.words[0, place]) for place in range(3))
    assert found.words.tolist() == [[heart, of, a, heart], [a, heart, -1, -1]]
    assert sorted((heart, of, a)) == [0, 1, 2]
    for word, number in (("heart", heart), ("of", of), ("a", a)):
        bounded = f" {word} "
        grams = [bounded[i : i + n] for n in SIZES for i in range(len(bounded) - n + 1)]
        expected = sorted([_hashed(gram, len(gram)) for gram in grams] + [_whole(word)])
        assert found.bucket[found.owner == number].sort().values.tolist() == expected
        assert found.parts[number] == len(expected)


def _hashed(gram: str, salt: int) -> int:
    value = salt
    for character in gram:
        value = (value * FACTOR + ord(character)) % PRIME
    return _spread(value)


def _whole(word: str) -> int:
    return _spread(sum(ord(character) * pow(FACTOR, place, PRIME) for place, character in enumerate(word)) % PRIME)


def _spread(value: int) -> int:
    value = value * 48_271 % PRIME
    return (value ^ value >> 15) * 48_271 % PRIME


def test_what_follows_the_caption_and_who_stands_beside_it_do_not_matter(encoder: TextEncoder) -> None:
    short, long = encoder(rows(*TEXTS, length=24)), encoder(rows(*TEXTS, length=200))
    alone = torch.cat([encoder(rows(text)) for text in TEXTS])
    assert torch.equal(short, long)
    torch.testing.assert_close(alone, long, rtol=1e-4, atol=1e-5)


def test_case_and_punctuation_do_not_matter_but_order_does(encoder: TextEncoder) -> None:
    one, same, other = encoder(rows("a red hat on a blue cat", "A red hat, on a BLUE cat!", "a blue hat on a red cat"))
    assert torch.equal(one, same)
    assert (one - other).abs().max() > 0.01


@pytest.mark.parametrize(
    ("word", "near", "far"),
    [("heart", "hearts", "smile"), ("smiling", "smile", "table"), ("강아지", "강아지들", "자동차")],
)
def test_words_are_near_to_those_they_share_letters_with(encoder: TextEncoder, word: str, near: str, far: str) -> None:
    words, there = encoder.words(rows(f"{word} {near} {far}"))
    assert there.all()
    this, alike, unlike = words[0]
    assert cosine_similarity(this, alike, dim=0) > 0.3 + cosine_similarity(this, unlike, dim=0)


def test_a_caption_without_a_word_is_a_sentence_of_its_own(encoder: TextEncoder) -> None:
    empty, mark, word = encoder(rows("", "?!", "red"))
    assert torch.equal(empty, mark)
    assert empty.isfinite().all()
    assert empty.std() > 0.5
    assert (empty - word).abs().max() > 0.1
    assert encoder(rows("", "")).shape == (2, 16)


def test_every_weight_of_the_reader_learns_from_a_caption() -> None:
    encoder = TextEncoder(4, width=8, buckets=64)
    encoder(rows("a red heart", "two blue stars")).square().mul(torch.arange(4.0)).sum().backward()
    silent = [name for name, weight in encoder.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert silent == []


def test_words_are_those_that_the_data_lists(encoder: TextEncoder) -> None:
    text = "A red heart, two stars & 빨간 하트"
    assert encoder.words(rows(text))[1].sum() == len(words_in(text))


def test_the_sentence_of_a_pack_is_the_mean() -> None:
    condition = SentenceCondition(5, 3)
    sentences = torch.randn(4, 2, 5)
    torch.testing.assert_close(condition({"sentence": sentences}), condition({"sentence": sentences.mean(1)}))
