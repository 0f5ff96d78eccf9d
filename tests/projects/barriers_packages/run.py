import click
import einops
import torch
from torch import nn
from timm.layers import DropPath, use_it

from missing import apply


class Own(DropPath):
    def helper(self, x):  # NONE
        return x


class Net(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.drop = DropPath()
        self.own = Own()

    def forward(self, x):  # CERTAIN: torch.compile@run.py:36 -> Net.forward
        x = apply(given, x)
        use_it(self.callback)
        return einops.rearrange(self.own(self.drop(x)), "a -> a")

    def callback(self, x):  # NONE
        return x


def given(x):  # NONE
    return x


@click.command()
def main():  # NONE
    torch.compile(Net())
