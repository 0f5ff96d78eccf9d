"""Compile sites in loops, displays and on parts of modules."""
import functools

import torch
from torch import nn


class Encoder(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:82 -> Encoder.forward
        return x + 1


class Decoder(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:83 -> Decoder.forward
        return x + 1

    def decode(self, x):  # CERTAIN: torch.compile@run.py:84 -> Decoder.decode
        return x + 1


class Model(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):  # POSSIBLE: Model.forward
        return self.decoder(self.encoder(x))


class Made(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:85 -> Made.forward
        return x + 1


class InContext(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:91 -> InContext.forward
        return x + 1


class Walked(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@run.py:94 -> Walked.forward
        return x + 1


class Set(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:97 -> Set.forward; fails: setattr on what is not self is not followed
        return x + 1


def in_list(x):  # CERTAIN: torch.compile@run.py:86 -> in_list
    return x + 1


def in_dict(x):  # CERTAIN: torch.compile@run.py:87 -> in_dict
    return x + 1


def mapped(x):  # CERTAIN: torch.compile@run.py:88 -> mapped; fails: what map applies is not looked at as a compile site
    return x + 1


def partly(by, x):  # CERTAIN: torch.compile@run.py:89 -> partly
    return x * by


def yields(x):  # NONE; fails: torch does not compile a generator function itself
    yield x + 1


def make():  # NONE
    model = Made()
    return model.eval()


def unbound(self, x):  # NONE
    return x


def main(x):  # NONE
    model = Model()
    model.encoder = torch.compile(model.encoder)
    model.decoder.forward = torch.compile(model.decoder.forward, dynamic=False)
    decode = torch.compile(model.decoder.decode)
    made = torch.compile(make())
    functions = [torch.compile(function) for function in (in_list,)]
    by_name = {name: torch.compile(function) for name, function in {"a": in_dict}.items()}
    (again,) = map(torch.compile, [mapped])
    by = torch.compile(functools.partial(partly, 2))
    with torch.no_grad():
        context = torch.compile(InContext())
    holder = nn.Sequential(Walked())
    for part in holder.children():
        part.compile()
    target = nn.Module()
    setattr(target, "part", Set())
    setattr(target, "part", torch.compile(getattr(target, "part")))
    list(torch.compile(yields)(x))
    model(x), decode(x), made(x), functions[0](x), by_name["a"](x), again(x), by(x), context(x), holder(x), target.part(x)
