"""What builtins and functions of ``math`` and numpy give for the values that they are given."""

from __future__ import annotations

from fullgraph.semantic.flow.torch_calls import Arguments, dtype_of
from fullgraph.semantic.flow.value import (
    ANY_SEQUENCE,
    NONE,
    STATIC,
    STATIC_BOOL,
    STATIC_FLOAT,
    STATIC_INT,
    STRING,
    UNKNOWN,
    Array,
    Data,
    Dtype,
    Either,
    Mapping,
    Number,
    Sequence,
    Shape,
    Static,
    Tensor,
    Value,
    data_of,
    element_of,
    join,
    join_all,
    sequence_of,
    static_of,
    tensor_of,
)

_CONVERSIONS = {"int": Number.INT, "float": Number.FLOAT, "bool": Number.BOOL, "complex": None, "round": Number.INT}
_FIXED: dict[str, Value] = {
    "callable": STATIC_BOOL,
    "format": STRING,
    "hasattr": STATIC_BOOL,
    "hash": STATIC_INT,
    "id": STATIC_INT,
    "isinstance": STATIC_BOOL,
    "issubclass": STATIC_BOOL,
    "len": STATIC_INT,
    "print": NONE,
    "repr": STRING,
    "str": STRING,
}
_INTEGRAL = frozenset({"ceil", "floor", "gcd", "lcm", "isqrt", "comb", "factorial", "trunc"})
_TRUTHS = frozenset({"isnan", "isinf", "isfinite", "isclose"})

_SIZE_AT = {"rand": 0, "randn": 0, "random": 0, "random_sample": 0, "uniform": 2, "normal": 2, "randint": 2}
"""After how many arguments the functions of ``numpy.random`` take a size."""


def builtin_result(name: str, given: Arguments) -> Value:
    """What a builtin gives."""
    first = given.positional[0] if given.positional else UNKNOWN
    if name in _CONVERSIONS:
        return _converted(name, first)
    if (fixed := _FIXED.get(name)) is not None:
        return fixed
    match name:
        case "range" | "enumerate" | "zip" | "list" | "tuple" | "sorted" | "reversed" | "set" | "frozenset" | "iter":
            return _iterable(name, first, given)
        case "min" | "max":
            return _extremum(given)
        case "sum":
            return _summed(first)
        case "abs":
            return first if isinstance(first, (Tensor, Static, Data, Array)) else UNKNOWN
        case "any" | "all":
            return _any(first)
        case "next":
            return element_of(first)
        case "dict":
            return _mapping(first, given)
        case _:
            return UNKNOWN


def _any(value: Value) -> Value:
    element = element_of(value)
    items = value.items if isinstance(value, Sequence) and value.items is not None else ()
    if any(item.tensor is not None or item.data is not None for item in (element, *items)):
        return data_of(Number.BOOL)
    return STATIC_BOOL if isinstance(element, Static) else UNKNOWN


def _iterable(name: str, first: Value, given: Arguments) -> Value:
    match name:
        case "range":
            return Sequence(data_of(Number.INT) if any(item.data for item in given.positional) else STATIC_INT)
        case "enumerate":
            return Sequence(sequence_of((STATIC_INT, element_of(first))))
        case "zip":
            return UNKNOWN if given.open else Sequence(sequence_of([element_of(item) for item in given.positional]))
        case _:
            return _listed(name, first, given)


def _converted(name: str, value: Value) -> Value:
    kind = _CONVERSIONS[name]
    match value:
        case Tensor() | Array():
            return data_of(kind)
        case Data():
            return data_of(kind)
        case Static():
            return static_of(kind)
        case Either():
            return join_all(_converted(name, item) for item in value.choices if item != NONE)
        case _:
            return UNKNOWN if name == "round" else static_of(kind) if value is not UNKNOWN else UNKNOWN


