"""Findings as text: one line each, or with the source and a caret under the exact place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fullgraph.engine.finding import DYNAMO_ID, Severity, Traced, dynamo_page
from fullgraph.report.snippet import snippet, source_lines
from fullgraph.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fullgraph.engine.finding import ChainStep, Finding, TracedBy
    from fullgraph.engine.seen import Seen, Unforeseen
    from fullgraph.report.model import Report, Style

_COLOURS = {Severity.ERROR: 31, Severity.WARNING: 33, Severity.NOTE: 36}
_FIX_LABELS = {"safe": "fix", "unsafe": "unsafe fix", "display": "not fixed"}
_LONGEST_CHAIN = 5


def concise(report: Report, style: Style) -> str:
    """Write ``path:row:column: CODE message``, one line for each finding."""
    lines = [f"{header(finding, finding.text, style)}\n" for finding in _listed(report)]
    return "".join(lines) + _unforeseen(report, style)


def full(report: Report, style: Style) -> str:
    """Write each finding with its source, the chain by which the code is traced, and the remedy."""
    blocks = []
    name: str | None = None
    lines: tuple[str, ...] = ()
    for finding in _listed(report):
        if finding.filename != name:
            name, lines = finding.filename, source_lines(report.sources.get(finding.filename, b""))
        seen = report.run_time.seen.get(finding) if report.run_time is not None else None
        blocks.append("\n".join(_block(finding, lines, style, seen)) + "\n\n")
    listed = _unforeseen(report, style)
    return "".join(blocks) + (f"{listed}\n" if listed else "")


def _listed(report: Report) -> Iterator[Finding]:
    """The findings to list; one that is allowed says by what and why."""
    by_finding = {each.finding: each for each in report.allowed}
    for finding in report.shown:
        by = by_finding.get(finding)
        if by is None:
            yield finding
        else:
            why = " ".join(f"{by.owner}: {by.reason}".removeprefix(": ").split())
            yield replace(finding, message=f"{finding.message} (allowed by {by.entry}: {why})", severity=Severity.NOTE)


def _unforeseen(report: Report, style: Style) -> str:
    return "" if report.run_time is None else unforeseen_lines(report.run_time.unforeseen, style)


def unforeseen_lines(found: Iterable[Unforeseen], style: Style) -> str:
    """Write what a run of the code showed and no finding says, one line each."""
    lines = []
    for each in found:
        place = f"{style.paint(visible(each.filename, style.encoding), 1)}:{each.row}"
        what = style.paint("seen at run time, foreseen by no rule", 1, 31)
        lines.append(f"{place}: {what}: {visible(str(each.seen), style.encoding)}\n")
    return "".join(lines)


def _block(finding: Finding, lines: tuple[str, ...], style: Style, seen: Seen | None) -> list[str]:
    block = [header(finding, finding.message, style)]
    gutter, shown = snippet(lines, finding.start, finding.end, style, _COLOURS[finding.severity])
    block += shown
    notes = []
    if finding.traced.chain:
        notes.append(("traced" if finding.traced.degree is Traced.CERTAIN else "may be traced", _chain(finding.traced)))
    elif finding.reach:
        notes.append(("traced", finding.reach))
    if finding.hops:
        notes.append(("by way of", " -> ".join(map(_step, finding.hops))))
    if seen is not None:
        notes.append(("seen at run time", str(seen)))
    if finding.remedy:
        notes.append(("help", finding.remedy))
    notes += [("see", dynamo_page(found)) for found in DYNAMO_ID.finditer(finding.message)]
    if finding.fix is not None:
        notes.append((_FIX_LABELS.get(finding.fix.applicability, "fix"), finding.fix.message))
    if shown and notes:
        block.append(f"{' ' * gutter} {style.paint('|', 34)}")
    edge = f"{' ' * gutter} {style.paint('=', 34)}"
    block += [f"{edge} {style.paint(f'{label}:', 1)} {visible(text, style.encoding)}" for label, text in notes]
    return block


def header(finding: Finding, text: str, style: Style) -> str:
    """Write ``path:row:column: CODE`` and a text."""
    path = visible(finding.filename, style.encoding)
    place = f"{style.paint(path, 1)}:{finding.start.row}:{finding.start.column}"
    return f"{place}: {style.paint(finding.code, 1, 31)} {visible(text, style.encoding)}"


def _chain(traced: TracedBy) -> str:
    steps = [_step(step) for step in traced.chain]
    if len(steps) > _LONGEST_CHAIN:
        left_out = len(steps) - _LONGEST_CHAIN + 1
        steps = [*steps[:2], f"... {left_out} more ...", *steps[left_out + 2 :]]
    return " -> ".join(steps)


def _step(step: ChainStep) -> str:
    return f"{step.name} ({step.filename}:{step.row})"
