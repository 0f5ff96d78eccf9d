"""Findings as JSON: a list of objects or an object on each line, pure ASCII, which any terminal and pipe can carry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fullgraph.report.indented import indented

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fullgraph.engine.finding import ChainStep, Finding, Position
    from fullgraph.engine.seen import Seen, Unforeseen
    from fullgraph.report.model import Allowed, Report


def as_list(items: Iterable[dict[str, object]]) -> str:
    """Write objects as one JSON list over many lines."""
    return indented(list(items)) + "\n"


def as_lines(items: Iterable[dict[str, object]]) -> str:
    """Write objects as JSON Lines: each on a line of its own, and nothing else."""
    return "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in items)


def findings_data(report: Report) -> list[dict[str, object]]:
    """All findings of a report as plain data, and behind them what a run showed that no rule foresaw."""
    by_finding = {each.finding: each for each in report.allowed}
    listed = [finding_data(finding) for finding in report.shown]
    if report.show_allowed:
        for item, finding in zip(listed, report.shown, strict=True):
            item["allowed"] = _allowed(by_finding.get(finding))
    if report.run_time is not None:
        for item, finding in zip(listed, report.shown, strict=True):
            item["run_time"] = seen_data(report.run_time.seen.get(finding))
        listed += [unforeseen_data(each) for each in report.run_time.unforeseen]
    return listed


def finding_data(finding: Finding) -> dict[str, object]:
    """One finding as plain data."""
    fix = finding.fix
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.text,
        "severity": finding.severity.value,
        "filename": finding.filename,
        "location": _position(finding.start),
        "end_location": _position(finding.end),
        "url": finding.url,
        "fix": None if fix is None else {"applicability": fix.applicability, "message": fix.message},
        "traced": {
            "degree": finding.traced.degree.name.lower(),
            "callers": finding.traced.callers,
            "chain": [_step(step) for step in finding.traced.chain],
        },
        **({"hops": [_step(step) for step in finding.hops]} if finding.hops else {}),
    }


def _step(step: ChainStep) -> dict[str, object]:
    return {"filename": step.filename, "row": step.row, "name": step.name}


def _allowed(by: Allowed | None) -> dict[str, str | None] | None:
    if by is None:
        return None
    return {"entry": by.entry, "owner": by.owner or None, "reason": by.reason, "expires": by.expires or None}


def seen_data(seen: Seen | None) -> dict[str, object] | None:
    """What a run showed at one place; None for nothing."""
    if seen is None:
        return None
    return {"confirmed": seen.count > 0, "count": seen.count, "what": seen.what, "why": seen.why or None}


def unforeseen_data(each: Unforeseen) -> dict[str, object]:
    """What no finding says: like a finding, without a code."""
    return {
        "code": None,
        "name": "unforeseen",
        "message": str(each.seen),
        "filename": each.filename,
        "location": {"row": each.row, "column": 1},
        "run_time": seen_data(each.seen),
    }


def _position(position: Position) -> dict[str, int]:
    return {"row": position.row, "column": position.column}
