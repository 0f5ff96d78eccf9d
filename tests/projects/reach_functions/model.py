from torch import nn

import helpers
from helpers import normalise


class Base(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward
        return self.after(self.body(self.before(x)))

    def before(self, x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Base.before
        return normalise(x)

    def body(self, x):  # POSSIBLE: Base.forward -> Base.body
        return x

    def after(self, x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Derived.after -> Base.after
        return x + 1

    def unused(self, x):  # NONE
        return x


class Derived(Base):
    def body(self, x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Derived.body
        return helpers.scale(x, self.width())

    def after(self, x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Derived.after
        return super().after(x) * 2

    @staticmethod
    def width():  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Derived.body -> Derived.width
        return 2

    @classmethod
    def build(cls):  # NONE
        return cls()


class Sibling(Base):
    def body(self, x):  # POSSIBLE: Base.forward -> Sibling.body
        return x


class Called(nn.Module):
    def __call__(self, x):  # CERTAIN: torch.compile@run.py:16 -> Called.__call__
        return super().__call__(self.prepare(x))

    def prepare(self, x):  # CERTAIN: torch.compile@run.py:16 -> Called.__call__ -> Called.prepare
        return x + 1

    def forward(self, x):  # CERTAIN: torch.compile@run.py:16 -> Called.__call__ -> Called.forward
        return x + 1


class Callable:
    def __init__(self, width):  # NONE
        self.width = width

    def __call__(self, x):  # CERTAIN: torch.compile@run.py:9 -> step -> Callable.__call__
        return x * self.width


class Record:
    def __init__(self, x):  # CERTAIN: torch.compile@run.py:9 -> step -> Record.of -> Record.checked -> Record.__init__
        self.x = helpers.wrap(x)

    @classmethod
    def of(cls, x):  # CERTAIN: torch.compile@run.py:9 -> step -> Record.of
        return cls.checked(x)

    @classmethod
    def checked(cls, x):  # CERTAIN: torch.compile@run.py:9 -> step -> Record.of -> Record.checked
        return cls(x)

    def total(self):  # CERTAIN: torch.compile@run.py:9 -> step -> Record.total
        return self.x.sum()
