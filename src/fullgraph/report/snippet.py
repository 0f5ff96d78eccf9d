"""The piece of source that a finding is about, with carets under the exact span."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING

from fullgraph.report.visible import Cell, cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fullgraph.engine.finding import Position
    from fullgraph.report.model import Style

_NEWLINE = re.compile(r"\r\n|\r|\n")
_MOST_ROWS = 4
_BLUE = 34
_CUT = "..."


def source_lines(data: bytes) -> tuple[str, ...]:
    """Split a file into lines as Python counts them; what cannot be decoded becomes replacement characters."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if b"#".decode(encoding, errors="replace") != "#":  # such as utf-16, which no Python file can really be in
            encoding = "utf-8"
        text = data.decode(encoding, errors="replace")
    except (SyntaxError, LookupError, ValueError):
        text = data.decode("utf-8-sig", errors="replace")
    return tuple(_NEWLINE.split(text))


def snippet(lines: Sequence[str], start: Position, end: Position, style: Style, colour: int) -> tuple[int, list[str]]:
    """Draw the lines of a span, the line before and the line after it.

    Returns the width of the line numbers and the drawn lines, none if the span does not lie in the source.
    """
    rows = _rows(start, end, len(lines))
    if not rows or not any(lines[row - 1] for row in rows):
        return 1, []
    context = [row for row in (rows[0] - 1, rows[-1] + 1) if 1 <= row <= len(lines) and lines[row - 1].strip()]
    gutter = len(str(max([*context, *rows])))
    drawn = [_gutter("", gutter, style)]
    for row in sorted({*context, *_shown_rows(rows)}):
        if row in context:
            drawn.append(_context(row, lines[row - 1], gutter, style))
            continue
        if len(rows) > _MOST_ROWS and row == rows[-1]:
            drawn.append(style.paint(_CUT, _BLUE))
        first, last = _span(lines[row - 1], row, start, end)
        drawn += _underlined(row, cells(lines[row - 1], style.encoding), (first, last), gutter, style, colour)
    return gutter, drawn


def _rows(start: Position, end: Position, count: int) -> range:
    """Rows of a span, without a last one that it ends in front of."""
    last = end.row - 1 if end.row > start.row and end.column <= 1 else max(end.row, start.row)
    return range(start.row, min(last, count) + 1) if start.row >= 1 else range(0)


def _shown_rows(rows: range) -> Sequence[int]:
    return rows if len(rows) <= _MOST_ROWS else (rows[0], rows[1], rows[-1])


def _span(line: str, row: int, start: Position, end: Position) -> tuple[int, int]:
    """Find the first character of a line to underline, and the one after the last."""
    indent = len(line) - len(line.lstrip())
    first = start.column - 1 if row == start.row else indent
    last = end.column - 1 if row == end.row else len(line.rstrip())
    first = min(max(first, 0), len(line))
    return first, min(max(last, first), len(line))


def _context(row: int, line: str, gutter: int, style: Style) -> str:
    drawn, _, _ = _window(cells(line, style.encoding), 0, 0, style.width - gutter - 3)
    return _gutter(str(row), gutter, style, drawn)


def _underlined(row: int, line: list[Cell], span: tuple[int, int], gutter: int, style: Style, colour: int) -> list[str]:
    drawn, before, under = _window(line, *span, style.width - gutter - 3)
    carets = " " * before + style.paint("^" * max(under, 1), 1, colour)
    return [_gutter(str(row), gutter, style, drawn), _gutter("", gutter, style, carets)]


def _window(line: list[Cell], first: int, last: int, width: int) -> tuple[str, int, int]:
    """Cut a line around a span: what to draw, the columns in front of the carets, and the columns of the carets."""
    total = sum(cell.width for cell in line)
    before = sum(cell.width for cell in line[:first])
    if total <= width:
        return "".join(cell.text for cell in line).rstrip(), before, sum(cell.width for cell in line[first:last])
    begin, room = 0, width - len(_CUT)
    under = sum(cell.width for cell in line[first:last])
    if before + under > room:
        room -= len(_CUT)
        wanted = min(room // 4, room - under) if under < room else room // 4
        while before > wanted:
            before -= line[begin].width
            begin += 1
    stop, used = begin, 0
    while stop < len(line) and used + line[stop].width <= room:
        used += line[stop].width
        stop += 1
    text = "".join(cell.text for cell in line[begin:stop]).rstrip()
    prefix, suffix = _CUT if begin else "", _CUT if stop < len(line) else ""
    under = sum(cell.width for cell in line[first : min(last, stop)])
    return f"{prefix}{text}{suffix}", len(prefix) + before, under


def _gutter(number: str, width: int, style: Style, text: str = "") -> str:
    edge = style.paint(f"{number:>{width}} |", _BLUE)
    return f"{edge} {text}" if text else edge
