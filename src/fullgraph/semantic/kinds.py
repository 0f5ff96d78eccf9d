"""What a value is, as far as one look at its bindings can tell. UNKNOWN is the answer whenever two of them disagree."""

from __future__ import annotations

import ast
import enum
import re

from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Binding, Scope
from fullgraph.semantic.walk import Walked
from fullgraph.torchfacts import method_returns_tensor, returns_tensor

_DEPTH = 40
_ROUNDS = 8
_DEVICE_STRING = re.compile(r"(cpu|cuda|mps|xpu|meta|hpu|npu|xla|mtia|privateuseone)(:|$)")
_TENSOR_TYPES = frozenset(
    {"torch.Tensor", "torch.FloatTensor", "torch.LongTensor", "torch.BoolTensor", "torch.nn.Parameter"}
)
_DICT_TYPES = frozenset(
    {
        "builtins.dict",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.abc.Mapping",
        "collections.abc.MutableMapping",
        "typing.DefaultDict",
        "typing.Dict",
        "typing.Mapping",
        "typing.MutableMapping",
        "typing.OrderedDict",
    }
)
_SEQUENCE_TYPES = frozenset(
    {
        "builtins.list",
        "builtins.tuple",
        "builtins.set",
        "builtins.frozenset",
        "collections.abc.Iterable",
        "collections.abc.Iterator",
        "collections.abc.Collection",
        "collections.abc.Sequence",
        "collections.abc.MutableSequence",
        "collections.deque",
        "typing.Collection",
        "typing.Iterable",
        "typing.Iterator",
        "typing.List",
        "typing.Sequence",
        "typing.Set",
        "typing.Tuple",
    }
)
_TRANSPARENT_TYPES = frozenset({"typing.Annotated", "typing.Final", "typing.ClassVar", "typing.Optional"})


class Kind(enum.Enum):
    """What a value is."""

    TENSOR = "tensor"
    DICT = "dict"
    SEQUENCE = "sequence"
    DEVICE = "device"
    DTYPE = "dtype"
    NUMBER = "number"
    STRING = "string"
    NONE = "none"
    UNKNOWN = "unknown"


