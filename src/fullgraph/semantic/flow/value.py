"""The lattice of abstract values: from BOTTOM (nothing yet) over what is known to UNKNOWN (anything)."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
_MOST_OPTIONS = 4
_DEEPEST = 4


class Dtype(enum.Enum):
    """The class of a tensor's dtype."""

    BOOL = "bool"
    INTEGER = "integer"
    FLOATING = "floating"


class Number(enum.Enum):
    """The type of a Python number."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"


class Value:
    """What an expression is; compared by content, never changed."""

    __slots__ = ()

    @property
    def options(self) -> Iterable[Value]:
        """What the value may be on one path or another; each is no `Either`."""
        return (self,)

    @property
    def tensor(self) -> Tensor | None:
        """The tensor that the value is, on some path at least; None if that is not known."""
        return next((item for item in self.options if isinstance(item, Tensor)), None)

    @property
    def surely_tensor(self) -> Tensor | None:
        """The tensor that the value is on every path."""
        return None

    @property
    def holds_values(self) -> bool:
        """Whether the value is a tensor or an array, on some path at least, so that reading it takes numbers out."""
        return any(isinstance(item, (Tensor, Array)) for item in self.options)

    @property
    def data(self) -> Data | None:
        """The number computed from a tensor's values that the value is, on some path at least."""
        return next((item for item in self.options if isinstance(item, Data)), None)


@dataclass(frozen=True, slots=True)
class Bottom(Value):
    """No value: code that is not reached, or nothing known so far."""


@dataclass(frozen=True, slots=True)
class Unknown(Value):
    """Anything."""


@dataclass(frozen=True, slots=True)
class Tensor(Value):
    """A tensor; dtype and rank as far as they are known.

    ``static`` if Dynamo may know the number in it: it was made of known numbers, or is an input that is one number.
    ``drawn`` if it is a number of Python's ``random``, which only Dynamo has as a tensor.
    """

    dtype: Dtype | None = None
    rank: int | None = None
    static: bool = False
    drawn: bool = False

    @property
    def surely_tensor(self) -> Tensor | None:
        """The tensor itself."""
        return self

    @property
    def is_mask(self) -> bool:
        """Whether it is surely boolean."""
        return self.dtype is Dtype.BOOL


@dataclass(frozen=True, slots=True)
class Array(Value):
    """A numpy array or numpy scalar; Dynamo traces it as a tensor."""

    dtype: Dtype | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Static(Value):
    """A Python number that Dynamo knows while it traces: constants, sizes, flags, and what is computed from them.

    ``passed`` if a call is known to give one to a parameter, so that a test of its type has one answer.
    """

    type: Number | None = None
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Data(Value):
    """A Python number that was computed from the values in a tensor."""

    type: Number | None = None


@dataclass(frozen=True, slots=True)
class Shape(Value):
    """A ``torch.Size``."""


class Plain(enum.Enum):
    """Kinds of values of which no more is to be known."""

    NONE = "None"
    STRING = "string"
    DTYPE = "dtype"
    DEVICE = "device"
    LOGGER = "logger"
    LOCK = "lock"
    GENERATOR = "generator"


@dataclass(frozen=True, slots=True)
class Thing(Value):
    """A value of one of the plain kinds."""

    kind: Plain


@dataclass(frozen=True, slots=True)
class Sequence(Value):
    """A list, tuple or other iterable of Python: its items where they are known one by one, and what any item is."""

    element: Value
    items: tuple[Value, ...] | None = None
    mutable: bool = False


@dataclass(frozen=True, slots=True)
class Mapping(Value):
    """A dict; what any of its values is."""

    element: Value


@dataclass(frozen=True, slots=True)
class Path(Value):
    """Something of another package, by the dotted paths that it may stand for."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made(Value):
    """An instance of a class of another package, by the class's path, such as ``torch.nn.Linear``."""

    path: str


@dataclass(frozen=True, slots=True)
class ClassOf(Value):
    """A class of this file."""

    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Instance(Value):
    """An instance of a class of this file."""

    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Record(Value):
    """An instance of a class of another file, of which only the fields are known that it declares."""

    fields: tuple[tuple[str, Value], ...]

    def field(self, name: str) -> Value:
        """What a field holds."""
        return next((value for each, value in self.fields if each == name), UNKNOWN)


