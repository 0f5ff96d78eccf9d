"""Expressions of which their spelling, and what attributes hold, already tell that no tensor is in them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fullgraph.semantic.flow.evidence import PROVING, passed_on, proven
from fullgraph.semantic.flow.outcomes import ANY, DATA, OBJECT, TENSOR, called, method_called, of_value
from fullgraph.semantic.flow.parameters import callers_say_more, parameters
from fullgraph.semantic.flow.torch_calls import attribute_of_tensor
from fullgraph.semantic.flow.value import (
    ClassOf,
    Function,
    Inherited,
    Instance,
    Made,
    Path,
    Super,
    Thing,
    Unknown,
    Value,
    path_of,
)
from fullgraph.semantic.loops import places
from fullgraph.semantic.scopes import DEFS, Binding, DefNode, Scope

if TYPE_CHECKING:
    from fullgraph.semantic.flow.flow import Flow

_DEPTH = 16
_STEPS = 400
"""How many expressions one question may look at."""
_ATTRIBUTES = frozenset({"device", "dtype", "ndim", "shape"})
_OF_MASKS = frozenset({"all", "any", "nonzero", "sum"})
_GROWS = frozenset({"append", "extend", "insert", "add"})
_NARROWS = frozenset({"isinstance", "is_tensor"})
_TENSOR_TYPES = frozenset({"torch.Tensor", "torch.nn.Parameter", "numpy.ndarray"})
_FIXED = (ast.Constant, ast.UnaryOp)
"""Indices that are always the same."""
_BINDS_UNKNOWN = (ast.withitem, ast.ExceptHandler, ast.MatchStar, ast.MatchMapping)


class Plain:
    """Answers for one file, so that a function is interpreted only where it takes that to know.

    What the names of a function may hold is the union of all that is ever assigned to them, in whatever order. It says
    at least as much as the interpretation does: what is plain here the interpretation names no tensor, and no number
    out of one.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._known: dict[tuple[Scope, str], int] = {}
        self._open: dict[tuple[Scope, str], int] = {}
        """Names that are being looked at, by how many are around; met again, they add nothing."""
        self._outermost = 0
        """How many are around the outermost of them that was met again."""
        self._known_rooted: dict[ast.expr, Value | None] = {}
        self._answers: dict[ast.expr, int] = {}
        self._steps = 0

    def holds(self, expr: ast.expr) -> bool:
        """Whether an expression in a function is no tensor, no number out of one, and no display of such."""
        return not self.may_hold(expr) & (TENSOR | DATA)

    def may_hold(self, expr: ast.expr) -> int:
        """All that an expression in a function may be, or hold, as the sum of what `outcomes` names."""
        if (known := self._answers.get(expr)) is not None:
            return known
        outside = self._open, self._outermost, self._steps
        self._open, self._outermost, self._steps = {}, 0, _STEPS
        found = self._of(expr, _DEPTH)
        self._open, self._outermost, self._steps = outside
        self._answers[expr] = found
        return found

    def _of(self, expr: ast.expr, depth: int) -> int:
        ask = _BY_KIND.get(expr.__class__)
        self._steps -= 1
        if ask is None:
            return 0  # texts, constants, and what is unknown
        return ask(self, expr, depth - 1) if depth > 0 and self._steps > 0 else ANY

    def _all(self, parts: Iterable[ast.expr], depth: int) -> int:
        found = 0
        for part in parts:
            found |= self._of(part, depth)
            if found == ANY:
                break
        return found

    # ------------------------------------------------------------------ expressions

    def _attribute(self, expr: ast.Attribute, depth: int) -> int:
        if expr.attr in _ATTRIBUTES and not self._flow.classes.has_member(expr.attr):
            return 0
        if (rooted := self._rooted(expr)) is not None:
            return OBJECT if isinstance(rooted, Path) else of_value(rooted)
        base = self._of(expr.value, depth)
        if base & OBJECT:
            return ANY
        known = attribute_of_tensor(expr.attr) if base else None
        return base if known is None else of_value(known)

    def _subscript(self, expr: ast.Subscript, depth: int) -> int:
        if isinstance(expr.slice, ast.Compare):
            return ANY
        if isinstance(expr.slice, _FIXED) and (rooted := self._rooted(expr)) is not None:
            return of_value(rooted)
        return self._of(expr.value, depth)

    def _rooted(self, expr: ast.expr) -> Value | None:
        """What a dotted name of an import stands for, or what an attribute or item of ``self`` holds."""
        if expr not in self._known_rooted:
            self._known_rooted[expr] = self._of_root(expr)
        return self._known_rooted[expr]

    def _of_root(self, expr: ast.expr) -> Value | None:
        base: ast.expr = expr
        while isinstance(base, ast.Attribute) or (isinstance(base, ast.Subscript) and isinstance(base.slice, _FIXED)):
            base = base.value
        if base is expr or not isinstance(base, ast.Name):
            return None
        scope = self._flow.walked.name_scope.get(base)
        found = None if scope is None else scope.lookup(base.id)
        if scope is None or found is None:
            return None
        home, bindings = found
        if isinstance(bindings[0], str):
            paths = self._flow.names.imported(expr)
            return None if paths is None else path_of(paths)
        if home.function is not home or len(bindings) != 1 or (home, base.id) in self._narrowed:
            return None
        is_self = self._flow.classes.owner_of_self(base, scope) is not None
        return self._flow.of_self(expr, home) if is_self else None

    def _operation(self, expr: ast.BinOp, depth: int) -> int:
        return self._of(expr.left, depth) | self._of(expr.right, depth)

    def _unary(self, expr: ast.UnaryOp, depth: int) -> int:
        inner = self._of(expr.operand, depth)
        return inner if not isinstance(expr.op, ast.Not) else DATA if inner & (TENSOR | DATA) else 0

    def _either(self, expr: ast.IfExp, depth: int) -> int:
        return self._of(expr.body, depth) | self._of(expr.orelse, depth)

    def _bool(self, expr: ast.BoolOp, depth: int) -> int:
        return self._all(expr.values, depth)

    def _comparison(self, expr: ast.Compare, depth: int) -> int:
        if all(isinstance(op, (ast.Is, ast.IsNot)) for op in expr.ops):
            return 0
        match expr:
            case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=str() | None)]):
                return 0
            case _:
                pass
        sides = self._of(expr.left, depth) | self._all(expr.comparators, depth)
        return sides & (TENSOR | DATA) | (DATA if sides & TENSOR else 0)

    def _display(self, expr: ast.List | ast.Tuple | ast.Set, depth: int) -> int:
        return self._all(expr.elts, depth)

    def _dict(self, expr: ast.Dict, depth: int) -> int:
        return self._all(expr.values, depth)

    def _comprehension(self, expr: ast.ListComp | ast.SetComp | ast.GeneratorExp, depth: int) -> int:
        return self._of(expr.elt, depth)

    def _mapping(self, expr: ast.DictComp, depth: int) -> int:
        return self._of(expr.value, depth)

    def _inner(self, expr: ast.NamedExpr | ast.Starred, depth: int) -> int:
        return self._of(expr.value, depth)

    # ------------------------------------------------------------------ calls

    def _call(self, expr: ast.Call, depth: int) -> int:
        func = expr.func
        match func:
            case ast.Attribute():
                return self._method(expr, func, depth)
            case ast.Name():
                return self._function(expr, func, depth)
            case _:
                return ANY if self._of(func, depth) else 0

    def _of_paths(self, paths: Collection[str], call: ast.Call, depth: int) -> int:
        if any(map(self._flow.elsewhere.tells_of, paths)):
            return ANY
        given = self._all([*call.args, *(keyword.value for keyword in call.keywords)], depth)
        found = 0
        for path in paths:
            found |= called(path, given)
        return found

    def _method(self, call: ast.Call, func: ast.Attribute, depth: int) -> int:
        if func.attr in _OF_MASKS and isinstance(func.value, ast.Compare):
            return ANY  # only what compares tensors has it
        callee = self._rooted(func)
        if isinstance(callee, Path):
            return self._of_paths(callee.paths, call, depth)
        receiver = self._of(func.value, depth)
        if proven(call) is not None:
            receiver |= TENSOR
        if not receiver:
            return 0 if (argument := passed_on(call)) is None else self._of(argument, depth)
        if receiver == OBJECT and callee is not None and self._is_of_file(func.value):
            return self._of_callee(callee, call, depth)
        if receiver & OBJECT and self._flow.classes.has_member(func.attr):
            return ANY
        return method_called(func.attr, receiver)

    def _is_of_file(self, receiver: ast.expr) -> bool:
        """Whether ``self``, or what it holds, is an instance of a class of this file, with no methods but its own."""
        value = self._rooted(receiver)
        return value is None or all(isinstance(item, (Instance, Unknown, Thing)) for item in value.options)

    def _function(self, call: ast.Call, func: ast.Name, depth: int) -> int:
        scope = self._flow.walked.name_scope.get(func)
        found = None if scope is None else scope.lookup(func.id)
        if scope is None or _is_rebound(func, scope):
            return ANY
        if found is not None and found[0].function is not None:
            paths = self._flow.names.imported(func)
            return self._of_paths(paths, call, depth) if paths else ANY if self._of(func, depth) else 0
        return self._of_callee(self._flow.outer_value(func), call, depth)

    def _of_callee(self, callee: Value, call: ast.Call, depth: int) -> int:
        """What a call of this value may give."""
        found = 0
        for item in callee.options:
            match item:
                case Path(paths=paths):
                    found |= self._of_paths(paths, call, depth)
                case Function(node=node):
                    found |= self._promised(node)
                case Instance(node=cls):
                    entry = self._flow.entry(cls)
                    found |= 0 if entry is None else self._promised(entry)
                case ClassOf():
                    found |= OBJECT
                case Made() | Super() | Inherited():
                    found |= ANY
                case _:
                    continue
        return found

    def _promised(self, node: DefNode) -> int:
        """What a function of the file may return, if its annotation tells."""
        promise = self._flow.promised_result(node)
        return ANY if promise is None else of_value(promise)

    # ------------------------------------------------------------------ names

    def _name(self, expr: ast.Name, depth: int) -> int:
        scope = self._flow.walked.name_scope.get(expr)
        if scope is None or _is_rebound(expr, scope):
            return ANY
        found = scope.lookup(expr.id)
        if found is None or found[0].function is None:
            return of_value(self._flow.outer_value(expr))
        return self._of_local(found[0], expr.id, found[1], depth)

    def _of_local(self, home: Scope, name: str, bindings: Sequence[Binding], depth: int) -> int:
        """All that is ever assigned to a name of a function, or added to what it holds."""
        key = home, name
        if (known := self._known.get(key)) is not None:
            return known
        if (around := self._open.get(key)) is not None:
            self._outermost = min(self._outermost, around)
            return 0
        function = home.function
        assert function is not None
        around = self._open[key] = len(self._open)
        outside, self._outermost = self._outermost, around
        found = ANY if (function, name) in self._narrowed else TENSOR if (function, name) in self._proven else 0
        for binding in bindings:
            if found != ANY:
                found |= self._binding(binding, home, depth)
        found |= self._all(self._growth.get((function, name), ()), depth)
        del self._open[key]
        if found == ANY or self._outermost >= around:
            self._known[key] = found
        self._outermost = min(outside, self._outermost)
        return found

    def _binding(self, binding: Binding, home: Scope, depth: int) -> int:
        match binding:
            case str() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return OBJECT
            case ast.Name(ctx=ast.Store() | ast.Del()):
                return self._unpacked_from(binding, depth)
            case ast.expr():
                return self._of(binding, depth)
            case ast.AugAssign(value=value):
                return self._of(value, depth)
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) | ast.comprehension(iter=iterable):
                return self._of(iterable, depth)
            case ast.AnnAssign(annotation=annotation, value=value):
                promise = of_value(self._flow.annotations.of(annotation))
                return promise if value is None else promise | self._of(value, depth)
            case ast.arg():
                return self._parameter(binding, home, depth)
            case _:
                return 0 if isinstance(binding, _BINDS_UNKNOWN) else ANY

    def _unpacked_from(self, name: ast.Name, depth: int) -> int:
        """What a name in a tuple that something is assigned to may get."""
        if (value := self._unpacked.get(name)) is not None:
            return self._of(value, depth)
        found = self._looped.get(name)
        return ANY if found is None else self._element(*found, depth)

    def _element(self, iterable: ast.expr, path: tuple[int, ...], depth: int) -> int:
        """What stands at these places in each item of something that is looped over."""
        match iterable, path:
            case ast.Call(func=func, args=[first, *_] as parts), (place, *rest) if isinstance(func, ast.Name):
                paths = self._flow.names.of(func)
                if paths == ("builtins.enumerate",):
                    return 0 if place == 0 else self._element(first, tuple(rest), depth)
                is_known = place < len(parts) and not any(isinstance(part, ast.Starred) for part in parts)
                if paths == ("builtins.zip",) and is_known:
                    return self._element(parts[place], tuple(rest), depth)
            case ast.Call(func=ast.Attribute(value=receiver, attr="items"), args=[]), (0,):
                return ANY if self._of(receiver, depth) & OBJECT else 0
            case _:
                pass
        return self._of(iterable, depth)

    def _parameter(self, arg: ast.arg, home: Scope, depth: int) -> int:
        """What a parameter may be by its annotation, by what is done with it, and by what callers in the file pass."""
        node = home.node
        if not isinstance(node, DEFS):
            return 0
        for each, default in parameters(node.args):
            if each is arg:
                return self._named_parameter(node, arg, default, depth)
        return 0

    def _named_parameter(self, node: DefNode, arg: ast.arg, default: ast.expr | None, depth: int) -> int:
        if arg is self._flow.bound_first(node):
            return OBJECT
        own = self._flow.own_value(node, arg, default)
        found = of_value(own)
        if found == ANY or not callers_say_more(arg, own):
            return found
        for given in self._flow.given_by_callers(node, arg):
            found |= self._of(given, depth)
        return found

    @cached_property
    def _unpacked(self) -> dict[ast.expr, ast.expr]:
        """What is taken apart, by the names that get the parts of it."""
        found = self._flow.walked.unpacked
        return {name: value for target, value in found for name in target.elts if isinstance(name, ast.Name)}

    @cached_property
    def _looped(self) -> dict[ast.Name, tuple[ast.expr, tuple[int, ...]]]:
        """What is looped over, by the names in tuple targets, with their places in each item."""
        found = {}
        for kind in (ast.For, ast.AsyncFor, ast.comprehension):
            loop: Any
            for loop, _ in self._flow.walked.buckets[kind]:
                if isinstance(loop.target, (ast.Tuple, ast.List)):
                    found.update({name: (loop.iter, path) for name, path in places(loop.target)})
        return found

    @cached_property
    def _growth(self) -> dict[tuple[Scope | None, str], list[ast.expr]]:
        """What is added to the lists, sets and dicts that names hold, by the function in which that is."""
        walked = self._flow.walked
        found: dict[tuple[Scope | None, str], list[ast.expr]] = {}
        for call, scope in walked.calls_of(_GROWS):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[*_, added]):
                    found.setdefault((scope.function, name), []).append(added)
                case _:
                    continue
        for store, value in self._stored_items():
            if isinstance(store.value, ast.Name):
                function = walked.name_scope[store.value].function
                found.setdefault((function, store.value.id), []).append(value)
        return found

    def _stored_items(self) -> Iterator[tuple[ast.Subscript, ast.expr]]:
        """Every ``base[key] = value``."""
        walked = self._flow.walked
        yield from ((target, value) for target, value, _ in walked.items)
        parts = ((part, value) for target, value in walked.unpacked for part in target.elts)
        yield from ((part, value) for part, value in parts if isinstance(part, ast.Subscript))

    @cached_property
    def _narrowed(self) -> frozenset[tuple[Scope | None, str]]:
        """Names that are asked whether they are tensors or arrays, since they are that behind it, by function."""
        calls = self._flow.walked.calls_of(_NARROWS)
        return frozenset((scope.function, name) for call, scope in calls for name in self._narrowed_by(call))

    @cached_property
    def _proven(self) -> frozenset[tuple[Scope | None, str]]:
        """Names that a call in the same function proves to be tensors."""
        found = set()
        for call, scope in self._flow.walked.calls_of(PROVING):
            tensor = proven(call)
            while isinstance(tensor, ast.Call) and isinstance(tensor.func, ast.Attribute):
                tensor = tensor.func.value
            if isinstance(tensor, ast.Name):
                found.add((scope.function, tensor.id))
        return frozenset(found)

    def _narrowed_by(self, call: ast.Call) -> Iterator[str]:
        match call.args:
            case [ast.Name(id=subject) | ast.NamedExpr(target=ast.Name(id=subject)), *classes] if not all(
                map(self._are_other_types, classes)
            ):
                yield subject
            case [ast.Name(id=subject)]:  # ``is_tensor(x)``
                yield subject
            case _:
                return

    def _are_other_types(self, classes: ast.expr) -> bool:
        """Whether what ``isinstance`` is given surely names types of other things than tensors and arrays."""
        for part in classes.elts if isinstance(classes, ast.Tuple) else [classes]:
            paths = self._flow.names.of(part)
            if not (paths or self._flow.classes.classes_of(part)) or not _TENSOR_TYPES.isdisjoint(paths):
                return False
        return True


def _is_rebound(name: ast.Name, scope: Scope) -> bool:
    """Whether a function assigns to a name of the code around it."""
    return scope.function is not None and name.id in scope.function.elsewhere


_BY_KIND: dict[type[ast.AST], Callable[[Plain, Any, int], int]] = {
    ast.Attribute: Plain._attribute,
    ast.BinOp: Plain._operation,
    ast.BoolOp: Plain._bool,
    ast.Call: Plain._call,
    ast.Compare: Plain._comparison,
    ast.Dict: Plain._dict,
    ast.DictComp: Plain._mapping,
    ast.GeneratorExp: Plain._comprehension,
    ast.IfExp: Plain._either,
    ast.List: Plain._display,
    ast.ListComp: Plain._comprehension,
    ast.Name: Plain._name,
    ast.NamedExpr: Plain._inner,
    ast.Set: Plain._display,
    ast.SetComp: Plain._comprehension,
    ast.Starred: Plain._inner,
    ast.Subscript: Plain._subscript,
    ast.Tuple: Plain._display,
    ast.UnaryOp: Plain._unary,
}
