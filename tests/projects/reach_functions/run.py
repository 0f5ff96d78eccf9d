import torch

from helpers import ACTIVATIONS, choose
from model import Callable, Called, Derived, Record

MULTIPLY = Callable(2)


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:9 -> step
    record = Record.of(x)
    return MULTIPLY(x) + choose(True)(x) + choose(False)(x) + ACTIVATIONS["square"](x) + record.total()


def main(x):  # NONE
    torch.compile(Called())(x)
    return torch.compile(Derived.build())(x) + step(x)
