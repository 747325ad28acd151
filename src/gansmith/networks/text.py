"""Captions without a vocabulary: words of any language are sums of hashed character n-grams, read in their order.

An unseen word is near to the seen ones it shares letters with (Bojanowski et al. 2017, fastText, section 3.2). All of
it is tensor code, from rows of UTF-8 bytes on, so that a caption moves and is kept like an image.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

SPACE = 32
SIZES = (2, 3, 4)  # characters of an n-gram, the spaces around a word among them
BUCKETS = 8192  # vectors of n-grams
PLANE = 1 << 16  # code points that are folded: the Basic Multilingual Plane
PRIME = (1 << 31) - 1
FACTOR = 1_000_003  # of the rolling hash; products of two numbers below PRIME fit into 63 bits


class TextEncoder(nn.Module):
    """Captions (N, L) uint8, UTF-8, zero padded -> sentence vectors (N, size), each of mean 0 and deviation 1 at first.

    A word is the sum of its n-grams' vectors and of its own; a recurrent network (GRU, Cho et al. 2014) reads the words
    in their order, and the sentence is what it thought on average. Case and punctuation are left out. What follows the
    caption does not matter; a caption without a word is a sentence of its own.
    size: of a sentence; width: of words and of the network's state.
    """

    folds: Tensor

    def __init__(self, size: int, width: int = 96, buckets: int = BUCKETS) -> None:
        super().__init__()
        self.size = size
        self.grams = nn.Embedding(buckets, width)
        self.silence = nn.Parameter(torch.zeros(width))  # read before the first word
        self.reader = nn.GRU(width, width, batch_first=True)
        self.sentence = nn.Linear(2 * width, size)
        self.even = nn.LayerNorm(size)
        self.register_buffer("folds", folds(), persistent=False)

    def forward(self, captions: Tensor) -> Tensor:
        words, there = self.words(captions)
        words = words.to(self.silence.dtype)  # a network for drawing may be of bfloat16
        silence = self.silence.expand(len(words), 1, -1)
        # Read in float32: a caption costs next to nothing, and its words are many steps from the loss.
        with torch.autocast(words.device.type, enabled=False):
            thought, _ = self.reader(torch.cat([silence, words], 1))
            share = functional.pad(there, (1, 0), value=True).to(words.dtype)
            share = (share / share.sum(1, keepdim=True))[:, :, None]
            heard = torch.cat([(thought * share).sum(1), (functional.pad(words, (0, 0, 1, 0)) * share).sum(1)], 1)
            return self.even(self.sentence(heard))

    def words(self, captions: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (N, W, width) of the words, W being the most of any caption, and which of them there are (N, W)."""
        found = pieces(captions, self.folds, self.grams.num_embeddings)
        sums = self.grams.weight.new_zeros(len(found.parts), self.grams.embedding_dim)
        sums = sums.index_add(0, found.owner, self.grams(found.bucket))
        distinct = functional.pad(sums * found.parts.rsqrt()[:, None], (0, 0, 0, 1))  # and nothing, at place -1
        return distinct[found.words], found.words >= 0


class SentenceCondition(nn.Module):
    """given["sentence"], (N, inputs) -> what a network makes of it, (N, size); of a pack, (N, k, inputs), their mean.

    A condition as `networks.conditional` knows it.
    """

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.linear = nn.Linear(inputs, size)

    def forward(self, given: Mapping[str, Tensor]) -> Tensor:
        sentence = given["sentence"].to(self.linear.weight.dtype)
        return self.linear(sentence if sentence.dim() == 2 else sentence.mean(dim=1))


@dataclass(frozen=True)
class Pieces:
    """What some captions consist of; captions say the same few words again and again, so each is taken apart once.

    words: (N, W), which of the U distinct words stands there, -1 after the last; W is the most words of any caption.
    owner, bucket: (K,), of every n-gram and every word as a whole, whose it is, and its vector. parts: (U,), how many.
    """

    words: Tensor
    owner: Tensor
    bucket: Tensor
    parts: Tensor


