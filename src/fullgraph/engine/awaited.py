"""Findings of one rule that count only if others were found at some places: decided when all are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fullgraph.engine.finding import Finding, Position, Severity
from fullgraph.semantic.traced import Traced


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is a finding if Dynamo surely refuses something at one of these places.

    Attributes:
        finding: as it is apart from saying where.
        places: from where to where, in the order in which they are to be named.
    """

    finding: Finding
    places: tuple[tuple[Position, Position], ...]

    def fulfilled(self, breaks: Iterable[Finding]) -> Finding | None:
        """The finding with the first of the breaks in its places; None where there is none."""
        breaks = sorted(breaks, key=Finding.sort_key)
        for start, end in self.places:
            for found in breaks:
                if start <= found.start and found.end <= end:
                    place = f"line {found.start.row} ({found.code})"
                    return replace(self.finding, message=f"{self.finding.message}: {place}")
        return None


def fulfilled(awaited: Iterable[Awaited], findings: Iterable[Finding]) -> list[Finding]:
    """Those of what is awaited that are findings, given all others of the same file."""
    breaks = [
        each
        for each in findings
        if each.is_refused and each.traced.degree is Traced.CERTAIN and each.severity is not Severity.NOTE
    ]
    return [found for each in awaited if breaks and (found := each.fulfilled(breaks)) is not None]
