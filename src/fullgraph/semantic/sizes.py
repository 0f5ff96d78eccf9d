"""Sizes of what a function is given: numbers that Dynamo leaves open once they have changed."""

from __future__ import annotations

import ast
from typing import Protocol

from fullgraph.semantic.flow.value import Value

_SIZES = frozenset({"nelement", "numel", "size"})
_DEPTH = 3


class Asked(Protocol):
    """What must be known of the function that an expression stands in."""

    def value(self, expr: ast.expr, /) -> Value:
        """What an expression is."""
        ...

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name."""
        ...

    def parent(self, node: ast.AST, /) -> ast.AST | None:
        """The node that a node is a part of."""
        ...

    def is_self(self, expr: ast.expr, /) -> bool:
        """Whether an expression is the first parameter of a method."""
        ...


def is_size(expr: ast.expr, asked: Asked, depth: int = _DEPTH) -> bool:
    """Whether an expression is a size of a tensor that the function is given or computes from that, or made of one.

    ``x.shape[0]``, ``x.size(0)``, ``len(x)``, ``x.numel()``; also unpacked, in arithmetic, and in ``min`` and ``max``.
    """
    match expr:
        case (
            ast.Subscript(value=ast.Attribute(value=base, attr="shape"), slice=ast.Constant() | ast.UnaryOp())
            | ast.Call(func=ast.Name(id="len"), args=[base])
        ):
            return _is_input(base, asked)
        case ast.Call(func=ast.Attribute(value=base, attr=name), args=args) if name in _SIZES:
            return len(args) == (name == "size") and _is_input(base, asked)
        case ast.BinOp(left=left, right=right) if depth > 0:
            return any(is_size(part, asked, depth - 1) for part in (left, right))
        case ast.Call(func=ast.Name(id="min" | "max"), args=parts) if depth > 0:
            return any(is_size(part, asked, depth - 1) for part in parts)
        case ast.Name() if depth > 0:
            return _holds_size(expr, asked, depth - 1)
        case _:
            return False


def is_shape(expr: ast.expr, asked: Asked) -> bool:
    """Whether an expression is ``x.shape`` or ``x.size()`` of such a tensor."""
    match expr:
        case ast.Attribute(value=base, attr="shape") | ast.Call(func=ast.Attribute(value=base, attr="size"), args=[]):
            return _is_input(base, asked)
        case _:
            return False


def _holds_size(name: ast.Name, asked: Asked, depth: int) -> bool:
    """Whether a name is given nothing but a size, once."""
    match asked.bindings(name):
        case (ast.Name(ctx=ast.Store()) as stored,):
            around = asked.parent(stored)
            unpacking = asked.parent(around) if isinstance(around, (ast.Tuple, ast.List)) else None
            return isinstance(unpacking, ast.Assign) and is_shape(unpacking.value, asked)
        case (ast.expr() as value,):
            return is_size(value, asked, depth)
        case _:
            return False


def _is_input(base: ast.expr, asked: Asked) -> bool:
    """Whether a name is a tensor that the function is given, or that is computed from one."""
    if not isinstance(base, ast.Name) or asked.value(base).surely_tensor is None:
        return False
    return _is_given(base, asked, _DEPTH)


def _is_given(name: ast.Name, asked: Asked, depth: int) -> bool:
    if depth <= 0 or asked.is_self(name):
        return False
    for binding in asked.bindings(name):
        match binding:
            case ast.arg():
                return True
            case ast.expr():
                parts = (part for part in ast.walk(binding) if isinstance(part, ast.Name))
                if any(_is_given(part, asked, depth - 1) for part in parts if part.id != name.id):
                    return True
            case _:
                continue
    return False
