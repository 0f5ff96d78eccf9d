"""What Python calls by itself."""
import contextlib
import dataclasses

import torch
from torch import nn


class Context:
    def __enter__(self):  # CERTAIN: torch.compile@run.py:72 -> step -> Context.__enter__; fails: with statements enter nothing
        return self

    def __exit__(self, *details):  # CERTAIN: torch.compile@run.py:72 -> step -> Context.__exit__; fails: with statements enter nothing
        return None


@contextlib.contextmanager
def managed():  # CERTAIN: torch.compile@run.py:72 -> step -> managed
    yield


class Number:
    def __init__(self, x):  # CERTAIN: torch.compile@run.py:72 -> step -> Number.__init__
        self.x = x

    def __add__(self, other):  # CERTAIN: torch.compile@run.py:72 -> step -> Number.__add__; fails: operators enter nothing
        return Number(self.x + other.x)

    def __len__(self):  # CERTAIN: torch.compile@run.py:72 -> step -> Number.__len__; fails: builtins enter nothing
        return 3

    def __getitem__(self, key):  # CERTAIN: torch.compile@run.py:72 -> step -> Number.__getitem__; fails: subscripts enter nothing
        return self.x[key]


class Numbers:
    def __init__(self, x):  # CERTAIN: torch.compile@run.py:72 -> step -> Numbers.__init__
        self.x = x

    def __iter__(self):  # CERTAIN: torch.compile@run.py:72 -> step -> Numbers.__iter__; fails: loops enter nothing
        return iter([self.x])


@dataclasses.dataclass
class Data:
    x: torch.Tensor

    def __post_init__(self):  # CERTAIN: torch.compile@run.py:72 -> step -> Data.__post_init__
        self.y = self.x + 1


class Old(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:83 -> New.forward -> Old.forward
        return self.part(x)

    def part(self, x):  # POSSIBLE: Old.forward -> Old.part
        return x


class New(Old):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:83 -> New.forward
        return Old.forward(self, x)

    def part(self, x):  # CERTAIN: torch.compile@run.py:83 -> New.forward -> Old.forward -> New.part
        return x + 1


def lowest(x):  # CERTAIN: torch.compile@run.py:72 -> step -> lowest; fails: key= of builtins is not followed
    return x


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:72 -> step
    with Context(), managed():
        number = Number(x) + Number(x)
    for each in Numbers(x):
        x = x + each
    ordered = sorted([2, 1], key=lowest)
    return number[0] + len(number) + Data(x).y * ordered[0]


def main(x):  # NONE
    return torch.compile(New())(step(x))
