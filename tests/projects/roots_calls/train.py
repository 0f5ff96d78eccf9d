from dataclasses import dataclass

import torch

import nets
from nets import Again, Attribute, Conditional, Instance, InPlace, InPlaceHeld, ItsForward, Keyword, Local, Moved
from nets import OwnForward, OwnMethod, Replaced, Switched


@dataclass
class Config:
    compile: bool = True
    mode: str = "default"


config = Config()


def plain(x):  # CERTAIN: torch.compile@train.py:23 -> plain
    return x + 1


faster = torch.compile(plain)
by_lambda = torch.compile(lambda x: x * 2)  # CERTAIN: torch.compile@train.py:24 -> <lambda>
instance = torch.compile(Instance())

conditional = Conditional()
if config.compile:
    conditional = torch.compile(conditional, mode=config.mode)

switched = torch.compile(Switched()) if config.compile else Switched()
moved = torch.compile(Moved().to("cpu").eval())
by_keyword = torch.compile(model=Keyword(), dynamic=False)


def local():  # NONE
    model = Local()
    model.eval()
    return torch.compile(model)


class Trainer:
    def __init__(self):  # NONE
        self.attribute = Attribute()
        self.again = Again()
        self.again = torch.compile(self.again)
        self.held = InPlaceHeld()

    def prepare(self):  # NONE
        self.fast = torch.compile(self.attribute)
        self.held.compile()

    def run(self, x):  # NONE
        return self.fast(x) + self.again(x) + self.held(x)


def in_place(x):  # NONE
    model = InPlace()
    model.compile(dynamic=False)
    return model(x)


def forwards(x):  # NONE
    model = ItsForward()
    forward = torch.compile(model.forward)
    replaced = Replaced()
    replaced.forward = torch.compile(replaced.forward)
    return forward(x) + replaced(x)


def main(x):  # NONE
    trainer = Trainer()
    trainer.prepare()
    untouched = nets.Untouched()
    return trainer.run(x) + OwnForward()(x) + OwnMethod()(x) + local()(x) + untouched(x)