class Kinds:
    """Kinds of the expressions of one walked file, from annotations, literals, torch calls and assignments."""

    def __init__(self, walked: Walked, names: Names) -> None:
        self._walked = walked
        self._names = names
        self._known: dict[ast.expr, Kind] = {}
        self._settled: dict[tuple[Scope, str], Kind] = {}
        self._assumed: dict[tuple[Scope, str], Kind | None] = {}
        self._visited: set[tuple[Scope, str]] = set()
        self._truncated = False

    def of(self, expr: ast.expr) -> Kind:
        """The kind of ``expr``, or UNKNOWN."""
        if (known := self._known.get(expr)) is None:
            known = self._known[expr] = self._solve(expr)
        return known

    def _solve(self, expr: ast.expr) -> Kind:
        """The least fixed point: a name that depends on itself (``x = x.view(3)``) is what its other bindings are."""
        self._assumed, self._truncated = {}, False
        for _ in range(_ROUNDS):
            before = dict(self._assumed)
            self._visited = set()
            kind = self._kind(expr, _DEPTH)
            if before == self._assumed:
                if not self._truncated:
                    self._settled.update((key, item or Kind.UNKNOWN) for key, item in self._assumed.items())
                return kind or Kind.UNKNOWN
        return Kind.UNKNOWN

    def of_annotation(self, annotation: ast.expr) -> Kind:
        """The kind that an annotation promises; ``X | None`` and ``Optional[X]`` promise X."""
        return self._annotated(annotation, _DEPTH)

    def element_annotation(self, annotation: ast.expr) -> ast.expr | None:
        """``X`` of an annotation ``list[X]``, ``Sequence[X]``, ``tuple[X, ...]`` or ``dict[K, X]``, if it is one."""
        return self._element(annotation, _DEPTH)

    def _element(self, annotation: ast.expr, depth: int) -> ast.expr | None:
        match annotation:
            case ast.Subscript(slice=ast.Tuple(elts=[_, value])) if self.of_annotation(annotation) is Kind.DICT:
                return value
            case ast.Subscript(slice=ast.Tuple(elts=[value, ast.Constant(value=e)])) if e is Ellipsis:
                return value
            case ast.Subscript(slice=ast.Tuple()):
                return None
            case ast.Subscript(slice=value) if self.of_annotation(annotation) is Kind.SEQUENCE:
                return value
            case ast.BinOp(op=ast.BitOr(), left=left, right=right) if depth > 0:
                return self._element(left, depth - 1) or self._element(right, depth - 1)
            case _:
                return None

    def _kind(self, expr: ast.expr, depth: int) -> Kind | None:
        """The kind by what is assumed of names so far; None where that is nothing yet."""
        if depth <= 0:
            self._truncated = True
            return Kind.UNKNOWN
        match expr:
            case ast.Constant(value=value):
                return _kind_of_constant(value)
            case ast.JoinedStr(values=[ast.Constant(value=str(head)), *_]) if _DEVICE_STRING.match(head):
                return Kind.DEVICE
            case ast.JoinedStr():
                return Kind.STRING
            case ast.Dict() | ast.DictComp():
                return Kind.DICT
            case ast.List() | ast.Tuple() | ast.Set() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return Kind.SEQUENCE
            case ast.Attribute():
                return self._kind_of_attribute(expr)
            case ast.Name():
                return self._kind_of_name(expr, depth)
            case ast.Call():
                return self._kind_of_call(expr, depth)
            case ast.BinOp(left=left, right=right):
                return self._kind_of_operation(left, right, depth)
            case ast.UnaryOp(op=ast.Not()):
                return Kind.UNKNOWN
            case ast.UnaryOp(operand=operand):
                kind = self._kind(operand, depth - 1)
                return kind if kind in (None, Kind.TENSOR, Kind.NUMBER) else Kind.UNKNOWN
            case ast.IfExp(body=body, orelse=orelse):
                return _merge({self._kind(body, depth - 1), self._kind(orelse, depth - 1)})
            case _:
                return Kind.UNKNOWN

    def _kind_of_attribute(self, expr: ast.Attribute) -> Kind:
        paths = self._names.of(expr)
        if paths and all(is_dtype(path) for path in paths):
            return Kind.DTYPE
        if any(path.startswith("torch.") for path in paths):
            return Kind.UNKNOWN
        return _kind_by_convention(expr.attr)

    def _kind_of_name(self, name: ast.Name, depth: int) -> Kind | None:
        scope = self._walked.name_scope.get(name)
        found = scope.lookup(name.id) if scope is not None else None
        if found is None:
            return Kind.UNKNOWN
        key = found[0], name.id
        if (settled := self._settled.get(key)) is not None:
            return settled
        if key not in self._visited:
            self._visited.add(key)
            kinds = {self._kind_of_binding(binding, name, depth) for binding in found[1]}
            self._assumed[key] = _named(name.id, kinds)
        return self._assumed.get(key)

    def _kind_of_binding(self, binding: Binding, user: ast.Name, depth: int) -> Kind | None:
        match binding:
            case str(path):
                return Kind.DTYPE if is_dtype(path) else Kind.UNKNOWN
            case ast.arg(annotation=annotation):
                return self._annotated(annotation, depth - 1) if annotation is not None else Kind.UNKNOWN
            case ast.AnnAssign(annotation=annotation):
                return self._annotated(annotation, depth - 1)
            case ast.Name(ctx=ast.Store()) | ast.Name(ctx=ast.Del()):
                return Kind.UNKNOWN
            case ast.expr() if binding is not user:
                return self._kind(binding, depth - 1)
            case _:
                return Kind.UNKNOWN

    def _kind_of_call(self, call: ast.Call, depth: int) -> Kind | None:
        paths = self._names.of(call.func)
        if paths:
            return _join({_kind_of_result(path) for path in paths})
        if isinstance(call.func, ast.Attribute) and method_returns_tensor(call.func.attr):
            receiver = self._kind(call.func.value, depth - 1)
            return receiver if receiver in (None, Kind.TENSOR) else Kind.UNKNOWN
        return Kind.UNKNOWN

    def _kind_of_operation(self, left: ast.expr, right: ast.expr, depth: int) -> Kind | None:
        kinds = {self._kind(left, depth - 1), self._kind(right, depth - 1)}
        if not kinds <= {None, Kind.TENSOR, Kind.NUMBER}:
            return Kind.UNKNOWN
        if None in kinds:
            return None
        return Kind.TENSOR if Kind.TENSOR in kinds else Kind.NUMBER

    def _annotated(self, annotation: ast.expr, depth: int) -> Kind:
        if depth <= 0:
            return Kind.UNKNOWN
        match annotation:
            case ast.Constant(value=str(text)):
                return self._annotated_by_text(text)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return _join({self._annotated(left, depth - 1), self._annotated(right, depth - 1)} - {Kind.NONE})
            case ast.Constant(value=None):
                return Kind.NONE
            case ast.Subscript(value=value, slice=inner):
                paths = self._names.of(value)
                if any(_plain(path) in _TRANSPARENT_TYPES for path in paths):
                    first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                    return self._annotated(first, depth - 1)
                return _join({_kind_of_type(path) for path in paths})
            case ast.Name() | ast.Attribute():
                return _join({_kind_of_type(path) for path in self._names.of(annotation)})
            case _:
                return Kind.UNKNOWN

    def _annotated_by_text(self, text: str) -> Kind:
        return Kind.TENSOR if text in ("torch.Tensor", "Tensor") else Kind.UNKNOWN


