from torch import nn

from . import masks
from .encoder import Encoder


class FlowNetwork(nn.Module):
    def __init__(self, width):  # NONE
        super().__init__()
        self.encoder = Encoder(width)
        self.head = nn.Linear(width, width)

    def forward(self, x):  # CERTAIN: torch.compile@policies/base.py:17 -> FlowNetwork.forward
        hidden = self.encoder(x)
        return self.head(self._combine(hidden, masks.causal(hidden)))

    def _combine(self, x, mask):  # CERTAIN: torch.compile@policies/base.py:17 -> FlowNetwork.forward -> FlowNetwork._combine
        return x * mask

    def embed_prefix(self, x):  # NONE
        return self._pad(x)

    def _pad(self, x):  # NONE
        return x
