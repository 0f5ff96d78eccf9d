import torch
from torch import nn
from torch.export import export


class Exported(nn.Module):
    def forward(self, x):  # CERTAIN: torch.export.export@export.py:51 -> Exported.forward
        return helper(x)

    def other(self, x):  # NONE
        return x


class ByKeyword(nn.Module):
    def forward(self, x):  # CERTAIN: torch.export.export@export.py:52 -> ByKeyword.forward
        return x + 1


class Held(nn.Module):
    def forward(self, x):  # CERTAIN: torch.export.export@export.py:34 -> Held.forward
        return x + 1


class Scripted(nn.Module):
    def forward(self, x):  # POSSIBLE: Scripted.forward
        return x + 1


class Exporter:
    def __init__(self, model):  # NONE
        self.model = model

    def run(self, x):  # NONE
        return export(self.model, (x,), strict=True)


def helper(x):  # CERTAIN: torch.export.export@export.py:51 -> Exported.forward -> helper
    return x + 1


@torch.jit.script
def scripted(x):  # NONE
    return x + 1


def traced(x):  # NONE
    return x + 1


def main(x):  # NONE
    torch.export.export(Exported(), (x,), strict=True)
    torch.export.export(mod=ByKeyword(), args=(x,), strict=True)
    Exporter(Held()).run(x)
    torch.jit.trace(traced, (x,))
    torch.jit.script(Scripted())
