"""Expressions of which their spelling, and what attributes hold, already tell that no tensor is in them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fullgraph.semantic.flow.value import Path, Shape, Static, Thing, Unknown, Value
from fullgraph.semantic.scopes import Binding, Scope
from fullgraph.torchfacts.returns import ReturnKind, return_kind

if TYPE_CHECKING:
    from fullgraph.semantic.flow.flow import Flow

_DEPTH = 8
_ATTRIBUTES = frozenset({"device", "dtype", "ndim", "shape"})
_METHODS = frozenset({"dim", "size"})
_TELLS = frozenset(f"builtins.{name}" for name in ("callable", "hasattr", "isinstance", "issubclass", "len"))
"""Functions whose result is plain whatever they are given."""
_COMPUTES = frozenset(f"builtins.{name}" for name in ("abs", "bool", "float", "int", "max", "min", "round"))
"""Functions whose result is plain if all that they are given is."""
_TRUTHS = ("torch.compiler.is_", "torch.jit.is_")
_NARROWS = frozenset({"isinstance", "is_tensor"})
_DISPLAYS = (ast.List, ast.Tuple)
_PLAIN = (Path, Shape, Static, Thing, Unknown)


class Plain:
    """Answers for one file, so that a function is interpreted only where it takes that to know.

    What is plain here is, wherever it is reached, a number that is known while tracing, a shape, a text, None or
    nothing that is known: the interpretation would name no tensor, and no number out of one.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._known: dict[tuple[Scope, str], bool] = {}
        self._open: set[tuple[Scope, str]] = set()
        self._narrowed: dict[Scope, frozenset[str]] = {}

    def holds(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether an expression in a function is plain, or a display of what is."""
        if isinstance(expr, _DISPLAYS):
            return all(self._is(item, scope, _DEPTH) for item in expr.elts)
        return self._is(expr, scope, _DEPTH)

    def _is(self, expr: ast.expr, scope: Scope, depth: int) -> bool:
        ask = _BY_KIND.get(expr.__class__)
        return depth > 0 and ask is not None and ask(self, expr, scope, depth - 1)

    def _all(self, parts: Iterable[ast.expr], scope: Scope, depth: int) -> bool:
        return all(self._is(part, scope, depth) for part in parts)

    def _constant(self, _: ast.Constant, __: Scope, ___: int) -> bool:
        return True

    def _attribute(self, expr: ast.Attribute, scope: Scope, _: int) -> bool:
        if expr.attr in _ATTRIBUTES and not self._flow.classes.has_member(expr.attr):
            return True
        return self._is_of_self(expr, scope) or self._flow.names.imported(expr) is not None

    def _is_of_self(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``self.attribute``, or an attribute or item of that, is plain by what the class puts there."""
        base: ast.expr = expr
        while isinstance(base, ast.Attribute) or (
            isinstance(base, ast.Subscript) and isinstance(base.slice, (ast.Constant, ast.UnaryOp))
        ):
            base = base.value
        function = scope.function
        if not isinstance(base, ast.Name) or function is None or base.id in self._names_narrowed(function):
            return False
        found = scope.lookup(base.id)
        if found is None or found[0] is not function or self._flow.classes.owner_of_self(base, scope) is None:
            return False
        return _is_plain_value(self._flow.of_self(expr, function))

    def _subscript(self, expr: ast.Subscript, scope: Scope, depth: int) -> bool:
        if not isinstance(expr.slice, (ast.Constant, ast.UnaryOp, ast.Name, ast.BinOp, ast.Slice)):
            return False
        return self._is(expr.value, scope, depth) or self._is_of_self(expr, scope)

    def _operation(self, expr: ast.BinOp, scope: Scope, depth: int) -> bool:
        return self._is(expr.left, scope, depth) and self._is(expr.right, scope, depth)

    def _unary(self, expr: ast.UnaryOp, scope: Scope, depth: int) -> bool:
        return self._is(expr.operand, scope, depth)

    def _either(self, expr: ast.IfExp, scope: Scope, depth: int) -> bool:
        return self._is(expr.body, scope, depth) and self._is(expr.orelse, scope, depth)

    def _bool(self, expr: ast.BoolOp, scope: Scope, depth: int) -> bool:
        return self._all(expr.values, scope, depth)

    def _comparison(self, expr: ast.Compare, scope: Scope, depth: int) -> bool:
        if all(isinstance(op, (ast.Is, ast.IsNot)) for op in expr.ops):
            return True
        return self._is(expr.left, scope, depth) and all(
            self._all(side.elts, scope, depth) if isinstance(side, _DISPLAYS) else self._is(side, scope, depth)
            for side in expr.comparators
        )

    def _call(self, expr: ast.Call, scope: Scope, depth: int) -> bool:
        paths = self._flow.names.of(expr.func)
        if not paths:
            func = expr.func
            is_size = isinstance(func, ast.Attribute) and func.attr in _METHODS
            return is_size and not self._flow.classes.has_member(func.attr)  # type: ignore[attr-defined]
        if all(path in _TELLS or _tells(path) for path in paths):
            return True
        computes = not expr.keywords and all(path in _COMPUTES or path.startswith("math.") for path in paths)
        return computes and self._all(expr.args, scope, depth)

    def _name(self, expr: ast.Name, scope: Scope, depth: int) -> bool:
        """Whether all that a local name is ever assigned is plain, and nothing takes it for a tensor."""
        function = scope.function
        found = scope.lookup(expr.id)
        if function is None or found is None or found[0] is not function:
            return False
        key = function, expr.id
        if key in self._open:
            return True
        if (known := self._known.get(key)) is None:
            self._open.add(key)
            known = expr.id not in self._names_narrowed(function) and all(
                self._binding(item, function, depth) for item in found[1]
            )
            self._open.discard(key)
            if not self._open:
                self._known[key] = known
        return known

    def _binding(self, binding: Binding, scope: Scope, depth: int) -> bool:
        match binding:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                value = self._unpacked.get(binding)
                return value is not None and self._is(value, scope, depth)
            case ast.AugAssign(value=value):
                return self._is(value, scope, depth)
            case ast.For(iter=ast.Call(func=func, args=args, keywords=[])):
                return self._flow.names.of(func) == ("builtins.range",) and self._all(args, scope, depth)
            case ast.arg(annotation=ast.expr() as annotation):
                promise = self._flow.annotations.of(annotation)
                return all(isinstance(item, Thing) for item in promise.options)
            case ast.expr():
                return self._is(binding, scope, depth)
            case _:
                return False

    @cached_property
    def _unpacked(self) -> dict[ast.expr, ast.expr]:
        """What is taken apart, by the names that get the parts of it."""
        found = self._flow.walked.unpacked
        return {name: value for target, value in found for name in target.elts if isinstance(name, ast.Name)}

    def _names_narrowed(self, function: Scope) -> frozenset[str]:
        """Names that a function asks the type of, since it knows more of them behind that."""
        if (known := self._narrowed.get(function)) is None:
            calls = self._flow.calls_in(function)
            known = self._narrowed[function] = frozenset(_narrowed_names(calls))
        return known


def _narrowed_names(calls: Iterable[ast.Call]) -> Iterable[str]:
    for call in calls:
        match call:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.Name(id=subject) | ast.NamedExpr(target=ast.Name(id=subject)), *_],
            ) if name in _NARROWS:
                yield subject
            case _:
                continue


def _tells(path: str) -> bool:
    """Whether a function of torch tells something about the run, and nothing of a tensor."""
    return path.startswith(_TRUTHS) and return_kind(path) not in (ReturnKind.TENSOR, ReturnKind.TENSORS)


def _is_plain_value(value: Value) -> bool:
    return all(isinstance(item, _PLAIN) for item in value.options)


_BY_KIND: dict[type[ast.AST], Callable[[Plain, Any, Scope, int], bool]] = {
    ast.Attribute: Plain._attribute,
    ast.BinOp: Plain._operation,
    ast.BoolOp: Plain._bool,
    ast.Call: Plain._call,
    ast.Compare: Plain._comparison,
    ast.Constant: Plain._constant,
    ast.IfExp: Plain._either,
    ast.Name: Plain._name,
    ast.Subscript: Plain._subscript,
    ast.UnaryOp: Plain._unary,
}
