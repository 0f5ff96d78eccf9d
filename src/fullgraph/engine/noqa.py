"""``# noqa`` comments, read as flake8 reads them. Under flake8 itself this is not used: flake8 does it.

Two spellings mean just what they name: ``# flake8: noqa: TFG101``, for which flake8 would skip the whole file, and
codes in small letters, which flake8 would not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fullgraph.semantic.layout import Layout, Rows

_INLINE = re.compile(r"# noqa(?::[\s]?(?P<codes>(?:[A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_FILE = re.compile(
    r"\s*# flake8[:=]\s*noqa(?::\s?(?P<codes>(?:(?:[A-Z]+[0-9]+|(?-i:[A-Z]{1,3}))(?:[,\s]+|$))+))?",
    re.IGNORECASE,
)
_WITHOUT_CODES = re.compile(r"# noqa(?!:[ \t]?[A-Z]+[0-9])", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")
_CODE = re.compile(r"[^,\s]+")


@dataclass(frozen=True, slots=True)
class NamedCode:
    """A code that a comment names, in capitals, with its place."""

    code: str
    row: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Noqa:
    """The ``# noqa`` that counts for a group of rows: ``codes`` is empty for one that names none.

    ``end`` is the row and the column just behind the last code, or behind ``noqa``.
    """

    rows: Rows
    codes: tuple[NamedCode, ...]
    end: tuple[int, int]

    def covers(self, code: str) -> bool:
        """Whether a finding of this code is hidden; a code here may be the beginning of it."""
        return not self.codes or code.startswith(tuple(named.code for named in self.codes))


def may_concern_us(text: str) -> bool:
    """Whether a file with this text may have a comment that hides something of ours, or names it in vain.

    Most that there are name codes of others, and then the file's rows need not be put together.
    """
    lower = text.lower()
    return "noqa" in lower and ("tfg" in lower or "flake8" in lower or _WITHOUT_CODES.search(text) is not None)


def in_whole_file(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Prefixes of the codes that ``# flake8: noqa`` lines turn off in the whole file; None if every code is."""
    off: list[str] = []
    for line in lines:
        found = _FILE.match(line)
        if found is not None:
            if found["codes"] is None:
                return None
            off += [code.upper() for code in _SEPARATOR.split(found["codes"]) if code]
    return tuple(off)


def noqa_of(rows: Rows, lines: Sequence[str]) -> Noqa | None:
    """The ``# noqa`` of rows that belong together: the first in their text, wherever it stands."""
    joined = "\n".join(line.rstrip("\r\n") for line in lines[rows.first - 1 : rows.last])
    found = _INLINE.search(joined)
    if found is None:
        return None

    def place(offset: int) -> tuple[int, int]:
        return rows.first + joined.count("\n", 0, offset), offset - joined.rfind("\n", 0, offset)

    codes = []
    end = found.end()
    for each in _CODE.finditer(joined, *found.span("codes")) if found["codes"] else ():
        row, column = place(each.start())
        codes.append(NamedCode(each[0].upper(), row, column, column + len(each[0])))
        end = each.end()
    return Noqa(rows, tuple(codes), place(end))


def inline(layout: Layout, lines: Sequence[str]) -> Iterator[Noqa]:
    """Every ``# noqa`` of a file, one at most for each group of rows that belong together."""
    grouped = {row for rows in layout.joined for row in rows}
    single = (Rows(row, row) for row in range(1, len(lines) + 1) if row not in grouped)
    for rows in (*layout.joined, *single):
        if rows.first != rows.last or "noqa" in lines[rows.first - 1].lower():
            found = noqa_of(rows, lines)
            if found is not None:
                yield found
