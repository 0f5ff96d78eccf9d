from __future__ import annotations

from typing import Optional, Union

import torch
from torch import nn

from interfaces import Backbone, Narrow, One, Other, Policy, Scheduler


@torch.compile
def step(policy: Policy, backbone: "Backbone | None", scheduler: Scheduler, x: torch.Tensor):  # CERTAIN: torch.compile@run.py:11 -> step
    return scheduler.scale(backbone(policy.select(x)))


@torch.compile
def either(model: Union[One, Other], x):  # CERTAIN: torch.compile@run.py:16 -> either
    return model(x)


class Wrapped(nn.Module):
    narrow: Narrow

    def __init__(self, backbone: Backbone, narrow):  # NONE
        super().__init__()
        self.backbone = backbone
        self.narrow = narrow
        self.parts: dict[str, Optional[Part]] = nn.ModuleDict()
        self.parts["part"] = build()

    def forward(self, x):  # CERTAIN: torch.compile@run.py:48 -> Wrapped.forward
        return self.parts["part"](self.narrow(self.backbone.encode(x)))


class Part(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:48 -> Wrapped.forward -> Part.forward
        return x + 1


def build() -> Part:  # NONE
    return globals()["Part"]()


def main(x, schedulers):  # NONE
    for scheduler in schedulers:
        step(Policy(), Backbone(), scheduler, x)
    either(One(), x)
    model = torch.compile(Wrapped(Backbone(), Narrow()))
    return model(x)
