"""What a condition that holds, or does not, says of the names in it."""

from __future__ import annotations

import ast
from collections.abc import Callable

from fullgraph.semantic.flow.value import (
    ANY_SEQUENCE,
    ARRAY,
    BOTTOM,
    NONE,
    SHAPE,
    STATIC_BOOL,
    STATIC_FLOAT,
    STATIC_INT,
    STRING,
    TENSOR,
    UNKNOWN,
    Array,
    Data,
    Number,
    Path,
    Sequence,
    Shape,
    Static,
    Tensor,
    Thing,
    Value,
    join_all,
)

Environment = dict[str, Value]
_DEPTH = 12
_OF_TYPE: dict[str, Value] = {
    "builtins.bool": STATIC_BOOL,
    "builtins.dict": UNKNOWN,
    "builtins.float": STATIC_FLOAT,
    "builtins.int": STATIC_INT,
    "builtins.list": ANY_SEQUENCE,
    "builtins.str": STRING,
    "builtins.tuple": ANY_SEQUENCE,
    "numpy.ndarray": ARRAY,
    "torch.Tensor": TENSOR,
    "torch.nn.Parameter": TENSOR,
}


def narrowed(test: ast.expr, env: Environment, holds: bool, value_of: Callable[[ast.expr], Value]) -> Environment:
    """The names' values where the condition holds, or where it does not; the same object if it says nothing."""
    return _narrow(test, env, holds, value_of, _DEPTH)


def is_contradicted(before: Environment, after: Environment) -> bool:
    """Whether a condition cannot turn out as it was taken to: it leaves a name without any value."""
    return after is not before and any(value is BOTTOM and before[name] is not BOTTOM for name, value in after.items())


def _narrow(
    test: ast.expr, env: Environment, holds: bool, value_of: Callable[[ast.expr], Value], depth: int
) -> Environment:
    if depth <= 0:
        return env
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _narrow(operand, env, not holds, value_of, depth - 1)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) == holds:
            for value in values:
                env = _narrow(value, env, holds, value_of, depth - 1)
            return env
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
            if (name := _name(left)) is None or name not in env:
                return env
            is_none = isinstance(op, ast.Is) == holds
            return {**env, name: NONE if is_none else _without_none(env[name])}
        case ast.Call(func=func, args=[subject, *rest]) if (name := _name(subject)) is not None and name in env:
            return _narrow_by_call(value_of(func), name, rest, env, holds, value_of)
        case ast.Name(id=name) if holds and name in env:
            return {**env, name: _without_none(env[name])}
        case _:
            return env


def _name(expr: ast.expr) -> str | None:
    match expr:
        case ast.Name(id=name) | ast.NamedExpr(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _without_none(value: Value) -> Value:
    left = [item for item in value.options if item != NONE]
    return join_all(left) if left else UNKNOWN


def _narrow_by_call(
    func: Value,
    name: str,
    rest: list[ast.expr],
    env: Environment,
    holds: bool,
    value_of: Callable[[ast.expr], Value],
) -> Environment:
    match func, rest:
        case Path(paths=("torch.is_tensor",)), []:
            types = ["torch.Tensor"]
        case Path(paths=("builtins.isinstance",)), [classes]:
            types = _types(classes, value_of)
        case _:
            return env
    return {**env, name: _of_types(env[name], types) if holds else _not_of_types(env[name], types)}


def _types(classes: ast.expr, value_of: Callable[[ast.expr], Value]) -> list[str]:
    parts = classes.elts if isinstance(classes, ast.Tuple) else [classes]
    found = []
    for part in parts:
        value = value_of(part)
        found.append(value.paths[0] if isinstance(value, Path) and len(value.paths) == 1 else "")
    return found


def _of_types(value: Value, types: list[str]) -> Value:
    if value is BOTTOM:
        return BOTTOM
    kept = [item for item in value.options if any(_is_of(item, path) for path in types)]
    if kept:
        return join_all(kept)
    if _is_known(value) and types == ["torch.Tensor"]:
        return BOTTOM
    return join_all(_OF_TYPE.get(path, UNKNOWN) for path in types)


def _not_of_types(value: Value, types: list[str]) -> Value:
    left = [item for item in value.options if not any(_is_of(item, path) for path in types)]
    if left:
        return join_all(left)
    return BOTTOM if _is_known(value) else UNKNOWN


def _is_known(value: Value) -> bool:
    """Whether a value is what it says for certain: no annotation says it, which callers may not keep to."""
    return value is SHAPE or (isinstance(value, Static) and value.passed)


def _is_of(value: Value, path: str) -> bool:
    """Whether a value is surely an instance of the class with this path."""
    match value:
        case Tensor():
            return path == "torch.Tensor"
        case Array():
            return path == "numpy.ndarray"
        case Static(type=Number.INT) | Data(type=Number.INT):
            return path == "builtins.int"
        case Static(type=Number.FLOAT) | Data(type=Number.FLOAT):
            return path == "builtins.float"
        case Static(type=Number.BOOL) | Data(type=Number.BOOL):
            return path in ("builtins.bool", "builtins.int")
        case Sequence():
            return path in ("builtins.list", "builtins.tuple")
        case Shape():
            return path in ("builtins.tuple", "torch.Size")
        case Thing():
            return value == STRING and path == "builtins.str"
        case _:
            return False
