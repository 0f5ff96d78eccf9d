"""What is found in a file before its project is linked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fullgraph.engine.awaited import Awaited, fulfilled
from fullgraph.engine.finding import Finding, Severity
from fullgraph.engine.reach import SEVERITY_OF_DEGREE, describe
from fullgraph.engine.settings import Settings
from fullgraph.engine.suppression import settle
from fullgraph.semantic.source import decode, split_lines
from fullgraph.semantic.traced import FULLGRAPH, FileRegion, TracedBy


@dataclass(frozen=True, slots=True)
class Deferred:
    """A finding whose weight, or whose being there, depends on what is traced or how.

    Attributes:
        finding: as it is apart from that.
        concerns_tracing: whether the finding says what is traced.
        is_skipped: whether the compiler surely does not come to where the finding is.
        is_weighed: whether its severity is its own.
        functions: numbers of the functions around it.
        unless: conditions of which one makes it harmless.
    """

    finding: Finding
    concerns_tracing: bool
    is_skipped: bool
    is_weighed: bool
    functions: tuple[int, ...]
    unless: tuple[str, ...]

    def settled(self, region: FileRegion) -> Finding | None:
        """The finding in a linked project, if it is one there."""
        by = region.traced_in(self.functions)
        if self.unless and region.lifts(self.unless, self.functions):
            return None
        if not self.concerns_tracing:
            return self.finding
        by = TracedBy() if self.is_skipped else by
        severity = self.finding.severity if self.is_weighed else SEVERITY_OF_DEGREE[by.degree]
        raises = (
            self.finding.is_refused and severity is not Severity.NOTE and region.lifts((FULLGRAPH,), self.functions)
        )
        reach = describe(by, self.finding.filename, raises=raises)
        return replace(self.finding, severity=severity, traced=by, reach=reach)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is found in a file whatever its project says, and what more depends on that.

    Attributes:
        found: what surely is a finding.
        deferred: what depends on what is traced.
        awaited: what depends on what else is found.
        hidden: codes of rules that ran only because another needs them.
        has_more: whether rules that only look at traced code, at hot code, at calls that pass by what other files
            compile, or at what loops of other files call, have still to look at the file, if it has any.
    """

    found: list[Finding]
    deferred: list[Deferred]
    has_more: bool = False
    awaited: tuple[Awaited, ...] = ()
    hidden: frozenset[str] = frozenset()

    @property
    def is_final(self) -> bool:
        """Whether nothing depends on the project."""
        return not self.deferred and not self.has_more

    def is_complete(self, region: FileRegion) -> bool:
        """Whether no rule has still to look at the file, now that it is known what is traced and what is hot."""
        return not self.has_more or not (region.traced or region.hot or region.foreign.is_about_calls)

    def linked(self, region: FileRegion, others: Iterable[Finding] = ()) -> list[Finding]:
        """The findings in a linked project, with those of a second look, whatever the file's comments say."""
        more = [each for item in self.deferred if (each := item.settled(region)) is not None]
        found = dict.fromkeys((*self.found, *more, *others))
        found.update(dict.fromkeys(fulfilled(self.awaited, found)))
        return sorted((each for each in found if each.code not in self.hidden), key=Finding.sort_key)

    def settled(
        self, region: FileRegion, data: bytes, filename: str, settings: Settings, *, with_noqa: bool = True
    ) -> list[Finding]:
        """The findings of a file with these bytes in a linked project, without those that a comment suppresses."""
        findings = self.linked(region)
        lower = data.lower()
        if b"noqa" not in lower and b"fullgraph:" not in lower:
            return findings
        return settle(findings, split_lines(decode(data)), filename, settings.codes, with_noqa=with_noqa)
