"""What a policy leans on: parts of what it sees are taken away, one at a time."""

from __future__ import annotations

import torch
from torch import Tensor

SECTIONS = 12
MASKS = {f"section{index}": (torch.arange(SECTIONS) != index).float() for index in range(SECTIONS)}


@torch.compile
def without(x: Tensor, name: str) -> Tensor:
    """What is left without one section."""
    return x * MASKS[name]  # expect: TFG306


@torch.compile
def noisy(x: Tensor, name: str) -> Tensor:
    """Some noise on all of it; the name is for the log of whoever calls this."""
    return x + torch.randn_like(x)


@torch.compile
def pooled(x: Tensor, how: str) -> Tensor:
    # near miss: TFG306, because the loop that calls this has three names
    return x.mean(dim=-1) if how == "mean" else x.amax(dim=-1)


def sensitivities(x: Tensor) -> Tensor:
    """How much each section matters."""
    rows = []
    for index in range(SECTIONS):
        rows.append((x - without(x, f"section{index}")).norm())
        # near miss: TFG306, because what is only passed, and used nowhere, costs nothing
        rows.append((x - noisy(x, f"section{index}")).norm())
    return torch.stack(rows)


def pools(x: Tensor) -> list[Tensor]:
    return [pooled(x, how) for how in ("mean", "max", "peak")]
