import pkg.flags
import torch
from pkg import NEWER
from torch import Tensor, nn

from . import flags
from .flags import CHANGED, HAS_COMPILE, HAS_TOOL, OLD


class Net(nn.Module):
    def forward(self, x: Tensor):
        x = self.old(x) + self.other(x)
        x = self.new(x)
        return self.left(x)

    def old(self, x: Tensor):
        if OLD:
            x = x * x.sum().item()
        if not pkg.flags.NEW or not HAS_COMPILE:
            x = x * x.sum().item()
        if flags.OLD and x.ndim == 1:
            x = x * x.sum().item()
        elif NEWER:
            x = x + 1
        else:
            x = x * x.sum().item()
        return x

    def new(self, x: Tensor):
        if NEWER:
            x = x * x.sum().item()  # TFG202
        if not HAS_TOOL:
            x = x * x.sum().item()  # TFG202
        if CHANGED:
            x = x * x.sum().item()  # TFG202
        return x

    def other(self, x: Tensor):
        if not HAS_COMPILE:
            x = older(x)
        if torch.__version__ < "2.2":
            x = older(x)
        return x

    def left(self, x: Tensor):
        if HAS_COMPILE:
            return x
        x = x * x.sum().item()
        return x + 1


def older(x: Tensor):
    return x.exp()
