"""Which task comes next, and at which level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pilot.config import Config


@dataclass
class Place:
    """Where a task stands."""

    task: int
    level: int = 0
    streak: int = 0


class Curriculum:
    """Goes through the tasks in turn, and makes each harder as soon as it goes well."""

    def __init__(self, config: Config, patience: int = 2) -> None:
        self.places = [Place(task) for task in range(config.tasks)]
        self.levels = config.levels
        self.patience = patience
        self.turn = 0

    def next(self) -> tuple[int, int]:
        place = self.places[self.turn % len(self.places)]
        self.turn += 1
        return place.task, place.level

    def report(self, task: int, mean_reward: float) -> None:
        """Say how a task went."""
        place = self.places[task]
        # near miss: TFG303, because this class is no module, and nothing compiles this
        place.streak += 1
        if mean_reward <= 0.0:
            place.streak = 0
        if place.streak >= self.patience and place.level + 1 < self.levels:
            place.level, place.streak = place.level + 1, 0

    def hardest(self) -> int:
        return max(place.level for place in self.places)

    def __iter__(self) -> Iterator[Place]:
        return iter(self.places)


def shares(places: list[Place]) -> Tensor:
    """How the levels are spread over the tasks."""
    levels = torch.tensor([float(place.level + 1) for place in places])
    # near miss: TFG402, because this tensor was made on the host two lines above
    for share in levels:
        assert share.item() > 0
    return levels / levels.sum()
