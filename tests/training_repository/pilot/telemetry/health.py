"""How the gradients of a network are."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.compile
def weight_norms(model: nn.Module) -> Tensor:
    """The norm of every parameter of any network."""
    return torch.stack([parameter.norm() for _, parameter in model.named_parameters()])  # expect: TFG302


def gradient_norms(model: nn.Module) -> Tensor:
    # near miss: TFG302, because nothing compiles this
    return torch.stack([each.grad.norm() for each in model.parameters() if each.grad is not None])


@torch.compiler.disable
def largest(model: nn.Module) -> Tensor:
    # near miss: TFG302, because this is kept out of the compiler
    return torch.stack([parameter.abs().max() for parameter in model.parameters()]).max()


def is_healthy(model: nn.Module, most: float = 1e3) -> bool:
    """Whether all gradients are there, finite and not too large: one wait for all of them."""
    norms = gradient_norms(model)
    return bool(norms.numel()) and bool((norms.isfinite() & (norms < most)).all())


def table(model: nn.Module) -> dict[str, float]:
    """The norm of every parameter, by name."""
    names = [name for name, _ in model.named_parameters()]
    return dict(zip(names, weight_norms(model).tolist(), strict=True))
