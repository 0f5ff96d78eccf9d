"""What parameters are: by annotation, by default, by what the function does with them, by what callers pass."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator

from fullgraph.semantic.flow.annotations import Annotations
from fullgraph.semantic.flow.torch_calls import Arguments
from fullgraph.semantic.flow.value import (
    NONE,
    UNKNOWN,
    Sequence,
    Shape,
    Static,
    Tensor,
    Value,
    join,
    join_all,
    tensor_of,
)
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Binding, DefNode, Scope
from fullgraph.torchfacts.returns import ReturnKind, return_kind

ONLY_OF_TENSORS = frozenset(
    {
        "abs",
        "amax",
        "amin",
        "argmax",
        "argmin",
        "bincount",
        "bmm",
        "cdist",
        "chunk",
        "clamp",
        "clamp_",
        "clip",
        "clone",
        "contiguous",
        "cos",
        "cumprod",
        "cumsum",
        "data_ptr",
        "detach",
        "dim",
        "div",
        "exp",
        "expand",
        "expand_as",
        "flatten",
        "flip",
        "floor",
        "gather",
        "grad_fn",
        "index_select",
        "isfinite",
        "isinf",
        "isnan",
        "is_floating_point",
        "is_nonzero",
        "item",
        "log",
        "logical_not",
        "long",
        "masked_fill",
        "masked_fill_",
        "masked_scatter",
        "masked_select",
        "matmul",
        "max",
        "mean",
        "min",
        "mm",
        "ne",
        "new_full",
        "new_ones",
        "new_tensor",
        "new_zeros",
        "nonzero",
        "norm",
        "numel",
        "permute",
        "pow",
        "prod",
        "relu",
        "repeat",
        "repeat_interleave",
        "reshape",
        "roll",
        "round",
        "scatter",
        "scatter_",
        "scatter_add",
        "sigmoid",
        "sin",
        "softmax",
        "sqrt",
        "squeeze",
        "std",
        "sum",
        "tanh",
        "tolist",
        "topk",
        "transpose",
        "tril",
        "triu",
        "type_as",
        "unbind",
        "unfold",
        "unflatten",
        "unique",
        "unsqueeze",
        "var",
        "view",
        "view_as",
        "zero_",
        "numpy",
        "all",
        "any",
    }
)
"""Methods that nothing but tensors has, among what code is given."""
_TELLING = re.compile("mask|valid|keep|kept|select|flag|is_|has_|ind|shape|size")
"""Names of parameters that may well be masks, or shapes in spite of their annotation.

Of other annotated tensors callers are not asked whether they are boolean.
"""
_TESTED_BY = frozenset({"isinstance", "hasattr", "is_tensor", "callable", "type", "issubclass"})
_MAKES = frozenset({ReturnKind.TENSOR, ReturnKind.TENSORS})
_COMPARES = frozenset({"torch.allclose", "torch.equal", "torch.is_nonzero"})
_CREATES = frozenset(
    {
        "arange",
        "as_tensor",
        "asarray",
        "empty",
        "eye",
        "from_numpy",
        "full",
        "linspace",
        "logspace",
        "ones",
        "rand",
        "randint",
        "randn",
        "randperm",
        "tensor",
        "zeros",
        "Tensor",
        "stack",
        "cat",
        "concat",
        "concatenate",
        "hstack",
        "vstack",
        "dstack",
        "manual_seed",
        "range",
        "scalar_tensor",
    }
)


def parameters(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each named parameter with its default."""
    plain = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(args.defaults)), *args.defaults]
    yield from zip(plain, defaults, strict=True)
    yield from zip(args.kwonlyargs, args.kw_defaults, strict=True)


def promised(arg: ast.arg, default: ast.expr | None, annotations: Annotations) -> Value:
    """What a parameter is by its annotation and default."""
    value = annotations.of(arg.annotation)
    if value is not UNKNOWN and isinstance(default, ast.Constant) and default.value is None:
        return join(value, NONE)
    return value


def bound(node: DefNode, given: Arguments, skipped: int) -> dict[str, Value]:
    """The values that a call gives a function's parameters, of which the first ``skipped`` are bound already."""
    names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)][skipped:]
    found = dict(zip(names, given.positional, strict=False))
    known = {arg.arg for arg, _ in parameters(node.args)}
    found.update({name: value for name, value in given.named.items() if name in known})
    return found


