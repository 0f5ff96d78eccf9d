"""What annotations promise."""

from __future__ import annotations

import ast
from collections.abc import Callable

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.flow.outcomes import TENSOR as MAY_BE_TENSOR
from fullgraph.semantic.flow.outcomes import of_value
from fullgraph.semantic.flow.value import (
    ANY_SEQUENCE,
    ARRAY,
    DEVICE,
    DTYPE,
    GENERATOR,
    NONE,
    SHAPE,
    STATIC_BOOL,
    STATIC_FLOAT,
    STATIC_INT,
    STRING,
    TENSOR,
    UNKNOWN,
    ClassOf,
    Dtype,
    Inherited,
    Instance,
    Made,
    Mapping,
    Sequence,
    Tensor,
    Thing,
    Value,
    join,
    join_all,
    sequence_of,
    tensor_of,
)
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Binding, Scope
from fullgraph.semantic.walk import Walked

_DEPTH = 8
_INTEGER = tensor_of(Dtype.INTEGER)
_FLOATING = tensor_of(Dtype.FLOATING)
_TYPES: dict[str, Value] = {
    "builtins.bool": STATIC_BOOL,
    "builtins.float": STATIC_FLOAT,
    "builtins.int": STATIC_INT,
    "builtins.str": STRING,
    "numpy.ndarray": ARRAY,
    "torch.BoolTensor": tensor_of(Dtype.BOOL),
    "torch.ByteTensor": _INTEGER,
    "torch.DoubleTensor": _FLOATING,
    "torch.FloatTensor": TENSOR,
    "torch.Generator": GENERATOR,
    "torch.HalfTensor": _FLOATING,
    "torch.IntTensor": _INTEGER,
    "torch.LongTensor": _INTEGER,
    "torch.Size": SHAPE,
    "torch.Tensor": TENSOR,
    "torch.device": DEVICE,
    "torch.dtype": DTYPE,
    "torch.nn.Parameter": TENSOR,
    "torch.nn.parameter.Parameter": TENSOR,
}
_SEQUENCES = frozenset(
    {
        "AbstractSet",
        "Collection",
        "FrozenSet",
        "Iterable",
        "Iterator",
        "List",
        "MutableSequence",
        "Sequence",
        "Set",
        "deque",
        "frozenset",
        "list",
        "set",
    }
)
_TUPLES = frozenset({"Tuple", "tuple"})
_MAPPINGS = frozenset({"Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict", "dict", "DefaultDict"})
_PACKAGES = ("builtins.", "collections.", "typing.", "typing_extensions.")
_WITH_SHAPES = ("jaxtyping.", "torchtyping.")
_DTYPES = (
    ("Bool", Dtype.BOOL),
    ("BFloat", Dtype.FLOATING),
    ("Float", Dtype.FLOATING),
    ("Int", Dtype.INTEGER),
    ("UInt", Dtype.INTEGER),
)
"""What names of jaxtyping begin with, as in ``Float32[Tensor, "batch 3"]``."""
_TENSOR_TEXTS = frozenset({"Tensor", "torch.Tensor", "torch.FloatTensor"})


