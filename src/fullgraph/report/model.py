"""What the reports are made from: the outcome of a run, and the style to print it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fullgraph.engine.finding import Finding
    from fullgraph.engine.seen import RunTime

PROGRAM_FORMATS = ("json", "jsonl")
"""Formats that programs read: one list over many lines, or a line for each finding."""
FORMATS = ("full", "concise", *PROGRAM_FORMATS)
FAIL_ON = ("any", "warning", "error", "confirmed")
"""What a run may be told to fail for: findings, those of at least a severity, or what was seen at run time."""
UNANALYZED = frozenset({"TFG000", "TFG001"})
"""Codes of findings that say of their file that it was not analyzed."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A finding that an allow-list allows: the entry's place, who answers for it, why, and its last day."""

    finding: Finding
    entry: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    ``findings`` come in the order to print them; ``sources`` holds the bytes of the files that have any, by name.
    ``torch`` is the target version and ``origin`` says where that came from. ``failed`` names the files of which not
    every finding is known, and ``notes`` are lines for the summary. ``fixed`` is how many findings are gone, or with
    ``--diff`` would be; None if nobody asked for that. ``unsafe`` says whether unsafe fixes were wanted too.
    ``allowed`` are the findings that the allow-list allows, and ``show_allowed`` says whether to list them.
    ``run_time`` is what a run of the code showed, if there is evidence of one.
    """

    findings: tuple[Finding, ...]
    checked: int
    torch: str
    origin: str
    sources: Mapping[str, bytes] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    fixed: int | None = None
    unsafe: bool = False
    allowed: tuple[Allowed, ...] = ()
    show_allowed: bool = False
    run_time: RunTime | None = None

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings to list, in their order."""
        if not self.show_allowed:
            return self.findings
        both = (*self.findings, *(each.finding for each in self.allowed))
        return tuple(sorted(both, key=lambda finding: finding.sort_key()))

    def fixable(self, applicability: str) -> int:
        """How many findings have a fix of this applicability."""
        return sum(finding.fix is not None and finding.fix.applicability == applicability for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Style:
    """What the output can show: colours, which characters (``encoding``) and how many in a line."""

    colour: bool = False
    encoding: str = "utf-8"
    width: int = 120

    def paint(self, text: str, *codes: int) -> str:
        """Wrap a text in terminal colours, if there are any."""
        if not self.colour or not codes:
            return text
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m"
