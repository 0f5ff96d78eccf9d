"""What a handler may ask about ``torch.compile``: what it was given, what holds its outcome, and what does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fullgraph.context.here import Here
from fullgraph.semantic.compiled import compiled_argument
from fullgraph.semantic.foreign import Bypass
from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.scopes import DefNode
from fullgraph.semantic.traced import Traced

_UNBOUND = frozenset({"builtins.classmethod", "builtins.staticmethod", "abc.abstractmethod"})


class Compiling:
    """What this file compiles and where it keeps that, and the calls that enter it or pass it by."""

    __slots__ = ("_here",)

    def __init__(self, here: Here) -> None:
        self._here = here

    def given(self, call: ast.Call) -> ast.expr | None:
        """What ``torch.compile(x)`` is to compile; None if the call is no such, or gives a decorator."""
        return compiled_argument(call) if self._here.model.compiled.compiles(call) else None

    def functions_of(self, given: ast.expr) -> tuple[DefNode, ...]:
        """Functions of this file that are compiled where ``given`` is: itself, or the ``forward`` of an instance."""
        return tuple(self._here.model.classes.functions_of(given, self._here.scope))

    def is_decorator(self, decorator: ast.expr) -> bool:
        """Whether a decorator surely is ``torch.compile``, with or without arguments."""
        func = decorator.func if isinstance(decorator, ast.Call) else decorator
        return self._here.model.names.of(func) == ("torch.compile",)

    def call_behind(self, expr: ast.expr) -> ast.Call | None:
        """The ``torch.compile(x)`` whose outcome ``expr`` holds, once that call has run; None if nothing says so.

        Names, attributes, properties and classes of this file are followed.
        """
        return self._here.model.compiled.call_behind(expr, self._here.scope)

    def is_kept_as(self, name: str) -> bool:
        """Whether this file assigns something compiled to an attribute of this name, of whatever object."""
        return self._here.model.compiled.is_compiled_method(name)

    def is_unwrapped(self, expr: ast.expr) -> bool:
        """Whether ``expr`` surely is a module, and not what ``torch.compile`` returned, by all that this file sets."""
        return self._here.model.uncompiled.is_unwrapped(expr, self._here.scope)

    def is_of_torch(self, expr: ast.expr) -> bool:
        """Whether what ``expr`` holds, compiled or not, surely is an instance of one of torch's own modules."""
        return self._here.model.compiled.is_external(expr, self._here.scope)

    def loads_state(self) -> bool:
        """Whether this file calls ``load_state_dict`` of what holds the outcome of ``torch.compile``."""
        return any(
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "load_state_dict"
            and self._here.model.compiled.call_behind(call.func.value, scope) is not None
            for call, scope in self._here.model.walked.calls
        )

    def method_calls_on(self, compiled: ast.Call) -> Iterator[tuple[ast.Call, ast.Attribute]]:
        """Calls ``x.method(...)`` in this file, with ``x.method``, where ``x`` holds what ``compiled`` returned.

        While one of them is looked at, the scope that is looked at is its own.
        """
        here = self._here
        outside = here.scope
        try:
            for call, scope in here.model.walked.calls:
                func = call.func
                if not isinstance(func, ast.Attribute):
                    continue
                if here.model.compiled.call_behind(func.value, scope) is compiled:
                    here.scope = scope
                    yield call, func
        finally:
            here.scope = outside

    def bypassed(self, call: ast.Call) -> Bypass | None:
        """How ``call`` passes by a module that is compiled, as the project tells; None if it is no such call."""
        return self._here.model.bypassed(call, self._here.scope)

    def methods_entered(self, func: ast.Attribute) -> tuple[DefNode, ...] | None:
        """Methods of classes of this file that ``func`` names; None where the class of the object is not known."""
        owners = self._here.model.compiled.classes_of(func.value, self._here.scope)
        if not owners:
            return None
        methods = [self._here.model.classes.method(owner, func.attr) for owner in owners]
        return tuple(method for method in methods if method is not None)

    def eager_calls(self, target: ast.expr) -> tuple[ast.Call, ...]:
        """Calls in eager code of what a name or ``self.attribute`` holds, if that computes and is surely not compiled.

        Empty where it may hold anything else, now or later, or where something may compile that, or a part of it.
        """
        model = self._here.model
        held = model.uncompiled.held(target, self._here.scope)
        if held is None:
            return ()
        if not all(any(map(self._computes, model.uncompiled.reached([each]) or ())) for each in held.functions):
            return ()
        eager = [
            call
            for call, scope in model.uncompiled.calls(target, self._here.scope)
            if model.region.traced_by(scope, call.lineno).degree is Traced.NONE and not model.region.is_disabled(scope)
        ]
        is_compiled = eager and any(map(self._is_compiled_root, model.uncompiled.reached(held.functions) or ()))
        return () if is_compiled else tuple(eager)

    def computes_eagerly(self, method: DefNode) -> bool:
        """Whether a method that is called from eager code surely works on tensors there.

        Not where it, or something that it calls, is compiled itself, where the compiler is kept out of it, nor where it
        works without an instance.
        """
        model = self._here.model
        if any(_UNBOUND.intersection(model.names.of(decorator)) for decorator in method.decorator_list):
            return False
        if not self._computes(method):
            return False
        if self.is_kept_as(method.name) or model.compiled.enters_compiled(method):
            return False
        scope = model.walked.functions[method].scope
        return not (model.region.is_root(method) or model.region.is_disabled(scope))

    def _is_compiled_root(self, function: DefNode) -> bool:
        """Whether something certainly compiles a function; a ``forward`` that is only possibly compiled is none."""
        region = self._here.model.region
        scope = self._here.model.walked.functions[function].scope
        return region.is_root(function) and region.traced_by(scope, function.lineno).degree is Traced.CERTAIN

    def _computes(self, function: DefNode) -> bool:
        return self._here.model.compiled.works_on_tensors(function, self._is_tensor)

    def _is_tensor(self, expr: ast.expr) -> bool:
        return self._here.model.kinds.of(expr) is Kind.TENSOR
