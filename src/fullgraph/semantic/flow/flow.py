"""Values of one file's expressions, function by function, each interpreted when first asked about."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.elsewhere import Elsewhere
from fullgraph.semantic.flow.annotations import Annotations
from fullgraph.semantic.flow.attributes import Attributes
from fullgraph.semantic.flow.expressions import Evaluator, constant
from fullgraph.semantic.flow.outcomes import TENSOR as MAY_BE_TENSOR
from fullgraph.semantic.flow.parameters import (
    agreed,
    bound,
    callers_say_more,
    in_call,
    parameters,
    promised,
    proven_tensors,
    settled,
    starred,
)
from fullgraph.semantic.flow.plain import Plain
from fullgraph.semantic.flow.sole_input import compiled_functions, sole_input
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
    Static,
    Super,
    Value,
    join_all,
    path_of,
    settled_draws,
)
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import COMPREHENSIONS, DEFS, DefNode, Scope
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.walk import Walked

_CALL_DEPTH = 5
_CALLER_DEPTH = 3
_MOST_CONTEXTS = 6
_MOST_CALLERS = 12
_CHANGES_RESULT = frozenset({"property", "cached_property", "contextmanager", "overload", "abstractmethod", "setter"})

Context = tuple[DefNode, tuple[Value, ...]]


class Flow:
    """Answers what an expression of one walked file is at the place where it stands."""

    def __init__(self, walked: Walked, names: Names, classes: Classes, elsewhere: Elsewhere | None = None) -> None:
        self.walked = walked
        self.names = names
        self.classes = classes
        self.elsewhere = Elsewhere(walked, names, classes) if elsewhere is None else elsewhere
        self.annotations = Annotations(walked, names, classes, self.elsewhere.alias)
        self.attributes = Attributes(self)
        self.plain = Plain(self)
        self.depth = 0
        self._runs: dict[DefNode, Interpreter] = {}
        self._open: set[DefNode] = set()
        self._partial: dict[DefNode, Interpreter] = {}
        """Runs that lack what callers in a circle pass; kept for the question that is being answered only."""
        self._callers_depth = 0
        self._interpretations: dict[Context, Interpreter] = {}
        self._was_cut = False
        self._incomplete = False
        self._contexts: dict[DefNode, int] = {}
        self._active: list[DefNode] = []
        self._globals: dict[tuple[Scope, str], Value] = {}
        self._proven: dict[DefNode, frozenset[str]] = {}
        self._own: dict[ast.arg, Value] = {}
        self._bound_first: dict[DefNode, ast.arg | None] = {}

    def release(self) -> None:
        """Break the circles in what was found out, when nobody asks any more."""
        for part in (self.attributes, self.plain, self.annotations, self.elsewhere, self):
            vars(part).clear()

    def value(self, expr: ast.expr, scope: Scope) -> Value:
        """What an expression in a scope is; UNKNOWN outside functions, BOTTOM where it is not reached."""
        if scope.function is None:
            return UNKNOWN
        if isinstance(expr, ast.Constant):
            return constant(expr.value)
        return self.run(scope.function).values.get(expr, BOTTOM)

    def is_plain(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether an expression in a function surely is no tensor and no number out of one, as far as that is easy."""
        return scope.function is not None and self.plain.holds(expr)

    def may_be_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether an expression in a function may be a tensor, or hold one, as far as that is easy."""
        return scope.function is not None and self.plain.may_hold(expr) & MAY_BE_TENSOR != 0

    def of_self(self, expr: ast.expr, function: Scope) -> Value:
        """What an expression is in which the first parameter of a method is the only name."""
        env: dict[str, Value] = {}
        assert isinstance(function.node, DEFS)
        self._bind_self(function.node, env)
        return Evaluator(self, env).value(expr)

    def calls_in(self, function: Scope) -> Sequence[ast.Call]:
        """The calls that stand in a function."""
        return self._calls_by_function.get(function, ())

    def run(self, scope: Scope) -> Interpreter:
        """The interpretation of a function with what its parameters are for all that this file says."""
        node = scope.node
        assert isinstance(node, DEFS)
        if (known := self._runs.get(node)) is not None:
            return known
        if (known := self._partial.get(node)) is not None:
            self._incomplete = True
            return known
        self._open.add(node)
        active, self._active = self._active, []
        was_cut, self._was_cut = self._was_cut, False
        incomplete, self._incomplete = self._incomplete, False
        depth, self.depth = self.depth, 0
        run = self._interpreted(node, self._parameters(node))
        self._active, self.depth, self._was_cut = active, depth, was_cut
        self._open.discard(node)
        if not self._open:
            self._partial.clear()
        if not self._incomplete or not self._open:
            self._runs[node] = run
        else:
            self._partial[node] = run
        self._incomplete = incomplete or self._incomplete
        return run

    def _interpreted(self, node: DefNode, env: dict[str, Value]) -> Interpreter:
        """One run over a function with these parameters; remembered unless calls in it were too deep to follow."""
        key: Context = (node, tuple(env.values()))
        if (known := self._interpretations.get(key)) is not None:
            return known
        outside, self._was_cut = self._was_cut, False
        self._active.append(node)
        run = Interpreter(self, dict(env), self._declared(node))
        run.run(node.body)
        self._active.pop()
        if not self._was_cut:
            self._interpretations[key] = run
        self._was_cut = outside or self._was_cut
        return run

    def _parameters(self, node: DefNode) -> dict[str, Value]:
        env = starred(node.args)
        passed: dict[str, list[Value]] | None = None
        bound_first = self.bound_first(node)
        for arg, default in parameters(node.args):
            own = self.own_value(node, arg, default)
            if arg is not bound_first and callers_say_more(arg, own) and self._may_pass_other(node, arg, own):
                if passed is None:
                    passed = self._passed(node)
                own = settled(own, agreed(passed[arg.arg])) if arg.arg in passed else own
            env[arg.arg] = own
        self._bind_self(node, env)
        return env

    def _may_pass_other(self, node: DefNode, arg: ast.arg, own: Value) -> bool:
        """Whether callers may pass a tensor for a number; for anything else they always may say more."""
        if not any(isinstance(item, Static) for item in own.options):
            return True
        given = self.given_by_callers(node, arg) if isinstance(own, Static) else ()
        return any(self.plain.may_hold(each) & MAY_BE_TENSOR for each in given)

    def _declared(self, node: DefNode) -> dict[str, Value]:
        """Parameters that are annotated as tensors, and stay tensors when something unknown is assigned to them."""
        named = [(arg.arg, arg.annotation) for arg, _ in parameters(node.args) if arg.annotation is not None]
        return {name: TENSOR for name, annotation in named if self.annotations.of(annotation).tensor is not None}

    def own_value(self, node: DefNode, arg: ast.arg, default: ast.expr | None) -> Value:
        """What a parameter is by its annotation, or by what the function does with it."""
        if (known := self._own.get(arg)) is None:
            known = self._own[arg] = self._promised_value(node, arg, default)
        return known

    def _promised_value(self, node: DefNode, arg: ast.arg, default: ast.expr | None) -> Value:
        value = promised(arg, default, self.annotations)
        if value is UNKNOWN and arg.annotation is None and arg.arg in self._proven_tensors(node):
            return OPTIONAL_TENSOR if isinstance(default, ast.Constant) and default.value is None else TENSOR
        return value

    def _proven_tensors(self, node: DefNode) -> frozenset[str]:
        if (known := self._proven.get(node)) is None:
            scope = self.walked.functions[node].scope
            calls = self.calls_in(scope)
            known = proven_tensors(node, scope, calls, self.names)
            if not known and node in self._compiled:
                sole = sole_input(node, scope, self.walked, self.names)
                known = frozenset() if sole is None else frozenset((sole,))
            self._proven[node] = known
        return known

    @cached_property
    def _compiled(self) -> frozenset[ast.AST]:
        return compiled_functions(self.walked, self.names)

    def _bind_self(self, node: DefNode, env: dict[str, Value]) -> None:
        """Let the first parameter of a method stand for an instance, or the class."""
        first = self.bound_first(node)
        owner = self.walked.functions[node].owner
        if first is not None and owner is not None:
            is_class = any(isinstance(item, ast.Name) and item.id == "classmethod" for item in node.decorator_list)
            env[first.arg] = ClassOf(owner) if is_class else Instance(owner)

    def bound_first(self, node: DefNode) -> ast.arg | None:
        """The parameter of a method that is bound already where it is called."""
        if node not in self._bound_first:
            positional = node.args.posonlyargs or node.args.args
            is_static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in node.decorator_list)
            is_bound = self.walked.functions[node].owner is not None and not is_static and positional
            self._bound_first[node] = positional[0] if is_bound else None
        return self._bound_first[node]

    # ------------------------------------------------------------------ callers

    @cached_property
    def _calls_by_function(self) -> dict[Scope, list[ast.Call]]:
        """Calls by the function they stand in."""
        found: dict[Scope, list[ast.Call]] = {}
        for call, scope in self.walked.calls:
            if scope.function is not None:
                found.setdefault(scope.function, []).append(call)
        return found

    def _passed(self, node: DefNode) -> dict[str, list[Value]]:
        """What callers in this file pass, by parameter; empty where that is not known of each of them."""
        found: dict[str, list[Value]] = {}
        callers = self._callers(node)
        if len(callers) > _MOST_CALLERS:
            return found
        if callers and self._callers_depth >= _CALLER_DEPTH:
            self._incomplete = True
            return found
        self._callers_depth += 1
        for caller in callers:
            if caller.node in self._open:
                self._incomplete = True
                continue
            for entered, values in self.run(caller).entered:
                if entered is node:
                    for name, value in values.items():
                        found.setdefault(name, []).append(value)
        self._callers_depth -= 1
        return found

    def _callers(self, node: DefNode) -> list[Scope]:
        functions = dict.fromkeys(scope.function for _, scope in self.walked.calls_of(self._called_names(node)))
        return [each for each in functions if each is not None and each.node is not node]

    def _called_names(self, node: DefNode) -> list[str]:
        """Last names of what is called where a function is entered."""
        owner = self.walked.functions[node].owner
        holders = self.attributes.holders(owner) if owner is not None and node.name in ("forward", "__call__") else []
        return [node.name, *holders]

    def given_by_callers(self, node: DefNode, arg: ast.arg) -> Iterator[ast.expr]:
        """All that callers in this file may pass for a parameter."""
        callers = self._callers(node)
        if len(callers) > _MOST_CALLERS:
            return
        names = self._called_names(node)
        positions = [*node.args.posonlyargs, *node.args.args]
        last = positions.index(arg) if arg in positions else -1
        first = last if self.walked.functions[node].owner is None else last - 1
        for call, scope in self.walked.calls_of(names):
            if scope.function in callers:
                yield from (keyword.value for keyword in call.keywords if keyword.arg == arg.arg)
                yield from call.args[max(first, 0) : last + 1]

    # ------------------------------------------------------------------ calls

    def returned(
        self, caller: Evaluator, node: DefNode, receiver: Value | None, given: Arguments, *, is_used: bool = True
    ) -> Value:
        """What a function of this file returns for these arguments."""
        skipped = 1 if receiver is not None else 0
        values = bound(node, given, skipped)
        caller.entered.append((node, values))
        return self._result(caller, node, receiver, values) if is_used else UNKNOWN

    def promised_result(self, node: DefNode) -> Value | None:
        """What a function returns whatever it is given, if its head tells as much as its body would."""
        if isinstance(node, ast.AsyncFunctionDef) or self.changes_result(node):
            return UNKNOWN
        promise = self.annotations.of(node.returns)
        if promise is not UNKNOWN and (promise.tensor is None or promise.tensor.dtype is not None):
            return promise
        return None

    def _result(self, caller: Evaluator, node: DefNode, receiver: Value | None, values: dict[str, Value]) -> Value:
        if (known_before := self.promised_result(node)) is not None:
            return known_before
        promise = self.annotations.of(node.returns)
        env = self._entry_values(node, receiver, values)
        known = self._interpretations.get((node, tuple(env.values())))
        if known is None:
            contexts = self._contexts.get(node, 0)
            if node in self._active or contexts >= _MOST_CONTEXTS or len(self._active) >= _CALL_DEPTH:
                self._was_cut = True
                return promise
            self._contexts[node] = contexts + 1
            known = self._interpreted(node, env)
        found = UNKNOWN if known.is_generator else known.returned
        if known.is_broken:
            caller.broken()
            found = settled_draws(found)
        return found if found is not UNKNOWN else promise

    def _entry_values(self, node: DefNode, receiver: Value | None, values: dict[str, Value]) -> dict[str, Value]:
        """What the parameters are in a call that passes these values, as far as they say more than the function."""
        env = starred(node.args)
        for arg, default in parameters(node.args):
            own = self.own_value(node, arg, default)
            given = values.get(arg.arg)
            if given is None:
                env[arg.arg] = self.constant(default) if own is UNKNOWN and isinstance(default, ast.Constant) else own
            else:
                env[arg.arg] = in_call(settled(own, given), given)
        self._bind_self(node, env)
        if isinstance(receiver, (Instance, ClassOf)) and (first := next(iter(node.args.args), None)) is not None:
            env[first.arg] = receiver
        return env

    def result_for_all(self, node: DefNode, assumed: dict[str, Value]) -> Value:
        """What a function returns whatever it is given, apart from what is assumed of parameters."""
        env = starred(node.args)
        env.update({arg.arg: self.own_value(node, arg, default) for arg, default in parameters(node.args)})
        env.update({name: value for name, value in assumed.items() if env[name] is UNKNOWN})
        self._bind_self(node, env)
        run = self._interpreted(node, env)
        return UNKNOWN if run.is_generator else run.returned

    def constant(self, node: ast.expr) -> Value:
        """What an expression is that stands outside functions."""
        return Evaluator(self, {}).value(node)

    @staticmethod
    def changes_result(node: DefNode) -> bool:
        """Whether a decorator gives callers something else than what the function returns."""
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
        if found[0].function is not None:
            return self._closed_over(name, scope, found[0])
        if (known := self._globals.get(key)) is None:
            self._globals[key] = UNKNOWN
            known = self._globals[key] = self._value_of_bindings(name, found[0])
        return known

    def _value_of_bindings(self, name: ast.Name, home: Scope) -> Value:
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
        if function is not function.function or function is scope.function:
            return UNKNOWN
        if function.node in self._open:
            self._incomplete = self._was_cut = True
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
        return self.attributes.method(cls, "__call__") or self.attributes.method(cls, "forward")

    def made(self, caller: Evaluator, cls: ast.ClassDef, given: Arguments) -> Value:
        """What calling a class of this file gives."""
        del caller, given
        return Instance(cls)

    def is_typed_dict(self, cls: ast.ClassDef) -> bool:
        """Whether a class is a ``TypedDict``, which has its fields as items."""
        return any(path.endswith(".TypedDict") for base in cls.bases for path in self.names.of(base))

    def is_module(self, cls: ast.ClassDef) -> bool:
        """Whether a class is, or may be, an ``nn.Module``."""
        return self.classes.is_module(cls) is not ModuleClass.NO
