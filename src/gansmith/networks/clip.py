"""Captions read by a frozen CLIP (Radford et al. 2021), which knows words that no caption held: an optional extra."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.errors import GansmithError

MOST_KEPT = 100_000  # captions whose features are not computed again


class CLIPText(nn.Module):
    """Captions (N, L) uint8, UTF-8, zero padded -> sentence vectors (N, size); in the place of a `TextEncoder`.

    Only the last layer learns. CLIP itself is no part of a checkpoint; wherever a run goes, it must be there.
    name: of a model in the cache of Hugging Face, or a folder. Raises GansmithError where it is not on this machine.
    """

    def __init__(self, size: int, name: str) -> None:
        super().__init__()
        self.name = name
        self.sentence = nn.Linear(frozen(name)[1].config.projection_dim, size)
        self.even = nn.LayerNorm(size)
        self.known: dict[str, Tensor] = {}

    def forward(self, captions: Tensor) -> Tensor:
        texts = [bytes(row).rstrip(b"\0").decode("utf-8", "replace") for row in captions.cpu().numpy()]
        features = torch.stack([self._features(text) for text in texts])
        return self.even(self.sentence(features.to(self.sentence.weight)))

    def _features(self, text: str) -> Tensor:
        if text in self.known:
            return self.known[text]
        tokenizer, model = frozen(self.name)
        # One by one: in a batch the last bits would depend on the other captions, and a resumed run on the order.
        ids = tokenizer(text, truncation=True, max_length=model.config.max_position_embeddings, return_tensors="pt")
        device = self.sentence.weight.device
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            features = model.to(device)(ids["input_ids"].to(device)).text_embeds[0].float()
        if len(self.known) < MOST_KEPT:
            self.known[text] = features
        return features


@cache
def frozen(name: str) -> tuple[Any, Any]:
    """Tokenizer and model of that name; nothing is downloaded."""
    try:
        from transformers import AutoTokenizer, CLIPTextModelWithProjection
    except Exception as error:  # also where it is there, but broken
        raise GansmithError(
            "CLIP cannot be asked here.", f"transformers cannot be used: {error}", 'pip install "gansmith[clip]"'
        ) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=True)
        model = CLIPTextModelWithProjection.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError) as error:
        raise GansmithError(
            f"There is no CLIP '{name}' on this machine.",
            f"nothing is downloaded unasked ({str(error).splitlines()[0]})",
            f"hf download {name}, or clip=FOLDER",
        ) from None
    return tokenizer, model.eval().requires_grad_(False)
