"""The losses of the two sides of a duel, shared by every GAN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from gansmith.game.game import Duel as Duel
from gansmith.game.game import Loss, Networks, Step, Terms
from gansmith.game.game import Sample as Sample
from gansmith.losses.diffaugment import Augment
from gansmith.losses.objectives import Objective
from gansmith.losses.penalties import Penalty, Shown
from gansmith.networks.smooth import input_gradients_only

Regulariser = Callable[[Networks, Tensor, Tensor], Tensor]  # of (networks, real logits, fake logits)


def discriminator_loss(
    duel: Duel,
    objective: Objective,
    penalties: Mapping[str, Penalty] | None = None,
    share: float = 1.0,
    regularisers: Mapping[str, Regulariser] | None = None,
) -> Loss:
    """The discriminator's side: its objective, penalties, each weighed by the dial "penalty", and regularisers.

    share: of the batch the penalties are measured on, in a pass of their own; 1 measures them in the same pass.
    A pass with penalties is in float32 whatever the precision: second derivatives need it.
    """
    penalties, regularisers = penalties or {}, regularisers or {}
    together = bool(penalties) and share == 1

    def loss(networks: Networks, step: Step) -> Terms:
        fake, real = make(duel, networks, step)
        shown = judged(duel, networks, fake, real, step, tracked=together)
        real_logits, fake_logits = shown.real_logits, shown.fake_logits
        step.note(duel.called("accuracy/real"), told_apart(real_logits, fake_logits, objective))
        step.note(duel.called("accuracy/fake"), told_apart(-fake_logits, -real_logits, objective))
        terms = {"loss": objective.discriminator(real_logits, fake_logits)}
        terms |= {name: regulariser(networks, real_logits, fake_logits) for name, regulariser in regularisers.items()}
        step.note(f"{duel.name}/real", real_logits)
        step.note(f"{duel.name}/fake", fake_logits)
        if penalties and not together:
            shown = judged(duel, networks, first(fake, share), first(real, share), step, tracked=True)
        return terms | weigh(penalties, shown, step)

    return loss


def penalty_loss(duel: Duel, penalties: Mapping[str, Penalty], share: float = 1.0) -> Loss:
    """The penalties alone, for a lazy turn (Karras et al. 2020, appendix B)."""

    def loss(networks: Networks, step: Step) -> Terms:
        fake, real = make(duel, networks, step)
        return weigh(
            penalties, judged(duel, networks, first(fake, share), first(real, share), step, tracked=True), step
        )

    return loss


def weigh(penalties: Mapping[str, Penalty], shown: Shown, step: Step) -> Terms:
    # Autocast would reach the slopes, too: a backward pass goes by the precision it runs in, not its forward's.
    with input_gradients_only(), torch.autocast(step.batch.image.device.type, enabled=False):
        return {name: step.dials["penalty"] * penalty(shown) for name, penalty in penalties.items()}


def generator_loss(duel: Duel, objective: Objective) -> Loss:
    """The generator's side; a relativistic one is compared with the discriminator's view of the reals."""

    def loss(networks: Networks, step: Step) -> Terms:
        fake = duel.judge(networks, duel.fake(networks, step), step).float()
        real = fake.detach()
        if objective.relative:
            with torch.no_grad():
                real = duel.judge(networks, duel.real(networks, step), step).float()
        if objective.relative or objective.signed:
            step.note(f"{duel.name}/seen through", told_apart(-fake, -real, objective))
        return {"loss": objective.generator(real, fake)}

    return loss


def told_apart(these: Tensor, others: Tensor, objective: Objective) -> Tensor:
    """Share of logits on their own side: of 0, or, where only differences mean anything, of the others' mean."""
    with torch.no_grad():
        return (these > (0 if objective.signed else others.mean())).float().mean()


def make(duel: Duel, networks: Networks, step: Step) -> tuple[Sample, Sample]:
    """A fake and a real sample, cut from the graph that made them."""
    with torch.no_grad():
        return duel.fake(networks, step), duel.real(networks, step)


def first(sample: Sample, share: float) -> Sample:
    """The first `share` of a sample, at least one."""
    count = max(1, round(share * len(sample.images[0])))
    given = {key: value[:count] for key, value in sample.given.items()}
    return replace(sample.mapped(lambda image: image[:count]), given=given)


def judged(duel: Duel, networks: Networks, fake: Sample, real: Sample, step: Step, *, tracked: bool) -> Shown:
    """Have both judged; tracked: in float32, the images requiring grad."""
    if tracked:
        fake, real = (one.mapped(lambda image: image.detach().float().requires_grad_(True)) for one in (fake, real))
    kind, count = fake.images[0].device.type, len(real.images[0])
    with torch.autocast(kind, enabled=torch.is_autocast_enabled(kind) and not tracked):
        if duel.together:
            logits = duel.judge(networks, both(real, fake), step).float()
            real_logits, fake_logits = logits[:count], logits[count:]
        else:
            real_logits = duel.judge(networks, real, step).float()
            fake_logits = duel.judge(networks, fake, step).float()
    return Shown(
        real.image,
        fake.image,
        real_logits,
        fake_logits,
        lambda image: duel.judge(networks, replace(fake, image=image), step),
    )


def both(real: Sample, fake: Sample) -> Sample:
    """One sample of the reals and, after them, the fakes."""
    images = [torch.cat(pair) for pair in zip(real.images, fake.images, strict=True)]
    given = {key: torch.cat([real.given[key], fake.given[key]]) for key in real.given}
    return Sample(images[0] if isinstance(real.image, Tensor) else images, given)


def augmented(duel: Duel, augment: Augment) -> Duel:
    """The same duel with reals and fakes augmented before they are judged; gradients flow through."""
    return seen_through(duel, lambda sample, networks, step: alike(sample, augment))


def alike(sample: Sample, change: Augment) -> Sample:
    """A sample changed at random, by the same draws at every size it has."""
    if isinstance(sample.image, Tensor):
        return sample.mapped(change)
    device, seed = sample.image[0].device, int(torch.randint(2**62, ()))

    def changed(image: Tensor) -> Tensor:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            return change(image)

    return sample.mapped(changed)


def blurred_by_noise(duel: Duel) -> Duel:
    """Instance noise of standard deviation `dials["noise"]` on reals and fakes (Sonderby et al. 2017)."""

    def blurred(sample: Sample, networks: Networks, step: Step) -> Sample:
        return sample.mapped(lambda image: image + step.dials["noise"] * torch.randn_like(image))

    return seen_through(duel, blurred)


View = Callable[[Sample, Networks, Step], Sample]


def seen_through(duel: Duel, view: View) -> Duel:
    """The same duel with a view between what is made, real or fake, and who judges it."""

    def through(make: Callable[[Networks, Step], Sample]) -> Callable[[Networks, Step], Sample]:
        return lambda networks, step: view(make(networks, step), networks, step)

    return replace(duel, fake=through(duel.fake), real=through(duel.real))
