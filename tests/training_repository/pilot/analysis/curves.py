"""How the rewards went, seen from every point in time."""

from __future__ import annotations

import torch
from torch import Tensor

age = 0
heat = 1.0
shown = 0


def _mean_and_spread(rewards: Tensor) -> Tensor:
    return torch.stack([rewards.mean(), rewards.std(unbiased=False)])


def _steepest(rewards: Tensor) -> Tensor:
    return rewards.diff().abs().amax()


until_now = torch.compile(_mean_and_spread, dynamic=False)  # expect: TFG308
# near miss: TFG308, because sizes may become dynamic here: one recompilation
until_then = torch.compile(_steepest)
# near miss: TFG308, because all windows are of one size
within = torch.compile(lambda window: window.mean() - window.amin(), dynamic=False)


def learning_curve(rewards: Tensor) -> Tensor:
    rows = []
    for end in range(2, 14):
        rows.append(until_now(rewards[:end]))
    return torch.stack(rows)


def steepness(rewards: Tensor) -> Tensor:
    rows = []
    for end in range(2, 14):
        rows.append(until_then(rewards[:end]))
    return torch.stack(rows)


def dips(rewards: Tensor) -> Tensor:
    rows = []
    for start in range(12):
        rows.append(within(rewards[start : start + 4]))
    return torch.stack(rows)


@torch.compile
def aged(rewards: Tensor) -> Tensor:
    """Rewards, the less the older the run."""
    return rewards * min(age / 100, 1.0)


@torch.compile
def cooled(rewards: Tensor) -> Tensor:
    return rewards * heat


def ages(rewards: Tensor) -> Tensor:
    global age, shown
    for _ in range(12):
        age += 1  # expect: TFG309
        # near miss: TFG309, because nothing that is compiled reads it
        shown += 1
        rewards = aged(rewards)
    return rewards


def cooling(rewards: Tensor) -> Tensor:
    global heat
    for _ in range(12):
        # near miss: TFG309, because a float becomes dynamic when it changes: one recompilation
        heat = heat * 0.9
        rewards = cooled(rewards)
    return rewards
