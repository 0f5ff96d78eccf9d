"""Code that runs when a module is built, or at the first use of what it holds."""

from __future__ import annotations

import ast
from typing import Protocol

from fullgraph.semantic.compiled import STARTS
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.walk import Walked


class Asked(Protocol):
    """What must be known of the function that code stands in."""

    def names(self, expr: ast.expr, /) -> tuple[str, ...]:
        """The dotted paths that an expression may stand for."""
        ...

    def function(self) -> DefNode | None:
        """The function."""
        ...

    def parent(self, node: ast.AST, /) -> ast.AST | None:
        """The node that a node is a part of."""
        ...

    def is_self(self, expr: ast.expr, /) -> bool:
        """Whether an expression is the first parameter of a method."""
        ...

    def is_of_self(self, expr: ast.expr, /) -> bool:
        """Whether it is that, or an attribute of it."""
        ...


def is_set_up_once(node: ast.AST, asked: Asked) -> bool:
    """Whether this runs when a module is built, or at the first use: ``if self.table is None: self.table = ...``."""
    function = asked.function()
    if function is None or function.name == "__init__":
        return True
    child, parent = node, asked.parent(node)
    while parent is not None and child is not function:
        match parent:
            case ast.If(test=test, body=body) if child in body and _asks_if_missing(test, asked):
                return any(_stores_in_self(part, asked) for statement in body for part in ast.walk(statement))
            case _:
                child, parent = parent, asked.parent(parent)
    return False


def is_for_set_up(scope: Scope, walked: Walked) -> bool:
    """Whether the function around sets up an instance, or all calls of it in its file stand in such functions."""
    function = scope.function.node if scope.function is not None else None
    if not isinstance(function, DEFS) or function.name in STARTS:
        return isinstance(function, DEFS)
    calls = walked.calls_of({function.name})
    around = [other.function for _, other in calls if other.function is not scope.function]
    return bool(around) and all(each is not None and getattr(each.node, "name", "") in STARTS for each in around)


def _asks_if_missing(test: ast.expr, asked: Asked) -> bool:
    """Whether a condition, or a part of it, asks if the module has something yet."""
    match test:
        case ast.BoolOp(values=values):
            return any(_asks_if_missing(each, asked) for each in values)
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return isinstance(left, ast.Attribute) and asked.is_of_self(left)
        case ast.Compare(ops=[ast.NotIn()], comparators=[held]):
            return isinstance(held, ast.Attribute) and asked.is_of_self(held)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=func, args=[owner, *_])):
            return "builtins.hasattr" in asked.names(func) and asked.is_self(owner)
        case _:
            return False


def _stores_in_self(part: ast.AST, asked: Asked) -> bool:
    match part:
        case ast.Attribute(ctx=ast.Store(), value=owner):
            return asked.is_of_self(owner)
        case ast.Subscript(ctx=ast.Store(), value=ast.Attribute(value=owner)):
            return asked.is_of_self(owner)
        case _:
            return False
