import torch

import operators


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:6 -> step
    x = operators.add(operators.twice(x)) + operators.triton(x)
    x = operators.allowed(operators.allowed_by_call(x))
    return operators.own(operators.nonstrict(x)) * operators.constant()
