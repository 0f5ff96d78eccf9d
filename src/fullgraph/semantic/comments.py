"""Comments of a file, read only when somebody asks."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Sequence

from fullgraph.semantic.positions import Position

_PRAGMA = re.compile(
    r"#\s*(type:\s*ignore|noqa|flake8:|pylint:|pyright:|mypy:|ruff:|fullgraph:\s*ok\b|fmt:|isort:|pragma:|nosec)",
    re.IGNORECASE,
)


class Comments:
    """The comments of one file by row; pragmas for tools are cut off, since they explain nothing to a reader."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._by_row: dict[int, str] | None = None

    def beside(self, first_row: int, last_row: int) -> str:
        """Text of the comments in these rows and of the block of comment lines right above them."""
        if not any("#" in line for line in self._lines[max(first_row - 2, 0) : last_row]):
            return ""
        comments = self._read()
        above: list[str] = []
        row = first_row - 1
        while row > 0 and row in comments and self._lines[row - 1].lstrip().startswith("#"):
            above.insert(0, comments[row])
            row -= 1
        inside = [comments[row] for row in range(first_row, last_row + 1) if row in comments]
        return "\n".join(text for text in (*above, *inside) if text)

    def _read(self) -> dict[int, str]:
        if self._by_row is None:
            self._by_row = dict(_comments(self._lines))
        return self._by_row


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
