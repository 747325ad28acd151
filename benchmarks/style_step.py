"""A step of style transfer beside a plain script of the same losses, and how losses fall with time.

python -m benchmarks.style_step [--sizes 256,512] [--pairs 3] [--steps 2]
python -m benchmarks.style_step --curves [--size 192]
python -m benchmarks.style_step --judge PHOTO PAINTING RESULT

Both sides look through a VGG-19 with the same weights (drawn, not learnt: none are needed for the arithmetic) and begin
at the same picture. The plain side is `style_plain.py`. They run in turn, one thread, in seconds of processor time; to
be believed it wants a quiet machine. The curves are of `gansmith style`'s defaults at one size, Adam and L-BFGS.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from benchmarks.style_plain import Plain, seconds
from gansmith.engine import Engine, choose, keep_memory, peak_memory_mb
from gansmith.game.game import Step
from gansmith.networks.vgg import VGG, random_vgg
from gansmith.styling.aim import Aim, Style, aim_at
from gansmith.styling.colours import matched
from gansmith.styling.features import extractor, through_vgg
from gansmith.styling.painting import Painter, Painting, painting
from gansmith.styling.stages import fitted, painted
from gansmith.verbs.fast_style import opened
from gansmith.verbs.style import sample_pictures

GOALS = {256: 1.4, 512: 2.0}
OPTIMIZERS = ("adam", "lbfgs")
JUDGES = (101, 102, 103)  # seeds of networks of other widths and another pooling than those that paint


def plain_weights(network: VGG, dtype: torch.dtype) -> dict[str, Tensor]:
    """By number of the convolution."""
    return {
        f"{number}.{name}": value.clone().to(dtype)
        for number, convolution in enumerate(network.stack.values())
        for name, value in convolution.named_parameters()
    }


def aimed(network: VGG, content: Tensor, style: Tensor, engine: Engine) -> Aim:
    looking = through_vgg(network, "vgg", relative=False, content_weight=0.015).ready(engine)
    return aim_at(looking, content, [Style(style)])


def painter_of(aim: Aim, content: Tensor) -> Painter:
    how = Painting(first_steps=100_000)
    return Painter(painting(content, aim, how, 100_000), how, content, Engine())


def ours(steps: Any, count: int) -> tuple[float, Step]:
    """Processor seconds a step, and the last step."""
    begun = time.process_time()
    last = list(islice(steps, count))[-1]
    return (time.process_time() - begun) / count, last


def equal(network: VGG) -> None:
    """Both sides' first losses, in float64, where the plain side's iterations are enough to converge."""
    content, style = (fitted(picture.double(), 96) for picture in sample_pictures())
    picture = content.flip(3)
    double = VGG().double()
    double.load_state_dict(network.state_dict())
    aim = aim_at(through_vgg(double, "vgg", relative=False, content_weight=0.015), content, [Style(style)])
    mine = aim.distances(picture)
    for rounds in (12, 40):
        plain = Plain(plain_weights(network, torch.float64), content, style, rounds)
        plain.picture.data = picture
        losses = plain.losses()
        ratio = [float(a / b) for a, b in zip((mine[0] * 0.015, mine[1]), losses)]
        print(f"losses beside the plain side's with {rounds} iterations: content {ratio[0]:.6f}, style {ratio[1]:.6f}")


def steps_beside(network: VGG, side: int, pairs: int, steps: int, precision: str) -> None:
    content, style = (fitted(picture, side) for picture in sample_pictures())
    plain = Plain(plain_weights(network, torch.float32), content, style)
    painter = painter_of(aimed(network, content, style, Engine("cpu", precision)), content)
    stepping = painter.steps()
    seconds(plain, 1), ours(stepping, 1)
    ratios, theirs, mine = [], [], []
    for _ in range(pairs):
        theirs.append(seconds(plain, steps))
        mine.append(ours(stepping, steps)[0])
        ratios.append(theirs[-1] / mine[-1])
    goal = f", goal {GOALS[side]}" if side in GOALS else ""
    print(
        f"{side} px, {precision}: plain {statistics.median(theirs):.3f} s, ours {statistics.median(mine):.3f} s, "
        f"{statistics.median(ratios):.2f} times as fast ({min(ratios):.2f}..{max(ratios):.2f}, n={pairs}){goal}",
        flush=True,
    )


def curves(side: int, seconds_each: float) -> None:
    """The whole loss against processor seconds, from the content on."""
    content, style = sample_pictures()
    content = matched(content, style)
    for optimizer in OPTIMIZERS:
        looking = extractor().ready(choose(precision="32" if optimizer == "lbfgs" else "auto"))
        how = Painting.read({"size": side, "smallest": side, "first_steps": 100_000, "optimizer": optimizer})
        begun, told, terms = time.process_time(), 1.0, []
        for stroke in painted(content, [Style(style)], looking, how):
            spent = time.process_time() - begun
            if spent >= told:
                aim_total = float(sum(stroke.terms.values()))
                terms.append(f"{told:.0f} s {aim_total:.4f} ({stroke.done})")
                told *= 2
            if spent > seconds_each:
                break
        print(f"{optimizer}: " + ", ".join(terms), flush=True)


def judged(photo: str, painting_: str, result: str) -> None:
    """Distances to the style, and of the content, before and after, in networks that had no part in the painting."""
    after = opened(result)
    side = max(after.shape[2:])
    before, style = fitted(opened(photo), side), fitted(opened(painting_), side, enlarged=False)
    for seed in JUDGES:
        judge = through_vgg(random_vgg(24, "average", seed), f"seed {seed}", relative=True, content_weight=1.0)
        for loss in ("gram", "wasserstein"):
            aim = aim_at(judge, before, [Style(style)], loss)
            with torch.no_grad():
                (_, far), (content, near) = aim.distances(before), aim.distances(after)
            print(
                f"{judge.name}, {loss}: {far:.4f} -> {near:.4f} ({near / far:.1%} left); content moved by {content:.3f}"
            )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--sizes", default="256,512")
    words.add_argument("--pairs", type=int, default=3)
    words.add_argument("--steps", type=int, default=2)
    words.add_argument("--curves", action="store_true")
    words.add_argument("--size", type=int, default=192)
    words.add_argument("--seconds", type=float, default=70)
    words.add_argument("--judge", nargs=3, metavar=("PHOTO", "PAINTING", "RESULT"))
    given = words.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    if given.judge:
        judged(*given.judge)
        return
    if given.curves:
        curves(given.size, given.seconds)
        return
    network = random_vgg(64)
    equal(network)
    for side in map(int, given.sizes.split(",")):
        for precision in ("32", "bf16"):
            steps_beside(network, side, given.pairs, given.steps, precision)
    print(f"peak memory {peak_memory_mb():.0f} MB, both sides")


if __name__ == "__main__":
    main()
