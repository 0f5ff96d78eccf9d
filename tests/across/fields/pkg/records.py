"""Records whose fields are said here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import torch


@dataclass
class Step:
    reward: torch.Tensor
    count: int
    extra: dict[str, torch.Tensor]
    name: str


@dataclass
class Nested:
    step: Step
    last: Step | None


class Row(NamedTuple):
    values: torch.Tensor
    width: int


class Batch(TypedDict):
    observed: torch.Tensor
    name: str
