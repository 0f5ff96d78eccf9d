"""A policy: a network on a device, compiled or not, and how it is asked."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pilot.config import Config
from pilot.networks import build
from pilot.networks.actor_critic import Probe

log = logging.getLogger(__name__)


class PolicyBundle:
    """What acts, with all that belongs to it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.device = torch.device(config.device)
        # near miss: TFG401, because a policy is built once
        self._network = build(config).to(self.device)
        self._plain = self._network
        self._probe = Probe(config.features).to(self.device)
        self._probe.compile(backend=config.backend)
        self.task = 0
        self.level = 0

    @property
    def network(self) -> nn.Module:
        return self._network

    def compile(self) -> None:
        """Compile the network, or go on without."""
        try:
            self._network = torch.compile(self._network, backend=self.config.backend)  # expect: TFG504
        except RuntimeError as error:
            log.warning("the network stays as it is: %s", error)

    def act(self, observations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """An action for each environment, with its log-probability and value."""
        with torch.no_grad():
            return self._network.get_action(observations, self.task, self.level)  # expect: TFG501

    def evaluate(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and values, to learn from."""
        # near miss: TFG501, because the module itself is called
        return self._network(observations, self.task, self.level)

    def difficulty(self, observations: Tensor) -> Tensor:
        """How hard each environment looks."""
        return self._probe(observations)

    def parameters(self) -> list[nn.Parameter]:
        # near miss: TFG501, because this runs no network
        return [*self._network.parameters(), *self._probe.parameters()]

    def describe(self) -> str:
        # near miss: TFG501, because this method of the network computes nothing
        return self._network.describe(self.task)

    def train(self, mode: bool = True) -> None:
        self._network.train(mode)

    def set_task(self, task: int, level: int) -> None:
        self.task, self.level = task, level

    # ------------------------------------------------------------------ files

    def save(self, path: Path) -> None:
        """Save what it takes to act elsewhere."""
        state: dict[str, Any] = {
            "network": self._network.state_dict(),  # expect: TFG507
            # near miss: TFG507, because what is compiled in place keeps the names of its parameters
            "probe": self._probe.state_dict(),
            "config": dataclasses.asdict(self.config),
        }
        torch.save(state, path)

    def save_weights(self, path: Path) -> None:
        """Save the network alone, for a program that compiles nothing."""
        # near miss: TFG507, because this is the network from before it was compiled
        torch.save(self._plain.state_dict(), path)
        path.with_suffix(".json").write_text(json.dumps(dataclasses.asdict(self.config)))

    @classmethod
    def load(cls, path: Path) -> PolicyBundle:
        """Build a policy from what `save` wrote."""
        state = torch.load(path)
        policy = cls(Config(**state["config"]))
        policy._plain.load_state_dict(state["network"])
        policy._probe.load_state_dict(state["probe"])
        return policy