def is_dtype(path: str) -> bool:
    """Whether a dotted path names a torch dtype, such as ``torch.float16``."""
    package, _, name = path.rpartition(".")
    return (
        package == "torch"
        and re.fullmatch(r"b?float\w*|half|double|u?int\d*|long|short|bool|c?complex\d*", name) is not None
    )


def _kind_of_constant(value: object) -> Kind:
    match value:
        case bool():
            return Kind.UNKNOWN
        case int() | float() | complex():
            return Kind.NUMBER
        case str() if _DEVICE_STRING.match(value):
            return Kind.DEVICE
        case str():
            return Kind.STRING
        case None:
            return Kind.NONE
        case _:
            return Kind.UNKNOWN


def _kind_by_convention(identifier: str) -> Kind:
    """``device`` and ``dtype`` are what everybody calls them; no other name says anything."""
    match identifier.rpartition("_")[2]:
        case "device":
            return Kind.DEVICE
        case "dtype":
            return Kind.DTYPE
        case _:
            return Kind.UNKNOWN


def _kind_of_result(path: str) -> Kind:
    if path in ("torch.device", "torch.cuda.current_device"):
        return Kind.DEVICE
    if _plain(path) in _DICT_TYPES:
        return Kind.DICT
    if _plain(path) in _SEQUENCE_TYPES:
        return Kind.SEQUENCE
    if path in ("builtins.len", "builtins.int", "builtins.float"):
        return Kind.NUMBER
    return Kind.TENSOR if path == "torch.nn.Parameter" or returns_tensor(path) else Kind.UNKNOWN


def _kind_of_type(path: str) -> Kind:
    path = _plain(path)
    if path in _TENSOR_TYPES:
        return Kind.TENSOR
    if path in _DICT_TYPES:
        return Kind.DICT
    if path in _SEQUENCE_TYPES:
        return Kind.SEQUENCE
    match path:
        case "torch.device":
            return Kind.DEVICE
        case "torch.dtype":
            return Kind.DTYPE
        case "builtins.int" | "builtins.float":
            return Kind.NUMBER
        case "builtins.str":
            return Kind.STRING
        case _:
            return Kind.UNKNOWN


def _plain(path: str) -> str:
    return path.replace("typing_extensions.", "typing.", 1)


def _join(kinds: set[Kind]) -> Kind:
    return next(iter(kinds)) if len(kinds) == 1 else Kind.UNKNOWN


def _merge(kinds: set[Kind | None]) -> Kind | None:
    """The join of kinds of which some are not known yet."""
    known = {kind for kind in kinds if kind is not None}
    return _join(known) if known else None


def _named(identifier: str, kinds: set[Kind | None]) -> Kind | None:
    """The kind of a name by what its bindings are or, if they do not say, by what it is called."""
    kind = _merge(kinds)
    if kind is Kind.UNKNOWN and kinds <= {None, Kind.UNKNOWN, Kind.DEVICE, Kind.STRING, Kind.NONE}:
        return _kind_by_convention(identifier)
    return kind
