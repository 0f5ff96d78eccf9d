import torch

import eager
from eager import bare, called, eager_beside, itself, own_decorator, private, private_called, rebound, rebound_itself


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:7 -> step
    x = bare(called(private(private_called(x))))
    x = rebound(eager_beside(own_decorator(x)))
    return rebound_itself(itself(x))


def main(x):  # NONE
    torch.compile(eager.Off())(x)
    return torch.compile(eager.Net())(step(x))
