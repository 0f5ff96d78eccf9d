import functools

import torch
from torch import nn


class Root(nn.Module):
    def deepest(self, x):
        return x.mean()


class Base(Root):
    def __init__(self):
        super().__init__()
        self.replaced = len

    def total(self, x):
        y = x.sum()
        return y * 2

    def keep(self, x):
        return x.abs() > 1

    def both(self, x):
        return x.shape[0], x.max()

    def rows(self, x):
        return x.shape[0]

    def size_of(self, x):
        return torch.Size([len(x)])

    def either(self, x, flag):
        if flag:
            return x.sum()
        return 3

    def given(self, x):
        return x

    def overridden(self, x):
        return x.sum()

    def replaced(self, x):
        return x.sum()

    def yielding(self, x):
        yield x.sum()

    @property
    def offset(self):
        return torch.ones(1).sum()

    @functools.partial
    def wrapped(self):
        return torch.ones(1).sum()

    @staticmethod
    def made():
        return torch.ones(2).sum()

    @classmethod
    def of_class(cls, x):
        return x.sum()


class Part(nn.Module):
    def forward(self, x):
        return torch.relu(x).sum()

    def encode(self, x):
        return x.mean()

    def width(self, x):
        return x.shape[-1]


class Tool:
    def measure(self, x):
        return x.norm()
