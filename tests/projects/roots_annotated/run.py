"""Annotations that say nothing do not hide what callers pass."""
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class Passed(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:56 -> Passed.forward
        return x + 1


class Promised(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:66 -> Promised.forward
        return x + 1


class Default(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:70 -> Default.forward
        return x + 1


class Base(nn.Module):
    pass


class OneOfMany(Base):
    def forward(self, x):  # POSSIBLE: torch.compile@run.py:62 -> OneOfMany.forward
        return x + 1


class OtherOfMany(Base):
    def forward(self, x):  # POSSIBLE: torch.compile@run.py:62 -> OtherOfMany.forward
        return x + 1


class Batch:
    def to(self, device):  # NONE
        return self


def tensor(x: torch.Tensor | None):  # CERTAIN: torch.compile@run.py:76 -> tensor
    return x.to("cpu")


def function(x):  # CERTAIN: torch.compile@run.py:57 -> function
    return x + 1


def anything(x):  # CERTAIN: torch.compile@run.py:58 -> anything
    return x + 1


def prepare(model: nn.Module, call: Callable[[torch.Tensor], torch.Tensor], other: Any = None):  # NONE
    model = torch.compile(model)
    call = torch.compile(call)
    return model, call, torch.compile(other)


def several(model: Base):  # NONE
    return torch.compile(model)


def promised(model: Promised):  # NONE
    return torch.compile(model)


def default(model_class=Default):  # NONE
    return torch.compile(model_class())


def main(x):  # NONE
    for each in (*prepare(Passed(), function, other=anything), several(OneOfMany()), promised(Promised()), default()):
        each(x)
    torch.compile(tensor)(x)
    tensor(Batch())
