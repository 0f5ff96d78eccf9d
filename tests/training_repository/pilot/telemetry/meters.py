"""Numbers of a run, as it goes on."""

from __future__ import annotations

import torch
from torch import Tensor


class RewardMeter:
    """The mean of what was added."""

    def __init__(self) -> None:
        self.best = float("-inf")
        self.sums: list[Tensor] = []
        self.count = 0

    def add(self, reward: Tensor) -> None:
        """Take the rewards of one step."""
        # near miss: TFG403, because a size is known to the host
        self.count += int(reward.shape[0])
        self.sums.append(reward.sum())
        self.best = max(self.best, reward.max().item())  # expect: TFG403

    def drain(self) -> float:
        """The mean since the last call."""
        if not self.sums:
            return 0.0
        # near miss: TFG403, because this is called once per update, and by nothing that is called hot
        mean = torch.stack(self.sums).sum().item() / self.count
        self.sums.clear()
        self.count = 0
        return mean


class Histogram:
    """How often each action was taken, counted on the device."""

    def __init__(self, actions: int, device: torch.device) -> None:
        self.counts = torch.zeros(actions, device=device)

    def add(self, actions: Tensor) -> None:
        ones = torch.ones_like(actions, dtype=self.counts.dtype)
        self.counts.scatter_add_(0, actions.flatten(), ones.flatten())

    def table(self) -> dict[str, float]:
        """Shares by action, with one transfer."""
        shares = (self.counts / self.counts.sum().clamp_min(1.0)).tolist()
        return {f"action/{index}": share for index, share in enumerate(shares)}
