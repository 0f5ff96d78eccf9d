"""How much of an action is lost with fewer bits."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def table(entries: int) -> nn.Module:
    return nn.Embedding(entries, 4)


def lost(index: Tensor) -> Tensor:
    """Full precision and half of it, one behind the other."""
    actions = torch.compile(nn.Embedding(8, 4))
    exact = actions(index)
    actions.bfloat16()  # expect: TFG518
    return (exact - actions(index)).abs().amax()


def coarse(index: Tensor) -> Tensor:
    actions = torch.compile(nn.Embedding(8, 4))
    # near miss: TFG518, because nothing is compiled before the first call
    actions.bfloat16()
    return actions(index) + actions(index)


def lost_of(entries: int, index: Tensor) -> Tensor:
    actions = torch.compile(table(entries))
    exact = actions(index)
    # near miss: TFG518, because nothing here says in which precision the table was made
    actions.double()
    return (exact - actions(index)).abs().amax()
