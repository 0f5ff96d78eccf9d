import torch

from noted import one, same, three


def outside(x):  # NONE
    print(x)
    return x


def inside(x):  # CERTAIN: torch.compile@train.py:44 -> step -> inside
    return x * 2


def wrapped(function):  # NONE
    def wrapper(x):  # CERTAIN: torch.compile@train.py:44 -> step -> within -> wrapper
        return function(x) + 1
    return wrapper


@wrapped
def within(x):  # CERTAIN: torch.compile@train.py:44 -> step -> within
    return x * 2


def prepare(x):  # NONE
    return same(outside)(x)


class Table:
    def note(self, function):  # NONE
        return function


TABLE = Table()


@TABLE.note
def kept(x):  # NONE
    print(x)
    return x


@torch.compile
def step(x):  # CERTAIN: torch.compile@train.py:44 -> step
    return one(x) + three(x) + same(inside)(x) + within(x)
