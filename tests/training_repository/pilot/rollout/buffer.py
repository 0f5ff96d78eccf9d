"""A rollout: so many steps of all environments, kept on the device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pilot.config import Config


@dataclass(frozen=True)
class Batch:
    """Rows to learn from."""

    observations: Tensor
    actions: Tensor
    log_probabilities: Tensor
    advantages: Tensor
    returns: Tensor

    def to(self, device: torch.device) -> Batch:
        # near miss: TFG401, because this is eager code
        return Batch(*(each.to(device) for each in vars(self).values()))


class RolloutBuffer:
    """Room for one rollout, which each rollout fills anew."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.device = torch.device(config.device)
        shape = (config.steps, config.points)
        self.observations = torch.zeros(*shape, config.features, device=self.device)
        self.actions = torch.zeros(shape, dtype=torch.int64, device=self.device)
        self.log_probabilities = torch.zeros(shape, device=self.device)
        self.values = torch.zeros(shape, device=self.device)
        self.rewards = torch.zeros(shape, device=self.device)
        self.done = torch.zeros(shape, device=self.device)
        self.visits: dict[tuple[int, int], int] = {}
        self.filled = 0

    def add(self, observation: Tensor, action: Tensor, log_probability: Tensor, value: Tensor) -> None:
        """Keep what was seen and done in one step."""
        row = self.filled
        self.observations[row] = observation
        self.actions[row] = action
        self.log_probabilities[row] = log_probability
        self.values[row] = value

    def reward(self, reward: Tensor, done: Tensor) -> None:
        """Keep what came of it."""
        self.rewards[self.filled] = reward
        self.done[self.filled] = done.float()
        self.filled += 1

    def visit(self, task: int, level: int) -> int:
        """Count a rollout of a task at a level, and say how many there were."""
        # near miss: TFG301, because this dict holds no tensors, and nothing compiles this
        self.visits[(task, level)] = self.visits.get((task, level), 0) + 1
        return self.visits[(task, level)]

    def clear(self) -> None:
        self.filled = 0

    def finish(self, last_value: Tensor) -> Batch:
        """Work out what every step was worth, and give all of them as rows."""
        advantages = self._advantages(last_value)
        returns = advantages + self.values
        spread = (advantages - advantages.mean()) / (advantages.std() + 1e-6)
        return Batch(
            self.observations.flatten(0, 1),
            self.actions.flatten(),
            self.log_probabilities.flatten(),
            spread.flatten(),
            returns.flatten(),
        )

    def _advantages(self, last_value: Tensor) -> Tensor:
        rows = []
        advantage, following = torch.zeros_like(last_value), last_value
        for row in reversed(range(self.config.steps)):
            going_on = 1.0 - self.done[row]
            error = self.rewards[row] + self.config.discount * following * going_on - self.values[row]
            advantage = error + self.config.discount * self.config.trace * going_on * advantage
            following = self.values[row]
            rows.append(advantage)
        return torch.stack(rows[::-1])

    def minibatches(self, rows: Batch) -> Iterator[Batch]:
        """Give all rows once, in a random order."""
        order = torch.randperm(len(rows.actions), device=self.device)
        for chosen in order.split(self.config.batch):
            yield Batch(*(each[chosen] for each in vars(rows).values()))
