import torch
from torch import nn
from torch.compiler import disable


@torch.compiler.disable
def bare(x):  # NONE
    return hidden(x)


@disable(recursive=True)
def called(x):  # NONE
    return hidden(x)


@torch._dynamo.disable
def private(x):  # NONE
    return hidden(x)


@torch._dynamo.disable()
def private_called(x):  # NONE
    def inner(y):  # NONE
        return hidden(y)
    return inner(x)


@torch.compiler.disable(recursive=False)
def itself(x):  # NONE
    return again(x)


def again(x):  # CERTAIN: torch.compile@run.py:7 -> step -> itself -> again
    return x + 1


def rebound(x):  # NONE
    return hidden(x)


rebound = torch.compiler.disable(rebound)


def beside(x):  # NONE
    return hidden(x)


eager_beside = torch.compiler.disable(beside)


def rebound_itself(x):  # NONE
    return again_too(x)


rebound_itself = torch.compiler.disable(rebound_itself, recursive=False)


def again_too(x):  # CERTAIN: torch.compile@run.py:7 -> step -> rebound_itself -> again_too
    return x + 1


def hidden(x):  # NONE
    return x + 1


def keep_out(function):  # NONE
    return torch.compiler.disable(function)


@keep_out
def own_decorator(x):  # NONE
    return hidden(x)


class Off(nn.Module):
    @torch.compiler.disable
    def forward(self, x):  # NONE
        return hidden(x)


class Held(nn.Module):
    def forward(self, x):  # POSSIBLE: Held.forward
        return x + 1


class Net(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.off = Off()
        self.held = torch.compiler.disable(Held())
        self.log = torch.compiler.disable(self.log)

    def forward(self, x):  # CERTAIN: torch.compile@run.py:16 -> Net.forward
        return self.stats(self.log(self.held(self.off(x))))

    @torch.compiler.disable()
    def stats(self, x):  # NONE
        return hidden(x)

    def log(self, x):  # NONE
        return hidden(x)