@dataclass(frozen=True, slots=True)
class Super(Value):
    """What ``super()`` gives in a method of a class of this file."""

    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Function(Value):
    """A function of this file, or a method bound to an instance of one of its classes."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    bound: Value | None = None


@dataclass(frozen=True, slots=True)
class Inherited(Value):
    """What is called of which only the result is known.

    A method that a class inherits from another file, or something that an annotation says to be a ``Callable``.
    """

    result: Value


@dataclass(frozen=True, slots=True)
class Either(Value):
    """One of several values, by the path that was taken."""

    choices: frozenset[Value]

    @property
    def options(self) -> Iterable[Value]:
        """The values."""
        return self.choices


BOTTOM = Bottom()
UNKNOWN = Unknown()
NONE = Thing(Plain.NONE)
STRING = Thing(Plain.STRING)
DTYPE = Thing(Plain.DTYPE)
DEVICE = Thing(Plain.DEVICE)
LOGGER = Thing(Plain.LOGGER)
LOCK = Thing(Plain.LOCK)
GENERATOR = Thing(Plain.GENERATOR)
SHAPE = Shape()
STATIC = Static()
STATIC_INT = Static(Number.INT)
STATIC_BOOL = Static(Number.BOOL)
STATIC_FLOAT = Static(Number.FLOAT)
TENSOR = Tensor()
OPTIONAL_TENSOR = Either(frozenset((TENSOR, NONE)))
ARRAY = Array()
ANY_SEQUENCE = Sequence(UNKNOWN)
ANY_MAPPING = Mapping(UNKNOWN)


@lru_cache(maxsize=256)
def tensor_of(dtype: Dtype | None = None, rank: int | None = None, static: bool = False) -> Tensor:
    """The tensor of this dtype and rank."""
    return Tensor(dtype, rank if rank is None or 0 <= rank <= 8 else None, static)


@lru_cache(maxsize=16)
def data_of(kind: Number | None) -> Data:
    """A number of this type, computed from tensor values."""
    return Data(kind)


@lru_cache(maxsize=16)
def static_of(kind: Number | None) -> Static:
    """A number of this type that is known while tracing."""
    return Static(kind)


def number_of(dtype: Dtype | None) -> Number | None:
    """The type of a Python number taken out of a tensor of this dtype."""
    match dtype:
        case Dtype.BOOL:
            return Number.BOOL
        case Dtype.INTEGER:
            return Number.INT
        case Dtype.FLOATING:
            return Number.FLOAT
        case None:
            return None


def join(left: Value, right: Value, depth: int = _DEEPEST) -> Value:
    """The smallest value that covers both."""
    if left is right or right is BOTTOM:
        return left
    if left is BOTTOM:
        return right
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if left == right:
        return left
    if isinstance(left, Either) or isinstance(right, Either):
        return _join_options(left, right, depth)
    merged = _merge(left, right, depth)
    return merged if merged is not None else Either(frozenset((left, right)))


def join_all(values: Iterable[Value]) -> Value:
    """The smallest value that covers all; BOTTOM if there are none."""
    joined: Value = BOTTOM
    for value in values:
        if joined is UNKNOWN:
            break
        joined = join(joined, value)
    return joined


def _join_options(left: Value, right: Value, depth: int) -> Value:
    options = list(left.options)
    for new in right.options:
        for index, old in enumerate(options):
            merged = old if old == new else _merge(old, new, depth)
            if merged is not None:
                options[index] = merged
                break
        else:
            options.append(new)
    if UNKNOWN in options or len(options) > _MOST_OPTIONS:
        return UNKNOWN
    return options[0] if len(options) == 1 else Either(frozenset(options))


def _merge(left: Value, right: Value, depth: int) -> Value | None:
    """One value of the kind that both are; None if they are of different kinds."""
    match left, right:
        case Tensor(drawn=True), Tensor(drawn=True):
            return Tensor(_same(left.dtype, right.dtype), 0, drawn=True)
        case Tensor(), Tensor():
            return tensor_of(_same(left.dtype, right.dtype), _same(left.rank, right.rank), left.static and right.static)
        case Array(), Array():
            return Array(_same(left.dtype, right.dtype), _same(left.rank, right.rank))
        case Static(), Static():
            return static_of(_same(left.type, right.type))
        case Data(), Data():
            return data_of(_same(left.type, right.type))
        case Sequence(), Sequence():
            return _merge_sequences(left, right, depth)
        case Mapping(), Mapping():
            return Mapping(join(left.element, right.element, depth - 1)) if depth > 0 else ANY_MAPPING
        case _:
            return None


def _merge_sequences(left: Sequence, right: Sequence, depth: int) -> Sequence:
    if depth <= 0:
        return ANY_SEQUENCE
    mutable = left.mutable or right.mutable
    element = join(left.element, right.element, depth - 1)
    if left.items is not None and right.items is not None and len(left.items) == len(right.items):
        pairs = zip(left.items, right.items, strict=True)
        return Sequence(element, tuple(join(a, b, depth - 1) for a, b in pairs), mutable)
    return Sequence(element, None, mutable)


def _same(left: T, right: T) -> T | None:
    return left if left == right else None


def sequence_of(items: Iterable[Value], *, mutable: bool = False) -> Sequence:
    """A sequence of which each item is known."""
    known = tuple(items)
    if any(_depth(item) >= _DEEPEST for item in known):
        return Sequence(UNKNOWN, None, mutable)
    return Sequence(join_all(known), known, mutable)


def _depth(value: Value) -> int:
    depth = 0
    while depth < _DEEPEST:
        match value:
            case Sequence(element=inner) | Mapping(element=inner):
                value = inner
                depth += 1
            case _:
                break
    return depth


def settled_draws(value: Value) -> Value:
    """What a value is behind a graph break, where a number that was drawn in the graph is one of Python."""
    is_drawn = any(isinstance(item, Tensor) and item.drawn for item in value.options)
    return UNKNOWN if is_drawn else value


@lru_cache(maxsize=4096)
def path_of(paths: tuple[str, ...], attribute: str | None = None) -> Path:
    """What stands under these dotted paths, or under an attribute of them."""
    return Path(paths if attribute is None else tuple(f"{path}.{attribute}" for path in paths))


def element_of(value: Value) -> Value:
    """What iterating over a value gives."""
    match value:
        case Tensor(dtype=dtype, rank=rank, static=static):
            return tensor_of(dtype, None if rank is None or rank == 0 else rank - 1, static)
        case Array(dtype=dtype, rank=rank):
            return Array(dtype, None if rank is None or rank == 0 else rank - 1)
        case Sequence(element=element):
            return UNKNOWN if element is BOTTOM else element
        case Shape():
            return STATIC_INT
        case Either():
            return join_all(element_of(item) for item in value.choices if item != NONE)
        case Thing(kind=Plain.STRING):
            return STRING
        case Mapping():
            return UNKNOWN
        case Bottom():
            return BOTTOM
        case _:
            return UNKNOWN
