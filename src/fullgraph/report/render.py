"""The output formats, the table of statistics and the closing summary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fullgraph.report.as_json import findings_json, statistics_json
from fullgraph.report.as_text import concise, full

if TYPE_CHECKING:
    from fullgraph.report.model import Report, Style


def render(report: Report, output_format: str, style: Style) -> str:
    """Write the findings of a run in one of ``FORMATS``."""
    match output_format:
        case "json":
            return findings_json(report)
        case "concise":
            return concise(report, style)
        case _:
            return full(report, style)


def statistics(report: Report, output_format: str, style: Style) -> str:
    """Write how often each code was found, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    rows = sorted(((count, *key) for key, count in counts.items()), key=lambda row: (-row[0], row[1]))
    if output_format == "json":
        return statistics_json(rows)
    width = max((len(str(count)) for count, _, _ in rows), default=0)
    return "".join(
        f"{style.paint(f'{count:{width}}', 1)}  {style.paint(code, 1, 31)}  {name}\n" for count, code, name in rows
    )


def summary(report: Report, style: Style) -> str:
    """Write the closing lines: what was found in how many files, and for which torch version."""
    checked = _counted(report.checked, "file")
    if report.findings:
        files = _counted(len({finding.filename for finding in report.findings}), "file")
        found = style.paint(f"Found {_counted(len(report.findings), 'finding')}", 1, 31)
        first = f"{found} in {files} ({checked} checked)."
    else:
        first = f"{style.paint('All clear', 1, 32)}: {checked} checked, torch {report.torch}."
    notes = "".join(f"{note}\n" for note in report.notes)
    return f"{first}\n{notes}Target: torch {report.torch}, {report.origin}.\n"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
