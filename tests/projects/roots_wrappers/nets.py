from torch import nn


class First(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@speed.py:8 -> First.forward
        return x + 1


class Second(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@speed.py:8 -> Second.forward
        return x + 1


class Third(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@speed.py:24 -> Third.forward
        return x + 1


class Fourth(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@speed.py:32 -> Fourth.forward
        return x + 1


class Fifth(nn.Module):
    def forward(self, x):  # CERTAIN: Module.compile@speed.py:16 -> Fifth.forward
        return x + 1


class Eager(nn.Module):
    def forward(self, x):  # POSSIBLE: Eager.forward
        return x + 1


def function(x):  # CERTAIN: torch.compile@speed.py:8 -> function
    return x + 1


def eager(x):  # NONE
    return x + 1
