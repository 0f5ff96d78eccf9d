"""Tensors that lie on the host, by how a file makes them and what it does with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cached_property

from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.flow.value import UNKNOWN, Bottom, Made, Mapping, Sequence, Tensor, Unknown
from fullgraph.semantic.kinds import is_dtype
from fullgraph.semantic.loops import Loops, growths, notable_calls
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS, Binding, Scope
from fullgraph.semantic.shown_tensors import mentions, receivers
from fullgraph.semantic.walk import Walked

_CONVERTS = frozenset({"numpy"})
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
_TAKE_DATA = frozenset({"torch.as_tensor", "torch.tensor"})
"""Those of them that stay on the device of a tensor that they are given."""
_COPIED = re.compile(r"cpu|host|\bto\(|torch\.")
_DEPTH = 16


class HostTensors:
    """Answers for the expressions of one walked file."""

    def __init__(self, walked: Walked, names: Names, flow: Flow, parents: Parents) -> None:
        self._walked = walked
        self._names = names
        self._flow = flow
        self._parents = parents
        self._open: set[tuple[Scope, str]] = set()
        """Names that are being looked at; met again, they are what else they are bound to."""
        self._blocked: set[tuple[Scope, str]] = set()
        """Names of which is asked what they are bound to last, in case that says it without what they were before."""

    def holds(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether this file shows ``expr`` to be on the host."""
        return self._is_on_host(expr, scope, _DEPTH)

    def copies(self, call: ast.Call) -> bool:
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

    def _keeps_device(self, call: ast.Call) -> bool:
        """Whether ``.to(...)`` only changes the dtype."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return all(any(is_dtype(path) for path in self._names.of(each)) for each in given)

    def _is_cpu(self, device: ast.expr) -> bool:
        match device:
            case ast.Constant(value="cpu"):
                return True
            case ast.Call(func=func, args=[ast.Constant(value="cpu")]):
                return "torch.device" in self._names.of(func)
            case _:
                return False

    def _may_be_cpu(self, device: ast.expr) -> bool:
        """Whether a device is the CPU, or is it in some of the cases that the file tells apart."""
        match device:
            case ast.Name() if (value := self._names.only_value(device)) is not None:
                return self._may_be_cpu(value)
            case ast.IfExp(body=body, orelse=orelse) if not self._asks_for_cuda(device.test):
                return self._is_cpu(body) or self._is_cpu(orelse)
            case _:
                return self._is_cpu(device)

    @staticmethod
    def _asks_for_cuda(test: ast.expr) -> bool:
        """Whether a condition asks what the machine has, and so takes the CPU only where it has nothing else."""
        return any(isinstance(part, ast.Attribute) and part.attr == "is_available" for part in ast.walk(test))

    @cached_property
    def _loops(self) -> Loops:
        return Loops(self._walked)

    @cached_property
    def _converted(self) -> frozenset[tuple[Scope | None, str]]:
        """Names that ``name.numpy()`` shows to lie on the host, since it raises for any other tensor, likewise."""
        plain = (call for call, _ in self._walked.calls_of(_CONVERTS) if not call.args and not call.keywords)
        items = (call.func.value for call in plain if isinstance(call.func, ast.Attribute))
        names = (item.value for item in items if isinstance(item, ast.Subscript) and isinstance(item.value, ast.Name))
        of_items = ((self._walked.name_scope[name].function, name.id) for name in names)
        return receivers(self._walked, _CONVERTS) | frozenset(of_items)

    @cached_property
    def functions(self) -> frozenset[Scope]:
        """Functions that make arrays of tensors without copying them to the host, so that they work there."""
        found = set()
        for call, scope in self._walked.calls_of(("numpy",)):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Call() | ast.Attribute() as receiver), keywords=[]):
                    if scope.function is not None and not _COPIED.search(ast.unparse(receiver)):
                        found.add(scope.function)
                case _:
                    continue
        return frozenset(found)

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
        tensor = self._flow.value(expr, scope).tensor if self._flow.may_be_tensor(expr, scope) else None
        return tensor is not None and not tensor.static

    def _is_no_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether what is assigned is surely no tensor, such as a number that tensors are added to."""
        value = UNKNOWN if scope.function is None else self._flow.value(expr, scope)
        holds_none = not any(isinstance(item, (Bottom, Unknown, Tensor, Sequence, Mapping)) for item in value.options)
        return isinstance(expr, ast.Constant) or holds_none

    def _is_made_on_host(self, call: ast.Call, scope: Scope, depth: int) -> bool:
        func = call.func
        match func:
            case ast.Attribute(attr="numpy"):
                return True
            case ast.Attribute(value=receiver, attr="to") if self._keeps_device(call):
                return self._is_on_host(receiver, scope, depth)
            case ast.Attribute(attr="cpu" | "to" | "cuda"):
                return self.copies(call)
            case _:
                pass
        for keyword in call.keywords:
            if keyword.arg in (None, "device"):
                return self._may_be_cpu(keyword.value)
            if keyword.arg == "return_tensors":
                return True  # so processors of text and images give what they make
        paths = self._names.of(func)
        if not _ON_HOST.isdisjoint(paths) or any(path.startswith("numpy.") for path in paths):
            return True
        operands = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not _MADE.isdisjoint(paths):
            takes_data = not _TAKE_DATA.isdisjoint(paths)
            is_copy = takes_data and any(self._may_be_away(each, scope) for each in operands)
            return not is_copy and not self._has_default_device
        if any(path.startswith("torch.distributions.") for path in paths):
            away = (each for each in operands if self._may_be_away(each, scope))
            return all(self._is_on_host(each, scope, depth) for each in away)
        if isinstance(func, ast.Attribute) and not paths:
            value = self._flow.value(func.value, scope)
            if value.tensor is None and not isinstance(value, Made):
                return False
            operands.append(func.value)
        elif not all(path.startswith(("torch.", "builtins.")) for path in paths):
            return False
        return self._all_on_host(operands, scope, depth)

    @cached_property
    def _has_default_device(self) -> bool:
        """Whether the file makes tensors be made elsewhere."""
        calls = self._walked.calls_of(("set_default_device",))
        return any(isinstance(call.func, ast.Attribute) for call, _ in calls)

    def _is_bound_on_host(self, name: ast.Name, scope: Scope, depth: int) -> bool:
        """Whether what a name is bound to is on the host; a name that depends on itself is what else it is bound to."""
        if scope.function is not None and (scope.function, name.id) in self._converted:
            return True
        home = self._walked.name_scope.get(name, scope)
        found = home.lookup(name.id)
        if found is None:
            return False
        key = found[0], name.id
        if key in self._blocked:
            return False
        if key in self._open:
            return True
        self._open.add(key)
        last = self._last_binding(name, found[1])
        if last is not None and mentions(last, frozenset({name.id})):
            self._blocked.add(key)
            is_made_there = self._holds_host(name.id, last, home, depth)
            self._blocked.discard(key)
            last = last if is_made_there else None
        bindings = found[1] if last is None else [last]
        holds = bool(bindings) and all(self._holds_host(name.id, each, home, depth) for each in bindings)
        self._open.discard(key)
        return holds

    def _last_binding(self, name: ast.Name, bindings: Iterable[Binding]) -> ast.expr | None:
        """The assignment that ``name`` surely holds the value of: it stands before it, in a block around it."""
        before = [each for each in bindings if isinstance(each, ast.expr) and not isinstance(each, ast.Name)]
        before = [each for each in before if (each.end_lineno or each.lineno) < name.lineno]
        last = max(before, key=lambda each: each.lineno, default=None)
        if last is None or len(before) == len(list(bindings)):
            return None
        statement = self._parents.get(last)
        block = None if statement is None else self._parents.get(statement)
        current: ast.AST | None = name
        while current is not None and current is not block:
            current = self._parents.get(current)
        is_around = isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(block, (ast.For, ast.With))
        return last if is_around and current is not None else None

    def _holds_host(self, name: str, binding: Binding, scope: Scope, depth: int) -> bool:
        match binding:
            case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
                return self._is_on_host(iterable, scope, depth)
            case ast.arg():
                return self._is_given_host(binding, scope, depth)
            case ast.AugAssign(value=value):
                return not self._may_be_away(value, scope) or self._is_on_host(value, scope, depth)
            case ast.AnnAssign(value=ast.expr() as value):
                return self._is_on_host(value, scope, depth)
            case ast.Name(ctx=ast.Store()):
                found = self._loops.iterated(binding)
                return found is not None and self._is_on_host(found[0], found[1], depth)
            case ast.Dict(keys=[]) | ast.List(elts=[]) | ast.Call(func=ast.Name(id="dict" | "list"), args=[]):
                return self._gathers_host(name, scope, depth)
            case ast.expr():
                return self._is_on_host(binding, scope, depth) or self._is_no_tensor(binding, scope)
            case _:
                return False

    def _gathers_host(self, name: str, home: Scope, depth: int) -> bool:
        """Whether all that is added to an empty list or dict is on the host."""
        added = self._growths.get((home, name), [])
        outside, self._open = self._open, {(home, name)}
        holds = bool(added) and all(self._is_on_host(each, scope, depth - 2) for each, scope, _ in added)
        self._open = outside
        return holds

    @cached_property
    def _growths(self) -> dict[tuple[Scope, str], list[tuple[ast.expr, Scope, bool]]]:
        """What is added to lists and dicts that have a name."""
        return growths(self._walked, notable_calls(self._walked))

    def _is_given_host(self, parameter: ast.arg, scope: Scope, depth: int) -> bool:
        """Whether the function is called in this file, each time with something on the host for a parameter."""
        function = None if scope.function is None else scope.function.node
        if not isinstance(function, DEFS):
            return False
        positions = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        place = positions.index(parameter.arg) if parameter.arg in positions else -1
        calls = self._walked.calls_of((function.name,))
        given = [(self._argument(call, place, parameter.arg, positions), caller) for call, caller in calls]
        return bool(given) and all(
            value is not None and self._is_on_host(value, caller, depth) for value, caller in given
        )

    @staticmethod
    def _argument(call: ast.Call, place: int, name: str, positions: list[str]) -> ast.expr | None:
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if positions[:1] in (["self"], ["cls"]) and isinstance(call.func, ast.Attribute):
            place -= 1
        return call.args[place] if 0 <= place < len(call.args) else None
