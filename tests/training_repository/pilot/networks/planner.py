"""Looking ahead: where the points are after so many steps, if nobody steers."""

from __future__ import annotations

import torch
from torch import Tensor

from pilot.environment import DRAG


@torch.compile
def drifted(position: Tensor, velocity: Tensor, depth: int) -> Tensor:
    """Where points are after `depth` steps."""
    for _ in range(depth):  # expect: TFG305
        position = (position + velocity).clamp(-1.0, 1.0)
        velocity = velocity * DRAG
    return position


@torch.compile
def weighted(values: Tensor, depth: int) -> Tensor:
    """What a reward after `depth` steps is worth."""
    return values / (1 + depth)


@torch.compile
def smoothed(values: Tensor, rounds: int) -> Tensor:
    """Values that a few rounds have made more alike."""
    # near miss: TFG305, because the loop that calls this has four turns
    for _ in range(rounds):
        values = (values + values.mean()) / 2
    return values


def lookahead(position: Tensor, velocity: Tensor, target: Tensor) -> Tensor:
    """How near the points come to their targets, the nearer in time the better."""
    total = torch.zeros_like(position[:, 0])
    for depth in range(1, 13):
        distance = (target - drifted(position, velocity, depth)).norm(dim=-1)
        # near miss: TFG305, because a number to compute with becomes dynamic: one recompilation
        total = total + weighted(distance, depth)
    return total


def pyramid(values: Tensor) -> list[Tensor]:
    return [smoothed(values, rounds) for rounds in range(1, 5)]
