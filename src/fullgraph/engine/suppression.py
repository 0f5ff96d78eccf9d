"""Which findings the comments of a file hide, and what is wrong with those comments.

``# noqa`` counts as in flake8; ``# fullgraph: ok CODE reason`` counts everywhere, under flake8 too. A comment that
hides nothing is TFG002, one that cannot be understood is TFG003.

Two spellings mean just what they name: ``# flake8: noqa: TFG101``, for which flake8 would skip the whole file, and
codes in small letters, which flake8 would not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date

from fullgraph.api import Severity
from fullgraph.engine import noqa
from fullgraph.engine.accepted import PREFILTER, Accepted, accepted_in
from fullgraph.engine.finding import Finding, Position
from fullgraph.engine.registry import INTERNAL_CODES
from fullgraph.semantic.layout import Layout, layout_of

URL = "docs/suppression.md"

_ACCEPTING = re.compile(r"#\s*fullgraph:", re.IGNORECASE)
_OUR_NOQA = re.compile(r"# noqa:.*TFG\d", re.IGNORECASE)
_OUR_CODE = re.compile(r"TFG\d{3}")


def settle(
    findings: list[Finding], lines: Sequence[str], filename: str, codes: Set[str], *, with_noqa: bool
) -> list[Finding]:
    """The findings that no comment hides, with those about the comments themselves, sorted by place.

    ``codes`` are those that were looked for: of any other, nobody knows whether a comment hides it.
    ``with_noqa`` says whether ``# noqa`` counts; under flake8 it does not, since flake8 sees to it.
    """
    text = "\n".join(lines)
    accepting = PREFILTER in text and _ACCEPTING.search(text) is not None
    with_noqa = with_noqa and noqa.may_concern_us(text)
    with_noqa = with_noqa and (bool(findings) or accepting or bool(_OUR_NOQA.search(text)))
    if not accepting and not with_noqa:
        return findings
    layout = layout_of(lines)
    if any(finding.code == "TFG001" for finding in findings):
        codes = frozenset()  # what failed may have had something to find
    kept, about = findings, list[Finding]()
    if accepting:
        accepted = list(accepted_in(layout))
        kept = _unaccepted(findings, accepted)
        about += _about_accepted(accepted, findings, filename, codes)
    if with_noqa:
        whole_file = noqa.in_whole_file(lines)
        if whole_file is None:
            return []
        inline = list(noqa.inline(layout, lines))
        about += _unused_noqa(inline, layout, findings, filename, codes)
        kept, about = (_not_noqa(each, inline, whole_file) for each in (kept, about))
    return sorted((*kept, *about), key=Finding.sort_key)


def _holds(accepted: Accepted) -> bool:
    return not accepted.fault and (accepted.until is None or date.today() <= accepted.until)


def _unaccepted(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Finding]:
    hidden = {(row, named.code) for each in accepted if _holds(each) for named in each.codes for row in each.covered}
    return [finding for finding in findings if (finding.start.row, finding.code) not in hidden]


def _about_accepted(
    accepted: Iterable[Accepted], findings: Iterable[Finding], filename: str, codes: Set[str]
) -> Iterator[Finding]:
    """Say which comments cannot be understood, hold no longer or hide nothing."""
    found = {(finding.start.row, finding.code) for finding in findings}
    for each in accepted:
        if each.fault:
            yield _about(
                "TFG003", filename, each.row, each.column, each.end_column, f"this hides nothing: {each.fault}"
            )
        elif not _holds(each):
            message = f"this holds no longer: it was accepted until {each.until}"
            if any(named.code in codes for named in each.codes):
                yield _about("TFG002", filename, each.row, each.column, each.end_column, message)
        else:
            for named in each.codes:
                if named.code in codes and not any((row, named.code) in found for row in each.covered):
                    where = "here" if each.covered else "here: no statement stands right below"
                    yield _unused(named, filename, where)


def _unused_noqa(
    inline: Iterable[noqa.Noqa], layout: Layout, findings: Iterable[Finding], filename: str, codes: Set[str]
) -> Iterator[Finding]:
    """Say which of our codes a ``# noqa`` names in vain; one inside a string is left alone."""
    found = {(finding.start.row, finding.code) for finding in findings}
    comments = {comment.row: comment.column for comment in layout.comments}
    for each in inline:
        for named in each.codes:
            ours = _OUR_CODE.fullmatch(named.code) and named.code in codes and named.code not in INTERNAL_CODES
            in_comment = comments.get(named.row, named.column) < named.column
            if ours and in_comment and not any((row, named.code) in found for row in each.rows):
                yield _unused(named, filename, "here")


def _unused(named: noqa.NamedCode, filename: str, where: str) -> Finding:
    message = f"{named.code} is not found {where}; remove it from this comment"
    return _about("TFG002", filename, named.row, named.column, named.end_column, message)


def _not_noqa(findings: Iterable[Finding], inline: Iterable[noqa.Noqa], whole_file: Sequence[str]) -> list[Finding]:
    by_row = {row: each for each in inline for row in each.rows}
    off = tuple(whole_file) or ("\0",)
    return [
        finding
        for finding in findings
        if not finding.code.startswith(off)
        and not ((found := by_row.get(finding.start.row)) is not None and found.covers(finding.code))
    ]


def _about(code: str, filename: str, row: int, column: int, end_column: int, message: str) -> Finding:
    start, end = Position(row, column), Position(row, end_column)
    return Finding(filename, start, end, code, INTERNAL_CODES[code], message, Severity.WARNING, url=URL)
