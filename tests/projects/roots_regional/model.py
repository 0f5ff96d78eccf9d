import torch
from torch import nn


class Layer(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@model.py:38 -> Layer.forward
        return self.mix(x)

    def mix(self, x):  # CERTAIN: Module.compile@model.py:38 -> Layer.forward -> Layer.mix
        return x + 1


class Block(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@model.py:40 -> Block.forward
        return x + 1


class Rebuilt(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@model.py:42 -> Rebuilt.forward
        return x + 1


class Head(nn.Module):
    def forward(self, x):  # POSSIBLE: Head.forward
        return x + 1


class Model(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.layers = nn.ModuleList([Layer() for _ in range(2)])
        self.blocks = nn.ModuleDict({"a": Block(), "b": Block()})
        self.rebuilt = nn.ModuleList(Rebuilt() for _ in range(2))
        self.head = Head()

    def compile_layers(self):  # NONE
        for layer in self.layers:
            layer.compile(dynamic=False)
        for name, block in self.blocks.items():
            block.compile()
        for index, layer in enumerate(self.rebuilt):
            self.rebuilt[index] = torch.compile(layer)

    def forward(self, x):  # POSSIBLE: Model.forward
        for layer in self.layers:
            x = layer(x)
        for block in self.blocks.values():
            x = block(x)
        for layer in self.rebuilt:
            x = layer(x)
        return self.head(x)


@torch.compiler.nested_compile_region
def region(x):  # CERTAIN: torch.compile@model.py:63 -> whole -> region
    return inside(x)


def inside(x):  # CERTAIN: torch.compile@model.py:63 -> whole -> region -> inside
    return x + 1


@torch.compile
def whole(x):  # CERTAIN: torch.compile@model.py:63 -> whole
    return region(x)


@torch.compiler.nested_compile_region
def region_alone(x):  # POSSIBLE: torch.compiler.nested_compile_region@model.py:68 -> region_alone
    return x + 1
