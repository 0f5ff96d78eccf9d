"""Fixing in rounds: check, plan, rewrite, make sure, and again until nothing changes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from fullgraph.engine.check import check_source
from fullgraph.engine.finding import FixSummary
from fullgraph.fix.edits import Edits
from fullgraph.fix.guard import damage
from fullgraph.fix.plan import plan
from fullgraph.fix.rewrite import CannotRewriteError, rewrite
from fullgraph.intents import Applicability
from fullgraph.semantic.source import decode, encode, parse, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import TypeAlias

    from fullgraph.engine.finding import Finding
    from fullgraph.engine.settings import Settings
    from fullgraph.semantic.traced import FileRegion

    Spared: TypeAlias = Callable[[bytes, list[Finding]], Collection[Finding]]

_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Fixed:
    """What came of a file: its new bytes, how many findings are gone, and what remains."""

    data: bytes
    fixed: int
    remaining: tuple[Finding, ...]


def is_applied(finding: Finding, *, unsafe: bool) -> bool:
    """Whether a finding has a fix that may be applied."""
    fix = finding.fix
    if fix is None or not fix.intents:
        return False
    return fix.applicability == Applicability.SAFE.value or (unsafe and fix.applicability == Applicability.UNSAFE.value)


def fix_source(
    data: bytes,
    filename: str,
    settings: Settings,
    *,
    unsafe: bool = False,
    linked: FileRegion | None = None,
    spared: Spared | None = None,
) -> Fixed:
    """Apply the fixes of a file's findings, as far as that is surely right.

    What is left is among the remaining findings, with the reason as its fix. ``linked`` is what the project says of the
    file as it was; no fix adds or removes a function, so it goes on to hold. What is ``spared`` is left as it is.
    """
    fixed = 0
    refused: list[tuple[Finding, str]] = []
    findings = check_source(data, filename, settings, linked)
    for _ in range(_MOST_ROUNDS):
        left_alone = spared(data, findings) if spared is not None else ()
        wanted = [each for each in findings if is_applied(each, unsafe=unsafe) and each not in left_alone]
        if not wanted:
            break
        data, done, refused = _round(data, filename, wanted)
        if not done:
            break
        fixed += done
        findings = check_source(data, filename, settings, linked)
    return Fixed(data, fixed, _with_reasons(findings, refused))


def _round(data: bytes, filename: str, wanted: list[Finding]) -> tuple[bytes, int, list[tuple[Finding, str]]]:
    """One round: the new bytes, how many findings were dealt with, and which were not, and why."""
    text = decode(data)
    if not _compiles(data):
        return data, 0, [(finding, "the file does not compile as it is") for finding in wanted]
    if encode(text, data) != data:
        return data, 0, [(finding, "its encoding has several spellings of the same text") for finding in wanted]
    edits = Edits()
    try:
        edits = plan(parse(text), split_lines(text), filename, wanted, is_init=PurePath(filename).stem == "__init__")
        if not edits.applied:
            return data, 0, edits.refused
        new = encode(rewrite(text, edits), data)
        reason = _fault(text, new, edits)
    except CannotRewriteError as error:
        reason = str(error)
    except RecursionError:
        reason = "the file is nested too deeply"
    except Exception as error:  # whatever is wrong with us, the other files are still fixed
        reason = f"internal error of fullgraph: {type(error).__name__}: {error}; please report it"
    if not reason:
        return new, len(edits.applied), edits.refused
    return data, 0, edits.refused + [(finding, reason) for finding in edits.applied or wanted]


def _fault(before: str, new: bytes, edits: Edits) -> str:
    """Why the outcome of a round is not taken over, if so."""
    if not _compiles(new):
        return "the result would not compile"
    return damage(before, decode(new), edits)


def _compiles(data: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, "file", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _with_reasons(findings: list[Finding], refused: list[tuple[Finding, str]]) -> tuple[Finding, ...]:
    reasons = {(finding.start, finding.code): reason for finding, reason in refused}
    return tuple(
        replace(finding, fix=FixSummary(Applicability.DISPLAY.value, reason))
        if (reason := reasons.get((finding.start, finding.code))) is not None
        else finding
        for finding in findings
    )
