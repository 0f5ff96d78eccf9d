import functools

import torch
from torch import nn


class Head(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Head.forward
        return x + 1


class Settings:
    @property
    def width(self):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Settings.width
        return 2

    @property
    def depth(self):  # NONE
        return 2


class Base(nn.Module):
    @property
    def inherited(self):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Base.inherited
        return 3

    @property
    def overridden(self):  # NONE
        return 4


class Net(Base):
    def __init__(self):  # NONE
        super().__init__()
        self._head = Head()
        self.settings = Settings()
        self._scale = 1

    @property
    def head(self):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Net.head
        return self._head

    @property
    def overridden(self):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Net.overridden
        return helper(5)

    @property
    def scale(self):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Net.scale
        return self._scale

    @scale.setter
    def scale(self, value):  # NONE
        self._scale = value

    @property
    def unused(self):  # NONE
        return 1

    def forward(self, x):  # CERTAIN: torch.compile@model.py:70 -> Net.forward
        return self.head(x) * self.settings.width + self.inherited + self.overridden * self.scale


def helper(number):  # CERTAIN: torch.compile@model.py:70 -> Net.forward -> Net.overridden -> helper
    return number


def main(x):  # NONE
    net = Net()
    net.scale = 2
    return torch.compile(net)(x)
