import torch
from torch import nn


class Instance(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:25 -> Instance.forward
        return self.inner(x)

    def inner(self, x):  # CERTAIN: torch.compile@train.py:25 -> Instance.forward -> Instance.inner
        return x + 1

    def other(self, x):  # NONE
        return x


class Local(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:39 -> Local.forward
        return x + 1


class Attribute(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:50 -> Attribute.forward
        return x + 1


class Again(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:46 -> Again.forward
        return x + 1


class InPlace(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@train.py:59 -> InPlace.forward
        return x + 1


class InPlaceHeld(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@train.py:51 -> InPlaceHeld.forward
        return x + 1


class OwnForward(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.forward = torch.compile(self.forward)

    def forward(self, x):  # CERTAIN: torch.compile@nets.py:44 -> OwnForward.forward
        return x + 1


class OwnMethod(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.encode = torch.compile(self.encode, dynamic=False)

    def forward(self, x):  # POSSIBLE: OwnMethod.forward
        return self.decode(self.encode(x))

    def encode(self, x):  # CERTAIN: torch.compile@nets.py:53 -> OwnMethod.encode
        return x + 1

    def decode(self, x):  # POSSIBLE: OwnMethod.forward -> OwnMethod.decode
        return x + 1


class ItsForward(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:65 -> ItsForward.forward
        return x + 1


class Replaced(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:67 -> Replaced.forward
        return x + 1


class Conditional(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:29 -> Conditional.forward
        return x + 1


class Switched(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:31 -> Switched.forward
        return x + 1


class Moved(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:32 -> Moved.forward
        return x + 1


class Keyword(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@train.py:33 -> Keyword.forward
        return x + 1


class Shared(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@serve.py:6 -> Shared.forward
        return x + 1


class SharedToo(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@serve.py:7 -> SharedToo.forward
        return x + 1


shared, shared_too = Shared(), SharedToo()


class Untouched(nn.Module):
    def forward(self, x):  # POSSIBLE: Untouched.forward
        return x
