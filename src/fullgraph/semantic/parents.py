"""What each node of a tree is a part of, found out for one function or statement at a time, when somebody asks."""

from __future__ import annotations

import ast
import sys
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from fullgraph.semantic.walk import CHILD_FIELDS, NO_NODES


class Parents:
    """The parents of a tree's nodes.

    Most questions are about a few places of a file, so only what stands around the same row is looked at. A node that
    is not found in this way, as in an f-string whose rows Python got wrong, makes the whole tree be walked.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._known: dict[ast.AST, ast.AST] = {}
        self._blocks: dict[ast.AST, tuple[list[int], Sequence[ast.stmt]]] = {}
        """First rows of the statements of the module and of classes, and the statements."""
        self._parts: dict[ast.AST, list[tuple[ast.AST, int, int]]] = {}
        """What `_parts_of` found out."""
        self._is_whole = False

    def get(self, node: ast.AST, default: ast.AST | None = None) -> ast.AST | None:
        """The node that ``node`` is a part of; ``default`` for the module, and for what is not in the tree."""
        if (found := self._known.get(node)) is not None:
            return found
        if not self._is_whole and node is not self._tree:
            self._look_near(node)
            if node not in self._known:
                self._is_whole = True
                self._walk(self._tree)
        return self._known.get(node, default)

    def _look_near(self, node: ast.AST) -> None:
        row: int | None = getattr(node, "lineno", None)
        todo: list[ast.AST] = [] if row is None else [self._tree]
        while todo and row is not None and node not in self._known:
            owner = todo.pop()
            if isinstance(owner, (ast.Module, ast.ClassDef)):
                todo += self._statements_in(owner, row)
            else:
                todo += [part for part, first, last in self._parts_of(owner) if first <= row <= last]

    def _parts_of(self, owner: ast.AST) -> list[tuple[ast.AST, int, int]]:
        """The children of a node that have children, with the rows that these are in; what has no rows has them all."""
        parts = self._parts.get(owner)
        if parts is None:
            parts = self._parts[owner] = []
            for child in _children(owner):
                self._known[child] = owner
                if CHILD_FIELDS[child.__class__]:
                    last = getattr(child, "end_lineno", None)
                    parts.append((child, 0, sys.maxsize) if last is None else (child, _first_row(child), last))
        return parts

    def _statements_in(self, owner: ast.Module | ast.ClassDef, row: int) -> list[ast.stmt]:
        """The statements right in a module or class that this row belongs to; usually one."""
        if owner not in self._blocks:
            self._blocks[owner] = [_first_row(each) for each in owner.body], owner.body
            self._known.update(dict.fromkeys(owner.body, owner))
            if isinstance(owner, ast.ClassDef):
                self._walk_header(owner)
        firsts, body = self._blocks[owner]
        place = bisect_right(firsts, row)
        found: list[ast.stmt] = []
        while place > 0 and (body[place - 1].end_lineno or row) >= row:
            place -= 1
            found.append(body[place])
        return found

    def rows_around(self, row: int) -> tuple[int, int]:
        """Rows from right behind a statement of the module or of a class to the end of the one that is in ``row``.

        They are few, and what is between them can be read without the rest of the file.
        """
        owner: ast.Module | ast.ClassDef = self._tree
        first, last = 1, sys.maxsize
        while len(found := self._statements_in(owner, row)) == 1:
            (statement,) = found
            firsts, body = self._blocks[owner]
            place = bisect_right(firsts, row) - 1
            before = body[place - 1].end_lineno if place else first - 1
            if before is None or before >= firsts[place] or statement.end_lineno is None:
                break
            first, last = before + 1, statement.end_lineno
            if not isinstance(statement, ast.ClassDef):
                break
            owner = statement
        return first, last

    def _walk_header(self, owner: ast.ClassDef) -> None:
        """What a class has besides its body."""
        parameters: list[ast.AST] = getattr(owner, "type_params", [])
        for child in (*owner.decorator_list, *parameters, *owner.bases, *owner.keywords):
            self._known[child] = owner
            self._walk(child)

    def _walk(self, top: ast.AST) -> None:
        known = self._known
        todo = [top]
        while todo:
            node = todo.pop()
            children = _children(node)
            known.update(dict.fromkeys(children, node))
            todo += children


def _children(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for name in CHILD_FIELDS[node.__class__]:
        value: Any = getattr(node, name, None)
        if value.__class__ is list:
            found += [child for child in value if child.__class__ not in NO_NODES]
        elif value.__class__ not in NO_NODES:
            found.append(value)
    return found


def _first_row(node: Any) -> int:
    row: int = node.lineno
    for decorator in getattr(node, "decorator_list", ()):
        row = min(row, decorator.lineno)
    return row
