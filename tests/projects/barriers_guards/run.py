import torch

from guards import asked, asserted, branch, by_name, early, either, expression, loop, nested, private, scripting


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:6 -> step
    x = branch(early(scripting(by_name(private(x)))))
    return asserted(asked(expression(nested(loop(either(x, False))))))
