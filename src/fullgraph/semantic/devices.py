"""Where tensors lie, as far as a file shows it, and what moves them to another device."""

from __future__ import annotations

import ast
from typing import Protocol

from fullgraph.semantic.kinds import Kind

_DEPTH = 4
"""How many local names a value is followed through."""
_FACTS = frozenset({"device", "dim", "dtype", "ndim", "numel", "shape", "size"})
_MOVES = frozenset({"cuda", "item", "new_tensor", "numpy", "to", "tolist", "type_as"})
"""Methods whose result may be elsewhere than what they are called on."""
_LEAVES_THE_DEVICE = frozenset({"cpu", "cuda", "from_numpy", "item", "numpy", "to", "tolist"})
_CREATORS = frozenset(
    {
        "torch.arange",
        "torch.empty",
        "torch.eye",
        "torch.full",
        "torch.linspace",
        "torch.ones",
        "torch.rand",
        "torch.randint",
        "torch.randn",
        "torch.randperm",
        "torch.tensor",
        "torch.zeros",
    }
)
_NOT_OF_THEM = _CREATORS | {"builtins.len"}
"""Functions whose result is not where their arguments are."""


class Asked(Protocol):
    """What must be known of the function that an expression stands in."""

    def names(self, expr: ast.expr, /) -> tuple[str, ...]:
        """The dotted paths that an expression may stand for."""
        ...

    def kind(self, expr: ast.expr, /) -> Kind:
        """What an expression is."""
        ...

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name or an attribute."""
        ...

    def given(self, parameter: ast.arg, /) -> tuple[ast.expr, ...]:
        """What all calls in the file pass for a parameter."""
        ...

    def made_by(self, expr: ast.expr, /) -> tuple[str, ...]:
        """What an expression is made by."""
        ...

    def is_local(self, name: ast.Name, /) -> bool:
        """Whether the function binds a name."""
        ...

    def is_self(self, expr: ast.expr, /) -> bool:
        """Whether an expression is the first parameter of a method."""
        ...

    def is_of_self(self, expr: ast.expr, /) -> bool:
        """Whether it is that, or an attribute of it."""
        ...

    def is_module_self(self, expr: ast.expr, /) -> bool:
        """Whether it is that of a module."""
        ...

    def moves_with_module(self, expr: ast.expr, /) -> bool:
        """Whether an expression is a buffer or parameter of the module."""
        ...


def moves_device(call: ast.Call, asked: Asked) -> bool:
    """Whether ``x.to(...)``, ``cuda`` or ``cpu`` surely asks for a device: never for a dtype or something unknown."""
    if not isinstance(call.func, ast.Attribute):
        return False
    if any(isinstance(item, ast.Starred) for item in call.args) or any(item.arg is None for item in call.keywords):
        return False
    if call.func.attr != "to":
        return len(call.args) <= 1
    device = _device(call)
    match device:
        case None:
            return False
        case ast.Constant(value=int() as index):
            return not isinstance(index, bool)
        case _:
            return asked.kind(device) is Kind.DEVICE


def may_be_elsewhere(receiver: ast.expr, call: ast.Call, asked: Asked) -> bool:
    """Whether something may be on another device than the one that ``receiver.to(...)`` asks for.

    Not a buffer or parameter. Where the device is that of another tensor, or the caller's, all agree as a rule, and
    the move is there for those who spread a model over devices: then only what this file shows to lie elsewhere.
    """
    if asked.moves_with_module(_source(receiver)):
        return False
    device = _device(call)
    source = _asked_for(device, asked)
    if source is None and isinstance(device, ast.Name) and _is_parameter(device, asked):
        return _is_elsewhere(receiver, asked)
    if source is None or not asked.is_self(source):
        return _is_elsewhere(receiver, asked) if source is not None else not _is_computed_from(receiver, "", asked)
    return not _is_computed_from(receiver, ast.dump(source), asked)


def is_made_on_host(expr: ast.expr, asked: Asked, through: tuple[str, ...] = ()) -> bool:
    """Whether a tensor with dimensions is made without a device, or taken to the host, and stays there on the way."""
    match expr:
        case ast.Call(func=ast.Attribute(value=inner, attr=attr) as func) if not asked.names(func):
            if attr == "cpu" or (attr == "to" and _is_host(_device(expr))):
                return True
            if attr in _MOVES and not (attr == "to" and _changes_dtype(expr, asked)):
                return False
            return is_made_on_host(inner, asked, through)
        case ast.Call(func=func, keywords=keywords):
            given = {keyword.arg for keyword in keywords}
            return not _CREATORS.isdisjoint(asked.names(func)) and given.isdisjoint({None, "device", "generator"})
        case ast.BinOp(left=left, right=right):
            return any(is_made_on_host(side, asked, through) and not _is_number(side, asked) for side in (left, right))
        case ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
            return is_made_on_host(inner, asked, through)
        case ast.Name(id=name) if name not in through and len(through) < _DEPTH:
            bound = _bound_before(expr, asked)
            return bool(bound) and all(is_made_on_host(each, asked, (*through, name)) for each in bound)
        case ast.Name(id=name):
            return name in through
        case _:
            return False


def maker(receiver: ast.expr, asked: Asked) -> ast.expr | None:
    """What makes a tensor in this function: ``torch.arange`` of ``torch.arange(3).float()``.

    Not what draws with a generator, which is of one device, and gives other numbers on another.
    """
    for _ in range(_DEPTH):
        match receiver:
            case ast.Call(func=func, keywords=keywords) if not _CREATORS.isdisjoint(asked.names(func)):
                return None if any(each.arg == "generator" for each in keywords) else func
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
                receiver = inner
            case ast.Name():
                bound = _bound_before(receiver, asked)
                if len(bound) != 1 or not asked.is_local(receiver):
                    return None
                receiver = bound[0]
            case _:
                return None
    return None


def compares_devices(test: ast.expr, asked: Asked) -> bool:
    """Whether a test, or a part of it, asks if state of ``self`` and a parameter are on different devices."""
    match test:
        case ast.BoolOp(values=values):
            return any(compares_devices(value, asked) for value in values)
        case ast.Compare(
            left=ast.Attribute(value=left, attr="device"),
            ops=[ast.NotEq() | ast.IsNot()],
            comparators=[ast.Attribute(value=right, attr="device")],
        ):
            mine = [asked.is_of_self(side) for side in (left, right)]
            given = [_is_parameter(side, asked) for side in (left, right)]
            return (mine[0] and given[1]) or (mine[1] and given[0])
        case _:
            return False


def names_a_kind(test: ast.expr) -> bool:
    """Whether a test compares ``device.type`` with a string, or asks ``x.is_mps``."""
    for part in ast.walk(test):
        match part:
            case ast.Compare(left=ast.Attribute(attr="type"), comparators=[ast.Constant(value=str())]):
                return True
            case ast.Compare(left=ast.Attribute(attr="type"), comparators=[ast.Tuple() | ast.List() | ast.Set()]):
                return True
            case ast.Attribute(attr="is_mps" | "is_cuda" | "is_xpu"):
                return True
            case _:
                continue
    return False


def is_module(expr: ast.expr, asked: Asked) -> bool:
    """Whether something surely is a module: ``self`` of one, or what a class of ``torch.nn`` has made."""
    return asked.is_module_self(expr) or any(
        path.startswith("torch.nn.") and path.rpartition(".")[2][:1].isupper() for path in asked.made_by(expr)
    )


def _asked_for(device: ast.expr | None, asked: Asked, depth: int = 3) -> ast.expr | None:
    """A tensor, or the module, whose device this surely is: ``x`` of ``x.device``, also by a name or parameter."""
    match device:
        case ast.Attribute(value=source, attr="device"):
            return source
        case ast.IfExp(body=body, orelse=orelse):
            return _asked_for(body, asked, depth) and _asked_for(orelse, asked, depth)
        case ast.Name() if depth:
            found: list[ast.expr | None] = []
            for binding in asked.bindings(device):
                bound = asked.given(binding) if isinstance(binding, ast.arg) else (binding,)
                found += [_asked_for(each, asked, depth - 1) if isinstance(each, ast.expr) else None for each in bound]
                if not bound:
                    return None
            return found[0] if found and None not in found else None
        case _:
            return None


def _is_elsewhere(receiver: ast.expr, asked: Asked) -> bool:
    """Whether this is a module, made on the host, or kept in an attribute that does not move with its module."""
    if is_module(receiver, asked) or is_made_on_host(receiver, asked):
        return True
    source = _source(receiver)
    for _ in range(_DEPTH):
        match source:
            case ast.Attribute(value=owner) if asked.is_self(owner):
                if asked.moves_with_module(source):
                    return False
                return any(_is_tensor(binding, asked) for binding in asked.bindings(source))
            case ast.Name():
                match asked.bindings(source):
                    case (ast.expr() as bound,):
                        source = _source(bound)
                    case _:
                        return False
            case _:
                return False
    return False


def _is_computed_from(expr: ast.expr, wanted: str, asked: Asked) -> bool:
    """Whether something is computed from ``wanted``, or of what the module holds, and stays on its device."""
    todo: list[ast.AST] = [expr]
    found = False
    while todo:
        node = todo.pop()
        match node:
            case ast.Attribute(attr=name) if name in _FACTS:
                continue
            case ast.Call(func=ast.Attribute(attr=name)) if name in _LEAVES_THE_DEVICE:
                if name != "to" or not _changes_dtype(node, asked):
                    return False
                todo.append(node.func)
            case ast.Call(func=func) if "builtins.len" in asked.names(func) or not _CREATORS.isdisjoint(
                asked.names(func)
            ):
                continue
            case ast.Name() | ast.Attribute() | ast.Subscript() if ast.dump(node) == wanted:
                found = True
            case ast.Attribute() if asked.moves_with_module(node):
                found = True
            case _:
                todo += ast.iter_child_nodes(node)
    return found


def _device(call: ast.Call) -> ast.expr | None:
    return next((item.value for item in call.keywords if item.arg == "device"), call.args[0] if call.args else None)


def _bound_before(name: ast.Name, asked: Asked) -> list[ast.expr]:
    """What a name is bound to further up, or by the module; empty where one of them is no expression."""
    bindings = [each.value if isinstance(each, ast.AnnAssign) else each for each in asked.bindings(name)]
    if any(not isinstance(each, ast.expr) or isinstance(each, ast.Name) for each in bindings):
        return []
    values = [each for each in bindings if isinstance(each, ast.expr)]
    return [each for each in values if (each.end_lineno or 0) < name.lineno] if asked.is_local(name) else values


def _is_host(device: ast.expr | None) -> bool:
    return isinstance(device, ast.Constant) and device.value == "cpu"


def _is_number(expr: ast.expr, asked: Asked) -> bool:
    """Whether a tensor may have no dimensions, so that it meets those of any device as it is."""
    match expr:
        case ast.Call(func=func) if "torch.tensor" in asked.names(func):
            return True
        case ast.Name():
            return any(isinstance(each, ast.expr) and _is_number(each, asked) for each in asked.bindings(expr))
        case _:
            return False


def _is_tensor(binding: ast.AST, asked: Asked) -> bool:
    value = binding.value if isinstance(binding, ast.AnnAssign) else binding
    return isinstance(value, ast.expr) and asked.kind(value) is Kind.TENSOR


def _changes_dtype(call: ast.Call, asked: Asked) -> bool:
    given = [*call.args, *(item.value for item in call.keywords)]
    return bool(given) and all(asked.kind(each) is Kind.DTYPE for each in given)


def _source(receiver: ast.expr) -> ast.expr:
    """What a chain of method calls and subscripts begins with: ``self.table`` of ``self.table[None].float()``."""
    while True:
        match receiver:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner):
                receiver = inner
            case _:
                return receiver


def _is_parameter(expr: ast.expr, asked: Asked) -> bool:
    return not asked.is_self(expr) and any(isinstance(binding, ast.arg) for binding in asked.bindings(expr))
