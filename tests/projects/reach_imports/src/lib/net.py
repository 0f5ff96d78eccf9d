from torch import nn

from .deep.inner import helper as helped
from .deep import reexported
from . import siblings
import lib


class Net(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward
        return siblings.sibling(reexported(helped(lib.starred(x))))
