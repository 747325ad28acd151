"""Naive Bayes by hand: how often each grey level occurs at each place in each class. It classifies, and it can draw.

python examples/naive_bayes.py [DATA] [--quick]: DATA is any labelled folder, zip or npz; by default scikit-learn's
digits. Counting takes one pass, so --quick changes nothing.
"""

import sys
from itertools import islice
from pathlib import Path

import torch

from gansmith.data.open import open_data
from gansmith.networks.counting import Counts
from gansmith.runs.pictures import grid, save_png, to_uint8

dataset = open_data(next((word for word in sys.argv[1:] if word != "--quick"), "digits"))
classes = dataset.spec.classes
counts = Counts(dataset.spec.shape, len(classes), levels=16)
for batch in islice(dataset.batches(64, seed=0, seen=0), len(dataset.train) // 64):
    counts.count(batch.image, batch.label)

held = dataset.batch(dataset.held)
guessed = counts.likelihoods(held.image, smoothing=0.1).argmax(1)
print(f"{(guessed == held.label).float().mean():.1%} of {len(held)} held-out images are given their own class")

label = torch.arange(len(classes)).repeat_interleave(10)
samples = counts.drawn(label, smoothing=0.01, chance=torch.Generator().manual_seed(0))
save_png(grid(to_uint8(samples), columns=10), Path("naive_bayes.png"), {"rows": classes})
