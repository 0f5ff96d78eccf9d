"""Shaped like the state of a parallel environment: a dataclass whose sums are keyed by pairs of slots."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch


@dataclass(slots=True)
class ParallelEnvState:
    env_device: str
    num_slots: int
    train_loss: torch.Tensor | None = None
    pair_totals: dict[tuple[int, int], int] = field(default_factory=dict)
    pair_sums: dict[tuple[int, int], torch.Tensor] = field(default_factory=dict)  # TFG301
    slot_names: dict[str, torch.Tensor] = field(default_factory=dict)

    def init_accumulators(self) -> None:
        self.train_loss = torch.zeros(1, device=self.env_device)
        self.slot_names = {name: torch.zeros(1) for name in ("first", "second")}
        for i in range(self.num_slots):
            for j in range(i + 1, self.num_slots):
                self.pair_sums[(i, j)] = torch.zeros(1, device=self.env_device)  # TFG301
                self.pair_totals[(i, j)] = 0

    def reset(self, pairs: list[tuple[int, int]]) -> None:
        self.pair_sums = {pair: torch.zeros(1, device=self.env_device) for pair in pairs}  # TFG301
