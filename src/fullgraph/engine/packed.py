"""Summaries, regions and findings as bytes for the cache.

A summary is kept without its rows, which stand beside it: an edit that only moves code then leaves the summary as it
was, and nothing has to be linked again. Rows become their ranks among the file's rows that matter.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fullgraph.api import Severity
from fullgraph.engine.check import Deferred, Findings
from fullgraph.engine.finding import Finding, FixSummary, Position
from fullgraph.engine.store import digest, dump, load
from fullgraph.intents import Rename
from fullgraph.semantic.summary import CallSite, ClassSummary, Decorator, FileSummary, FunctionSummary
from fullgraph.semantic.traced import ChainStep, FileRegion, ModuleClass, Traced, TracedBy

_SUMMARY = (CallSite, ClassSummary, Decorator, FileSummary, FunctionSummary)
_FINDING = (ChainStep, Deferred, Finding, Findings, FixSummary, Position, Rename, Severity, Traced, TracedBy)


@dataclass(frozen=True, slots=True)
class Packed:
    """A summary as bytes: its structure, what this is known by, and the rows that its ranks stand for."""

    name: bytes
    structure: bytes
    rows: bytes

    @classmethod
    def of(cls, summary: FileSummary) -> Packed:
        """Pack a summary."""
        rows = sorted(set(_rows(summary)))
        ranks = {row: rank for rank, row in enumerate(rows)}
        plain = _renumbered(summary, ranks.__getitem__)
        ordered = (
            [each._replace(properties=frozenset()) for each in plain.classes],
            [sorted(each.properties) for each in plain.classes],
        )
        name = digest(repr((plain._replace(classes=()), ordered)).encode("utf-8", "surrogatepass"))
        return cls(name, dump(plain), array("I", rows).tobytes())


def summary_of(structure: bytes | None) -> FileSummary | None:
    """The summary of a packed structure, with ranks for rows."""
    found = load(structure, _SUMMARY)
    return found if isinstance(found, FileSummary) else None


def rows_of(rows: bytes) -> array[int]:
    """The rows that ranks stand for."""
    return array("I", rows)


def _rows(summary: FileSummary) -> list[int]:
    found = [site.row for site in summary.calls]
    for cls in summary.classes:
        found.append(cls.row)
        found += [each.row for each in cls.decorators]
    for function in summary.functions:
        found.append(function.row)
        found += [each.row for each in function.decorators]
        found += [site.row for site in function.calls]
        found += [site.row for site in function.skipped_calls]
    return found


def _renumbered(summary: FileSummary, number: Callable[[int], int]) -> FileSummary:
    def decorators(found: tuple[Decorator, ...]) -> tuple[Decorator, ...]:
        return tuple(Decorator(number(row), *rest) for row, *rest in found)

    def sites(calls: tuple[CallSite, ...]) -> tuple[CallSite, ...]:
        return tuple(CallSite(number(row), *rest) for row, *rest in calls)

    functions = tuple(
        function._replace(
            row=number(function.row),
            decorators=decorators(function.decorators),
            calls=sites(function.calls),
            skipped_calls=sites(function.skipped_calls),
        )
        for function in summary.functions
    )
    classes = tuple(
        each._replace(row=number(each.row), decorators=decorators(each.decorators)) for each in summary.classes
    )
    return summary._replace(functions=functions, classes=classes, calls=sites(summary.calls))


def with_steps(region: FileRegion, change: Callable[[ChainStep], ChainStep]) -> FileRegion:
    """A region with other steps in its chains."""
    traced = {
        index: (degree, tuple(change(step) for step in chain)) for index, (degree, chain) in region.traced.items()
    }
    return FileRegion(traced, region.roots, region.disabled, region.modules)


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
        plain = (traced, sorted(region.roots), sorted(region.disabled), modules)
        return cls(digest(repr(plain).encode("utf-8", "surrogatepass")), dump(plain))

    @property
    def region(self) -> FileRegion:
        """The region; classes that are no modules are left out."""
        traced, roots, disabled, modules = load(self.data)
        return FileRegion(
            {index: (Traced(degree), tuple(ChainStep(*step) for step in chain)) for index, degree, chain in traced},
            frozenset(roots),
            frozenset(disabled),
            {index: ModuleClass(kind) for index, kind in modules},
        )


def pack_regions(regions: Mapping[str, PackedRegion]) -> bytes:
    """The regions of many files."""
    return dump([(name, region.name, region.data) for name, region in regions.items()])


def regions_of(data: bytes | None) -> dict[str, PackedRegion] | None:
    """What `pack_regions` was given; None if there is nothing."""
    found = load(data)
    return None if found is None else {name: PackedRegion(*rest) for name, *rest in found}


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
