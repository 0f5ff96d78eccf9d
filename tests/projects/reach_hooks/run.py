import torch
from torch import nn


class Part(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.register_forward_hook(self.after)

    def after(self, module, inputs, output):  # CERTAIN: torch.compile@run.py:55 -> Net.forward -> Part.forward -> Part.after
        return output + 1

    def forward(self, x):  # CERTAIN: torch.compile@run.py:55 -> Net.forward -> Part.forward
        return x + 1


class Net(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.part = Part()
        self.other = nn.Linear(3, 3)
        self.other.register_forward_pre_hook(before)
        self.register_forward_hook(lambda module, inputs, output: own(output))  # CERTAIN: torch.compile@run.py:55 -> Net.forward -> <lambda>
        self.register_full_backward_hook(backwards)

    def forward(self, x):  # CERTAIN: torch.compile@run.py:55 -> Net.forward
        return self.other(self.part(x))


class Direct(nn.Module):
    def __init__(self):  # NONE
        super().__init__()
        self.register_forward_hook(self.not_called)

    def not_called(self, module, inputs, output):  # NONE
        return output + 1

    def forward(self, x):  # CERTAIN: torch.compile@run.py:55 -> Direct.forward
        return x + 1


def before(module, inputs):  # CERTAIN: torch.compile@run.py:55 -> Net.forward -> before
    return (inputs[0] * 2,)


def own(output):  # CERTAIN: torch.compile@run.py:55 -> Net.forward -> <lambda> -> own
    return output + 1


def backwards(module, inputs, outputs):  # NONE
    return None


def main(x):  # NONE
    return torch.compile(Net())(x) + torch.compile(Direct().forward)(x)
