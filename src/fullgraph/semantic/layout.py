"""Which rows of a file belong together, and the comments on them: what suppressions are read and written by."""

from __future__ import annotations

import io
import tokenize
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SKIPPED = frozenset({tokenize.ENDMARKER, tokenize.DEDENT, tokenize.INDENT})
_NO_CODE = frozenset({tokenize.COMMENT, tokenize.NL})


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment token: its row and column from 1, its text from the ``#`` on, and whether its line holds only it."""

    row: int
    column: int
    text: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows from ``first`` to ``last``, both included."""

    first: int
    last: int

    def __contains__(self, row: int) -> bool:
        return self.first <= row <= self.last

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of a file in three groupings.

    Attributes:
        joined: rows that a string or a backslash makes one line, each other row by itself; flake8 looks for a
            ``# noqa`` in the whole of such a group.
        logical: statements, or their headers, from their first row to their last; a decorator is one of its own.
        decorators: the first rows of those in ``logical`` that are decorators.
        comments: every comment, in order.

    """

    joined: tuple[Rows, ...]
    logical: tuple[Rows, ...]
    decorators: frozenset[int]
    comments: tuple[Comment, ...]

    def group(self, row: int) -> Rows:
        """Rows that are one line with this one."""
        return _containing(self.joined, row) or Rows(row, row)

    def statement(self, row: int) -> Rows | None:
        """Rows of the statement, or of the header, that this row lies in."""
        return _containing(self.logical, row)

    def header(self, first: int) -> Rows:
        """Rows of the statement that begins in this row, with what its decorators decorate."""
        statement = self.statement(first) or Rows(first, first)
        last, index = statement.last, bisect_right(self.logical, first, key=lambda rows: rows.first)
        while statement.first in self.decorators and index < len(self.logical):
            statement = self.logical[index]
            last, index = statement.last, index + 1
        return Rows(first, last)


def layout_of(lines: Sequence[str]) -> Layout:
    """Read the layout of a file's lines, with or without their ends.

    What the tokenizer does not understand is left out, which no file that Python can parse should have.
    """
    reader = io.StringIO("\n".join(line.rstrip("\r\n") for line in lines) + "\n").readline
    builder = _Builder(len(lines))
    try:
        for token in tokenize.generate_tokens(reader):
            builder.add(token)
    except (tokenize.TokenError, SyntaxError):
        # what came so far is right, and flake8 goes by single rows for the rest as well
        return builder.layout()
    return builder.layout()


class _Builder:
    """Puts tokens together to rows."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.joined: list[Rows] = []
        self.logical: list[Rows] = []
        self.decorators: set[int] = set()
        self.comments: list[Comment] = []
        self.group_first = 0
        self.statement_first = 0
        self.last_code_row = 0

    def add(self, token: tokenize.TokenInfo) -> None:
        """Take the next token."""
        if token.type in _SKIPPED:
            return
        row, column = token.start
        self.group_first = self.group_first or row
        if token.type == tokenize.COMMENT:
            self.comments.append(Comment(row, column + 1, token.string, row != self.last_code_row))
        elif token.type == tokenize.NEWLINE:
            self.logical.append(Rows(self.statement_first or row, row))
            self.statement_first = 0
        elif token.type not in _NO_CODE:
            if not self.statement_first:
                self.statement_first = row
                if token.string == "@":
                    self.decorators.add(row)
            self.last_code_row = token.end[0]
        if token.type in (tokenize.NL, tokenize.NEWLINE):
            self.joined.append(Rows(self.group_first, min(token.start[0], self.count)))
            self.group_first = 0

    def layout(self) -> Layout:
        """What the tokens came to."""
        return Layout(tuple(self.joined), tuple(self.logical), frozenset(self.decorators), tuple(self.comments))


def _containing(groups: Sequence[Rows], row: int) -> Rows | None:
    index = bisect_right(groups, row, key=lambda rows: rows.first) - 1
    return groups[index] if index >= 0 and row in groups[index] else None
