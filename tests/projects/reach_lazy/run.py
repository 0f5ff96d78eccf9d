import torch

import pkg
from helpers import in_graph
from tables import first, fourth, other, third


def hidden(x):  # NONE; fails: a function of another file that says whether code is compiled goes by its name
    return x + 1


def outside(x):  # NONE
    return x + 1


# what tables lead to is imported when it is asked for


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:19 -> step
    if not in_graph():
        return hidden(x)
    return fourth(third(other(first(x))))


def main(x):  # NONE
    return torch.compile(pkg.Net())(step(x))
