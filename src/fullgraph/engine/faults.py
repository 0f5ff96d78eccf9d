"""Findings of fullgraph itself: about files that it cannot read, and errors of its own."""

from __future__ import annotations

from fullgraph.api import Severity
from fullgraph.engine.finding import Finding, Position
from fullgraph.engine.registry import INTERNAL_CODES


def invalid_file(filename: str, reason: str, row: int = 1, column: int = 1) -> Finding:
    """TFG000: the file could not be read, decoded or parsed, for this reason, here."""
    place = Position(row, column)
    return Finding(filename, place, place, "TFG000", INTERNAL_CODES["TFG000"], reason, Severity.ERROR)


def internal_error(filename: str, place: Position, what: str, error: BaseException) -> Finding:
    """TFG001: fullgraph failed in something; the rest of the run goes on."""
    text = " ".join(str(error).split())[:200]
    message = (
        f"internal error of fullgraph in {what}: {type(error).__name__}: {text}; the rest was checked, please report it"
    )
    return Finding(filename, place, place, "TFG001", INTERNAL_CODES["TFG001"], message, Severity.ERROR)
