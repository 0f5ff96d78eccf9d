"""Keys that dicts are asked for: whether they differ from call to call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Protocol

from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.traced import Traced, TracedBy

_DEPTH = 3
"""How many local names are followed from a key to a parameter."""
_FEW = frozenset({"device", "dtype", "is_cuda", "layout", "requires_grad", "training"})
"""Attributes of tensors and modules of which a program has few."""


class Asked(Protocol):
    """What must be known of the function that an expression stands in."""

    def names(self, expr: ast.expr, /) -> tuple[str, ...]:
        """The dotted paths that an expression may stand for."""
        ...

    def annotated_kind(self, annotation: ast.expr, /) -> Kind:
        """What an annotation promises."""
        ...

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name or an attribute."""
        ...

    def given(self, parameter: ast.arg, /) -> tuple[ast.expr, ...]:
        """What all calls in the file pass for a parameter."""
        ...

    def is_self(self, expr: ast.expr, /) -> bool:
        """Whether an expression is the first parameter of a method."""
        ...

    def traced(self, node: ast.AST, /) -> TracedBy:
        """How surely a node is traced."""
        ...


def varies(key: ast.expr, asked: Asked) -> bool:
    """Whether a key may differ from call to call.

    In traced code it must come from a parameter or a shape: what a module holds is the same on each call as far as this
    file says. Elsewhere anything varies that is neither constant nor made of loops over constants.
    """
    if asked.traced(key).degree > Traced.NONE:
        return any(_comes_from_parameter(part, asked) for part in _parts(key))
    return not is_fixed(key, asked)


def is_fixed(key: ast.expr, asked: Asked, depth: int = _DEPTH) -> bool:
    """Whether all that a key is computed from is constant, or goes through constants or few values only."""
    return all(_is_fixed(part, asked, depth) for part in _parts(key))


def _is_fixed(part: ast.expr, asked: Asked, depth: int) -> bool:
    match part:
        case ast.Constant():
            return True
        case ast.Attribute(value=owner, attr="index" | "type"):
            return _is_fixed(owner, asked, depth)
        case ast.Attribute(attr=attr):
            return attr in _FEW
        case ast.Call(func=func, args=[of], keywords=[]):
            names = asked.names(func)
            return "builtins.type" in names or ("builtins.str" in names and is_fixed(of, asked, depth))
        case ast.Name() if depth:
            bindings = asked.bindings(part)
            return bool(bindings) and all(_is_fixed_binding(binding, asked, depth - 1) for binding in bindings)
        case _:
            return False


def _is_fixed_binding(binding: ast.AST, asked: Asked, depth: int) -> bool:
    """Whether what binds a local name gives it a constant, or one of few values."""
    match binding:
        case ast.Tuple() | ast.Attribute() | ast.Call():
            return is_fixed(binding, asked, depth)
        case _:
            return _is_constant_loop(binding, asked) or _is_fixed_parameter(binding, asked)


def _parts(key: ast.expr) -> Iterator[ast.expr]:
    """What a key is computed from."""
    todo = [key]
    while todo:
        match todo.pop():
            case ast.Tuple(elts=parts):
                todo += parts
            case ast.UnaryOp(operand=operand):
                todo.append(operand)
            case ast.BinOp(left=left, right=right):
                todo += (left, right)
            case part:
                yield part


def _is_fixed_parameter(binding: ast.AST, asked: Asked) -> bool:
    """Whether a parameter is a device or dtype, of which there are few, or each call in the file gives a constant."""
    match binding:
        case ast.arg(annotation=annotation):
            if annotation is not None and asked.annotated_kind(annotation) in (Kind.DEVICE, Kind.DTYPE):
                return True
            given = asked.given(binding)
            return bool(given) and all(isinstance(each, ast.Constant) for each in given)
        case _:
            return False


def _comes_from_parameter(expr: ast.expr, asked: Asked) -> bool:
    """Whether a value depends on a parameter of the function (never on ``self``), through local names and ``range``."""
    seen: dict[ast.AST, None] = {}
    level: list[ast.AST] = [expr]
    for _ in range(_DEPTH + 1):
        bindings = list(dict.fromkeys(binding for source in level for binding in _bound_by(source, asked)))
        if any(isinstance(binding, ast.arg) and not _is_fixed_parameter(binding, asked) for binding in bindings):
            return True
        sources = [source for binding in bindings if (source := _source(binding)) is not None]
        level = [source for source in dict.fromkeys(sources) if source not in seen]
        seen.update(dict.fromkeys(level))
    return False


def _bound_by(source: ast.AST, asked: Asked) -> Iterator[ast.AST]:
    """What binds the names in an expression, apart from those of which only a device, dtype or type is taken."""
    todo: list[ast.AST] = [source]
    while todo:
        match todo.pop():
            case ast.Attribute(attr=attr) if attr in _FEW:
                continue
            case ast.Call(func=func, args=[_], keywords=[]) if "builtins.type" in asked.names(func):
                continue
            case ast.Name() as name:
                if not asked.is_self(name):
                    yield from asked.bindings(name)
            case part:
                todo += ast.iter_child_nodes(part)


def _source(binding: ast.AST) -> ast.expr | None:
    """The expression that a name gets its value from."""
    match binding:
        case ast.For(iter=source) | ast.comprehension(iter=source):
            return source
        case ast.expr() if not isinstance(binding, ast.Name) or isinstance(binding.ctx, ast.Load):
            return binding
        case _:
            return None


def _is_constant_loop(binding: ast.AST, asked: Asked) -> bool:
    match binding:
        case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
            pass
        case _:
            return False
    match iterable:
        case ast.Call(func=func, args=arguments) if "builtins.range" in asked.names(func):
            return all(isinstance(item, ast.Constant) for item in arguments)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(isinstance(item, ast.Constant) for item in parts)
        case _:
            return False
