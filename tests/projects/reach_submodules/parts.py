from torch import nn


class Local(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Local.forward
        return x + 1


class Listed(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Listed.forward
        return x + 1


class Appended(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Appended.forward
        return x + 1


class Keyed(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Keyed.forward
        return x + 1


class Stored(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Stored.forward
        return x + 1


class Literal(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Literal.forward
        return x + 1


class Unpacked(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Unpacked.forward
        return x + 1


class Collected(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Collected.forward
        return x + 1


class Ordered(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Ordered.forward
        return x + 1


class Named(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Named.forward
        return x + 1


class Chosen(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Chosen.forward
        return x + 1


class Given(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Given.forward
        return x + 1


class Passed(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Passed.forward
        return x + 1


class ByMethod(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> ByMethod.forward
        return x + 1


class Added(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Added.forward
        return x + 1


class Nested(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.inner = Inner()

    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Nested.forward
        return self.inner(x)


class Inner(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Nested.forward -> Inner.forward
        return x + 1

    def deeper(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Inner.deeper
        return x + 1


class Stack(nn.Sequential):
    def __init__(self):  # NONE
        super().__init__(Stacked(), nn.ReLU())


class Stacked(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:8 -> Net.forward -> Stacked.forward
        return x + 1


class NotUsed(nn.Module):
    def forward(self, x):  # POSSIBLE: NotUsed.forward
        return x
