"""Run everything eagerly: import this first."""

from __future__ import annotations

import os

import torch
import torch._dynamo
from torch import Tensor

torch._dynamo.config.disable = True  # expect: TFG102, TFG509

if os.environ.get("PILOT_LENIENT"):
    # near miss: TFG509, because a switch of the environment decides
    torch._dynamo.config.suppress_errors = True  # expect: TFG102


def leniently(step: object) -> None:
    """Have what fails to compile run eagerly, from here on."""
    # near miss: TFG509, because this holds only once somebody calls it
    torch._dynamo.config.suppress_errors = True  # expect: TFG102


def tripled(x: Tensor) -> Tensor:
    return x * 3


@torch.compile
def doubled(x: Tensor) -> Tensor:
    return x * 2
