from typing import TYPE_CHECKING

import torch
from torch import Tensor

from . import base, masks
from .base import Base, Part
from .masks import above, either, pairs, positive, renamed, shape_of
from .masks.typed import both, checked, made, maybe, number, replaced, summed, wrapped

if TYPE_CHECKING:
    from .masks.typed import positive as late
else:
    late = number

positive_too = positive
above_zero = above
above_zero = shape_of


class Middle(Base):
    def overridden(self, x):
        return 3


class Net(Middle):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.parts = torch.nn.ModuleList([Part()])
        del self.shadowed
        self.shadowed = 3

    def forward(self, x: Tensor, lengths: Tensor, given=None):
        x = self.functions(x, lengths)
        x = self.near_misses(x, given)
        return self.inherited(x)

    def functions(self, x, lengths: Tensor):
        kept = x[renamed(lengths, 3)]  # TFG203
        kept = kept + x[masks.build_mask(lengths, 3)]  # TFG203
        kept = kept + x[above(x)].sum()  # TFG203
        if positive(x).sum() > 0:  # TFG201
            x = x + 1
        if summed(x) > 0:  # TFG201
            x = x + 1
        total, rows = both(x)
        if total > 0:  # TFG201
            x = x + 1
        if rows > 2:
            x = x + 1
        if (found := maybe(x, kept)) is not None and found > 0:  # TFG201
            x = x + 1
        return x + kept.sum()

    def inherited(self, x):
        if self.total(x) > 0:  # TFG201
            x = x + 1
        if self.gain > 0:  # TFG201
            x = x + 1
        if self.offset < 1:  # TFG201
            x = x + 1
        if self.part(x) > 0:  # TFG201
            x = x + 1
        if self.overridden(x) > 0 or self.count(x) > 0:
            x = x + 1
        if self.shadowed > 0 or self.size > 0 or self.nothing:
            x = x + 1
        return x

    def near_misses(self, x, given):
        if number(x) > 0 or shape_of(x) > 0 or made(x) > 0:
            x = x + 1
        if pairs(3)[0] > 2 or either(x, True)[0] is None:
            x = x + 1
        if wrapped(x) or replaced(x):
            x = x + 1
        if checked(x) > 0 or late(x) > 0 or above_zero(x) > 0:
            x = x + 1
        if shadowed(lambda y: 3, x) > 0 or locally(x) > 0:
            x = x + 1
        if given is not None and above(given):
            x = x + 1
        return x


def shadowed(positive, x):
    if positive(x) > 0:
        x = x + 1
    return positive(x)


def locally(x):
    def summed(y):
        return 3

    if summed(x) > 0:
        x = x + 1
    return 3


def again(x: Tensor):
    if base.back(x) is None:
        return x
    return x
