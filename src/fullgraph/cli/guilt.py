"""What a run fails for: which findings ``--fail-on`` counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fullgraph.rule import Severity

if TYPE_CHECKING:
    from fullgraph.engine.finding import Finding
    from fullgraph.report.model import Report

_COUNTED = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING)}


def with_note(report: Report, fail_on: str) -> Report:
    """Say in the summary how many findings count, where a severity decides: a run that lists some may well pass."""
    if fail_on not in _COUNTED or not report.findings:
        return report
    counted = sum(_counts(finding, report, fail_on) for finding in report.findings)
    return replace(report, notes=(*report.notes, f"--fail-on {fail_on}: {counted} of {len(report.findings)} count."))


def is_guilty(report: Report, fail_on: str) -> bool:
    """Whether there is something that the run is to fail for; ``fail_on`` is one of ``FAIL_ON``."""
    if report.run_time is not None and report.run_time.unforeseen:
        return True
    return any(_counts(finding, report, fail_on) for finding in report.findings)


def _counts(finding: Finding, report: Report, fail_on: str) -> bool:
    match fail_on:
        case "any":
            return True
        case "confirmed":
            return report.run_time is not None and report.run_time.confirms(finding)
        case severity:
            return finding.severity in _COUNTED[severity]
