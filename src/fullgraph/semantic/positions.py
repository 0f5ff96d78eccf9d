"""Columns: ``ast`` counts UTF-8 bytes, people and flake8 count characters. This module alone converts."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: row and column, both from 1, the column counted in characters (Unicode code points)."""

    row: int
    column: int


def characters_before(line: str, utf8_offset: int) -> int:
    """Number of characters in ``line`` before a UTF-8 byte offset."""
    if line.isascii():
        return utf8_offset
    return len(line.encode("utf-8", errors="surrogatepass")[:utf8_offset].decode("utf-8", errors="ignore"))


def _position(lines: Sequence[str], row: int, utf8_offset: int) -> Position:
    line = lines[row - 1] if 0 < row <= len(lines) else ""
    return Position(row, characters_before(line, utf8_offset) + 1)


def span(node: ast.AST, lines: Sequence[str]) -> tuple[Position, Position]:
    """Start and end of a node (the end is just behind its last character); 1:1 for a node without a place."""
    row = getattr(node, "lineno", None)
    if row is None:
        return Position(1, 1), Position(1, 1)
    start = _position(lines, row, getattr(node, "col_offset", 0))
    end_row, end_offset = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    if end_row is None or end_offset is None:
        return start, start
    return start, _position(lines, end_row, end_offset)


def source_text(node: ast.AST, lines: Sequence[str], limit: int) -> str:
    """The source of a node in one line, cut in the middle where it is longer than ``limit`` characters."""
    start, end = span(node, lines)
    if start.row == end.row:
        text = lines[start.row - 1][start.column - 1 : end.column - 1]
    else:
        parts = (lines[start.row - 1][start.column - 1 :], *lines[start.row : end.row - 1])
        text = " ".join((*parts, lines[end.row - 1][: end.column - 1]))
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    head = (limit - 3) // 2
    return f"{text[:head]}...{text[len(text) - (limit - 3 - head) :]}"
