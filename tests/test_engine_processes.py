"""Several processes learn what one process would, also in a lazy turn, where wrapped modules are silently wrong."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gansmith.engine import Engine, launch


def slope_loss(network: nn.Module, image: Tensor) -> Tensor:
    """R1 alone: a loss whose backward pass never meets the network's output."""
    image = image.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(network(image).sum(), image, create_graph=True)
    return slope.square().sum(1).mean()


def net_and_images() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 16), nn.Softplus(), nn.Linear(16, 1)), torch.randn(8, 5)


def gradients(network: nn.Module) -> dict[str, Tensor]:
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


def learn_in_two(engine: Engine, path: Path) -> None:
    network, images = net_and_images()
    slope_loss(network, images.chunk(engine.world_size)[engine.rank]).backward()  # type: ignore[no-untyped-call]
    engine.average_gradients(network)
    if engine.rank == 0:
        save_file(gradients(network), path)


def test_two_processes_average_a_lazy_penalty_exactly(tmp_path: Path) -> None:
    """Reference: the same batch in one process."""
    network, images = net_and_images()
    slope_loss(network, images).backward()  # type: ignore[no-untyped-call]
    launch(lambda engine: learn_in_two(engine, tmp_path / "gradients"), 2, Engine())
    shared = load_file(tmp_path / "gradients")
    for name, gradient in gradients(network).items():
        torch.testing.assert_close(shared[name], gradient, atol=1e-7, rtol=1e-5)