class Annotations:
    """Values that annotations of one file promise; what is written as a string is parsed.

    ``imported`` tells what an alias stands for that is imported from another file, by its path.
    """

    def __init__(self, walked: Walked, names: Names, classes: Classes, imported: Callable[[str], Value]) -> None:
        self._walked = walked
        self._names = names
        self._classes = classes
        self._imported = imported
        self._known: dict[ast.expr, Value] = {}

    def of(self, annotation: ast.expr | None) -> Value:
        """What an annotation promises; UNKNOWN without one, and for a union that is more than an optional."""
        if annotation is None:
            return UNKNOWN
        if (known := self._known.get(annotation)) is None:
            known = self._known[annotation] = self._read(annotation, _DEPTH)
        return known

    def _read(self, annotation: ast.expr, depth: int) -> Value:
        if depth <= 0:
            return UNKNOWN
        match annotation:
            case ast.Constant(value=None):
                return NONE
            case ast.Constant(value=str(text)):
                return self._read_text(text)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return _union([self._read(left, depth - 1), self._read(right, depth - 1)])
            case ast.Subscript(value=base, slice=inner):
                return self._generic(base, inner, depth)
            case ast.Name() | ast.Attribute():
                return self._named(annotation, depth)
            case _:
                return UNKNOWN

    def _read_text(self, text: str) -> Value:
        text = text.strip()
        optional = text.removesuffix("| None").strip()
        if optional.startswith("Optional[") and optional.endswith("]"):
            text, optional = "", optional[len("Optional[") : -1]
        if optional not in _TENSOR_TEXTS:
            return UNKNOWN
        return TENSOR if optional == text else join(TENSOR, NONE)

    def _named(self, annotation: ast.Name | ast.Attribute, depth: int) -> Value:
        paths = self._names.of(annotation)
        if paths:
            return join_all(self._of_path(path) for path in paths)
        classes = self._classes.classes_of(annotation)
        if classes:
            return Instance(classes[0]) if len(classes) == 1 else UNKNOWN
        alias = self._alias(annotation)
        return UNKNOWN if alias is None else self._read(alias, depth - 1)

    def _of_path(self, path: str) -> Value:
        found = _plain_type(path)
        return self._imported(path) if found is UNKNOWN else found

    def _alias(self, annotation: ast.Name | ast.Attribute) -> ast.expr | None:
        """The type that a name of the module is an alias of."""
        scope = self._walked.name_scope.get(annotation) if isinstance(annotation, ast.Name) else None
        found = None if scope is None else scope.lookup(annotation.id)  # type: ignore[union-attr]
        match found:
            case (Scope(node=ast.Module()), [binding]):
                return alias_of(binding)
            case _:
                return None

    def _generic(self, base: ast.expr, inner: ast.expr, depth: int) -> Value:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        read: Callable[[ast.expr], Value] = lambda part: self._read(part, depth - 1)  # noqa: E731
        for path in self._names.of(base):
            if path.startswith(_WITH_SHAPES):
                return self._with_shape(path, parts, depth)
            if not path.startswith(_PACKAGES):
                continue
            name = path.rpartition(".")[2]
            if name == "Optional":
                return join(read(parts[0]), NONE)
            if name == "Union":
                return _union([read(part) for part in parts])
            if name in ("Annotated", "Final", "ClassVar"):
                return read(parts[0])
            if name in _TUPLES:
                return _tuple(parts, read)
            if name in _SEQUENCES and len(parts) == 1:
                return Sequence(read(parts[0]), None, mutable=True)
            if name in _MAPPINGS and len(parts) == 2:
                return Mapping(read(parts[1]))
            if name == "Callable" and len(parts) == 2:
                result = read(parts[1])
                return Inherited(result) if of_value(result) & MAY_BE_TENSOR else UNKNOWN
            if name == "type":
                named = read(parts[0])
                return ClassOf(named.node) if isinstance(named, Instance) else UNKNOWN
        return UNKNOWN

    def _with_shape(self, path: str, inner: list[ast.expr], depth: int) -> Value:
        """``Float[Tensor, "batch 3"]`` of jaxtyping, and ``TensorType["batch", 3]`` of torchtyping."""
        name = path.rpartition(".")[2]
        if name == "TensorType":
            return TENSOR
        if self._read(inner[0], depth - 1) != TENSOR:
            return UNKNOWN
        return next((tensor_of(dtype) for prefix, dtype in _DTYPES if name.startswith(prefix)), TENSOR)


def alias_of(binding: Binding) -> ast.expr | None:
    """The type in ``Name = Optional[Tensor]``, ``Name: TypeAlias = ...`` or ``type Name = ...``, if it may be one."""
    match binding:
        case ast.Subscript() | ast.BinOp(op=ast.BitOr()):
            return binding
        case ast.AnnAssign(value=ast.expr() as value):
            return value
        case ast.AST() if type(binding).__name__ == "TypeAlias":
            return binding.value  # type: ignore[attr-defined, no-any-return]
        case _:
            return None


def _plain_type(path: str) -> Value:
    if (known := _TYPES.get(path)) is not None:
        return known
    if path.startswith("torch.distributions."):
        return Made(path)
    if path.startswith(_PACKAGES):
        name = path.rpartition(".")[2]
        if name in _TUPLES or name in _SEQUENCES:
            return ANY_SEQUENCE
    return UNKNOWN


def _tuple(parts: list[ast.expr], read: Callable[[ast.expr], Value]) -> Value:
    match parts:
        case [element, ast.Constant(value=e)] if e is Ellipsis:
            return Sequence(read(element))
        case _:
            return sequence_of(read(part) for part in parts)


def _union(parts: list[Value]) -> Value:
    """An optional is kept; of a wider union nothing is known, since each function takes the part that it is given."""
    joined = join_all(parts)
    rest = [item for item in joined.options if item != NONE]
    if len(rest) > 1 and not all(isinstance(item, (Tensor, Thing)) for item in rest):
        return UNKNOWN
    return joined if len(rest) <= 1 else UNKNOWN
