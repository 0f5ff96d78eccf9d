from torch import nn

from registry import LAYERS, register, register_builder


@register("one")
class One(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:11 -> One.forward
        return x + 1


@register_builder
def small():  # NONE
    return Built()


class Built(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:11 -> Built.forward
        return x + 1


@LAYERS.register("layer")
class Layer(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:11 -> Layer.forward
        return x + 1


class NotRegistered(nn.Module):
    def forward(self, x):  # POSSIBLE: NotRegistered.forward
        return x
