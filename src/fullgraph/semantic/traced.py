"""The words for how surely Dynamo traces a piece of code."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fullgraph.semantic.foreign import NOTHING, Foreign

FULLGRAPH = "fullgraph=True"
"""The condition that code is only traced from roots that are compiled with ``fullgraph=True``."""
TRACED = "traced"
"""The condition that code is, or may be, traced."""
COLD = "cold"
"""The condition that code is not reached from a function that the user calls hot."""


class Traced(enum.IntEnum):
    """How surely code is traced; higher is surer.

    CERTAIN: reached from a compile root. POSSIBLE: the ``forward`` of an ``nn.Module``, or reached from one, since
    libraries are compiled by their users. NONE: neither is in sight.
    """

    NONE = 0
    POSSIBLE = 1
    CERTAIN = 2


class ModuleClass(enum.Enum):
    """Whether a class is an ``nn.Module``: known, believable (a foreign base, and it acts as one), or no."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


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
    callers: int = 0
    """How many traced functions enter the code's function."""


@dataclass(frozen=True, slots=True)
class FileRegion:
    """What linking a project says of one file.

    Functions are numbered as in the file's summary: definitions in the order of the walk, then lambdas.

    Attributes:
        traced: how surely and by which chain each reached function is traced.
        roots: functions at which tracing begins, so that their arguments come from eager code.
        disabled: functions that Dynamo is kept out of.
        modules: whether each class, by its number, is an ``nn.Module``.
        fullgraph: functions that are certainly traced, and only from roots compiled with ``fullgraph=True``.
        settings: what is turned on of Dynamo's settings where the file's code runs.
        callers: how many traced functions enter a function.
        hot: functions that are reached from those that the user calls hot.
        foreign: what the file is told of other files, if some of its code is traced.
    """

    traced: Mapping[int, tuple[Traced, tuple[ChainStep, ...]]]
    roots: frozenset[int]
    disabled: frozenset[int]
    modules: Mapping[int, ModuleClass]
    fullgraph: frozenset[int] = frozenset()
    settings: frozenset[str] = frozenset()
    callers: Mapping[int, int] = field(default_factory=dict)
    hot: frozenset[int] = frozenset()
    foreign: Foreign = NOTHING

    def traced_in(self, functions: Iterable[int]) -> TracedBy:
        """How surely code in nested functions, the innermost first, is traced."""
        for index in functions:
            if index in self.disabled:
                return TracedBy()
            if (found := self.traced.get(index)) is not None:
                return TracedBy(*found, self.callers.get(index, 0))
        return TracedBy()

    def lifts(self, unless: Iterable[str], functions: Iterable[int]) -> bool:
        """Whether one of the conditions holds under which code in nested functions, innermost first, does no harm.

        Conditions are settings, `FULLGRAPH`, `TRACED` and `COLD`.
        """
        functions, unless = tuple(functions), frozenset(unless)
        if not self.settings.isdisjoint(unless):
            return True
        if TRACED in unless and self.traced_in(functions).degree > Traced.NONE:
            return True
        if COLD in unless and self.hot.isdisjoint(functions):
            return True
        if FULLGRAPH not in unless:
            return False
        traced = next((index for index in functions if index in self.traced), None)
        return traced is not None and traced in self.fullgraph

    def steps(self) -> Iterator[ChainStep]:
        """Every place that is named."""
        for _, chain in self.traced.values():
            yield from chain
        yield from self.foreign.steps()

    def everything(self) -> tuple[TracedBy, ...]:
        """Each function of the file that is reached, with the chain that ends in it."""
        return tuple(TracedBy(*found) for found in self.traced.values())
