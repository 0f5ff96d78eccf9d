from collections import OrderedDict

import torch
from torch import nn


class Part(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Part.forward
        return x + 1


class Conv(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Block.forward -> Conv.forward
        return x + 1


class Norm(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Block.forward -> Norm.forward
        return x + 1


class Zipped(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Zipped.forward
        return x + 1


class Attr(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Attr.forward
        return x + 1


class Sliced(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Sliced.forward
        return x + 1


class Cloned(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Cloned.forward
        return x + 1


class Deep(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Stage.forward -> Deep.forward
        return x + 1


class Stage(nn.Module):
    def __init__(self, depth):  # NONE
        super().__init__()
        self.blocks = nn.Sequential(*(Deep() for _ in range(depth)))

    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Stage.forward
        return self.blocks(x)


class Layers(nn.ModuleList):
    def __init__(self):  # NONE
        super().__init__([Part()])


class Block(nn.Module):
    def __init__(self, conv=Conv, norm_layer=None):  # NONE
        super().__init__()
        self.conv = conv()
        norm_layer = norm_layer or Norm
        self.norm = norm_layer()

    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward -> Block.forward
        return self.norm(self.conv(x))


class Net(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.layers = Layers()
        self.block = Block()
        self.zipped = nn.ModuleList([Zipped()])
        for index in range(2):
            setattr(self, f"part{index}", Attr())
        self.sliced = nn.ModuleList([Sliced(), Sliced()])
        self.cloned = clones(Cloned(), 2)
        self.stages = nn.ModuleList()
        for depth in (1, 2):
            stage = Stage(depth)
            self.stages.append(stage)
        parts = OrderedDict()
        parts["a"] = Part()
        self.parts = nn.Sequential(parts)

    def forward(self, x):  # CERTAIN: torch.compile@net.py:112 -> Net.forward
        for layer in self.layers:
            x = layer(x)
        x = self.block(x)
        for layer, by in zip(self.zipped, (1, 2)):
            x = layer(x) * by
        for index in range(2):
            x = getattr(self, f"part{index}")(x)
        for layer in self.sliced[1:]:
            x = layer(x)
        x = self.cloned[0](x)
        for stage in self.stages:
            x = stage(x)
        return self.parts(x)


def clones(module, count):  # NONE
    import copy

    return nn.ModuleList([copy.deepcopy(module) for _ in range(count)])


model = torch.compile(Net())