def pieces(captions: Tensor, folds: Tensor, buckets: int) -> Pieces:
    """Captions (N, L) uint8 taken apart: n-grams lie within words, the spaces around them included."""
    letters = functional.pad(characters(captions, folds), (1, 1), value=SPACE)
    inside = letters != SPACE
    begins = inside & ~functional.pad(inside, (1, 0))[:, :-1]
    number = begins.long().cumsum(1) - 1
    most = max(1, int(number.max()) + 1)
    which = number.clamp(min=0) + most * torch.arange(len(captions), device=letters.device)[:, None]

    # Words are told apart by a hash of all their letters.
    row, place = inside.nonzero(as_tuple=True)
    first = (begins.long() * torch.arange(letters.shape[1], device=letters.device)).cummax(1).values
    terms = letters[row, place] * _powers(letters.shape[1]).to(letters.device)[place - first[row, place]] % PRIME
    whole = torch.zeros(len(captions) * most, dtype=torch.int64, device=letters.device)
    whole = whole.index_add(0, which[row, place], terms)[which[begins]] % PRIME
    distinct, same = torch.unique(whole, return_inverse=True)
    words = torch.full((len(captions) * most,), -1, device=letters.device)
    words[which[begins]] = same
    example = torch.zeros_like(distinct).scatter_reduce(0, same, which[begins], "amin", include_self=False)

    owners, hashes = [torch.arange(len(distinct), device=letters.device)], [_spread(distinct)]
    for size in SIZES:
        runs, within = letters.unfold(1, size, 1), inside.unfold(1, size, 1)
        # Two letters may begin or end a word; of more, all but the outer two lie in it.
        valid = within.any(2) if size == 2 else within[:, :, 1:-1].all(2)
        row, start = valid.nonzero(as_tuple=True)
        home = which[row, start + within[row, start, 1].long()]
        chosen = example[words[home]] == home
        owners.append(words[home[chosen]])
        hashes.append(_hash(runs[row[chosen], start[chosen]], size))
    owner = torch.cat(owners)
    parts = torch.zeros(len(distinct), device=letters.device).index_add(0, owner, torch.ones_like(owner).float())
    return Pieces(words.view(-1, most), owner, torch.cat(hashes) % buckets, parts)


def characters(captions: Tensor, folds: Tensor) -> Tensor:
    """UTF-8 (N, L) uint8 -> folded code points (N, L) int64, spaces after the last; see `folds`.

    Bytes that are no UTF-8 give some characters or other, never an error.
    """
    data = functional.pad(captions.long(), (0, 3))
    one, two, three, four = (data[:, shift : shift + captions.shape[1]] for shift in range(4))
    second, third, fourth = two & 63, three & 63, four & 63
    point = torch.where(one < 0xF0, (one & 15) << 12 | second << 6 | third, PLANE)
    point = torch.where(one < 0xE0, (one & 31) << 6 | second, point)
    point = torch.where(one < 0x80, one, point)
    above = (one & 7) << 18 | second << 12 | third << 6 | fourth
    folded = torch.where(one < 0xF0, folds[point.clamp(max=PLANE - 1)], above)
    starts = (one & 0xC0) != 0x80
    place = torch.where(starts, starts.long().cumsum(1) - 1, captions.shape[1])  # the rest of a character: set aside
    return torch.full_like(data[:, :-2], SPACE).scatter(1, place, folded)[:, :-1]


@cache
def folds() -> Tensor:
    """Code point -> the one that stands for it, (65536,) int64: lower case; a space for what separates words."""

    def fold(point: int) -> int:
        character = chr(point)
        if unicodedata.category(character)[0] in "CZP":
            return SPACE
        lower = character.lower()
        return ord(lower) if len(lower) == 1 else point

    return torch.tensor([fold(point) for point in range(PLANE)])


def _hash(letters: Tensor, salt: int) -> Tensor:
    """(K, n) code points -> (K,) numbers below PRIME."""
    sums = torch.full_like(letters[:, 0], salt)
    for letter in letters.unbind(1):
        sums = (sums * FACTOR + letter) % PRIME
    return _spread(sums)


def _spread(numbers: Tensor) -> Tensor:
    """Neighbours far apart, below PRIME (the multiplier of a minimal standard generator, Park & Miller 1988)."""
    numbers = numbers % PRIME * 48_271 % PRIME
    return (numbers ^ numbers >> 15) * 48_271 % PRIME


@cache
def _powers(count: int) -> Tensor:
    powers = [1]
    for _ in range(count - 1):
        powers.append(powers[-1] * FACTOR % PRIME)
    return torch.tensor(powers)
