"""Whether a run's features are worth having: beside raw pixels and an untrained network, with a handful of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.errors import UsageError
from gansmith.families import family
from gansmith.measure.features import batched, standardised
from gansmith.measure.probe import FRESH, GENTLE, Share, balanced, linear, neighbour, share, tuned
from gansmith.runs.model import Model
from gansmith.verbs.frames import spread

COUNTS, DRAWS = (10, 100, 1000), 5
LIKE = 1000  # images over which features are standardised
FEWEST, MOST = 64, 4000  # held-out images that are tried
PIXELS, UNTRAINED = "raw pixels", "untrained"
LINEAR, NEIGHBOUR, TUNED = "linear", "nearest neighbour", "fine-tuned"

Progress = Callable[[str, int, int], None]
Right = dict[tuple[int, str, str], Tensor]  # labels, features, how -> (tests,) of 0 and 1, or (draws, tests)


@dataclass(frozen=True)
class Trials:
    """How many labels, how often each number is drawn, whether the networks are also tuned on, and the first seed."""

    counts: tuple[int, ...] = COUNTS
    draws: int = DRAWS
    tune: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Cell:
    """The share of right answers on held-out images, of so many labels, by features and a way to learn from them."""

    labels: int
    features: str
    how: str
    share: Share


@dataclass(frozen=True)
class Gain:
    """How much better the run's features are than others, -1..1, by the same draws; low > 0: it is not chance."""

    labels: int
    how: str
    over: str
    share: Share

    @property
    def verdict(self) -> str:
        return "better" if self.share.low > 0 else "worse" if self.share.high < 0 else "no difference beyond chance"


@dataclass(frozen=True)
class Probed:
    """tests: held-out images; draws: of labels; notes: what else should be known."""

    cells: tuple[Cell, ...]
    gains: tuple[Gain, ...]
    tests: int
    draws: int
    notes: tuple[str, ...]


def suited(dataset: Dataset, trials: Trials) -> list[int]:
    """The numbers of labels that can be tried. Raises UsageError without labels, held-out images, or enough of both."""
    if dataset.labels is None:
        raise UsageError("There are no labels to probe with.", do="folders named by class, or leave out --probe")
    if len(dataset.held) < FEWEST:
        raise UsageError(f"{len(dataset.held)} held-out images are too few to try anything on.", do=f"{FEWEST} or more")
    if trials.draws < 1:
        raise UsageError(f"{trials.draws} draws show nothing.", do="--draws 5")
    return fitting(trials.counts, dataset.labels[dataset.train])


def probed(
    model: Model, dataset: Dataset, layer: str, of: str, cells: int, trials: Trials, progress: Progress
) -> Probed:
    """The share of right answers with few labels: of a run's features, an untrained network's, and raw pixels.

    Labels are drawn from training images, equally many per class, the same for all; held-out images are tried. Every
    draw has an untrained network of its own. Interrupted, what whole draws there are count. Raises what `suited` does.
    """
    counts = suited(dataset, trials)
    tests = spread(dataset.held, MOST)
    like = dataset.tensor(spread(dataset.train, LIKE))

    def networks(draw: int) -> Iterator[tuple[str, nn.Module, float]]:
        """The competitors, and the rate at which each is tuned on."""
        yield PIXELS, standardised(nn.Flatten(), like), 0.0
        for place, (name, start, rate) in enumerate(((UNTRAINED, trials.seed + draw, FRESH), (of, None, GENTLE))):
            progress("probing", 2 * draw + place, 2 * trials.draws)
            backbone = model.backbone(layer, False, of=of, cells=cells, like=like, untrained=start)
            yield name, backbone.cpu(), rate if trials.tune else 0.0

    draws: list[Right] = []
    try:
        for draw in range(trials.draws):
            draws.append(right_answers(networks(draw), dataset, counts, tests, trials.seed + draw))
    except KeyboardInterrupt:
        if not draws:
            raise
    table = {key: torch.stack([one[key] for one in draws]) for key in draws[0]}
    return Probed(
        tuple(Cell(*key, share(several)) for key, several in sorted(table.items(), key=lambda item: item[0][0])),
        tuple(gains(table, counts, of)),
        len(tests),
        len(draws),
        tuple(remarks(model, dataset, trials.counts, counts)),
    )


def right_answers(
    networks: Iterator[tuple[str, nn.Module, float]], dataset: Dataset, counts: list[int], tests: np.ndarray, seed: int
) -> Right:
    """Whether each test image is answered rightly: of one draw, by labels, features and how."""
    labels = cast(np.ndarray, dataset.labels)
    images, truth = dataset.tensor(tests), torch.from_numpy(labels[tests])
    found: Right = {}
    for name, network, rate in networks:
        tried = batched(network, images)
        for count in counts:
            rows = dataset.train[balanced(labels[dataset.train], count, seed)]
            known, shown = torch.from_numpy(labels[rows]), dataset.tensor(rows)
            for how, told in answers(network, shown, known, images, tried, rate, seed):
                found[count, name, how] = (told == truth).float()
    return found


def answers(
    network: nn.Module, shown: Tensor, known: Tensor, images: Tensor, tried: Tensor, rate: float, seed: int
) -> Iterator[tuple[str, Tensor]]:
    """Labels (m,) of images whose features are `tried`, by each way to learn from some that are known.

    rate: at which the network is tuned on; 0: it is not.
    """
    found = batched(network, shown)
    head = linear(found, known, seed)
    yield LINEAR, head(tried)
    yield NEIGHBOUR, neighbour(found, known, tried)
    if rate:
        yield TUNED, tuned(network, shown, known, images, head, rate, seed)


def gains(table: Right, counts: list[int], of: str) -> Iterator[Gain]:
    """The run's features against the others by the same way; tuned on, against the best that pixels have."""
    for count in counts:
        for how in (LINEAR, NEIGHBOUR, TUNED):
            if (own := table.get((count, of, how))) is None:
                continue
            for over in (PIXELS, UNTRAINED):
                other = table.get((count, over, how), table[count, over, LINEAR])
                yield Gain(count, how, over, share(own - other, -1.0))


def fitting(counts: tuple[int, ...], labels: np.ndarray) -> list[int]:
    """Those numbers of labels that every class can have its share of. Raises UsageError where none is."""
    each = np.unique(labels, return_counts=True)[1]
    found = [count for count in sorted(set(counts)) if len(each) <= count <= len(each) * int(each.min())]
    if not found or len(each) < 2:
        raise UsageError(
            f"Labels cannot be drawn {' or '.join(map(str, counts)) or '0'} at a time.",
            f"there are {len(each)} classes, the rarest with {int(each.min())} images",
            f"--labels {len(each)},{len(each) * int(each.min())}",
        )
    return found


def remarks(model: Model, dataset: Dataset, asked: tuple[int, ...], counts: list[int]) -> Iterator[str]:
    """What the table does not say itself."""
    if left := sorted(set(asked) - set(counts)):
        yield f"not tried with {', '.join(map(str, left))} labels: classes cannot have equally many"
    if model.spec.classes and "label" in family(model.config.family).conditions:
        yield f"a {model.config.family} was told labels in its training: these features have seen more than these few"
    if not dataset.spec.same_as(model.spec):
        yield "these are not the images it was trained on: what was held out of them may be among those"
