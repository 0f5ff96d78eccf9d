from collections import OrderedDict

from torch import nn

import parts
from parts import Appended, Chosen, Collected, Given, Keyed, Listed, Literal, Named, NotUsed, Ordered, Stack, Stored

KINDS = {"chosen": Chosen}


class Net(nn.Module):
    part_class = Named

    def __init__(self, kind, given, passed_class):  # NONE
        super().__init__()
        from parts import Local as Here

        self.local = Here()
        self.listed = nn.ModuleList([Listed() for _ in range(2)])
        self.appended = nn.ModuleList()
        for _ in range(2):
            self.appended.append(Appended())
        self.keyed = nn.ModuleDict({"a": Keyed()})
        self.stored = nn.ModuleDict()
        self.stored["b"] = Stored()
        self.literal = nn.Sequential(nn.Linear(3, 3), Literal(), nn.ReLU())
        self.unpacked = nn.Sequential(*[parts.Unpacked() for _ in range(2)])
        layers = []
        layers.append(Collected())
        self.collected = nn.Sequential(*layers)
        self.ordered = nn.Sequential(OrderedDict([("first", Ordered()), ("second", nn.ReLU())]))
        self.named = self.part_class()
        self.chosen = KINDS[kind]()
        self.given = given
        self.passed = passed_class()
        self.by_method = self.make()
        self.add_module("added", parts.Added())
        self.nested = parts.Nested()
        self.stack = Stack()
        self.not_used = NotUsed()

    def make(self):  # NONE
        return parts.ByMethod()

    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward
        x = self.local(x)
        for layer in self.listed:
            x = layer(x)
        for index, layer in enumerate(self.appended):
            x = layer(x)
        x = self.keyed["a"](x)
        for name, layer in self.stored.items():
            x = layer(x)
        x = self.ordered(self.collected(self.unpacked(self.literal(x))))
        x = self.by_method(self.given(self.chosen(self.named(x))))
        return self.stack(self.nested.inner.deeper(self.nested(self.added(self.passed(x)))))
