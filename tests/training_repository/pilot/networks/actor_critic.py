"""Networks that say what to do, and what it is worth."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pilot.config import Config
from pilot.networks.layers import CurriculumBias, RunningNorm, Tap, Trunk
from pilot.networks.registry import register


class ActorCritic(nn.Module):
    """What all of them have: the heads, and how to draw an action."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.norm = RunningNorm(config.features)
        self.embed = nn.Linear(config.features, config.width)
        self.bias = CurriculumBias(config.tasks, config.levels, config.width)
        self.actor = nn.Linear(config.width, config.actions)
        self.critic = nn.Linear(config.width, 1)

    def hidden(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor, task: int, level: int) -> tuple[Tensor, Tensor]:
        """The logits of the actions, and the value."""
        x = self.bias(self.embed(self.norm(x)), task, level)
        x = self.hidden(x)
        return self.actor(x), self.critic(x).squeeze(-1)

    def get_action(self, x: Tensor, task: int, level: int) -> tuple[Tensor, Tensor, Tensor]:
        """An action drawn for each row, its log-probability, and the value."""
        logits, value = self(x, task, level)
        noise = torch.rand_like(logits).clamp_min(1e-9)
        action = (logits - torch.log(-torch.log(noise))).argmax(dim=-1)
        return action, F.log_softmax(logits, dim=-1).gather(-1, action.unsqueeze(-1)).squeeze(-1), value

    def describe(self, task: int) -> str:
        """One line for the log."""
        return f"{type(self).__name__} of width {self.config.width} for task {task}"


class Probe(nn.Module):
    """Says of an observation how hard it looks."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).squeeze(-1)


@register("plain")
class PlainNetwork(ActorCritic):
    """Two layers."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(config.width, config.width), nn.ReLU())

    def hidden(self, x: Tensor) -> Tensor:
        return self.body(x)


@register("residual")
class ResidualNetwork(ActorCritic):
    """A trunk of residual layers, with a tap in front of the heads."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.trunk = Trunk(config.width, config.depth)
        self.tap = Tap()

    def hidden(self, x: Tensor) -> Tensor:
        return self.tap(self.trunk(x))
