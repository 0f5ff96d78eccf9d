"""What ``base[index]`` gives."""

from __future__ import annotations

import ast

from fullgraph.semantic.flow.value import (
    NONE,
    SHAPE,
    STATIC_INT,
    STRING,
    UNKNOWN,
    Array,
    Dtype,
    Either,
    Mapping,
    Record,
    Sequence,
    Shape,
    Static,
    Tensor,
    Thing,
    Value,
    element_of,
    join_all,
    tensor_of,
)


def item_of(base: Value, where: ast.expr, index: Value) -> Value:
    """What stands at ``where``, which evaluates to ``index``, in ``base``."""
    match base:
        case Tensor(dtype=dtype, static=static):
            return tensor_of(dtype, _rank(base.rank, where, index), static)
        case Array(dtype=dtype):
            return Array(dtype, _rank(base.rank, where, index))
        case Shape():
            return SHAPE if isinstance(where, ast.Slice) else STATIC_INT
        case Sequence():
            return _item(base, where)
        case Mapping(element=element):
            return element
        case Either():
            return join_all(item_of(item, where, index) for item in base.choices if item != NONE)
        case Thing() if base == STRING:
            return STRING
        case Record() if isinstance(where, ast.Constant) and isinstance(where.value, str):
            return base.field(where.value)
        case _:
            return UNKNOWN


def _item(base: Sequence, where: ast.expr) -> Value:
    items = base.items
    match where:
        case ast.Slice():
            return _sliced(base, where)
        case _ if items is None:
            return element_of(base)
        case _:
            position = _integer(where)
            if position is None or not -len(items) <= position < len(items):
                return element_of(base)
            return items[position]


def _sliced(base: Sequence, where: ast.Slice) -> Value:
    bounds = [None if part is None else _integer(part) for part in (where.lower, where.upper, where.step)]
    parts = (where.lower, where.upper, where.step)
    known = all(part is None or bound is not None for part, bound in zip(parts, bounds, strict=True))
    if base.items is None or not known or bounds[2] == 0:
        return Sequence(base.element, None, base.mutable)
    items = base.items[slice(*bounds)]
    return Sequence(join_all(items), items, base.mutable)


def _integer(expr: ast.expr) -> int | None:
    match expr:
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
        case _:
            return None


def _rank(rank: int | None, where: ast.expr, index: Value) -> int | None:
    """The rank of what indexing a tensor of a known rank gives."""
    if rank is None:
        return None
    parts = where.elts if isinstance(where, ast.Tuple) else [where]
    values = index.items if isinstance(where, ast.Tuple) and isinstance(index, Sequence) else (index,)
    if values is None or len(values) != len(parts):
        return None
    for part, value in zip(parts, values, strict=True):
        match part, value:
            case ast.Slice(), _:
                continue
            case ast.Constant(value=None), _:
                rank += 1
            case ast.Constant(value=e), _ if e is Ellipsis:
                continue
            case (_, Static()) | (ast.Constant(value=int()), _):
                rank -= 1
            case _, Tensor(rank=0, dtype=Dtype.INTEGER):
                rank -= 1
            case _:
                return None
    return rank if rank >= 0 else None
