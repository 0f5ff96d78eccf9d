"""Code behind a switch that its class only ever turns off: it runs only where somebody else turns it on."""

from __future__ import annotations

import ast

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked


def switched_off_rows(walked: Walked, classes: Classes) -> list[tuple[int, int]]:
    """First and last rows of the bodies of ``if self.switch``, also with ``and``, where every assignment says False."""
    return [
        (node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno)
        for node, scope in walked.buckets[ast.If]
        if isinstance(node, ast.If) and _needs_what_is_off(node.test, scope, classes)
    ]


def _needs_what_is_off(test: ast.expr, scope: Scope, classes: Classes) -> bool:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_needs_what_is_off(value, scope, classes) for value in values)
        case ast.Attribute(value=ast.Name() as base, attr=attr):
            bindings = classes.bindings_of_attribute(base, attr, scope)
            return bool(bindings) and all(_is_false(item) for item in bindings)
        case _:
            return False


def _is_false(binding: ast.AST) -> bool:
    match binding:
        case ast.Constant(value=False) | ast.AnnAssign(value=ast.Constant(value=False)):
            return True
        case _:
            return False
