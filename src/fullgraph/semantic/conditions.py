"""Conditions: which parts decide about them, what they ask, and what has been asked before."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Protocol

from fullgraph.semantic.scopes import DEFS, DefNode

_ASKED_OF_TYPES = frozenset({"callable", "hasattr", "isinstance", "issubclass", "len"})
_STATIC_ATTRIBUTES = frozenset({"device", "dtype", "is_cuda", "ndim", "requires_grad", "shape", "training"})
_STATIC_METHODS = frozenset({"dim", "endswith", "is_floating_point", "numel", "size", "startswith"})


class Asked(Protocol):
    """What must be known of the function that a condition stands in."""

    def names(self, expr: ast.expr, /) -> tuple[str, ...]:
        """The dotted paths that an expression may stand for."""
        ...

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name."""
        ...

    def function(self) -> DefNode | None:
        """The function."""
        ...

    def parent(self, node: ast.AST, /) -> ast.AST | None:
        """The node that a node is a part of."""
        ...


def deciding(condition: ast.expr) -> Iterator[ast.expr]:
    """Parts of a condition whose truth decides about it."""
    todo = [condition]
    while todo:
        match todo.pop():
            case ast.BoolOp(values=parts):
                todo += reversed(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                todo.append(operand)
            case ast.NamedExpr(value=value):
                todo.append(value)
            case ast.IfExp(body=body, orelse=orelse):
                todo += (orelse, body)
            case part:
                yield part


def is_free(part: ast.expr) -> bool:
    """Whether a condition surely asks nothing of a tensor's values, by how it is written."""
    match part:
        case ast.Constant():
            return True
        case ast.Attribute(attr=name, value=base):
            return name in _STATIC_ATTRIBUTES or (isinstance(base, ast.Attribute) and base.attr == "config")
        case ast.Subscript(value=ast.Attribute(attr="shape")):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _ASKED_OF_TYPES
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _STATIC_METHODS
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]) | ast.Compare(comparators=[ast.Constant(value=str())]):
            return True
        case ast.Compare(left=left, comparators=[right]):
            return _is_free_side(left) and _is_free_side(right)
        case _:
            return False


def is_flag(name: ast.Name, asked: Asked) -> bool:
    """Whether a name is a parameter annotated as a flag or a text, and nothing else."""
    match asked.bindings(name):
        case (ast.arg(annotation=ast.Name(id="bool" | "str")),):
            return True
        case (ast.arg(annotation=ast.BinOp(left=ast.Name(id="bool" | "str"), right=ast.Constant(value=None))),):
            return True
        case _:
            return False


def is_in_condition(node: ast.expr, asked: Asked) -> bool:
    """Whether an expression is a part of a condition, or of a larger one that is looked at itself."""
    child: ast.AST = node
    parent = asked.parent(node)
    while isinstance(parent, ast.expr) and not isinstance(parent, (ast.IfExp, ast.Lambda)):
        if isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)):
            return True
        child, parent = parent, asked.parent(parent)
    return _is_test(child, parent) or (isinstance(parent, ast.match_case) and child is parent.guard)


def decides(node: ast.expr, asked: Asked) -> bool:
    """Whether a condition is computed from an expression by operators alone; guards of cases do not count."""
    child: ast.AST = node
    parent = asked.parent(node)
    while isinstance(parent, (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.BinOp, ast.NamedExpr)):
        child, parent = parent, asked.parent(parent)
    return _is_test(child, parent)


def was_asked(part: ast.expr, asked: Asked) -> bool:
    """Whether an earlier condition of the function asks for the same value of a name."""
    function = asked.function()
    if not isinstance(part, ast.Name) or function is None:
        return False
    here = (part.lineno, part.col_offset)
    before: list[tuple[int, int]] = []
    bound = (0, 0)
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == part.id and (node.lineno, node.col_offset) < here:
            if isinstance(node.ctx, ast.Store):
                bound = max(bound, (node.lineno, node.col_offset))
            elif is_in_condition(node, asked) and _is_asked(node, asked):
                before.append((node.lineno, node.col_offset))
    return any(place > bound for place in before)


def is_for_half(condition: ast.expr, asked: Asked) -> bool:
    """Whether what a condition asks of a tensor is asked only of tensors of ``torch.float16``."""
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And) and _asks_for_half(condition, asked):
        return True
    child: ast.AST = condition
    parent = asked.parent(condition)
    while parent is not None and not isinstance(parent, DEFS):
        if isinstance(parent, ast.If) and child in parent.body and _asks_for_half(parent.test, asked):
            return True
        child, parent = parent, asked.parent(parent)
    return False


def _is_test(node: ast.AST, parent: ast.AST | None) -> bool:
    match parent:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return node is test
        case ast.comprehension(ifs=conditions):
            return node in conditions
        case _:
            return False


def _is_free_side(side: ast.expr) -> bool:
    return not isinstance(side, ast.Compare) and is_free(side)


def _asks_for_half(condition: ast.expr, asked: Asked) -> bool:
    for part in condition.values if isinstance(condition, ast.BoolOp) else [condition]:
        match part:
            case ast.Compare(left=ast.Attribute(attr="dtype"), ops=[ast.Eq()], comparators=[dtype]):
                if not {"torch.float16", "torch.half"}.isdisjoint(asked.names(dtype)):
                    return True
            case _:
                continue
    return False


def _is_asked(name: ast.Name, asked: Asked) -> bool:
    """Whether the truth of a name, and of nothing that is computed from it, is asked for."""
    parent = asked.parent(name)
    return not isinstance(parent, ast.expr) or isinstance(parent, (ast.BoolOp, ast.UnaryOp, ast.IfExp))
