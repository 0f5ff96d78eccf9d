from torch import nn

from .masks import scale


class Encoder(nn.Module):
    def __init__(self, width):  # NONE
        super().__init__()
        self.layers = nn.ModuleList([Layer(width) for _ in range(2)])

    def forward(self, x):  # CERTAIN: torch.compile@policies/base.py:17 -> FlowNetwork.forward -> Encoder.forward
        for layer in self.layers:
            x = layer(x)
        return x


class Layer(nn.Module):
    def __init__(self, width):  # NONE
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x):  # CERTAIN: torch.compile@policies/base.py:17 -> FlowNetwork.forward -> Encoder.forward -> Layer.forward
        return scale(self.linear(x))
