"""What rewards are worth, looked at from every step."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


@torch.compile  # expect: TFG513
def halves(rewards: Tensor) -> Iterator[Tensor]:
    """Rewards, and half of them, and half of that."""
    for _ in range(3):
        yield rewards
        rewards = rewards / 2


def thirds(rewards: Tensor) -> Iterator[Tensor]:
    for _ in range(3):
        yield rewards
        rewards = rewards / 3


# near miss: TFG513, because a function that loops over a generator is traced with it
@torch.compile
def sum_of_thirds(rewards: Tensor) -> Tensor:
    return torch.stack(list(thirds(rewards))).sum(dim=0)


# near miss: TFG513, because only a part of this function is a generator, and that is traced
@torch.compile
def sum_of_squares(rewards: Tensor) -> Tensor:
    return sum(each * each for each in (rewards, rewards / 2, rewards / 4))


def sum_of_halves(rewards: Tensor) -> Tensor:
    return torch.stack(list(halves(rewards))).sum(dim=0)
