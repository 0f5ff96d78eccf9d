import torch
from torch.compiler import set_stance


@torch.compile
def fails(x):  # CERTAIN: torch.compile@run.py:5 -> fails
    y = x + 1
    with torch.compiler.set_stance("force_eager"):
        y = hidden(y)
    return y


@torch.compile
def fails_too(x):  # CERTAIN: torch.compile@run.py:13 -> fails_too
    with set_stance(stance="force_eager"):
        return hidden(x)


def around(x):  # NONE
    with torch.compiler.set_stance("force_eager"):
        return torch.compile(hidden)(x)


@torch.compiler.set_stance("force_eager")
def forced(x):  # NONE
    return torch.compile(hidden)(x)


def hidden(x):  # NONE
    return x + 1


def other_stance(x):  # NONE
    with torch.compiler.set_stance("default"):
        return torch.compile(seen)(x)


def seen(x):  # CERTAIN: torch.compile@run.py:35 -> seen
    return x + 1
