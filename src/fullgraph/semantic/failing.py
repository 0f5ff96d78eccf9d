"""Code on the way to a ``raise``: what it costs, a run that goes on never pays."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from fullgraph.semantic.parents import Parents

_LEAVES = (ast.Return, ast.Break, ast.Continue)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_FIELDS = ("body", "orelse", "finalbody")


def failing_rows(function: ast.AST) -> list[tuple[int, int]]:
    """First and last rows of the stretches of a function, or of a module, that end in ``raise`` whatever happens.

    What stands in a ``try`` with handlers is left out, since they may go on.
    """
    found: list[tuple[int, int]] = []
    todo: list[tuple[ast.AST, bool]] = [(function, True)]
    while todo:
        node, is_final = todo.pop()
        for block, is_caught in _blocks(node):
            final = is_final and not is_caught
            if final and isinstance(block[-1], ast.Raise):
                found.append((_first_row(block), block[-1].end_lineno or block[-1].lineno))
            todo += [(item, final) for item in block if not isinstance(item, _INNER)]
    return found


def is_for_error(node: ast.AST, parents: Parents) -> bool:
    """Whether a part of an expression is only for what is raised, or stands in a ``lambda``."""
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Lambda):
            return True
        child, parent = parent, parents.get(parent)
    return isinstance(parent, ast.Raise) or (isinstance(parent, ast.Assert) and parent.msg is child)


def _blocks(node: ast.AST) -> Iterator[tuple[list[ast.stmt], bool]]:
    """The blocks of a statement, and whether errors in them are caught beside them."""
    for field in _FIELDS:
        block = getattr(node, field, None)
        if isinstance(block, list) and block:
            yield block, field == "body" and bool(getattr(node, "handlers", None))
    parts: Sequence[ast.AST] = [*getattr(node, "handlers", ()), *getattr(node, "cases", ())]
    yield from ((part.body, False) for part in parts if isinstance(part, (ast.ExceptHandler, ast.match_case)))


def _first_row(block: list[ast.stmt]) -> int:
    """Where the stretch before the ``raise`` at the end of a block begins: behind what may leave the block."""
    first = block[-1]
    for item in reversed(block[:-1]):
        if _may_leave(item):
            break
        first = item
    return first.lineno


def _may_leave(statement: ast.stmt) -> bool:
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, _LEAVES):
            return True
        if not isinstance(node, _INNER):
            todo += [item for block, _ in _blocks(node) for item in block]
    return False
