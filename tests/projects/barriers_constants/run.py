from __future__ import annotations

import typing
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    def only_for_types(x):  # NONE
        return x

DEBUG = False


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:15 -> step
    if TYPE_CHECKING:
        hidden(x)
    if typing.TYPE_CHECKING:
        hidden(x)
    if __debug__:
        x = checked(x)
    else:
        x = hidden(x)
    if False:
        hidden(x)
    if 0:
        hidden(x)
    if not __debug__:
        return hidden(x)
    while False:
        hidden(x)
    assert check(x)
    return x + 1


def checked(x):  # CERTAIN: torch.compile@run.py:15 -> step -> checked
    return x + 1


def check(x):  # CERTAIN: torch.compile@run.py:15 -> step -> check
    return x.dim() == 1


def hidden(x):  # NONE
    return x + 1
