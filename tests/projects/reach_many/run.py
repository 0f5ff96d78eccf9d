"""More candidates than can all be certain."""
import torch


def one(x):  # POSSIBLE: torch.compile@run.py:51 -> step -> one
    return x + 1


def two(x):  # POSSIBLE: torch.compile@run.py:51 -> step -> two
    return x + 2


def three(x):  # POSSIBLE: torch.compile@run.py:51 -> step -> three
    return x + 3


def four(x):  # POSSIBLE: torch.compile@run.py:51 -> step -> four
    return x + 4


def five(x):  # POSSIBLE: torch.compile@run.py:51 -> step -> five
    return deeper(x)


def deeper(x):  # POSSIBLE: torch.compile@run.py:51 -> step -> five -> deeper
    return x + 1


def low(x):  # CERTAIN: torch.compile@run.py:51 -> step -> low
    return x + 1


def high(x):  # CERTAIN: torch.compile@run.py:51 -> step -> high
    return x + 1


TABLE = {"one": one, "two": two, "three": three, "four": four, "five": five}
FEW = [low, high]


class Base:
    def act(self, x):  # POSSIBLE: torch.compile@run.py:58 -> by_annotation -> Base.act
        return x + 1


class Derived(Base):
    def act(self, x):  # POSSIBLE: torch.compile@run.py:58 -> by_annotation -> Derived.act
        return x + 1


@torch.compile
def step(x, name):  # CERTAIN: torch.compile@run.py:51 -> step
    for function in FEW:
        x = function(x)
    return TABLE[name](x)


@torch.compile
def by_annotation(base: Base, x):  # CERTAIN: torch.compile@run.py:58 -> by_annotation
    return base.act(x)
