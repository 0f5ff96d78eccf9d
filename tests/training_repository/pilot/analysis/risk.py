"""What a rollout was worth, and what it risked."""

from __future__ import annotations

import os

import torch
from torch import Tensor


def advantages(rewards: Tensor) -> Tensor:
    """Rewards of spread one around nothing."""
    return (rewards - rewards.mean()) / rewards.std().clamp_min(1e-6)


def drawdown(rewards: Tensor) -> Tensor:
    """How far it went down from the best that was reached."""
    total = rewards.cumsum(dim=0)
    return (total.cummax(dim=0).values - total).amax()


def roughness(rewards: Tensor) -> Tensor:
    return rewards.diff().abs().mean()


compiled_advantages = advantages  # expect: TFG516
# near miss: TFG516, because the switch puts what is compiled in its place
compiled_drawdown = drawdown
if os.environ.get("PILOT_EAGER") is None:
    compiled_drawdown = torch.compile(drawdown)
# near miss: TFG516, because only compiled code calls it, and it is compiled with that
compiled_roughness = roughness


@torch.compile
def risk(rewards: Tensor) -> Tensor:
    return compiled_roughness(rewards) * 2


def worth(rewards: Tensor) -> Tensor:
    return compiled_advantages(rewards).amax() - compiled_drawdown(rewards) - risk(rewards)
