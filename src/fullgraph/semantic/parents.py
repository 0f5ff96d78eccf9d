"""What each node of a tree is a part of, found out for one function or statement at a time, when somebody asks."""

from __future__ import annotations

import ast
import sys
from bisect import bisect_right
from collections.abc import Sequence

from fullgraph.semantic.walk import CHILD_FIELDS


class Parents:
    """The parents of a tree's nodes.

    Most questions are about a few places of a file, so only what stands in the same rows is walked: the statements of
    the module and of its classes there. A node that is not found in this way makes the whole tree be walked.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._known: dict[ast.AST, ast.AST] = {}
        self._blocks: dict[ast.AST, tuple[list[int], Sequence[ast.stmt]]] = {}
        """First rows of the statements of the module and of classes, and the statements."""
        self._walked: set[ast.AST] = set()
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
        todo: list[ast.Module | ast.ClassDef] = [] if row is None else [self._tree]
        while todo and row is not None:
            for statement in self._statements_in(todo.pop(), row):
                if isinstance(statement, ast.ClassDef):
                    todo.append(statement)
                elif statement not in self._walked:
                    self._walked.add(statement)
                    self._walk(statement)

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
            for name in CHILD_FIELDS[node.__class__]:
                value = getattr(node, name, None)
                if value.__class__ is list:
                    for child in value:
                        if isinstance(child, ast.AST):
                            known[child] = node
                            todo.append(child)
                elif isinstance(value, ast.AST):
                    known[value] = node
                    todo.append(value)


def _first_row(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])
