"""Comments of a file, read only when somebody asks."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Sequence

from fullgraph.semantic.parents import Parents
from fullgraph.semantic.positions import Position
from fullgraph.semantic.scopes import DEFS

_PRAGMA = re.compile(
    r"#\s*(type:\s*ignore|noqa|flake8:|pylint:|pyright:|mypy:|ruff:|fullgraph:\s*ok\b|fmt:|isort:|pragma:|nosec)",
    re.IGNORECASE,
)


class Comments:
    """The comments of one file by row; pragmas for tools are cut off, since they explain nothing to a reader."""

    def __init__(self, lines: Sequence[str], rows_around: Callable[[int], tuple[int, int]] | None = None) -> None:
        """``rows_around`` gives rows that hold a given one, and can be read without the others."""
        self._lines = lines
        self._rows_around = rows_around
        self._read: dict[tuple[int, int], dict[int, str]] = {}

    def beside(self, first_row: int, last_row: int) -> str:
        """Text of the comments in these rows and of the block of comment lines right above them."""
        if not any("#" in line for line in self._lines[max(first_row - 2, 0) : last_row]):
            return ""
        comments = self._comments(first_row, last_row)
        above: list[str] = []
        row = first_row - 1
        while row > 0 and row in comments and self._lines[row - 1].lstrip().startswith("#"):
            above.insert(0, comments[row])
            row -= 1
        inside = [comments[row] for row in range(first_row, last_row + 1) if row in comments]
        return "\n".join(text for text in (*above, *inside) if text)

    def _comments(self, first_row: int, last_row: int) -> dict[int, str]:
        """The comments in these rows and in those around them, by row."""
        first, last = (1, len(self._lines)) if self._rows_around is None else self._rows_around(first_row)
        if last < last_row:
            first, last = 1, len(self._lines)
        if (first, last) not in self._read:
            found = _comments(self._lines[first - 1 : last])
            self._read[first, last] = {row + first - 1: text for row, text in found}
        return self._read[first, last]


def comment_beside(node: ast.AST, comments: Comments, parents: Parents) -> str:
    """Comments in the rows of ``node`` and the first row of its statement, and the comment blocks right above."""
    statement = node
    while not isinstance(statement, ast.stmt) and (parent := parents.get(statement)) is not None:
        statement = parent
    first = getattr(statement, "lineno", 1)
    if isinstance(statement, (*DEFS, ast.ClassDef)):
        first = min([first, *(decorator.lineno for decorator in statement.decorator_list)])
    row, end = getattr(node, "lineno", first), getattr(node, "end_lineno", None) or first
    beside_node = comments.beside(row, end)
    return beside_node if row == first else f"{comments.beside(first, first)}\n{beside_node}".strip()


def comment_places(lines: Sequence[str]) -> list[Position]:
    """Where the comments of a file begin."""
    return [Position(token.start[0], token.start[1] + 1) for token in _tokens(lines)]


def _comments(lines: Sequence[str]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for token in _tokens(lines):
        pragma = _PRAGMA.search(token.string)
        text = token.string[: pragma.start()] if pragma else token.string
        found.append((token.start[0], text.strip("# \t")))
    return found


def _tokens(lines: Sequence[str]) -> list[tokenize.TokenInfo]:
    found: list[tokenize.TokenInfo] = []
    reader = io.StringIO("\n".join(line.rstrip("\r\n") for line in lines) + "\n").readline
    try:
        found += (token for token in tokenize.generate_tokens(reader) if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        # the file parsed, so only the tokenizer disagrees: what it gave so far is still right
        return found
    return found
