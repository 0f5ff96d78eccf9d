"""``# fullgraph: ok TFG102 <reason>`` comments: what one says, and which rows it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from fullgraph.engine.noqa import NamedCode
from fullgraph.engine.registry import INTERNAL_CODES
from fullgraph.semantic.layout import Comment, Layout, Rows

PREFILTER = "fullgraph"
FORM = "`# fullgraph: ok TFG101 <reason>`"

# another spelling of "ok" may be prose, unless a code follows
_OK = re.compile(r"(?:^|(?<=\s))#\s*(?i:fullgraph):\s*(?:ok\b|(?i:ok)\b(?=.*(?i:TFG)\d))[ \t]*:?")
_OTHER_WORD = re.compile(r"(?:^|(?<=\s))#\s*fullgraph:\s*(?!ok\b)(?:[a-z]+\s*[=:\s]\s*)?TFG\d", re.IGNORECASE)
_NEXT_PRAGMA = re.compile(
    r"\s#\s*(?:noqa|type:|fullgraph:|flake8:|ruff:|pylint:|pyright:|mypy:|pragma:|fmt:|isort:|nosec)", re.IGNORECASE
)
_CODES = re.compile(r"\s*\w[\w-]*(?:\s*,\s*\w[\w-]*)*")
_WORD = re.compile(r"\w[\w-]*")
_CODE_LIKE = re.compile(r"[\s,]*(TFG\d+)\b", re.IGNORECASE)
_UNTIL = re.compile(r"(?:^|(?<=\s))until\s*[=:]\s*(\S*)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})[,;:.)]?")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One comment that accepts findings.

    Attributes:
        row: where it stands.
        column: where its ``#`` is.
        end_column: just behind its last character.
        codes: the codes that it names.
        reason: why, in the author's words.
        until: the last day on which it holds; None if it holds for good.
        fault: what is wrong with it; empty if nothing is. Such a comment accepts nothing.
        covered: the rows that it speaks of.

    """

    row: int
    column: int
    end_column: int
    codes: tuple[NamedCode, ...] = ()
    reason: str = ""
    until: date | None = None
    fault: str = ""
    covered: frozenset[int] = frozenset()


class _FaultError(Exception):
    """What is wrong with a comment."""


def accepted_in(layout: Layout) -> Iterator[Accepted]:
    """Every comment of a file that accepts findings, or was meant to."""
    for comment in layout.comments:
        if PREFILTER not in comment.text.lower():
            continue
        found = _OTHER_WORD.search(comment.text)
        if found is not None:
            whole = _at(comment, found.start(), len(comment.text))
            yield replace(whole, fault=f"unknown fullgraph comment; write {FORM}")
        for found in _OK.finditer(comment.text):
            stop = _NEXT_PRAGMA.search(comment.text, found.end())
            end = stop.start() if stop is not None else len(comment.text.rstrip())
            accepted = _at(comment, found.start(), end)
            try:
                codes, reason, until = _parse(comment, found.end(), end)
            except _FaultError as error:
                yield replace(accepted, fault=str(error))
            else:
                yield replace(accepted, codes=codes, reason=reason, until=until, covered=_covered(comment, layout))


def _at(comment: Comment, start: int, end: int) -> Accepted:
    return Accepted(comment.row, comment.column + start, comment.column + end)


def _parse(comment: Comment, start: int, end: int) -> tuple[tuple[NamedCode, ...], str, date | None]:
    """Take codes, reason and last day from the part of a comment behind ``ok``."""
    listed = _CODES.match(comment.text, start, end)
    if listed is None:
        raise _FaultError(f"it names no code; write {FORM}")
    codes = tuple(
        _named(word[0], comment, word.start()) for word in _WORD.finditer(comment.text, listed.start(), listed.end())
    )
    rest = comment.text[listed.end() : end]
    another = _CODE_LIKE.match(rest)
    if another is not None:
        raise _FaultError(f"put a comma in front of {another[1]!r}, or begin the reason with another word")
    until = None
    said = _UNTIL.search(rest)
    if said is not None:
        until = _date(said[1])
        rest = f"{rest[: said.start()]} {rest[said.end() :]}"
    reason = " ".join(rest.split()).lstrip(":-\u2013\u2014,;. ")
    if not any(character.isalnum() for character in reason):
        raise _FaultError(f"it gives no reason; write {FORM}")
    return codes, reason, until


def _named(word: str, comment: Comment, offset: int) -> NamedCode:
    from fullgraph.engine.selection import catalogue  # noqa: PLC0415 - files with such a comment are few

    known = catalogue()
    code = known.code_of(word) or known.code_of(word.upper()) or known.code_of(word.lower())
    if code is None:
        near = known.nearest_rule(word)
        hint = f"did you mean {near!r}?" if near else f"write {FORM}"
        raise _FaultError(f"unknown rule {word!r}; {hint}")
    if code in INTERNAL_CODES:
        raise _FaultError(f"{code} is no rule's finding and cannot be accepted")
    column = comment.column + offset
    return NamedCode(code, comment.row, column, column + len(word))


def _date(text: str) -> date:
    found = _DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups() if found is not None else ()))
    except (ValueError, TypeError) as error:
        raise _FaultError(f"bad date {text!r}; write until=YYYY-MM-DD") from error


def _covered(comment: Comment, layout: Layout) -> frozenset[int]:
    """Rows that a comment speaks of: its own line, or, from a line of its own, what stands right below."""
    if comment.alone:
        return frozenset(_below(comment.row, layout))
    rows = set(layout.group(comment.row))
    statement = layout.statement(comment.row)
    if statement is not None and statement.first in layout.decorators:
        last = layout.statement(layout.header(statement.first).last)
        rows.add(last.first if last is not None else comment.row)
    return frozenset(rows)


def _below(row: int, layout: Layout) -> Rows:
    """Rows right below a line of comment, past more of them; none behind an empty line or at the end."""
    comments = {comment.row for comment in layout.comments if comment.alone}
    while row in comments:
        row += 1
    statement = layout.statement(row)
    if statement is None:
        return Rows(row, row - 1)
    return layout.header(row) if statement.first == row else layout.group(row)
