"""Writing suppressions into a file: a comment for each finding, where it counts, and no other change."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fullgraph.engine import noqa
from fullgraph.engine.finding import Finding
from fullgraph.engine.registry import INTERNAL_CODES
from fullgraph.semantic.layout import Layout, Rows, layout_of
from fullgraph.semantic.source import SourceError, decode, parse
from fullgraph.textfile import encode

Check: TypeAlias = Callable[[bytes], Sequence[Finding]]
"""Finds what there is to find in a file's bytes."""

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LONGEST = 88


@dataclass(frozen=True, slots=True)
class Annotated:
    """A file with its comments: the new bytes, how many findings are hidden by them, and those that no comment can."""

    data: bytes
    hidden: int
    left: tuple[Finding, ...]


def annotate(data: bytes, findings: Iterable[Finding], check: Check, reason: str | None) -> Annotated:
    """Give each finding a ``# noqa``, or with a reason a ``# fullgraph: ok``; the file's code stays what it is.

    ``check`` is asked again afterwards: a comment that turns out not to count is not written.
    """
    findings = list(findings)
    try:
        writer, before = _Writer(data, reason), _Seen.of(data, check)
    except (SourceError, RecursionError):
        return Annotated(data, 0, tuple(findings))
    wanted: dict[Rows, list[Finding]] = {}
    for finding in findings:
        if finding.code not in INTERNAL_CODES:
            wanted.setdefault(writer.layout.group(finding.start.row), []).append(finding)
    chosen = wanted
    written = writer.write(chosen)
    if not before.has_lost(written, wanted, check):
        chosen, written = {}, data
        for rows, found in wanted.items():
            tried = writer.write({**chosen, rows: found})
            if before.has_lost(tried, {**chosen, rows: found}, check):
                chosen, written = {**chosen, rows: found}, tried
    hidden = {id(finding) for found in chosen.values() for finding in found}
    left = tuple(finding for finding in findings if id(finding) not in hidden)
    return Annotated(written or data, len(hidden), left)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a file means and what is found in it."""

    meaning: str
    counts: Counter[str]

    @classmethod
    def of(cls, data: bytes, check: Check) -> _Seen:
        counts = Counter(finding.code for finding in check(data) if finding.code not in INTERNAL_CODES)
        return cls(ast.dump(parse(decode(data))), counts)

    def has_lost(self, written: bytes | None, expected: Mapping[Rows, Sequence[Finding]], check: Check) -> bool:
        """Whether these findings, and nothing else, are gone from the file as it was written."""
        if written is None:
            return False
        try:
            after = _Seen.of(written, check)
        except (SourceError, RecursionError):
            return False
        lost = Counter(finding.code for found in expected.values() for finding in found)
        return after.meaning == self.meaning and after.counts == self.counts - lost


class _Writer:
    """Writes comments to rows of one file."""

    def __init__(self, data: bytes, reason: str | None) -> None:
        text = decode(data)
        parse(text)
        self.data = data
        self.reason = reason
        self.lines: list[str] = _LINES.findall(text)
        self.layout: Layout = layout_of(self.lines)
        self.newline = next((end for line in self.lines if (end := _end(line))), "\n")

    def write(self, wanted: Mapping[Rows, Sequence[Finding]]) -> bytes | None:
        """The file with a comment for each group of rows; None if its encoding cannot hold them."""
        lines = list(self.lines)
        for rows, found in wanted.items():
            codes = ", ".join(sorted({finding.code for finding in found}))
            if self.reason is None:
                self.add_noqa(lines, rows, codes)
            else:
                self.accept(lines, rows, f"# fullgraph: ok {codes} {self.reason}")
        try:
            return encode("".join(lines), self.data)
        except (UnicodeEncodeError, SyntaxError):
            return None

    def add_noqa(self, lines: list[str], rows: Rows, codes: str) -> None:
        """Put codes into the ``# noqa`` that counts for these rows, or write one where flake8 reads it."""
        present = noqa.noqa_of(rows, self.lines)
        if present is None:
            lines[rows.last - 1] = _appended(lines[rows.last - 1], f"# noqa: {codes}")
        elif present.codes:
            row, column = present.end
            line = lines[row - 1]
            lines[row - 1] = f"{line[: column - 1]}, {codes}{line[column - 1 :]}"

    def accept(self, lines: list[str], rows: Rows, comment: str) -> None:
        """Write a comment behind these rows, or above them if the line would grow long."""
        behind = _appended(self.lines[rows.last - 1], comment)
        if len(behind.rstrip("\r\n")) <= _LONGEST:
            lines[rows.last - 1] = behind
        else:
            first = self.lines[rows.first - 1]
            indent = first[: len(first) - len(first.lstrip(" \t\f"))]
            lines[rows.first - 1] = f"{indent}{comment}{self.newline}{lines[rows.first - 1]}"


def _appended(line: str, comment: str) -> str:
    end = _end(line)
    code = line[: len(line) - len(end)].rstrip(" \t")
    return f"{code}  {comment}{end}"


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]
