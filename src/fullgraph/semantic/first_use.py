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

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name or an attribute."""
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
    """Whether this runs when a module is built, or at the first use: ``if self.table is None: self.table = ...``.

    Also behind ``if self.table is not None: return self.table``, and below a flag that is turned with it.
    """
    function = asked.function()
    if function is None or function.name == "__init__":
        return True
    child, parent = node, asked.parent(node)
    while parent is not None and child is not function:
        match parent:
            case ast.If(test=test, body=body) if child in body and _turns_flag(test, body, asked):
                return True
            case ast.If(test=test, body=body) if child in body and _asks_if_missing(test, asked):
                return any(_stores_in_self(part, asked) for statement in body for part in ast.walk(statement))
            case _:
                child, parent = parent, asked.parent(parent)
    return any(_returns_kept(each, function, asked) for each in _before(node, function))


def _before(node: ast.AST, function: DefNode) -> list[ast.If]:
    """The ``if`` statements of a function's body that end above a node."""
    row = getattr(node, "lineno", 0)
    return [each for each in function.body if isinstance(each, ast.If) and (each.end_lineno or row) < row]


def _turns_flag(test: ast.expr, body: list[ast.stmt], asked: Asked) -> bool:
    """Whether a condition asks for a flag of the module that its body turns."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Attribute() as flag):
            turned = True
        case ast.Attribute() as flag:
            turned = False
        case _:
            return False
    if not asked.is_of_self(flag):
        return False
    wanted = ast.unparse(flag)
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Attribute() as target], value=ast.Constant(value=value)) if value is turned:
                if ast.unparse(target) == wanted:
                    return True
            case _:
                continue
    return False


def is_for_set_up(scope: Scope, walked: Walked) -> bool:
    """Whether the function around sets up an instance, or all calls of it in its file stand in such functions."""
    function = scope.function.node if scope.function is not None else None
    if not isinstance(function, DEFS) or function.name in STARTS:
        return isinstance(function, DEFS)
    calls = walked.calls_of({function.name})
    around = [other.function for _, other in calls if other.function is not scope.function]
    return bool(around) and all(each is not None and getattr(each.node, "name", "") in STARTS for each in around)


def _returns_kept(statement: ast.If, function: DefNode, asked: Asked) -> bool:
    """Whether an ``if`` returns what an earlier call has kept, where this one would keep it."""
    match statement:
        case ast.If(
            test=ast.Compare(left=asked_for, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]),
            body=[ast.Return(value=ast.expr() as returned)],
        ) if ast.dump(asked_for) == ast.dump(returned):
            kept = _kept_in(returned, asked)
        case ast.If(
            test=ast.Compare(ops=[ast.In()], comparators=[held]), body=[ast.Return(value=ast.Subscript(value=of))]
        ):
            kept = held if ast.dump(held) == ast.dump(of) else None
        case _:
            return False
    if kept is None:
        return False
    wanted = ast.unparse(kept)
    return any(_stored(part) == wanted for each in function.body for part in ast.walk(each))


def _kept_in(returned: ast.expr, asked: Asked) -> ast.expr | None:
    """Where a value is kept: an attribute, or the dict that a local name was looked up in."""
    match returned:
        case ast.Attribute():
            return returned if asked.is_of_self(returned) else None
        case ast.Name():
            match asked.bindings(returned):
                case (ast.Call(func=ast.Attribute(value=holder, attr="get")),):
                    return holder
                case (ast.Attribute() as held,) if asked.is_of_self(held):
                    return held
                case _:
                    return None
        case _:
            return None


def _stored(part: ast.AST) -> str | None:
    """What a node stores, or stores something in."""
    match part:
        case ast.Attribute(ctx=ast.Store()):
            return ast.unparse(part)
        case ast.Subscript(ctx=ast.Store(), value=holder):
            return ast.unparse(holder)
        case _:
            return None


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
