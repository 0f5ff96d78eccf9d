import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from functions import Double, WithContext

double = Double.apply


class Block(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> Block.forward
        return x + 1


class Net(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.block = Block()

    def forward(self, x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward
        x = checkpoint(self.block, x, use_reentrant=False)
        x = torch.utils.checkpoint.checkpoint(self.part, x, use_reentrant=True)
        x = torch.vmap(mapped)(x)
        x = torch.func.vmap(lambda y: y * 2)(x)  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> <lambda>
        gradient = torch.func.grad(scored)(x)
        x = torch.cond(x.sum() > 0, positive, negative, (x,))
        return double(x) + WithContext.apply(x) + gradient

    def part(self, x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> Net.part
        return x + 1


def mapped(x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> mapped
    return x + 1


def scored(x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> scored
    return x.sum()


def positive(x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> positive
    return x + 1


def negative(x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> negative
    return x - 1


def unused(x):  # NONE
    return x


model = torch.compile(Net())
