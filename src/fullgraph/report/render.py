"""The output formats, the table of statistics and the closing summary."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fullgraph.report.as_json import as_lines, as_list, findings_data
from fullgraph.report.as_text import concise, full
from fullgraph.report.model import PROGRAM_FORMATS

if TYPE_CHECKING:
    from fullgraph.report.model import Report, Style


def render(report: Report, output_format: str, style: Style) -> str:
    """Write the findings of a run in one of ``FORMATS``."""
    match output_format:
        case "json":
            return as_list(findings_data(report))
        case "jsonl":
            return as_lines(findings_data(report))
        case "concise":
            return concise(report, style)
        case _:
            return full(report, style)


def statistics(report: Report, output_format: str, style: Style) -> str:
    """Write how often each code was found, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    rows = sorted(((count, *key) for key, count in counts.items()), key=lambda row: (-row[0], row[1]))
    if output_format in PROGRAM_FORMATS:
        write = as_list if output_format == "json" else as_lines
        return write([{"code": code, "name": name, "count": count} for count, code, name in rows])
    width = max((len(str(count)) for count, _, _ in rows), default=0)
    return "".join(
        f"{style.paint(f'{count:{width}}', 1)}  {style.paint(code, 1, 31)}  {name}\n" for count, code, name in rows
    )


def summary(report: Report, style: Style) -> str:
    """Write the closing lines: what was found in how many files, what is fixed, and for which torch version."""
    checked = _counted(report.checked, "file")
    total = len(report.findings) + (report.fixed or 0)
    if report.fixed:
        found = style.paint(f"Found {_counted(total, 'finding')}", 1, 31)
        first = f"{found} ({report.fixed} fixed, {len(report.findings)} remaining)."
    elif report.findings:
        files = _counted(len({finding.filename for finding in report.findings}), "file")
        found = style.paint(f"Found {_counted(total, 'finding')}", 1, 31)
        first = f"{found} in {files} ({checked} checked)."
    elif not report.checked or (report.run_time is not None and report.run_time.unforeseen):
        first = f"No findings ({checked} checked)."
    else:
        first = f"{style.paint('All clear', 1, 32)}: {checked} checked, torch {report.torch}."
    notes = "".join(f"{note}\n" for note in report.notes)
    return f"{first}\n{notes}{_fixable(report)}Target: torch {report.torch}, {report.origin}.\n"


def diff_summary(report: Report) -> str:
    """Write what ``--diff`` comes to: how many findings the shown changes would put right."""
    more = report.fixable("unsafe") if not report.unsafe else 0
    available = f" ({_counted(more, 'fix', 'fixes')} available with --unsafe-fixes)" if more else ""
    if not report.fixed:
        return f"No findings would be fixed{available}.\n"
    return f"Would fix {_counted(report.fixed, 'finding')}{available}.\n"


def _fixable(report: Report) -> str:
    """Say which flags would fix more."""
    safe, unsafe = report.fixable("safe"), report.fixable("unsafe")
    if report.fixed is not None:
        available = 0 if report.unsafe else unsafe
        return f"{_counted(available, 'fix', 'fixes')} available with --unsafe-fixes.\n" if available else ""
    if report.unsafe:
        return f"{safe + unsafe} fixable with --fix --unsafe-fixes.\n" if safe + unsafe else ""
    more = f" ({unsafe} more with --unsafe-fixes)" if unsafe else ""
    return f"{safe} fixable with --fix{more}.\n" if safe + unsafe else ""


def _counted(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"
