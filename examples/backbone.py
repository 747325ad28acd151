"""What a discriminator learnt without labels, put to use with a hundred of them, beside the same network untrained.

python examples/backbone.py [DATA] [--quick]: DATA has classes, as folders or an npz have; by default digits.
"""

import sys
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

import gansmith
from gansmith.data.open import open_data
from gansmith.measure.probe import balanced

quick = "--quick" in sys.argv
data = next((word for word in sys.argv[1:] if word != "--quick"), "digits")
run = gansmith.train(data, family="robust", duration="1kimg" if quick else "200kimg", batch=32)
model, dataset = gansmith.load(run.path), open_data(data)

rows = dataset.train[balanced(dataset.labels[dataset.train], 100, seed=0)]
images, labels = dataset.tensor(rows), torch.from_numpy(dataset.labels[rows])
tests, truth = dataset.tensor(dataset.held), torch.from_numpy(dataset.labels[dataset.held])


def tuned(untrained, rate):
    """The share of held-out images that are named right after a hundred labels."""
    torch.manual_seed(0)
    backbone = model.backbone(freeze=False, untrained=untrained, like=dataset.tensor(dataset.train[:1000]))
    network = torch.nn.Sequential(backbone, torch.nn.Linear(backbone.size, len(dataset.spec.classes)))
    optimizer = torch.optim.Adam(network.parameters(), rate)
    for _ in range(20 if quick else 200):
        loss = cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return (network.eval()(tests).argmax(1) == truth).float().mean()


print(f"100 labels, {len(tests)} held-out images named right:")
print(f"  the discriminator, trained on {tuned(None, 3e-4):.1%}")
print(f"  the same untrained, at ten times the rate {tuned(0, 3e-3):.1%}")

found = gansmith.judge(run.path, data, to=Path("backbone.png"))
print(f"{found.sheet}: the realest to it, and the least real; held-out above samples in {found.apart:.0%} of pairs")
