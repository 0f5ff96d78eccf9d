"""A critic that learns, and a slow one that it is measured against."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Critics:
    def __init__(self, width: int) -> None:
        self.critic = nn.Linear(width, 1)
        self.slow = nn.Linear(width, 1)
        self.judge = nn.Linear(width, 1)
        # near miss: TFG507, because nothing is compiled yet
        self.slow.load_state_dict(self.critic.state_dict())
        self.critic = torch.compile(self.critic)
        self.fast_judge = torch.compile(self.judge)

    def follow(self) -> None:
        """Have the slow one catch up."""
        self.slow.load_state_dict(self.critic.state_dict(), strict=False)  # expect: TFG507

    def follow_the_judge(self) -> None:
        # near miss: TFG507, because the judge itself is not what torch.compile returned
        self.slow.load_state_dict(self.judge.state_dict())

    def surprise(self, observations: Tensor) -> Tensor:
        return self.critic(observations) - self.slow(observations) + self.fast_judge(observations)
