"""Parts of networks."""

from __future__ import annotations

import collections

import torch
from torch import Tensor, nn


class RunningNorm(nn.Module):
    """Observations with zero mean and unit variance, by statistics that are kept while training."""

    def __init__(self, size: int, momentum: float = 0.02) -> None:
        super().__init__()
        self.momentum = momentum
        self.batches = 0
        self.heat = 1.0
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("rows", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.batches += 1  # expect: TFG303
            # near miss: TFG303, because a buffer is a tensor, and nothing guards on what it holds
            self.rows += x.shape[0]
            # near miss: TFG303, because a float becomes dynamic when it changes: one recompilation
            self.heat = self.heat * 0.99
            self.mean.lerp_(x.detach().mean(dim=0), self.momentum)
            self.variance.lerp_(x.detach().var(dim=0, unbiased=False), self.momentum)
        return (x - self.mean) / torch.sqrt(self.variance + 1e-5)


class CurriculumBias(nn.Module):
    """An offset for each task at each level of the curriculum."""

    def __init__(self, tasks: int, levels: int, width: int) -> None:
        super().__init__()
        self.offsets = {
            (task, level): torch.full((width,), 0.1 * task + 0.01 * level)
            for task in range(tasks)
            for level in range(levels)
        }

    def forward(self, x: Tensor, task: int, level: int) -> Tensor:
        # near miss: TFG301, because a constant key is a constant of the graph
        first = self.offsets[(0, 0)]
        return x + first + self.offsets[(task, level)]  # expect: TFG301


class Tap(nn.Module):
    """Lets everything pass, and keeps what it was like for the plots."""

    def __init__(self) -> None:
        super().__init__()
        self.means: list[Tensor] = []
        self.recent: collections.deque[Tensor] = collections.deque(maxlen=3)
        self.pending: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        mean = x.detach().mean()
        self.means.append(mean)  # expect: TFG304
        # near miss: TFG304, because it grows to three entries and no further
        self.recent.append(mean)
        # near miss: TFG304, because `drain` empties it between calls
        self.pending.append(mean)
        return x

    def drain(self) -> list[Tensor]:
        """What was kept since the last call."""
        found = list(self.pending)
        self.pending.clear()
        return found


class Residual(nn.Module):
    """A linear layer with a way around it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.gain = torch.full((width,), 0.5)
        self.register_buffer("limit", torch.full((width,), 4.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.linear(x)) * self.gain.to(x.device)  # expect: TFG401
        # near miss: TFG401, because a buffer is where its module is
        y = torch.minimum(y, self.limit.to(x.device))
        # near miss: TFG401, because this asks for a dtype
        return x + y.to(x.dtype)


class Trunk(nn.Module):
    """Some residual layers, with the outputs of all of them."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Residual(width) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        for layer in self.layers:
            x = layer(x)
            outputs.append(x)
        # near miss: TFG302, because how many layers there are is a fact of the module
        return torch.stack(outputs).mean(dim=0)
