"""The traced region of one file: what a compile root reaches, how surely, and by which chain."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from fullgraph.semantic.classes import Classes, ModuleClass
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.traced import ChainStep, Traced, TracedBy
from fullgraph.semantic.walk import Walked

COMPILERS = frozenset({"torch.compile", "torch.export.export"})
DISABLERS = frozenset({"torch.compiler.disable", "torch._dynamo.disable", "torch._disable_dynamo"})
_OPAQUE = DISABLERS | {
    "torch.compiler.allow_in_graph",
    "torch._dynamo.allow_in_graph",
    "torch._dynamo.nonstrict_trace",
    "torch.compiler.nonstrict_trace",
    "torch.library.custom_op",
}
"""Decorators that keep Dynamo out of a function."""
_TRUE_WHEN_COMPILING = frozenset({"is_compiling", "is_dynamo_compiling", "is_torchdynamo_compiling"})
"""Last names of functions that tell compiled code from eager code, torch's own and those of well-known libraries."""
_FALSE_WHEN_COMPILING = frozenset({"torch.jit.is_scripting", "torch.jit.is_tracing", "torch.onnx.is_in_onnx_export"})
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class _Root:
    """Where tracing may begin: the function, how surely, and the place and name of what compiles it."""

    function: DefNode
    degree: Traced
    site: tuple[int, str] | None


@dataclass(frozen=True, slots=True)
class _Reached:
    degree: Traced
    site: tuple[int, str] | None
    caller: DefNode | None


