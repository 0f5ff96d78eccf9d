"""Annotations that say nothing do not hide what callers pass."""
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


class Passed(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:33 -> Passed.forward
        return x + 1


class Promised(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:39 -> Promised.forward
        return x + 1


class Default(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:43 -> Default.forward
        return x + 1


def function(x):  # CERTAIN: torch.compile@run.py:34 -> function
    return x + 1


def anything(x):  # CERTAIN: torch.compile@run.py:35 -> anything
    return x + 1


def prepare(model: nn.Module, call: Callable[[torch.Tensor], torch.Tensor], other: Any = None):  # NONE
    model = torch.compile(model)
    call = torch.compile(call)
    return model, call, torch.compile(other)


def promised(model: Promised):  # NONE
    return torch.compile(model)


def default(model_class=Default):  # NONE
    return torch.compile(model_class())


def main(x):  # NONE
    for each in (*prepare(Passed(), function, other=anything), promised(Promised()), default()):
        each(x)
