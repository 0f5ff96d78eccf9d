from typing import Protocol

from torch import nn


class Scheduler(Protocol):
    def scale(self, x):  # NONE
        ...


class Backbone(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:11 -> step -> Backbone.forward
        return x + 1

    def encode(self, x):  # CERTAIN: torch.compile@run.py:48 -> Wrapped.forward -> Backbone.encode
        return x + 1


class Narrow(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:48 -> Wrapped.forward -> Narrow.forward
        return x + 1


class Policy:
    def select(self, x):  # CERTAIN: torch.compile@run.py:11 -> step -> Policy.select
        return x + 1


class One(nn.Module):
    def forward(self, x):  # POSSIBLE: torch.compile@run.py:16 -> either -> One.forward
        return x + 1


class Other(nn.Module):
    def forward(self, x):  # POSSIBLE: torch.compile@run.py:16 -> either -> Other.forward
        return x + 1