class Region:
    """Which functions of one walked file Dynamo traces."""

    def __init__(self, walked: Walked, names: Names, classes: Classes, filename: str) -> None:
        self._walked = walked
        self._names = names
        self._classes = classes
        self._filename = filename
        self._torch_names = names.bound_names(("torch",))
        self._compilers = frozenset(target.id for target, value in walked.aliases if self._configures_compile(value))
        self._disabled: set[ast.AST] = {node for node, info in walked.functions.items() if self._is_disabled(info.node)}
        self._disabled.update(self._disabled_by_call())
        self._skipped = tuple(self._skipped_rows())
        self._reached: dict[ast.AST, _Reached] = {}
        self._close()

    def traced_by(self, scope: Scope, row: int) -> TracedBy:
        """How surely code at ``row`` in ``scope`` is traced, with the shortest chain.

        A nested function goes with the function around it; a branch that the compiler does not take is not traced.
        """
        if self._is_skipped(row):
            return TracedBy()
        function: Scope | None = scope.function
        while function is not None:
            if function.node in self._disabled:
                return TracedBy()
            if (reached := self._reached.get(function.node)) is not None:
                return TracedBy(reached.degree, tuple(self._chain(function.node)))
            function = function.parent.function if function.parent is not None else None
        return TracedBy()

    def is_root(self, node: ast.AST) -> bool:
        """Whether tracing begins at this function, so that its arguments come from eager code."""
        reached = self._reached.get(node)
        return reached is not None and reached.caller is None

    @property
    def has_certain_roots(self) -> bool:
        """Whether something in this file is certainly compiled."""
        return any(item.degree is Traced.CERTAIN for item in self._reached.values())

    def is_disabled(self, scope: Scope) -> bool:
        """Whether the code's function, or one around it, is kept out of the compiler."""
        current: Scope | None = scope
        while current is not None:
            if current.node in self._disabled:
                return True
            current = current.parent
        return False

    def _is_skipped(self, row: int) -> bool:
        return any(first <= row <= last for first, last in self._skipped)

    def _skipped_rows(self) -> Iterator[tuple[int, int]]:
        """First and last rows of the statements that the compiler does not come to."""
        for node, scope in self._walked.buckets[ast.If]:
            if isinstance(node, ast.If):
                skips_body, skips_else = self._excludes(node.test, scope, _DEPTH)
                blocks = [block for skipped, block in ((skips_body, node.body), (skips_else, node.orelse)) if skipped]
                taken = node.body if skips_else else node.orelse
                if blocks and taken and isinstance(taken[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                    blocks.append(_statements_after(node, scope.node))
                for block in blocks:
                    if block:
                        yield block[0].lineno, block[-1].end_lineno or block[-1].lineno

    def _excludes(self, test: ast.expr, scope: Scope, depth: int) -> tuple[bool, bool]:
        """Whether the compiler skips the body, and the ``else`` part, of ``if test``."""
        if depth <= 0:
            return False, False
        match test:
            case ast.Call(func=func, args=[], keywords=[]):
                paths = self._names.of(func)
                return not _FALSE_WHEN_COMPILING.isdisjoint(paths), any(_tells_compiling(path) for path in paths)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                body, orelse = self._excludes(operand, scope, depth - 1)
                return orelse, body
            case ast.BoolOp(op=operator, values=values):
                parts = [self._excludes(value, scope, depth - 1) for value in values]
                false, true = [part[0] for part in parts], [part[1] for part in parts]
                return (any(false), all(true)) if isinstance(operator, ast.And) else (all(false), any(true))
            case ast.Name(id=name):
                match scope.lookup(name):
                    case home, [ast.expr() as value]:
                        return self._excludes(value, home, depth - 1)
                    case _:
                        return False, False
            case _:
                return False, False

    def _is_disabled(self, node: DefNode) -> bool:
        for decorator in node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if not _OPAQUE.isdisjoint(self._names.of(target)):
                return True
        return False

    def _disabled_by_call(self) -> Iterator[DefNode]:
        """Functions that ``f = torch.compiler.disable(f)`` or ``self.f = torch.compiler.disable(self.f)`` replaces."""
        assigned: list[tuple[ast.expr, ast.expr, Scope | None]] = [
            *((target, value, None) for target, value in self._walked.aliases),
            *((item.target, item.value, item.scope) for item in self._walked.attributes if item.value is not None),
        ]
        for target, value, scope in assigned:
            if isinstance(value, ast.Call) and value.args and _stores_same(target, value.args[0]):
                inner = value.args[0]
                home = self._walked.name_scope.get(inner) if isinstance(inner, ast.Name) else scope
                if home is not None and not DISABLERS.isdisjoint(self._names.of(value.func)):
                    yield from self._classes.functions_of(inner, home)

    def _chain(self, node: ast.AST) -> Iterator[ChainStep]:
        path: list[DefNode] = []
        current: ast.AST | None = node
        site: tuple[int, str] | None = None
        while current is not None:
            path.append(self._walked.functions[current].node)
            site, current = self._reached[current].site, self._reached[current].caller
        if site is not None:
            yield ChainStep(self._filename, *site)
        for function in reversed(path):
            yield ChainStep(self._filename, function.lineno, self.qualified_name(function))

    def qualified_name(self, function: DefNode) -> str:
        """``Class.method`` or ``function``."""
        owner = self._walked.functions[function].owner
        return f"{owner.name}.{function.name}" if owner is not None else function.name

    def _close(self) -> None:
        """Breadth first from the certain roots, then from the possible ones, so that the first chain is the best."""
        calls = self._calls_by_function()
        roots = tuple(self._roots())
        for degree in (Traced.CERTAIN, Traced.POSSIBLE):
            queue: deque[DefNode] = deque()
            for root in roots:
                if root.degree is degree and self._enter(root.function, _Reached(degree, root.site, None)):
                    queue.append(root.function)
            while queue:
                caller = queue.popleft()
                for call, scope in calls.get(caller, ()):
                    for callee in self._classes.functions_of(call.func, scope):
                        if self._enter(callee, _Reached(degree, None, caller)):
                            queue.append(callee)

    def _enter(self, function: DefNode, reached: _Reached) -> bool:
        if function in self._reached or function in self._disabled or function not in self._walked.functions:
            return False
        self._reached[function] = reached
        return True

    def _calls_by_function(self) -> dict[ast.AST, list[tuple[ast.Call, Scope]]]:
        """Calls that the compiler sees, by the ``def`` they stand in."""
        calls: dict[ast.AST, list[tuple[ast.Call, Scope]]] = {}
        for call, scope in self._walked.calls:
            caller = scope.function
            if caller is not None and not (self._skipped and self._is_skipped(call.lineno)):
                calls.setdefault(caller.node, []).append((call, scope))
        return calls

    def _roots(self) -> Iterator[_Root]:
        for info in self._walked.functions.values():
            for decorator in info.node.decorator_list:
                if self._compiles(decorator):
                    yield _Root(info.node, Traced.CERTAIN, (decorator.lineno, "torch.compile"))
        for call, scope in self._walked.calls:
            if self._may_compile(call.func):
                yield from self._roots_of_call(call, scope)
        for node in self._walked.classes.values():
            forward = self._classes.method(node.node, "forward") if "forward" in node.scope.bindings else None
            if isinstance(forward, DEFS) and self._classes.is_module(node.node) is not ModuleClass.NO:
                yield _Root(forward, Traced.POSSIBLE, None)

    def _may_compile(self, func: ast.expr) -> bool:
        """A cheap test that every compile site passes: the method's name, or a name that an import or alias binds."""
        if isinstance(func, ast.Attribute):
            return func.attr in ("compile", "export")
        return isinstance(func, ast.Call) or (
            isinstance(func, ast.Name) and (func.id in self._torch_names or func.id in self._compilers)
        )

    def _roots_of_call(self, call: ast.Call, scope: Scope) -> Iterator[_Root]:
        compiled: list[DefNode] = []
        compilers = COMPILERS.intersection(self._names.of(call.func))
        if not compilers and self._compiles(call.func):
            compilers = frozenset({"torch.compile"})
        if compilers:
            named = [item.value for item in call.keywords if item.arg in ("model", "mod")]
            for subject in (*call.args[:1], *named):
                compiled += self._classes.functions_of(subject, scope)
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "compile":
            for owner in self._classes.instance_classes(call.func.value, scope):
                forward = self._classes.method(owner, "forward")
                is_overridden = self._classes.method(owner, "compile") is not None
                if forward is not None and not is_overridden and self._classes.is_module(owner) is ModuleClass.YES:
                    compiled.append(forward)
        for function in compiled:
            yield _Root(function, Traced.CERTAIN, (call.lineno, min(compilers, default="Module.compile")))

    def _compiles(self, expr: ast.expr) -> bool:
        """Whether calling ``expr`` on a function, or decorating one with it, compiles the function."""
        if "torch.compile" in self._names.of(expr) or self._configures_compile(expr):
            return True
        if not isinstance(expr, ast.Name) or expr.id not in self._compilers:
            return False
        found = self._walked.name_scope[expr].lookup(expr.id)
        return found is not None and any(isinstance(v, ast.expr) and self._configures_compile(v) for v in found[1])

    def _configures_compile(self, expr: ast.expr) -> bool:
        """``torch.compile(option=...)`` without a function, or ``functools.partial(torch.compile, ...)``."""
        match expr:
            case ast.Call(func=func, args=[], keywords=keywords):
                named = any(item.arg == "model" for item in keywords)
                return not named and "torch.compile" in self._names.of(func)
            case ast.Call(func=func, args=[inner]) if "functools.partial" in self._names.of(func):
                return "torch.compile" in self._names.of(inner)
            case _:
                return False


def _stores_same(target: ast.expr, value: ast.expr) -> bool:
    """Whether an assignment puts something in the place of what it was made from."""
    match target, value:
        case ast.Name(id=stored), ast.Name(id=loaded):
            return stored == loaded
        case ast.Attribute(attr=stored, value=ast.Name(id=owner)), ast.Attribute(attr=loaded, value=ast.Name(id=base)):
            return stored == loaded and owner == base
        case _:
            return False


def _tells_compiling(path: str) -> bool:
    owner, _, name = path.rpartition(".")
    return name in _TRUE_WHEN_COMPILING and owner.partition(".")[0] != "builtins"


def _statements_after(node: ast.stmt, around: ast.AST) -> list[ast.stmt]:
    """What follows a statement in its block, which lies somewhere in ``around``."""
    for parent in ast.walk(around):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and node in block:
                return block[block.index(node) + 1 :]
    return []
