"""Trajectories of points, by a model of their own that remembers where they were."""

from __future__ import annotations

import torch
from torch import Tensor


@torch.compile
def following(x: Tensor, seen: list[Tensor]) -> Tensor:
    """Where a point goes, by where it was."""
    return x + (x - seen[-1]) * 0.5  # expect: TFG307


@torch.compile
def following_last(x: Tensor, last: Tensor) -> Tensor:
    return x + (x - last) * 0.5


@torch.compile
def settled(x: Tensor, window: list[Tensor]) -> Tensor:
    # near miss: TFG307, because the caller takes out as many as it puts in
    return (x + torch.stack(window).mean(dim=0)) / 2


def trajectory(x: Tensor, steps: int) -> Tensor:
    seen = [x]
    for _ in range(steps):
        x = following(x, seen)
        seen.append(x)
    return torch.stack(seen)


def last_of_trajectory(x: Tensor, steps: int) -> Tensor:
    seen = [x]
    for _ in range(steps):
        # near miss: TFG307, because the compiled function is given one tensor, and not the list
        x = following_last(x, seen[-1])
        seen.append(x)
    return x


def rest(x: Tensor, steps: int) -> Tensor:
    window = [x, x, x]
    for _ in range(steps):
        x = settled(x, window)
        window.append(x)
        window.pop(0)
    return x