def proven_tensors(node: DefNode, scope: Scope, calls: Iterable[ast.Call], names: Names) -> frozenset[str]:
    """Parameters without annotation that are surely tensors, since the function uses them as only tensors can be.

    What happens to a name after it was assigned something else proves nothing.
    """
    candidates = {arg.arg for arg, _ in parameters(node.args) if arg.annotation is None}
    candidates -= {"self", "cls"}
    if not candidates:
        return frozenset()
    proven: dict[str, int] = {}
    derived = {name: source for name, items in scope.bindings.items() if (source := _compared(items)) in candidates}
    for call in calls:
        if _last(call.func) in _TESTED_BY:
            candidates -= {item.id for item in call.args if isinstance(item, ast.Name)}
        elif (name := _used_as_tensor(call, candidates | derived.keys(), names)) is not None:
            proven[name] = min(call.lineno, proven.get(name, call.lineno))
    for name, source in derived.items():
        if name in proven:
            proven[source] = min(proven[name], proven.get(source, proven[name]))
    return frozenset(name for name in candidates & proven.keys() if proven[name] <= _first_assigned(name, scope))


def _compared(bindings: list[Binding]) -> str:
    """The name that the only value of another name compares; empty if it is anything else."""
    match bindings:
        case [ast.Compare() as comparison]:
            return _root(comparison) or ""
        case _:
            return ""


def _first_assigned(name: str, scope: Scope) -> float:
    """The row in which a parameter is first assigned."""
    rows = [getattr(item, "lineno", 0) for item in scope.bindings.get(name, ()) if not isinstance(item, ast.arg)]
    return min(rows, default=math.inf)


def _root(base: ast.expr) -> str | None:
    """The name that an expression is elementwise made of: ``x`` of ``x``, ``x > 0``, ``x * 2``, ``~x`` and ``x[0]``."""
    for _ in range(4):
        match base:
            case ast.Name(id=name):
                return name
            case ast.Compare(left=inner, ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE() | ast.Eq() | ast.NotEq()]):
                base = inner
            case ast.UnaryOp(op=ast.Invert() | ast.USub(), operand=inner):
                base = inner
            case _:
                return None
    return None


def _last(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _used_as_tensor(call: ast.Call, candidates: set[str], names: Names) -> str | None:
    """The parameter that a call proves to be a tensor."""
    match call:
        case ast.Call(func=ast.Attribute(attr="gather"), args=[] | [_]):
            return None  # tensors are given a dimension, too; others gather what several processes have
        case ast.Call(func=ast.Attribute(value=base, attr=attr)) if (
            attr in ONLY_OF_TENSORS and (name := _root(base)) in candidates
        ):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="size"), args=[_]) if name in candidates:
            return name
        case ast.Call(func=func, args=[ast.Name(id=name), *_]) if name in candidates and _last(func) not in _CREATES:
            takes = any(path in _COMPARES or return_kind(path) in _MAKES for path in names.of(func))
            return name if takes else None
        case _:
            return None


def agreed(values: list[Value]) -> Value:
    """What callers pass, if they agree: a tensor or a number, perhaps None."""
    joined = join_all(values)
    kinds = [item for item in joined.options if item != NONE]
    return joined if len(kinds) == 1 and kinds[0] is not UNKNOWN else UNKNOWN


def settled(own: Value, passed: Value) -> Value:
    """What a parameter is by its annotation and what callers pass: where they differ, callers know better."""
    if own is UNKNOWN:
        return as_input(passed)
    if isinstance(own, Static) and passed.tensor is not None:
        return tensor_of(passed.tensor.dtype, passed.tensor.rank, static=True)
    if own.surely_tensor is not None and isinstance(passed, Shape):
        return passed
    if own.tensor is not None and passed.tensor is not None and passed.tensor.dtype is not None:
        return join(passed, NONE) if NONE in own.options else passed
    return own


def in_call(value: Value, given: Value) -> Value:
    """A parameter's value in one call: a number is surely one if the call is known to pass one."""
    if isinstance(value, Static) and isinstance(given, Static):
        return Static(value.type, passed=True)
    return value


def as_input(value: Value) -> Value:
    """A parameter's value: a tensor of no dimensions may be an input of a graph, which Dynamo takes as a size."""
    match value:
        case Tensor(dtype=dtype, rank=0):
            return tensor_of(dtype, 0, static=True)
        case _:
            return value


def starred(args: ast.arguments) -> dict[str, Value]:
    """What ``*args`` and ``**kwargs`` are."""
    found: dict[str, Value] = {}
    if args.vararg is not None:
        found[args.vararg.arg] = Sequence(UNKNOWN)
    if args.kwarg is not None:
        found[args.kwarg.arg] = UNKNOWN
    return found


def callers_say_more(arg: ast.arg, own: Value) -> bool:
    """Whether it is worth looking at what callers pass for a parameter."""
    if own is UNKNOWN:
        return arg.annotation is None
    tensor = own.tensor
    if tensor is not None:
        return tensor.dtype is None and _TELLING.search(arg.arg) is not None
    return any(isinstance(item, Static) for item in own.options)
