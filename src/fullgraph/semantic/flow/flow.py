"""Values of one file's expressions, function by function, each interpreted when first asked about."""

from __future__ import annotations

import ast
from functools import cached_property

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.flow.annotations import Annotations
from fullgraph.semantic.flow.attributes import Attributes
from fullgraph.semantic.flow.expressions import Evaluator
from fullgraph.semantic.flow.parameters import agreed, bound, parameters, promised, proven_tensors, settled, starred
from fullgraph.semantic.flow.statements import Interpreter
from fullgraph.semantic.flow.torch_calls import Arguments
from fullgraph.semantic.flow.value import (
    BOTTOM,
    OPTIONAL_TENSOR,
    TENSOR,
    UNKNOWN,
    ClassOf,
    Function,
    Instance,
    Super,
    Value,
    join_all,
    path_of,
)
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import COMPREHENSIONS, DEFS, DefNode, Scope
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.walk import Walked

_CALL_DEPTH = 3
_CALLER_DEPTH = 3
_MOST_CONTEXTS = 4
_MOST_CALLERS = 12
_CHANGES_RESULT = frozenset({"property", "cached_property", "contextmanager", "overload", "abstractmethod", "setter"})

Context = tuple[DefNode, tuple[tuple[str, Value], ...]]


class Flow:
    """Answers what an expression of one walked file is at the place where it stands."""

    def __init__(self, walked: Walked, names: Names, classes: Classes) -> None:
        self.walked = walked
        self.names = names
        self.classes = classes
        self.annotations = Annotations(names, classes)
        self.attributes = Attributes(self)
        self.depth = 0
        self._runs: dict[DefNode, Interpreter] = {}
        self._open: set[DefNode] = set()
        self._callers_depth = 0
        self._returned: dict[Context, Value] = {}
        self._contexts: dict[DefNode, int] = {}
        self._active: list[DefNode] = []
        self._globals: dict[tuple[Scope, str], Value] = {}
        self._proven: dict[DefNode, frozenset[str]] = {}

    def value(self, expr: ast.expr, scope: Scope) -> Value:
        """What an expression in a scope is; UNKNOWN outside functions, BOTTOM where it is not reached."""
        if scope.function is None:
            return UNKNOWN
        return self.run(scope.function).values.get(expr, BOTTOM)

    def run(self, scope: Scope) -> Interpreter:
        """The interpretation of a function with what its parameters are for all that this file says."""
        node = scope.node
        assert isinstance(node, DEFS)
        if (known := self._runs.get(node)) is not None:
            return known
        self._open.add(node)
        env = self._parameters(node, scope)
        run = Interpreter(self, env)
        outside, self.depth = self.depth, 0
        run.run(node.body)
        self.depth = outside
        self._open.discard(node)
        self._runs[node] = run
        return run

    def _parameters(self, node: DefNode, scope: Scope) -> dict[str, Value]:
        env = starred(node.args)
        passed: dict[str, list[Value]] | None = None
        for arg, default in parameters(node.args):
            own = self._own(node, arg, default)
            if own is UNKNOWN or self._may_lose(own):
                if passed is None:
                    passed = self._passed(node)
                own = settled(own, agreed(passed[arg.arg])) if arg.arg in passed else own
            env[arg.arg] = own
        self._bind_self(node, env)
        return env

    def _own(self, node: DefNode, arg: ast.arg, default: ast.expr | None) -> Value:
        value = promised(arg, default, self.annotations)
        if value is UNKNOWN and arg.annotation is None and arg.arg in self._proven_tensors(node):
            return OPTIONAL_TENSOR if isinstance(default, ast.Constant) and default.value is None else TENSOR
        return value

    @staticmethod
    def _may_lose(own: Value) -> bool:
        tensor = own.tensor
        return tensor is None or tensor.dtype is None

    def _proven_tensors(self, node: DefNode) -> frozenset[str]:
        if (known := self._proven.get(node)) is None:
            known = self._proven[node] = proven_tensors(node, self.names)
        return known

    def _bind_self(self, node: DefNode, env: dict[str, Value]) -> None:
        """Let the first parameter of a method stand for an instance, or the class."""
        info = self.walked.functions.get(node)
        first = next(iter((*node.args.posonlyargs, *node.args.args)), None)
        if info is None or info.owner is None or first is None:
            return
        kinds = {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
        if "classmethod" in kinds:
            env[first.arg] = ClassOf(info.owner)
        elif "staticmethod" not in kinds:
            env[first.arg] = Instance(info.owner)

    # ------------------------------------------------------------------ callers

    @cached_property
    def _calls_by_name(self) -> dict[str, list[Scope]]:
        """Functions in which something of this name is called."""
        found: dict[str, list[Scope]] = {}
        for call, scope in self.walked.calls:
            match call.func:
                case ast.Name(id=name) | ast.Attribute(attr=name) if scope.function is not None:
                    places = found.setdefault(name, [])
                    if scope.function not in places:
                        places.append(scope.function)
                case _:
                    continue
        return found

    def _passed(self, node: DefNode) -> dict[str, list[Value]]:
        """What callers in this file pass, by parameter; empty where that is not known of each of them."""
        found: dict[str, list[Value]] = {}
        callers = self._callers(node)
        if self._callers_depth >= _CALLER_DEPTH or len(callers) > _MOST_CALLERS:
            return found
        self._callers_depth += 1
        for caller in callers:
            if caller.node in self._open:
                continue
            for entered, values in self.run(caller).entered:
                if entered is node:
                    for name, value in values.items():
                        found.setdefault(name, []).append(value)
        self._callers_depth -= 1
        return found

    def _callers(self, node: DefNode) -> list[Scope]:
        info = self.walked.functions[node]
        names = [node.name]
        if info.owner is not None and node.name in ("forward", "__call__"):
            names += self.attributes.holders(info.owner)
        places = [scope for name in names for scope in self._calls_by_name.get(name, ())]
        return list(dict.fromkeys(scope for scope in places if scope.node is not node))

    # ------------------------------------------------------------------ calls

    def returned(self, caller: Evaluator, node: DefNode, receiver: Value | None, given: Arguments) -> Value:
        """What a function of this file returns for these arguments."""
        skipped = 1 if receiver is not None else 0
        values = bound(node, given, skipped)
        caller.entered.append((node, values))
        return self._result(node, receiver, values)

    def _result(self, node: DefNode, receiver: Value | None, values: dict[str, Value]) -> Value:
        promise = self.annotations.of(node.returns)
        if isinstance(node, ast.AsyncFunctionDef) or self._changes_result(node):
            return UNKNOWN
        if promise is not UNKNOWN and (promise.tensor is None or promise.tensor.dtype is not None):
            return promise
        env = self._entry_values(node, receiver, values)
        key: Context = (node, tuple(sorted(env.items(), key=lambda item: item[0])))
        if (known := self._returned.get(key)) is not None:
            return known if known is not UNKNOWN else promise
        if node in self._active or len(self._active) >= _CALL_DEPTH or self._contexts.get(node, 0) >= _MOST_CONTEXTS:
            return promise
        self._contexts[node] = self._contexts.get(node, 0) + 1
        self._active.append(node)
        run = Interpreter(self, {**starred(node.args), **env})
        run.run(node.body)
        self._active.pop()
        found = UNKNOWN if _is_generator(node) else run.returned
        self._returned[key] = found
        return found if found is not UNKNOWN else promise

    def _entry_values(self, node: DefNode, receiver: Value | None, values: dict[str, Value]) -> dict[str, Value]:
        env: dict[str, Value] = {}
        for arg, default in parameters(node.args):
            value = values.get(arg.arg)
            if value is None or value is UNKNOWN:
                own = self._own(node, arg, default)
                if value is None and own is UNKNOWN and isinstance(default, ast.Constant):
                    own = self.constant(default)
                value = own
            env[arg.arg] = value
        self._bind_self(node, env)
        if isinstance(receiver, (Instance, ClassOf)) and (first := next(iter(node.args.args), None)) is not None:
            env[first.arg] = receiver
        return env

    def constant(self, node: ast.expr) -> Value:
        """What an expression is that stands outside functions."""
        return Evaluator(self, {}).value(node)

    @staticmethod
    def _changes_result(node: DefNode) -> bool:
        for decorator in node.decorator_list:
            match decorator:
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in _CHANGES_RESULT:
                    return True
                case _:
                    continue
        return False

    # ------------------------------------------------------------------ names and classes

    def outer_value(self, name: ast.Name) -> Value:
        """What a name is that the function it stands in does not assign."""
        scope = self.walked.name_scope.get(name)
        if scope is None:
            return UNKNOWN
        found = scope.lookup(name.id)
        if found is None:
            paths = self.names.of(name)
            return path_of(paths) if paths else UNKNOWN
        key = found[0], name.id
        if (known := self._globals.get(key)) is None:
            self._globals[key] = UNKNOWN
            known = self._globals[key] = self._value_of_bindings(name, scope, found[0])
        return known

    def _value_of_bindings(self, name: ast.Name, scope: Scope, home: Scope) -> Value:
        if home.function is not None:
            return self._closed_over(name, scope, home)
        bindings = home.bindings[name.id]
        match bindings:
            case [ast.FunctionDef() | ast.AsyncFunctionDef() as function]:
                return Function(function)
            case [ast.ClassDef() as cls]:
                return ClassOf(cls)
            case _:
                paths = self.names.of(name)
        if paths:
            return path_of(paths)
        values = [item for item in bindings if isinstance(item, ast.expr)]
        if len(values) != len(bindings) or any(isinstance(item, ast.Name) for item in values):
            return UNKNOWN
        return join_all(self.constant(item) for item in values)

    def _closed_over(self, name: ast.Name, scope: Scope, home: Scope) -> Value:
        """A name of a function around: all that it is ever assigned there."""
        function = home
        while isinstance(function.node, COMPREHENSIONS) and function.parent is not None:
            function = function.parent
        if function is not function.function or function is scope.function or function.node in self._open:
            return UNKNOWN
        return self.run(function).assigned.get(name.id, UNKNOWN)

    def super_of(self, call: ast.Call) -> Value:
        """What ``super()`` stands for."""
        if not isinstance(call.func, ast.Name) or (scope := self.walked.name_scope.get(call.func)) is None:
            return UNKNOWN
        function = scope.function
        info = self.walked.functions.get(function.node) if function is not None else None
        return Super(info.owner) if info is not None and info.owner is not None else UNKNOWN

    def attribute(self, base: Value, cls: ast.ClassDef, name: str) -> Value:
        """What an attribute of an instance of a class of this file is."""
        return self.attributes.of(base, cls, name)

    def class_attribute(self, cls: ast.ClassDef, name: str) -> Value:
        """What an attribute of a class of this file is."""
        return self.attributes.of_class(cls, name)

    def entry(self, cls: ast.ClassDef) -> DefNode | None:
        """The method that calling an instance enters."""
        return self.classes.method(cls, "__call__") or self.classes.method(cls, "forward")

    def made(self, caller: Evaluator, cls: ast.ClassDef, given: Arguments) -> Value:
        """What calling a class of this file gives."""
        del caller, given
        return Instance(cls)

    def is_module(self, cls: ast.ClassDef) -> bool:
        """Whether a class is, or may be, an ``nn.Module``."""
        return self.classes.is_module(cls) is not ModuleClass.NO


def _is_generator(node: DefNode) -> bool:
    todo: list[ast.AST] = [*node.body]
    while todo:
        current = todo.pop()
        if isinstance(current, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(current, (*DEFS, ast.Lambda, ast.ClassDef)):
            todo += ast.iter_child_nodes(current)
    return False
