import torch

from .base import Base, Part, Tool


class Near(torch.nn.Module):
    def total(self, x):
        return 2


class Mixed(Near, Base):
    def forward(self, x):
        if super().total(x) > 1:
            x = x + 1
        return x


class Net(Base):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.tool = Tool()
        self.mixed = Mixed()

    def overridden(self, x):
        return 3

    def total(self, x):
        if super().total(x) > 0:  # TFG201
            x = x + 1
        return super().total(x)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor):
        x = self.inherited(x, lengths)
        x = self.held(x)
        return self.near_misses(x) + self.mixed(x)

    def inherited(self, x, lengths: torch.Tensor):
        if self.total(x) > 0:  # TFG201
            x = x + 1
        if self.deepest(x) > 0:  # TFG201
            x = x + 1
        rows, largest = self.both(x)
        if rows > 2:
            x = x + 1
        if largest > 2:  # TFG201
            x = x + 1
        if self.made() > 0:  # TFG201
            x = x + 1
        if self.of_class(x) > 0:  # TFG201
            x = x + 1
        return x + lengths[self.keep(lengths)].sum()  # TFG203

    def held(self, x):
        if self.part(x) > 0:  # TFG201
            x = x + 1
        if self.part.encode(x) > 0:  # TFG201
            x = x + 1
        if self.tool.measure(x) > 0:  # TFG201
            x = x + 1
        if Tool().measure(x) > 0:  # TFG201
            x = x + 1
        return x

    def near_misses(self, x):
        if self.rows(x) > 1 or self.size_of(x)[0] > 1 or self.overridden(x) > 1 or self.either(x, flag=False) > 1:
            x = x + 1
        if self.given(3) > 1 or self.replaced([1]) > 0 or self.part.width(x) > 1:
            x = x + 1
        for _ in self.yielding(x):
            x = x + 1
        return x
