import torch

import pkg
from helpers import in_graph


def hidden(x):  # NONE; fails: a function of another file that says whether code is compiled goes by its name
    return x + 1


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:11 -> step
    if not in_graph():
        return hidden(x)
    return x + 1


def main(x):  # NONE
    return torch.compile(pkg.Net())(step(x))
