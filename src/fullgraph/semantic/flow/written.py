"""Values as plain tuples, for other files: what is of this file alone is left out, and what tells nothing too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from fullgraph.semantic.flow.value import (
    NONE,
    SHAPE,
    UNKNOWN,
    Array,
    Data,
    Dtype,
    Either,
    Mapping,
    Number,
    Plain,
    Record,
    Sequence,
    Shape,
    Static,
    Tensor,
    Thing,
    Value,
    join_all,
)

Written: TypeAlias = tuple[Any, ...]
"""A value: its kind first, then what it is made of; ``("?",)`` for UNKNOWN."""
_NOTHING: Written = ("?",)


def written(value: Value) -> Written | None:
    """A value as a tuple; None if it surely is no tensor, or not surely of one kind, except None."""
    return _written(value) if _is_of_one_kind(value) and _tells(value) else None


def _is_of_one_kind(value: Value) -> bool:
    return len([item for item in value.options if item != NONE]) == 1


def _tells(value: Value) -> bool:
    """Whether a tensor, an array or a number out of a tensor is in a value."""
    match value:
        case Tensor(drawn=drawn):
            return not drawn
        case Array() | Data():
            return True
        case Sequence(items=items, element=element):
            return any(map(_tells, (element, *(items or ()))))
        case Mapping(element=element):
            return _tells(element)
        case Record(fields=fields):
            return any(_tells(each) for _, each in fields)
        case Either(choices=choices):
            return _is_of_one_kind(value) and any(map(_tells, choices))
        case _:
            return False


def _written(value: Value) -> Written:
    match value:
        case Tensor(dtype=dtype, rank=rank, static=static, drawn=False):
            return ("tensor", _name(dtype), rank, static)
        case Array(dtype=dtype, rank=rank):
            return ("array", _name(dtype), rank)
        case Static(type=kind):
            return ("static", _name(kind))
        case Data(type=kind):
            return ("data", _name(kind))
        case Shape():
            return ("shape",)
        case Thing(kind=plain):
            return ("thing", plain.value)
        case Sequence(element=element, items=items, mutable=mutable):
            each = None if items is None else tuple(map(_written, items))
            return ("sequence", _written(element), each, mutable)
        case Mapping(element=element):
            return ("mapping", _written(element))
        case Record(fields=fields):
            return ("record", *((name, _written(each)) for name, each in fields))
        case Either(choices=choices) if _is_of_one_kind(value):
            return ("either", *sorted(map(_written, choices), key=repr))
        case _:
            return _NOTHING


def _name(kind: Dtype | Number | None) -> str | None:
    return None if kind is None else kind.value


def value_of(written: Written) -> Value:
    """The value that `written` was given."""
    match written:
        case ("tensor", dtype, rank, static):
            return Tensor(_dtype(dtype), rank, static)
        case ("array", dtype, rank):
            return Array(_dtype(dtype), rank)
        case ("static", kind):
            return Static(None if kind is None else Number(kind))
        case ("data", kind):
            return Data(None if kind is None else Number(kind))
        case ("shape",):
            return SHAPE
        case ("thing", plain):
            return Thing(Plain(plain))
        case ("sequence", element, items, mutable):
            return Sequence(value_of(element), None if items is None else tuple(map(value_of, items)), mutable)
        case ("mapping", element):
            return Mapping(value_of(element))
        case ("record", *fields):
            return Record(tuple((name, value_of(each)) for name, each in fields))
        case ("either", *options):
            return join_all(map(value_of, options))
        case _:
            return UNKNOWN


def _dtype(name: str | None) -> Dtype | None:
    return None if name is None else Dtype(name)


def joined(several: Iterable[Written | None]) -> Written | None:
    """What covers all of these values; None if one is not known, or they are of different kinds."""
    known = list(several)
    if not known or None in known:
        return None
    if all(each == known[0] for each in known):
        return known[0]
    return written(join_all(value_of(each) for each in known if each is not None))
