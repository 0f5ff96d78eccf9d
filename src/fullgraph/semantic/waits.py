"""Where the host waits for a device: reads of tensors that nothing shows to lie on the host anyway."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property

from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.flow.value import UNKNOWN
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked

_READS = frozenset({"item", "tolist"})
_COMPUTES = frozenset({"backward", "detach"})
"""Methods that tensors have, and neither arrays nor modules."""
_NUMBERS = frozenset({"builtins.bool", "builtins.float", "builtins.int"})
_PRINTS = frozenset({"builtins.print", "builtins.repr", "builtins.str"})
_BARRIERS = frozenset(
    {"torch.accelerator.synchronize", "torch.cuda.synchronize", "torch.mps.synchronize", "torch.xpu.synchronize"}
)
_ON_HOST = frozenset({"torch.from_numpy", "torch.frombuffer", "torch.load"})
_MADE = frozenset(
    {
        "torch.arange",
        "torch.as_tensor",
        "torch.empty",
        "torch.eye",
        "torch.full",
        "torch.hann_window",
        "torch.linspace",
        "torch.logspace",
        "torch.ones",
        "torch.rand",
        "torch.randint",
        "torch.randn",
        "torch.randperm",
        "torch.tensor",
        "torch.Tensor",
        "torch.FloatTensor",
        "torch.LongTensor",
        "torch.IntTensor",
        "torch.zeros",
    }
)
"""Makers of tensors that lie on the host where no ``device`` is given."""
_DEPTH = 12


class Waits:
    """Answers for the expressions of one walked file."""

    def __init__(self, walked: Walked, names: Names, flow: Flow) -> None:
        self._walked = walked
        self._names = names
        self._flow = flow

    def at(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether evaluating ``expr``, apart from its parts, makes the host wait."""
        match expr:
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if name in _READS and not expr.args:
                return self._is_away(receiver, scope)
            case ast.Call(func=ast.Attribute(value=receiver)) if self._copies(expr):
                return self._is_away(receiver, scope)
            case ast.Call(func=func, args=[argument]) if not _NUMBERS.isdisjoint(self._names.of(func)):
                return self._is_away(argument, scope)
            case ast.Call(func=func, args=arguments):
                paths = self._names.of(func)
                if not _BARRIERS.isdisjoint(paths):
                    return True
                return not _PRINTS.isdisjoint(paths) and any(self._is_away(each, scope) for each in arguments)
            case ast.FormattedValue(value=value):
                return self._is_away(value, scope)
            case _:
                return False

    def for_truth(self, condition: ast.expr, scope: Scope) -> bool:
        """Whether asking for the truth of ``condition``, apart from its parts, makes the host wait."""
        match condition:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.for_truth(operand, scope)
            case ast.BoolOp(values=values):
                return any(self.for_truth(value, scope) for value in values)
            case ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.In() | ast.NotIn(), *_]) | ast.Constant():
                return False
            case _:
                return self._is_away(condition, scope)

    def _copies(self, call: ast.Call) -> bool:
        """Whether a call of a method copies what it is called on to the host, and waits for that."""
        if any(keyword.arg in (None, "non_blocking", "copy") for keyword in call.keywords):
            return False
        match call:
            case ast.Call(func=ast.Attribute(attr="cpu"), args=[]):
                return True
            case ast.Call(func=ast.Attribute(attr="to"), args=[first], keywords=[]):
                return self._is_cpu(first)
            case ast.Call(func=ast.Attribute(attr="to"), args=[], keywords=[ast.keyword(arg="device", value=value)]):
                return self._is_cpu(value)
            case ast.Call(func=ast.Attribute(attr="numpy"), keywords=[ast.keyword("force", ast.Constant(value=True))]):
                return True
            case _:
                return False

    def _is_cpu(self, device: ast.expr) -> bool:
        match device:
            case ast.Constant(value="cpu"):
                return True
            case ast.Call(func=func, args=[ast.Constant(value="cpu")]):
                return "torch.device" in self._names.of(func)
            case _:
                return False

    def _is_away(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``expr`` surely is a tensor, and may well be on a device."""
        return self._is_tensor(expr, scope) and not self._is_on_host(expr, scope, _DEPTH)

    def _is_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        if scope.function is None:
            return False
        tensor = self._flow.value(expr, scope).surely_tensor
        if tensor is not None:
            return not tensor.static
        match expr:
            case ast.Call(func=ast.Attribute(value=receiver, attr=name), args=[]):
                return name == "detach" or (name in ("sum", "mean", "float") and self._is_tensor(receiver, scope))
            case ast.Name(id=name):
                return (scope.function, name) in self._computing
            case _:
                return False

    @cached_property
    def _computing(self) -> frozenset[tuple[Scope, str]]:
        """Names that ``name.backward()`` or ``name.detach()`` shows to be tensors, with their function."""
        return frozenset(self._receivers(_COMPUTES))

    @cached_property
    def _converted(self) -> frozenset[tuple[Scope, str]]:
        """Names that ``name.numpy()`` shows to lie on the host: it raises for any other tensor."""
        return frozenset(self._receivers({"numpy"}))

    def _receivers(self, methods: Iterable[str]) -> Iterator[tuple[Scope, str]]:
        for call, scope in self._walked.calls:
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), keywords=[]):
                    if method in methods and scope.function is not None:
                        yield scope.function, name
                case _:
                    continue

    # ------------------------------------------------------------------ the host

    def _is_on_host(self, expr: ast.expr, scope: Scope, depth: int) -> bool:
        """Whether this file shows ``expr`` to be on the host, by how it is made."""
        if depth <= 0:
            return False
        match expr:
            case ast.Call():
                return self._is_made_on_host(expr, scope, depth - 1)
            case ast.Name():
                return self._is_bound_on_host(expr, scope, depth - 1)
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
                return self._all_on_host((left, right), scope, depth - 1)
            case ast.BoolOp(values=values):
                return self._all_on_host(values, scope, depth - 1)
            case ast.IfExp(body=body, orelse=orelse):
                return self._all_on_host((body, orelse), scope, depth - 1)
            case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.UnaryOp(operand=inner):
                return self._is_on_host(inner, scope, depth - 1)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return self._all_on_host(items, scope, depth - 1)
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                return self._is_on_host(inner, scope, depth - 1)
            case _:
                return False

    def _all_on_host(self, parts: Iterable[ast.expr], scope: Scope, depth: int) -> bool:
        """Whether some of several operands are on the host, and no other is a tensor or unknown."""
        found = False
        for part in parts:
            if self._is_on_host(part, scope, depth):
                found = True
            elif self._may_be_away(part, scope):
                return False
        return found

    def _may_be_away(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether an operand may be a tensor on a device."""
        return not isinstance(expr, ast.Constant) and self._flow.value(expr, scope).tensor is not None

    def _is_no_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether what is assigned is surely no tensor, such as a number that tensors are added to."""
        value = UNKNOWN if scope.function is None else self._flow.value(expr, scope)
        return isinstance(expr, ast.Constant) or (UNKNOWN not in value.options and value.tensor is None)

    def _is_made_on_host(self, call: ast.Call, scope: Scope, depth: int) -> bool:
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in ("cpu", "to", "cuda", "numpy"):
            return func.attr == "numpy" or self._copies(call)
        if any(keyword.arg in (None, "device") for keyword in call.keywords):
            return False
        paths = self._names.of(func)
        if not _ON_HOST.isdisjoint(paths):
            return True
        operands = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not _MADE.isdisjoint(paths):
            return not any(self._may_be_away(each, scope) for each in operands) and not self._has_default_device
        if isinstance(func, ast.Attribute) and not paths:
            operands.append(func.value)
        return self._all_on_host(operands, scope, depth)

    @cached_property
    def _has_default_device(self) -> bool:
        """Whether the file makes tensors be made elsewhere."""
        return any(
            isinstance(call.func, ast.Attribute) and call.func.attr == "set_default_device"
            for call, _ in self._walked.calls
        )

    def _is_bound_on_host(self, name: ast.Name, scope: Scope, depth: int) -> bool:
        if scope.function is not None and (scope.function, name.id) in self._converted:
            return True
        home = self._walked.name_scope.get(name, scope)
        found = home.lookup(name.id)
        if found is None:
            return False
        return bool(found[1]) and all(self._holds_host(each, home, depth) for each in found[1])

    def _holds_host(self, binding: object, scope: Scope, depth: int) -> bool:
        match binding:
            case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
                return self._is_on_host(iterable, scope, depth)
            case ast.AugAssign(value=value):
                return not self._may_be_away(value, scope) or self._is_on_host(value, scope, depth)
            case ast.AnnAssign(value=ast.expr() as value):
                return self._is_on_host(value, scope, depth)
            case ast.Name():
                return False
            case ast.expr():
                return self._is_on_host(binding, scope, depth) or self._is_no_tensor(binding, scope)
            case _:
                return False
