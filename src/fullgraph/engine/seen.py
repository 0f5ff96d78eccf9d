"""What a run of the code showed about findings, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fullgraph.engine.finding import Finding


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run showed at the place of a finding.

    Attributes:
        count: how often the run did there what the finding says; 0 where only its function was seen to do it.
        what: ``graph break`` or ``recompilation``, or what was seen of the function.
        why: Dynamo's reason, of the most frequent kind.
    """

    count: int
    what: str
    why: str = ""

    def __str__(self) -> str:
        """Write it for reports: ``3 graph breaks: Data-dependent branching``."""
        said = f"{self.count} {self.what}{'s' if self.count > 1 else ''}" if self.count else self.what
        return f"{said}: {self.why}" if self.why else said


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """A line where the run did what no finding says."""

    filename: str
    row: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class RunTime:
    """What a run showed about all findings.

    Attributes:
        seen: what it showed at the place of a finding; one that is not here was not seen.
        unforeseen: what no finding says.
        elsewhere: events in files that were not checked.
        stale: events at lines where other code stands now.
        strange: messages of torch that were not understood.
    """

    seen: Mapping[Finding, Seen] = field(default_factory=dict)
    unforeseen: tuple[Unforeseen, ...] = ()
    elsewhere: int = 0
    stale: int = 0
    strange: int = 0

    def confirms(self, finding: Finding) -> bool:
        """Whether the run did just what a finding says, at its place."""
        return finding in self.seen and self.seen[finding].count > 0