def _listed(name: str, value: Value, given: Arguments) -> Value:
    if not given.positional:
        return Sequence(join_all(()), None, mutable=True)
    if isinstance(value, Shape):
        return Sequence(STATIC_INT, None, mutable=name == "list")
    if isinstance(value, Sequence) and name in ("list", "tuple"):
        return Sequence(value.element, value.items, mutable=name == "list")
    if value is UNKNOWN:
        return ANY_SEQUENCE
    return Sequence(element_of(value), None, mutable=name == "list")


def _extremum(given: Arguments) -> Value:
    if given.open or not given.positional:
        return UNKNOWN
    values = given.positional if len(given.positional) > 1 else (element_of(given.positional[0]),)
    joined = join_all(values)
    if "default" in given.named:
        joined = join(joined, given.named["default"])
    if joined.tensor is not None:
        if joined.tensor.drawn and UNKNOWN not in values:
            return joined.tensor
        return tensor_of(joined.tensor.dtype) if UNKNOWN not in values else UNKNOWN
    return joined if isinstance(joined, (Static, Data)) else _number(values)


def _number(values: tuple[Value, ...]) -> Value:
    """A number of which some are data."""
    joined = join_all(values)
    options = list(joined.options)
    if any(isinstance(item, Data) for item in options) and all(isinstance(item, (Data, Static)) for item in options):
        return data_of(None)
    return UNKNOWN


def _summed(value: Value) -> Value:
    element = element_of(value)
    match element:
        case Tensor(dtype=dtype):
            return tensor_of(Dtype.INTEGER if dtype is Dtype.BOOL else dtype)
        case Static() | Data():
            return element
        case _:
            return UNKNOWN


def _mapping(value: Value, given: Arguments) -> Value:
    if isinstance(value, Mapping):
        return value
    if given.positional or given.open:
        return UNKNOWN
    return Mapping(join_all(given.named.values()))


def numpy_result(path: str, given: Arguments) -> Value:
    """What a function of numpy, ``math``, ``operator`` or ``copy`` gives."""
    package, _, name = path.rpartition(".")
    first = given.positional[0] if given.positional else UNKNOWN
    match package:
        case "math":
            return _math(name, given)
        case "numpy.random":
            return _drawn_by_numpy(name, given)
        case "numpy":
            return _numpy(name, first)
        case "operator" if name == "index":
            return _converted("int", first)
        case "copy":
            return first
        case _:
            return UNKNOWN


def _drawn_by_numpy(name: str, given: Arguments) -> Value:
    """What ``numpy.random`` draws: of no size, the graph breaks there, and what goes on has a plain number."""
    place = _SIZE_AT.get(name)
    if place is None:
        return Array(None) if name in ("choice", "permutation") else UNKNOWN
    dtype = None if name == "randint" else Dtype.FLOATING
    if "size" in given.named or len(given.positional) > place:
        return Array(dtype)
    limits = (*given.positional, *given.named.values())
    if given.open or not all(isinstance(each, (Static, Data)) for each in limits):
        return UNKNOWN
    return data_of(Number.INT if name == "randint" else Number.FLOAT)


def _math(name: str, given: Arguments) -> Value:
    kind = Number.BOOL if name in _TRUTHS else Number.INT if name in _INTEGRAL else Number.FLOAT
    if any(item.tensor is not None or item.data is not None for item in given.positional):
        return data_of(kind)
    if name == "prod":
        element = element_of(given.positional[0]) if given.positional else UNKNOWN
        return element if isinstance(element, (Static, Data)) else UNKNOWN
    return static_of(kind) if all(isinstance(item, Static) for item in given.positional) else UNKNOWN


def _numpy(name: str, first: Value) -> Value:
    if name in ("float32", "float64", "int64", "int32", "bool_", "prod") and isinstance(first, (Static, Shape)):
        return STATIC_FLOAT if name.startswith("float") else STATIC
    if name in ("array", "asarray", "zeros", "ones", "arange", "full", "linspace", "empty", "concatenate", "stack"):
        return Array(dtype_of(first) if name in ("array", "asarray") else None)
    if isinstance(first, (Array, Tensor)):
        return Array(Dtype.BOOL if name in ("isnan", "isinf", "isfinite") else None)
    return UNKNOWN
