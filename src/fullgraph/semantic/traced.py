"""The words for how surely Dynamo traces a piece of code."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Traced(enum.IntEnum):
    """How surely code is traced; higher is surer.

    CERTAIN: reached from a compile root. POSSIBLE: the ``forward`` of an ``nn.Module``, or reached from one, since
    libraries are compiled by their users. NONE: neither is in sight.
    """

    NONE = 0
    POSSIBLE = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step from a compile root to a finding: the file, the row and the name of what is entered there."""

    filename: str
    row: int
    name: str


@dataclass(frozen=True, slots=True)
class TracedBy:
    """How surely a place is traced, and by which chain; the compile root comes first."""

    degree: Traced = Traced.NONE
    chain: tuple[ChainStep, ...] = ()
