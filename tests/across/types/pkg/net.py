"""What parameters are is written in another file."""

import torch

from pkg import shared
from pkg.shared import OptTensor, Pair
from pkg.types import Changed, MaybeTensor, Size, TensorOrList


class Net(torch.nn.Module):
    def forward(self, x, batch: MaybeTensor = None, count: Size = None):
        size = int(batch.max())  # TFG202
        if count > 3:
            x = x + 1
        return x + size

    def passed_on(self, x, weights: OptTensor, pair: Pair, ends: shared.Pair):
        left, right = pair
        total = left.sum().item()  # TFG202
        if weights is None:
            return x
        return x[weights > 0] + total  # TFG203

    def unknown(self, x, either: TensorOrList, changed: Changed):
        if either:
            x = x + 1
        if changed:
            x = x + 2
        return x


@torch.compile
def every(net: Net, x, pair: Pair):
    return net.passed_on(x, None, pair, pair), net.unknown(x, [], None)
