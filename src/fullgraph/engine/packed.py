"""Summaries, regions and findings as bytes for the cache.

A summary is kept without its rows, which stand beside it: an edit that only moves code then leaves the summary as it
was, and nothing has to be linked again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fullgraph.api import Severity
from fullgraph.engine.awaited import Awaited
from fullgraph.engine.deferred import Deferred, Findings
from fullgraph.engine.finding import Finding, FixSummary, Position
from fullgraph.engine.store import digest, dump, load
from fullgraph.intents import MakeThere, Rename
from fullgraph.semantic.foreign import Foreign
from fullgraph.semantic.summary import (
    CallSite,
    Change,
    ClassSummary,
    Constant,
    Decorator,
    FileSummary,
    FunctionSummary,
    Placed,
    Results,
    Variation,
)
from fullgraph.semantic.traced import ChainStep, FileRegion, ModuleClass, Traced, TracedBy

_FINDING = (
    Awaited, ChainStep, Deferred, Finding, Findings, FixSummary, MakeThere, Position, Rename, Severity, Traced,
    TracedBy,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packed:
    """A summary as bytes: its structure, what this is known by, and the rows that its places stand for."""

    name: bytes
    structure: bytes
    rows: bytes

    @classmethod
    def of(cls, summary: FileSummary) -> Packed:
        """Pack a summary."""
        structure = dump(_plain(summary))
        return cls(digest(structure), structure, array("I", summary.rows).tobytes())


_MAKERS: Any = Variation._make, Placed._make, Change._make, Constant._make
"""What makes the items of the lists at the end of a summary."""


def summary_of(structure: bytes | None) -> FileSummary | None:
    """The summary of a packed structure; its rows are their own places."""
    found = load(structure)
    try:
        return None if found is None else _unplain(*found)
    except (TypeError, ValueError):
        return None


def rows_of(rows: bytes) -> array[int]:
    """The rows that places stand for."""
    return array("I", rows)


def _plain(summary: FileSummary) -> tuple[object, ...]:
    """A summary without its rows, made of what is written and read without any code of Python's running.

    The order of sets is not the same in every run; that of everything else follows from the file.
    """
    functions = []
    for name, row, owner, around, decorators, parameters, calls, skipped, *rest in summary.functions:
        sites = _tuples(calls), _tuples(skipped)
        functions.append((name, row, owner, around, _tuples(decorators), parameters, *sites, *rest))
    classes = []
    for name, row, bases, decorators, methods, properties, *held in summary.classes:
        classes.append((name, row, bases, _tuples(decorators), methods, sorted(properties), *held))
    _, _, names, exports, stars, outside, settings, rows, results, *more = summary
    told = tuple(results), *map(_tuples, more)
    return functions, classes, names, exports, stars, _tuples(outside), settings, len(rows), *told


def _tuples(items: tuple[tuple[Any, ...], ...]) -> list[tuple[Any, ...]]:
    return [tuple(item) for item in items]


def _unplain(functions: list[Any], classes: list[Any], names: Any, exports: Any, stars: Any, *rest: Any) -> FileSummary:
    """What `_plain` was given."""
    outside, settings, rows, results, *more = rest
    whole = tuple(map(_function, functions)), tuple(map(_class, classes))
    sites = tuple(map(CallSite._make, outside))
    lists: Any = (tuple(map(make, each)) for make, each in zip(_MAKERS, more, strict=True))
    return FileSummary(*whole, names, exports, stars, sites, settings, range(rows), Results(*results), *lists)


def _function(plain: tuple[Any, ...]) -> FunctionSummary:
    name, row, owner, around, decorators, parameters, calls, skipped, returns, loads = plain
    below, made = tuple(map(Decorator._make, decorators)), CallSite._make
    sites = tuple(map(made, calls)), tuple(map(made, skipped))
    return FunctionSummary(name, row, owner, around, below, parameters, *sites, returns, loads)


def _class(plain: tuple[Any, ...]) -> ClassSummary:
    name, row, bases, decorators, methods, properties, attributes, hooks, acts = plain
    below = tuple(map(Decorator._make, decorators))
    return ClassSummary(name, row, bases, below, methods, frozenset(properties), attributes, hooks, acts)


def with_steps(region: FileRegion, change: Callable[[ChainStep], ChainStep]) -> FileRegion:
    """A region with other steps in its chains."""
    traced = {
        index: (degree, tuple(change(step) for step in chain)) for index, (degree, chain) in region.traced.items()
    }
    return replace(region, traced=traced, foreign=region.foreign.with_steps(change))


@dataclass(frozen=True, slots=True)
class PackedRegion:
    """A file's region as bytes, and what it is known by: equal regions have equal names."""

    name: bytes
    data: bytes

    @classmethod
    def of(cls, region: FileRegion) -> PackedRegion:
        """Pack a region; the order of sets and mappings does not matter."""
        traced = [
            (index, degree.value, [(step.filename, step.row, step.name) for step in chain])
            for index, (degree, chain) in sorted(region.traced.items())
        ]
        modules = sorted((index, kind.value) for index, kind in region.modules.items() if kind is not ModuleClass.NO)
        numbers = [sorted(each) for each in (region.roots, region.disabled, region.fullgraph, region.hot)]
        plain = (
            traced,
            modules,
            sorted(region.callers.items()),
            region.foreign.plain(),
            *numbers,
            sorted(region.settings),
        )
        return cls(digest(repr(plain).encode("utf-8", "surrogatepass")), dump(plain))


def region_of(data: bytes | None) -> FileRegion | None:
    """A packed region; classes that are no modules are left out. None if the bytes do not say."""
    plain = load(data)
    try:
        return None if plain is None else _region(*plain)
    except (TypeError, ValueError):
        return None


def _region(traced: Any, modules: Any, callers: Any, foreign: Any, *sets: Any) -> FileRegion:
    roots, disabled, fullgraph, hot, settings = map(frozenset, sets)
    return FileRegion(
        {index: (Traced(degree), tuple(ChainStep(*step) for step in chain)) for index, degree, chain in traced},
        roots,
        disabled,
        {index: ModuleClass(kind) for index, kind in modules},
        fullgraph,
        settings,
        dict(callers),
        hot,
        Foreign.of_plain(foreign, ChainStep),
    )


def pack_findings(findings: Findings | None) -> bytes:
    """The findings of one file; None says that they have to be looked for again once the project is linked."""
    return dump(findings)


def findings_of(data: bytes) -> Findings | None:
    """What `pack_findings` was given.

    Raises:
        ValueError: the bytes do not say.
    """
    found = load(data, _FINDING, missing=False)
    if found is not None and not isinstance(found, Findings):
        raise ValueError("no findings")
    return found
