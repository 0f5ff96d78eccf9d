"""Points on a plane that are to reach their targets: all of them at once, on one device."""

from __future__ import annotations

import torch
from torch import Tensor

from pilot.config import Config

MOVES = ((0.0, 0.0), (0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1))
DRAG = 0.8


class PointField:
    """A vectorized environment. What `step` returns is on the device, and stays there."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.device = torch.device(config.device)
        self.moves = torch.tensor(MOVES, device=self.device)
        self.position = torch.zeros(config.points, 2, device=self.device)
        self.velocity = torch.zeros(config.points, 2, device=self.device)
        self.target = torch.zeros(config.points, 2, device=self.device)
        self.age = torch.zeros(config.points, dtype=torch.int64, device=self.device)
        self.reset()

    def reset(self) -> Tensor:
        """Put every point somewhere, and give what each sees."""
        self._replace(torch.ones(self.config.points, dtype=torch.bool, device=self.device))
        return self.observation()

    def observation(self) -> Tensor:
        return torch.cat([self.position, self.velocity, self.target - self.position], dim=-1)

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Move every point: what each sees then, its reward, and whether it is done."""
        self.velocity = self.velocity * DRAG + self.moves[actions]
        before = (self.target - self.position).norm(dim=-1)
        self.position = (self.position + self.velocity).clamp(-1.0, 1.0)
        after = (self.target - self.position).norm(dim=-1)
        self.age = self.age + 1
        done = (after < 0.1) | (self.age >= 64)
        reward = before - after + (after < 0.1).float()
        self._replace(done)
        return self.observation(), reward, done

    def _replace(self, which: Tensor) -> None:
        """Start again with some of the points, without asking which: the host need not know."""
        chosen = which.unsqueeze(-1)
        self.position = torch.where(chosen, torch.rand_like(self.position) * 2 - 1, self.position)
        self.target = torch.where(chosen, torch.rand_like(self.target) * 2 - 1, self.target)
        self.velocity = torch.where(chosen, torch.zeros_like(self.velocity), self.velocity)
        self.age = torch.where(which, torch.zeros_like(self.age), self.age)
