"""Keep parts of a run out of the compiler."""

from __future__ import annotations

import torch
from torch import Tensor

torch.compiler.disable()  # expect: TFG503


# near miss: TFG503, because as a decorator it keeps this function out
@torch.compiler.disable()
def summary(x: Tensor) -> Tensor:
    return torch.stack([x.min(), x.mean(), x.max()])


class Watch:
    """Keeps the sum of what passes."""

    def __init__(self) -> None:
        self.total = torch.zeros(())

    def __call__(self, x: Tensor) -> Tensor:
        self.total = self.total + x.detach().sum()
        return x


# near miss: TFG503, because of a class it changes how its instances are called
torch.compiler.disable(Watch)


@torch.compile
def halved(x: Tensor) -> Tensor:
    return x / 2


def debugged(x: Tensor) -> Tensor:
    """Run a compiled function eagerly, for a look at it."""
    with torch.compiler.set_stance("force_eager"):
        return halved(x)
