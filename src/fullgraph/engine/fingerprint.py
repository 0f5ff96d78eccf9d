"""What a finding is recognised by when its line has changed: the definition it is in, and its code, normalised."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from fullgraph.engine.finding import Finding

Range: TypeAlias = tuple[int, int, str]
"""First row, last row and qualified name of a definition."""
_DIGITS = 12
_TOKEN = re.compile(
    r"""(?P<string>[rbfut]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<blank>(?:\s|\\\r?\n|\#[^\r\n]*)+)
    |(?P<word>\w+)
    |(?P<other>.)""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_PLAIN = re.compile(r"([rbfut]{0,2})'([^'\"\\\n]*)'", re.IGNORECASE)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def normalised(code: str) -> str:
    """Code without what a formatter may change: blanks, comments, quotes, a comma in front of a closing bracket.

    It is done by the characters, so that every version of Python gives the same.
    """
    parts: list[str] = []
    for match in _TOKEN.finditer(code):
        match match.lastgroup:
            case "blank":
                continue
            case "string":
                part = _PLAIN.sub(r'\1"\2"', match[0]) if _PLAIN.fullmatch(match[0]) else match[0]
            case _:
                part = match[0]
        if part in {")", "]", "}"} and parts and parts[-1] == ",":
            parts.pop()
        if parts and _is_word(parts[-1][-1]) and _is_word(part[0]):
            parts.append(" ")
        parts.append(part)
    return "".join(parts)


def digest(code: str) -> str:
    """A short name for normalised code."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def code_of(finding: Finding, lines: Sequence[str]) -> str:
    """The code that a finding is about."""
    first, last = finding.start, finding.end
    rows = list(lines[first.row - 1 : last.row])
    if not rows:
        return ""
    if last.row - first.row < len(rows):
        rows[last.row - first.row] = rows[last.row - first.row][: last.column - 1]
    rows[0] = rows[0][first.column - 1 :]
    return "\n".join(rows)


class Definitions:
    """The functions and classes of a file, by row."""

    def __init__(self, tree: ast.Module | None, ranges: Iterable[Range] = ()) -> None:
        """``ranges`` are those of a tree that was looked at before."""
        self.ranges = tuple(ranges) if tree is None else tuple(_ranges(tree))
        self._by_row: dict[int, str] = {}
        for first, last, name in sorted(self.ranges, key=lambda each: (each[0], -each[1])):
            self._by_row.update(dict.fromkeys(range(first, last + 1), name))

    def around(self, row: int) -> str:
        """Name of the innermost definition around a row, as in ``Class.method``; empty at the top of the module.

        A decorator belongs to what it decorates.
        """
        return self._by_row.get(row, "")


def _ranges(tree: ast.Module) -> Iterator[Range]:
    """First row, last row and qualified name of each definition."""
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, inside = pending.pop()
        if isinstance(node, _DEFINITIONS):
            inside = f"{inside}.{node.name}" if inside else node.name
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield first, node.end_lineno or node.lineno, inside
        pending += [(child, inside) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]


def _is_word(character: str) -> bool:
    return character == "_" or character.isalnum()
