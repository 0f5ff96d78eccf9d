"""What expressions are, given what the names in them are."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fullgraph.semantic.flow.calls import call
from fullgraph.semantic.flow.compiling import answer
from fullgraph.semantic.flow.evidence import KEEPS
from fullgraph.semantic.flow.narrowing import Environment, is_contradicted, narrowed
from fullgraph.semantic.flow.subscripts import item_of
from fullgraph.semantic.flow.torch_calls import combined_dtype, combined_rank, dtype_of, rank_of, tensor_attribute
from fullgraph.semantic.flow.value import (
    BOTTOM,
    NONE,
    STATIC_BOOL,
    STATIC_FLOAT,
    STATIC_INT,
    STRING,
    TENSOR,
    UNKNOWN,
    Array,
    ClassOf,
    Data,
    Dtype,
    Either,
    Instance,
    Made,
    Mapping,
    Number,
    Path,
    Record,
    Sequence,
    Shape,
    Static,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
    data_of,
    element_of,
    join,
    join_all,
    number_of,
    path_of,
    sequence_of,
    static_of,
    tensor_of,
)

if TYPE_CHECKING:
    from fullgraph.semantic.flow.flow import Flow

_DEEPEST = 100
_NUMBERS = (Static, Data)
_OF_DISTRIBUTIONS = frozenset({"logits", "mean", "mode", "probs", "stddev", "variance"})


class Evaluator:
    """Evaluates expressions of one function in an environment, and remembers what each was when last evaluated."""

    def __init__(self, flow: Flow, env: Environment) -> None:
        self.flow = flow
        self.env = env
        self.values: dict[ast.expr, Value] = {}
        self.outer: dict[str, Value] = {}
        self.assigned: Environment = {}
        self.is_generator = False
        self.unused: ast.expr | None = None
        """The expression whose value nobody takes."""
        self.entered: list[tuple[ast.AST, dict[str, Value]]] = []
        self.is_broken = False
        """Whether the graph surely breaks on the way; not every break is known here."""

    def broken(self) -> None:
        """Go on behind a graph break."""
        self.is_broken = True

    def value(self, node: ast.expr) -> Value:
        """Evaluate an expression."""
        kind = node.__class__
        if kind is ast.Constant:
            return constant(node.value)  # type: ignore[attr-defined]
        if kind is ast.Name and (known := self.env.get(node.id)) is not None:  # type: ignore[attr-defined]
            self.values[node] = known
            return known
        handler = _HANDLERS.get(kind)
        if handler is None:
            return UNKNOWN
        flow = self.flow
        if flow.depth >= _DEEPEST:
            return UNKNOWN
        flow.depth += 1
        value = self.values[node] = handler(self, node)
        flow.depth -= 1
        return value

    def bind(self, name: str, value: Value) -> None:
        """Let a name stand for a value from here on."""
        self.env[name] = value
        known = self.assigned.get(name)
        self.assigned[name] = value if known is None else join(known, value)

    def learn(self, node: ast.expr) -> None:
        """Take an expression for a tensor, of which only its use tells that; if it is a name, from here on.

        The environment is replaced, and so what is learnt in a part that may not be evaluated ends there.
        """
        self.values[node] = TENSOR
        match node:
            case ast.Name(id=name) if self.env.get(name) is UNKNOWN:
                self.env = {**self.env, name: TENSOR}
            case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if attr in KEEPS and self.known(inner) is UNKNOWN:
                self.learn(inner)
            case _:
                return

    def assign(self, target: ast.expr, value: Value) -> None:
        """Assign a value to a target, which may take it apart."""
        match target:
            case ast.Name(id=name):
                self.bind(name, value)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                self.unpack(elts, value)
            case ast.Starred(value=inner):
                self.assign(inner, Sequence(element_of(value), None, mutable=True))
            case ast.Attribute(value=base):
                self.value(base)
            case ast.Subscript():
                self.store_item(target, value)
            case _:
                return

    def unpack(self, targets: list[ast.expr], value: Value) -> None:
        """Assign the items of a value to several targets."""
        items = None
        if isinstance(value, Sequence) and value.items is not None and len(value.items) == len(targets):
            items = value.items
        element = element_of(value)
        for index, target in enumerate(targets):
            if isinstance(target, ast.Starred):
                self.assign(target.value, Sequence(element, None, mutable=True))
            else:
                self.assign(target, element if items is None else items[index])

    def store_item(self, target: ast.Subscript, value: Value) -> None:
        """``base[index] = value``: what a container of a local name holds becomes more."""
        base = self.value(target.value)
        self.value(target.slice)
        if isinstance(target.value, ast.Name) and target.value.id in self.env:
            match base:
                case Sequence(element=element):
                    self.bind(target.value.id, Sequence(join(element, value), None, mutable=True))
                case Mapping(element=element):
                    self.bind(target.value.id, Mapping(join(element, value)))
                case _:
                    return

    def scoped(self, env: Environment, node: ast.expr) -> Value:
        """Evaluate an expression in another environment."""
        outside, self.env = self.env, env
        value = self.value(node)
        self.env = outside
        return value

    def narrowed(self, test: ast.expr, holds: bool) -> Environment:
        """The environment where a condition, evaluated just now, holds or does not."""
        return narrowed(test, self.env, holds, self.known)

    def known(self, node: ast.expr) -> Value:
        """What an expression was when last evaluated."""
        found = self.values.get(node)
        return self.value(node) if found is None else found


_CONSTANTS: dict[type, Value] = {
    bool: STATIC_BOOL,
    float: STATIC_FLOAT,
    int: STATIC_INT,
    str: STRING,
    type(None): NONE,
}


def constant(value: object) -> Value:
    """What a constant in the source is."""
    return _CONSTANTS.get(value.__class__, UNKNOWN)


def _name(self: Evaluator, node: ast.Name) -> Value:
    value = self.outer.get(node.id)
    if value is None:
        value = self.outer[node.id] = self.flow.outer_value(node)
    return value


def _attribute(self: Evaluator, node: ast.Attribute) -> Value:
    return attribute(self, self.value(node.value), node.attr)


def attribute(self: Evaluator, base: Value, name: str) -> Value:
    """What an attribute of a value holds."""
    match base:
        case Path(paths=paths):
            return path_of(paths, name)
        case Tensor() | Array():
            return tensor_attribute(base, name)
        case Instance(node=cls) | Super(node=cls):
            return self.flow.attribute(base, cls, name)
        case ClassOf(node=cls):
            return self.flow.class_attribute(cls, name)
        case Record():
            return base.field(name)
        case Sequence(items=(first, *rest)) if name in ("values", "indices") and rest:
            return first if name == "values" else rest[0]
        case Either():
            return join_all(attribute(self, item, name) for item in base.choices if item != NONE)
        case Made(path="torch.nn.Linear" | "torch.nn.Embedding" | "torch.nn.LayerNorm") if name in ("weight", "bias"):
            return tensor_of(None)
        case Made(path=path) if path.startswith("torch.distributions.") and name in _OF_DISTRIBUTIONS:
            return TENSOR
        case Made(path=path) if not path.startswith("torch."):
            return self.flow.elsewhere.field_of(path, name)
        case _:
            return STATIC_BOOL if name == "training" and base is UNKNOWN else UNKNOWN


def _subscript(self: Evaluator, node: ast.Subscript) -> Value:
    base = self.value(node.value)
    index = self.value(node.slice) if not isinstance(node.slice, ast.Constant) else UNKNOWN
    if base is UNKNOWN and index is UNKNOWN and _compares(node.slice, node.value):
        self.values[node.slice] = tensor_of(Dtype.BOOL)  # only a tensor is indexed by what it is compared with
        return TENSOR
    if isinstance(base, Instance) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return self.flow.attribute(base, base.node, node.slice.value) if self.flow.is_typed_dict(base.node) else UNKNOWN
    return item_of(base, node.slice, index)


def _compares(test: ast.expr, name: ast.expr) -> bool:
    match test, name:
        case ast.Compare(left=ast.Name(id=left), ops=[_]), ast.Name(id=right):
            return left == right
        case _:
            return False


def _slice(self: Evaluator, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            self.value(part)
    return UNKNOWN


def _tuple(self: Evaluator, node: ast.Tuple | ast.List | ast.Set) -> Value:
    mutable = not isinstance(node, ast.Tuple)
    if any(isinstance(item, ast.Starred) for item in node.elts):
        found = [element_of(self.value(i.value)) if isinstance(i, ast.Starred) else self.value(i) for i in node.elts]
        return Sequence(join_all(found), None, mutable)
    return sequence_of([self.value(item) for item in node.elts], mutable=mutable)


def _dict(self: Evaluator, node: ast.Dict) -> Value:
    for key in node.keys:
        if key is not None:
            self.value(key)
    values = [self.value(item) for item in node.values]
    return Mapping(UNKNOWN if None in node.keys else join_all(values))


def _bin_op(self: Evaluator, node: ast.BinOp) -> Value:
    left, right = self.value(node.left), self.value(node.right)
    result = operation(node.op, left, right)
    if result.__class__ is Static and (left.tensor is not None or right.tensor is not None):
        self.broken()  # arithmetic on a number that was drawn
    return result


def operation(op: ast.operator, left: Value, right: Value) -> Value:
    """What a binary operation gives."""
    if left is UNKNOWN and right is UNKNOWN:
        return UNKNOWN
    if isinstance(left, Either) or isinstance(right, Either):
        pairs = [(a, b) for a in left.options for b in right.options if NONE not in (a, b)]
        return join_all(operation(op, a, b) for a, b in pairs) if len(pairs) <= 4 else UNKNOWN
    match left, right:
        case (Tensor(drawn=True) as number, other) | (other, Tensor(drawn=True) as number) if _is_number(other):
            return static_of(number_of(number.dtype))  # here the graph breaks, and what goes on is a plain number
        case (Tensor(drawn=True), Unknown()) | (Unknown(), Tensor(drawn=True)):
            return UNKNOWN
        case (Tensor(), _) | (_, Tensor()):
            static = all(
                item.static if isinstance(item, Tensor) else isinstance(item, Static) for item in (left, right)
            )
            rank = combined_rank(rank_of(left), rank_of(right))
            return tensor_of(_dtype_of_operation(op, left, right), rank, static)
        case (Array(), _) | (_, Array()):
            if UNKNOWN in (left, right):
                return UNKNOWN
            return Array(_dtype_of_operation(op, left, right), combined_rank(rank_of(left), rank_of(right)))
        case (Static() | Data(), Static() | Data()):
            is_data = isinstance(left, Data) or isinstance(right, Data)
            kind = _number(op, left, right)
            return data_of(kind) if is_data else static_of(kind)
        case Sequence(), Sequence() if isinstance(op, ast.Add):
            if left.items is not None and right.items is not None and len(left.items) + len(right.items) <= 8:
                return sequence_of((*left.items, *right.items), mutable=left.mutable)
            return Sequence(join(left.element, right.element), None, left.mutable)
        case (Shape(), Shape() | Sequence()) | (Sequence(), Shape()) if isinstance(op, ast.Add):
            return Sequence(join(element_of(left), element_of(right)))
        case (Sequence(), _) if isinstance(op, ast.Mult):
            return Sequence(left.element, None, left.mutable)
        case (_, Sequence()) if isinstance(op, ast.Mult):
            return Sequence(right.element, None, right.mutable)
        case (Thing(), _) if left == STRING:
            return STRING
        case _:
            return UNKNOWN


def _dtype_of_operation(op: ast.operator, left: Value, right: Value) -> Dtype | None:
    dtypes = dtype_of(left), dtype_of(right)
    if isinstance(op, ast.Div):
        return Dtype.FLOATING
    if isinstance(op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
        if Dtype.BOOL in dtypes and not all(isinstance(item, (Tensor, *_NUMBERS)) for item in (left, right)):
            return None
        return combined_dtype(*dtypes)
    found = combined_dtype(*dtypes)
    return Dtype.INTEGER if found is Dtype.BOOL and isinstance(op, (ast.Sub, ast.FloorDiv, ast.Mod, ast.Pow)) else found


def _number(op: ast.operator, left: Value, right: Value) -> Number | None:
    if isinstance(op, ast.Div):
        return Number.FLOAT
    kinds = {item.type for item in (left, right) if isinstance(item, (Static, Data))}
    if None in kinds:
        return None
    return Number.FLOAT if Number.FLOAT in kinds else Number.INT


def _is_number(value: Value) -> bool:
    """Whether a value is a number of Python, be it drawn in the graph."""
    return isinstance(value, (Static, Data)) or (isinstance(value, Tensor) and value.drawn)


def _unary_op(self: Evaluator, node: ast.UnaryOp) -> Value:
    operand = self.value(node.operand)
    if isinstance(node.op, ast.Not):
        return STATIC_BOOL if operand.tensor is None and operand.data is None else data_of(Number.BOOL)
    match operand:
        case Tensor(dtype=dtype, drawn=True):
            return static_of(number_of(dtype))
        case Tensor() | Array() | Static() | Data():
            return operand
        case _:
            return UNKNOWN


def _bool_op(self: Evaluator, node: ast.BoolOp) -> Value:
    outside = self.env
    is_and = isinstance(node.op, ast.And)
    joined: Value = BOTTOM
    for index, item in enumerate(node.values):
        value = self.value(item)
        if answer(item, self.flow.names) is (not is_and):
            joined = join(joined, value)
            break
        if index < len(node.values) - 1:
            self.env = self.narrowed(item, is_and)
            value = _left_over(value, is_and)
        joined = join(joined, value)
    self.env = outside
    return joined


def _left_over(value: Value, is_and: bool) -> Value:
    """What a value is where it ends an ``and``, or an ``or``: false there, or true."""
    if is_and:
        return UNKNOWN if value is UNKNOWN else value
    left = [item for item in value.options if item != NONE]
    return join_all(left)


def _compare(self: Evaluator, node: ast.Compare) -> Value:
    left = self.value(node.left)
    found: Value = BOTTOM
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = self.value(comparator)
        found = join(found, comparison(op, left, right))
        left = right
    return found


def comparison(op: ast.cmpop, left: Value, right: Value) -> Value:
    """What one comparison gives."""
    if isinstance(op, (ast.Is, ast.IsNot)):
        return STATIC_BOOL
    if isinstance(op, (ast.In, ast.NotIn)):
        if isinstance(op, ast.In) and left.surely_tensor is not None and isinstance(right, Sequence):
            return tensor_of(Dtype.BOOL, 0)  # of the comparisons; nobody decides about it yet
        if isinstance(right, (Tensor, Array)) or (left.tensor and isinstance(right, Sequence)):
            return data_of(Number.BOOL)
        return data_of(Number.BOOL) if isinstance(left, Data) else STATIC_BOOL
    if isinstance(left, Either) or isinstance(right, Either):
        pairs = [(a, b) for a in left.options for b in right.options]
        if isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            pairs = [pair for pair in pairs if NONE not in pair]  # nothing is more or less than None
        return join_all(comparison(op, a, b) for a, b in pairs) if len(pairs) <= 4 else UNKNOWN
    match left, right:
        case (Thing(), _) | (_, Thing()):
            return STATIC_BOOL
        case (Tensor(), Sequence() | Mapping() | Shape()) | (Sequence() | Mapping() | Shape(), Tensor()):
            return STATIC_BOOL
        case (Tensor(), _) | (_, Tensor()):
            return tensor_of(Dtype.BOOL, combined_rank(rank_of(left), rank_of(right)))
        case (Array(), _) | (_, Array()):
            return Array(Dtype.BOOL, combined_rank(rank_of(left), rank_of(right)))
        case (Data(), Static() | Data()) | (Static(), Data()):
            return data_of(Number.BOOL)
        case (Static() | Shape(), Static() | Shape() | Sequence()) | (Sequence(), Shape()):
            return STATIC_BOOL
        case _:
            return UNKNOWN


def _if_exp(self: Evaluator, node: ast.IfExp) -> Value:
    self.value(node.test)
    known = answer(node.test, self.flow.names)
    if known is not None:
        return self.value(node.body if known else node.orelse)
    ways = [(self.narrowed(node.test, holds), part) for holds, part in ((True, node.body), (False, node.orelse))]
    return join_all(self.scoped(env, part) for env, part in ways if not is_contradicted(self.env, env))


def _named_expr(self: Evaluator, node: ast.NamedExpr) -> Value:
    value = self.value(node.value)
    self.bind(node.target.id, value)
    return value


def _joined_str(self: Evaluator, node: ast.JoinedStr) -> Value:
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            self.value(part.value)
    return STRING


def _lambda(self: Evaluator, node: ast.Lambda) -> Value:
    args = node.args
    env = dict(self.env)
    for arg in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg):
        if arg is not None:
            env[arg.arg] = UNKNOWN
    self.scoped(env, node.body)
    return UNKNOWN


def _comprehension(self: Evaluator, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    outside = self.env
    self.env = dict(outside)
    for generator in node.generators:
        self.assign(generator.target, element_of(self.value(generator.iter)))
        for condition in generator.ifs:
            self.value(condition)
            self.env = dict(self.narrowed(condition, True))
    if isinstance(node, ast.DictComp):
        self.value(node.key)
        found: Value = Mapping(self.value(node.value))
    else:
        found = Sequence(self.value(node.elt), None, mutable=isinstance(node, ast.ListComp))
    self.env = outside
    return found


def _starred(self: Evaluator, node: ast.Starred) -> Value:
    self.value(node.value)
    return UNKNOWN


def _awaited(self: Evaluator, node: ast.Await) -> Value:
    self.value(node.value)
    return UNKNOWN


def _yielded(self: Evaluator, node: ast.Yield | ast.YieldFrom) -> Value:
    self.is_generator = True
    if node.value is not None:
        self.value(node.value)
    return UNKNOWN


_HANDLERS: dict[type[ast.AST], Callable[[Evaluator, Any], Value]] = {
    ast.Attribute: _attribute,
    ast.Await: _awaited,
    ast.BinOp: _bin_op,
    ast.BoolOp: _bool_op,
    ast.Call: call,
    ast.Compare: _compare,
    ast.Dict: _dict,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _if_exp,
    ast.JoinedStr: _joined_str,
    ast.Lambda: _lambda,
    ast.List: _tuple,
    ast.ListComp: _comprehension,
    ast.Name: _name,
    ast.NamedExpr: _named_expr,
    ast.Set: _tuple,
    ast.SetComp: _comprehension,
    ast.Slice: _slice,
    ast.Starred: _starred,
    ast.Subscript: _subscript,
    ast.Tuple: _tuple,
    ast.UnaryOp: _unary_op,
    ast.Yield: _yielded,
    ast.YieldFrom: _yielded,
}
