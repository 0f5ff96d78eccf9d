"""What values may hold, and calls of other packages may give, as sums of a few flags: no tensor is what matters."""

from __future__ import annotations

from functools import cache

from fullgraph.semantic.flow.builtin_calls import numpy_result
from fullgraph.semantic.flow.calls import drawn, torch_result
from fullgraph.semantic.flow.torch_calls import Arguments, tensor_method
from fullgraph.semantic.flow.value import (
    TENSOR as A_TENSOR,
)
from fullgraph.semantic.flow.value import (
    UNKNOWN,
    Array,
    ClassOf,
    Data,
    Function,
    Inherited,
    Instance,
    Made,
    Mapping,
    Path,
    Record,
    Sequence,
    Super,
    Tensor,
    Value,
)

TENSOR = 1
"""A tensor or an array, or something that holds one."""
DATA = 2
"""A number out of a tensor, likewise."""
OBJECT = 4
"""Something whose attributes, methods and calls may give tensors."""
ANY = TENSOR | DATA | OBJECT
_NUMBERS = TENSOR | DATA
_NOTHING = Arguments((), {}, open=True)
_CONVERTS = frozenset({"all", "any", "bool", "complex", "float", "int", "range", "round"})
_PASSES_ON = frozenset(
    {
        "abs",
        "dict",
        "enumerate",
        "frozenset",
        "iter",
        "list",
        "max",
        "min",
        "next",
        "reversed",
        "set",
        "sorted",
        "sum",
        "tuple",
        "zip",
    }
)
_OF_CONTAINERS = frozenset({"copy", "count", "get", "index", "items", "keys", "pop", "setdefault", "values"})


def of_value(value: Value) -> int:
    """All that a value may hold."""
    found = 0
    for item in value.options:
        match item:
            case Tensor() | Array():
                found |= TENSOR
            case Data():
                found |= DATA
            case Sequence(element=element, items=items):
                found |= of_value(element)
                for each in items or ():
                    found |= of_value(each)
            case Mapping(element=element):
                found |= of_value(element)
            case Path() | Made() | ClassOf() | Instance() | Super() | Function() | Inherited() | Record():
                found |= OBJECT
            case _:
                continue
    return found


def called(path: str, given: int) -> int:
    """What something of another package may give that is called with arguments that may hold this."""
    package, _, name = path.rpartition(".")
    match path.partition(".")[0]:
        case "builtins":
            return _builtin(name, given)
        case "torch":
            return _torch(path) | (given if package.startswith("torch.nn") or name in ("compile", "script") else 0)
        case "numpy" | "math" | "operator" | "copy" | "itertools":
            if package == "copy":
                return given
            if package == "numpy.random":
                return ANY
            return _numeric(path) | (0 if not given & _NUMBERS else DATA if package == "math" else ANY)
        case "random":
            return of_value(drawn(name))
        case _:
            return 0


def _builtin(name: str, given: int) -> int:
    if name in _CONVERTS:
        return DATA if given & _NUMBERS else 0
    if name in _PASSES_ON:
        return given
    return OBJECT if name == "super" else 0


@cache
def _torch(path: str) -> int:
    package, _, name = path.rpartition(".")
    return ANY if package == "torch.Tensor" else of_value(torch_result(path, package, name, _NOTHING))


@cache
def _numeric(path: str) -> int:
    return of_value(numpy_result(path, Arguments((UNKNOWN,), {})))


@cache
def method_called(name: str, receiver: int) -> int:
    """What a method may give, whatever it is given, of something that may hold this and is no object of the file."""
    if name in _OF_CONTAINERS:
        return receiver
    if name in ("item", "tolist"):
        return ANY if receiver & OBJECT else DATA
    found = tensor_method(A_TENSOR, name, _NOTHING)
    if found is UNKNOWN:
        return ANY if receiver & OBJECT else _NUMBERS
    known = of_value(found)
    return ANY if known and receiver & OBJECT else known
