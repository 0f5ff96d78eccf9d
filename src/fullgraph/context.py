"""What a rule's handlers may ask about the file that they look at."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterator
from dataclasses import replace
from functools import cache

from fullgraph.intents import Fix
from fullgraph.rule import Hit, Severity
from fullgraph.semantic import conditions, devices, keys, tables
from fullgraph.semantic.aside import is_about_data
from fullgraph.semantic.compiled import STARTS, compiled_argument
from fullgraph.semantic.first_use import is_set_up_once
from fullgraph.semantic.flow.value import Value
from fullgraph.semantic.foreign import Bypass
from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.loops import loops_around
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.positions import source_text
from fullgraph.semantic.renames import rename
from fullgraph.semantic.renames import replace as replace_call
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.sizes import is_shape, is_size
from fullgraph.semantic.traced import ChainStep, ModuleClass, Traced, TracedBy
from fullgraph.semantic.turns import Turn
from fullgraph.semantic.varied import Variety
from fullgraph.semantic.waits import only_asks
from fullgraph.semantic.walk import base_name
from fullgraph.torchfacts import (
    Deprecation,
    TorchRange,
    deprecation,
    is_private,
    may_change,
    private_name,
    replacement,
)
from fullgraph.uses import MissingName, PrivateUse, missing_in


@cache
def _range(releases: str) -> TorchRange:
    return TorchRange.parse(releases)


_UNBOUND = frozenset({"builtins.classmethod", "builtins.staticmethod", "abc.abstractmethod"})
_ANNOTATED = (ast.arg, ast.AnnAssign)


class Context:
    """What a handler may ask about the file it looks at. Nothing here raises on user code."""

    __slots__ = ("_matched", "_model", "_scope", "releases", "target")

    def __init__(self, model: FileModel, releases: TorchRange) -> None:
        self._model = model
        self._scope: Scope = model.walked.root
        self._matched: dict[re.Pattern[str], bool] = {}
        self.releases = releases
        self.target = releases.oldest

    def enter(self, scope: Scope) -> None:
        """Set the scope of the node that is looked at next; the engine calls this."""
        self._scope = scope

    def at(
        self,
        node: ast.AST,
        *,
        severity: Severity | None = None,
        cause: Hashable | None = None,
        fix: Fix | None = None,
        unless: tuple[str, ...] = (),
        breaks_in: tuple[ast.AST, ...] = (),
        fatal: bool = False,
        **arguments: str,
    ) -> Hit:
        """A hit at ``node``, with values for the fields of the rule's message."""
        return Hit(node, arguments, severity, cause, fix, unless, breaks_in, fatal)

    def by_way_of(self, hit: Hit, steps: tuple[ChainStep, ...]) -> Hit:
        """The same hit with the places by which it follows, if some are of other files."""
        is_across = any(step.filename != self._model.filename for step in steps)
        return replace(hit, hops=steps) if is_across else hit

    def names(self, expr: ast.expr) -> tuple[str, ...]:
        """Every dotted path that ``expr`` may stand for; empty when unknown."""
        return self._model.names.of(expr)

    def private_use(self, expr: ast.expr) -> PrivateUse | None:
        """What is known of the private torch name that ``expr`` stands for; None if it stands for none."""
        path = next((path for path in self.names(expr) if is_private(path)), None)
        if path is None:
            return None
        known = private_name(path)
        owner = path
        while known is None and is_private(owner := owner.rpartition(".")[0]):
            known = private_name(owner)
        if known is None:
            return PrivateUse(path, None, None)
        public = known.public_at(self.target)
        if public is not None and known.name != path:
            public = replace(public, name=public.name + path[len(known.name) :])
        return PrivateUse(path, known, public)

    def missing_in(self, path: str) -> MissingName | None:
        """The part of ``path`` that surely does not exist in some of the releases aimed at.

        None where every release has it, or the tables do not tell.
        """
        return missing_in(path, self.releases)

    def aims_at(self, releases: str) -> bool:
        """Whether some of the releases aimed at are among these, such as ``>=2.4,<2.9``; an empty text means all."""
        return not releases or _range(releases).meets(self.releases)

    def mentions(self, *words: str) -> bool:
        """Whether one of these words stands anywhere in the file."""
        return any(word in self._model.text for word in words)

    def imports(self, package: str) -> bool:
        """Whether some name of the file may stand for this top-level package, or something inside it."""
        return bool(self._model.names.bound_names((package,)))

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found anywhere in the text of the file, which is searched once: for cheap refusals.

        A pattern that begins with plain characters is found ten times as fast as one that begins with alternatives.
        """
        if (known := self._matched.get(pattern)) is None:
            known = self._matched[pattern] = pattern.search(self._model.text) is not None
        return known

    def made_by(self, expr: ast.expr) -> tuple[str, ...]:
        """Dotted paths of the callables one of which surely made what ``expr`` holds; empty where that is unknown."""
        return self._model.makers.of(expr, self._scope)

    def imported_path(self, expr: ast.expr) -> str | None:
        """The path under which an import binds the name that ``expr`` begins with, if nothing else binds it."""
        while isinstance(expr, ast.Attribute):
            expr = expr.value
        scope = self._model.walked.name_scope.get(expr) if isinstance(expr, ast.Name) else None
        found = scope.lookup(expr.id) if scope is not None and isinstance(expr, ast.Name) else None
        paths = {item for item in found[1] if isinstance(item, str)} if found is not None else set()
        return paths.pop() if len(paths) == 1 else None

    def deprecation(self, path: str) -> Deprecation | None:
        """What is known of the deprecated ``path``, if it warns in each of the releases aimed at."""
        known = deprecation(path) if may_change(path) else None
        return known if known is not None and all(map(known.warns_at, self.releases.releases())) else None

    def is_guarded(self, node: ast.AST, path: str, *, broad: bool = True) -> bool:
        """Whether the use of ``path`` at ``node`` is prepared for a torch without it, or is not evaluated at all.

        It is where the file asks for one of its names, and inside or after what catches the error or is about versions.
        Without ``broad``, a handler that catches every ``Exception`` is not made for that.
        """
        return self._model.guards.covers(node, path, broad=broad)

    def rename(self, node: ast.expr, use: PrivateUse) -> Fix | None:
        """How to use the public name at ``node``; None if there is none.

        The fix is safe where both names are surely the same for this very call or value, and is only shown, with the
        reason, where the file does not say enough or the public name does not take what the private one is given.
        """
        if use.known is None or use.public is None:
            return None
        return rename(self._model, node, use.path, use.known, use.public, self.releases)

    def replacement(self, node: ast.expr, path: str) -> Fix | None:
        """How to call what stands in for the deprecated ``path``, which ``node`` calls or decorates with.

        None where the table has nothing that is known to do the same.
        """
        known = replacement(path)
        return None if known is None else replace_call(self._model, node, known, self.releases)

    def uses_beside(self, path: str, node: ast.AST) -> bool:
        """Whether the function around ``node`` also uses ``path``; at module level, the ``if`` or ``try`` around it."""
        function = self._scope.function
        rows = None if function is not None else self._branch_rows(node)
        if function is None and rows is None:
            return False
        walked = self._model.walked
        for name in self._model.names.bound_names((path.partition(".")[0],)):
            for chain in walked.chains.get(name, ()):
                if path in self._model.names.of(chain):
                    if rows is None:
                        near = walked.name_scope[base_name(chain)].function is function
                    else:
                        near = rows[0] <= chain.lineno <= rows[1]
                    if near:
                        return True
        return False

    def is_fallback(self, node: ast.AST, use: PrivateUse) -> bool:
        """Whether the public name, which a later release aimed at has, is used beside the private one at ``node``."""
        known = use.known
        if known is None or known.public is None or known.public.since > self.releases.newest:
            return False
        return self.uses_beside(known.public.name + use.path[len(known.name) :], node)

    def _branch_rows(self, node: ast.AST) -> tuple[int, int] | None:
        """First and last row of the outermost ``if`` or ``try`` around ``node``."""
        found: tuple[int, int] | None = None
        current = self.parent(node)
        while current is not None:
            if isinstance(current, (ast.If, ast.Try, ast.IfExp)):
                found = current.lineno, current.end_lineno or current.lineno
            current = self.parent(current)
        return found

    def kind(self, expr: ast.expr) -> Kind:
        """What ``expr`` is, or ``Kind.UNKNOWN``."""
        return self._model.kinds.of(expr)

    def value(self, expr: ast.expr) -> Value:
        """What ``expr`` is where it stands: UNKNOWN outside functions, BOTTOM where it is not reached.

        The function around it is interpreted at the first question, so ask cheap ones about syntax first.
        """
        return self._model.flow.value(expr, self._scope)

    def waits(self, expr: ast.expr) -> bool:
        """Whether evaluating ``expr`` surely makes the host wait for a tensor, unless that lies on the host anyway.

        Not for what is made on the host, as far as this file says.
        """
        return self._model.waits.at(expr, self._scope)

    def waits_for_truth(self, condition: ast.expr) -> bool:
        """Whether deciding about ``condition`` does so, apart from what evaluating its parts does."""
        return self._model.waits.for_truth(condition, self._scope)

    def only_asks(self, condition: ast.expr) -> bool:
        """Whether a condition asks only what something is, as ``x is None`` does: the same at every turn of a loop."""
        return only_asks(condition)

    def may_wait(self) -> bool:
        """Whether `waits` and `waits_for_truth` are worth asking in the function that is looked at."""
        return self._model.waits.may_be_in(self._scope)

    def varied_at(self, parameter: ast.arg, variety: Variety) -> str | None:
        """Where a loop calls the function looked at with another ``parameter`` at each turn.

        ``in line 12``, or, in another file of the project, ``at train.py:12``; None if no loop surely does.
        """
        function = self.function()
        if function is None:
            return None
        loop = self._model.varied.loop_over(function, parameter.arg, variety)
        if loop is not None:
            return f"in line {loop.lineno}"
        step = self._model.passed_elsewhere(function, parameter.arg, variety)
        return None if step is None else f"at {step.filename}:{step.row}"

    def given(self, parameter: ast.arg) -> tuple[ast.expr, ...]:
        """What all calls in this file pass for a parameter of one of its functions; empty where that is not clear."""
        return self._model.varied.given(parameter)

    def turns(self, compiled: ast.Call) -> Iterator[tuple[ast.Call, Turn]]:
        """Calls in loops of this file of what ``torch.compile(...)`` returned, also as a decorator, with the loops."""
        return self._model.varied.turns(compiled)

    def has_other_size(self, argument: ast.expr, turn: Turn) -> bool:
        """Whether an argument of a call surely is a tensor of another size at every turn of a loop."""
        return self._model.varied.has_other_size(argument, turn)

    def sized_at(self, compiled: ast.Call) -> tuple[str, str, str] | None:
        """Where a loop of another file passes tensors of other sizes to what ``torch.compile(...)`` returned.

        Its place, such as ``at train.py:12``, how it spells such a tensor, and what this file calls the outcome.
        """
        step = self._model.sized_by(compiled, self._scope)
        if step is None:
            return None
        return f"at {step.filename}:{step.row}", step.name, self._model.holder_of(compiled, self._scope)

    def read_elsewhere(self, target: ast.expr) -> ChainStep | None:
        """Where a compiled function of another file, called beside it, reads what is assigned to ``target``."""
        return self._model.read_by(target, self._scope) if isinstance(target, ast.Attribute) else None

    def turns_around(self, node: ast.AST) -> Iterator[Turn]:
        """The loops of the function looked at that ``node`` stands in the body of, innermost first."""
        return self._model.varied.loops_of(node, self._scope)

    def compiled_calls(self, within: ast.AST) -> Iterator[tuple[ast.Call, ast.expr | None, DefNode]]:
        """Calls in a part of this file that enter a compiled function of it, with that.

        And between them what ``torch.compile`` was given, where it is no decorator.
        """
        return self._model.varied.compiled_calls(within)

    def is_first_use(self, name: ast.Name) -> bool:
        """Whether each call of the function looked at surely comes to ``name``, and no use of it stands before."""
        function = self.function()
        if function is None:
            return False
        loads = [
            part
            for statement in function.body
            for part in ast.walk(statement)
            if isinstance(part, ast.Name) and part.id == name.id
        ]
        if min(loads, key=lambda part: (part.lineno, part.col_offset)) is not name:
            return False
        return any(part is name for place in self.surely_run(function) for part in ast.walk(place))

    def is_aside(self, node: ast.AST) -> bool:
        """Whether the code around ``node`` is not there to be fast: it sets up, saves, shows, tests or reads data.

        Also what stands in an ``assert``, a ``raise`` or an exception's handler.
        """
        return self._model.waits.is_aside(node, self._scope)

    def moves_device(self, call: ast.Call) -> bool:
        """Whether a call of ``to``, ``cuda`` or ``cpu`` surely asks for a device, and not for a dtype or the like."""
        return isinstance(call.func, ast.Attribute) and devices.moves_device(call, call.func.attr, self)

    def may_be_elsewhere(self, receiver: ast.expr, call: ast.Call) -> bool:
        """Whether ``receiver`` may be on another device than the one that ``receiver.to(...)`` asks for.

        Not where the devices agree as a rule, unless this file shows that they do not.
        """
        return devices.may_be_elsewhere(receiver, call, self)

    def is_made_on_host(self, expr: ast.expr) -> bool:
        """Whether a tensor with dimensions is made without a device, or taken to the host, and stays there."""
        return devices.is_made_on_host(expr, self)

    def maker(self, expr: ast.expr) -> ast.expr | None:
        """What makes a tensor in the function looked at: ``torch.arange`` of ``torch.arange(3).float()``."""
        return devices.maker(expr, self)

    def compares_devices(self, test: ast.expr) -> bool:
        """Whether a test, or a part of it, asks if state of ``self`` and a parameter are on different devices."""
        return devices.compares_devices(test, self)

    def varies(self, key: ast.expr) -> bool:
        """Whether a key of a dict may differ from call to call: in traced code, whether it comes from a parameter."""
        return keys.varies(key, self)

    def is_fixed_key(self, key: ast.expr) -> bool:
        """Whether all that a key of a dict is computed from is constant, or goes through constants only."""
        return keys.is_fixed(key, self)

    def maps_tuples(self, annotation: ast.expr) -> bool:
        """Whether an annotation, or a part of it, is of a dict whose keys are tuples."""
        return tables.maps_tuples(annotation, self)

    def promises_tensors(self, annotation: ast.expr) -> bool:
        """Whether an annotation mentions a tensor type."""
        return tables.promises_tensors(annotation, self)

    def is_used_as_dict(self, node: ast.AST, container: ast.expr) -> bool:
        """Whether what ``node`` uses is surely a dict, and holds tensors or is used in traced code."""
        return tables.is_used_as_dict(node, container, self)

    def deciding(self, condition: ast.expr) -> Iterator[ast.expr]:
        """The parts of a condition whose truth decides about it."""
        return conditions.deciding(condition)

    def is_free_condition(self, part: ast.expr) -> bool:
        """Whether a condition surely asks nothing of a tensor's values, by how it is written."""
        return conditions.is_free(part)

    def is_flag(self, name: ast.Name) -> bool:
        """Whether a name is a parameter annotated as a flag or a text, and nothing else."""
        return conditions.is_flag(name, self)

    def is_in_condition(self, node: ast.expr) -> bool:
        """Whether an expression is a part of a condition, or of ``and``, ``or`` and ``not``."""
        return conditions.is_in_condition(node, self)

    def was_asked(self, part: ast.expr) -> bool:
        """Whether an earlier condition of the function asks for the same value of a name."""
        return conditions.was_asked(part, self)

    def is_for_half(self, condition: ast.expr) -> bool:
        """Whether what a condition asks of a tensor is asked only of tensors of ``torch.float16``."""
        return conditions.is_for_half(condition, self)

    def is_set_up_once(self, node: ast.AST) -> bool:
        """Whether ``node`` runs when a module is built, or at the first use of what it keeps.

        So does a function that this file calls in such places only.
        """
        return is_set_up_once(node, self) or self._is_called_for_set_up()

    def _is_called_for_set_up(self) -> bool:
        function, outside = self.function(), self._scope
        if function is None or self.starts_tracing():
            return False
        calls = self._model.walked.calls_of({function.name})
        try:
            for call, scope in calls:
                self._scope = scope
                if scope.function in (None, outside.function) or not is_set_up_once(call, self):
                    return False
        finally:
            self._scope = outside
        return bool(calls)

    def is_size_of_input(self, expr: ast.expr) -> bool:
        """Whether an expression is a size of a tensor that the function is given or computes, or made of one."""
        return is_size(expr, self)

    def is_shape_of_input(self, expr: ast.expr) -> bool:
        """Whether an expression is ``x.shape`` or ``x.size()`` of such a tensor."""
        return is_shape(expr, self)

    def is_for_error(self, node: ast.AST) -> bool:
        """Whether a part of an expression is only for what is raised, or stands in a ``lambda``."""
        child, parent = node, self.parent(node)
        while parent is not None and not isinstance(parent, ast.stmt):
            if isinstance(parent, ast.Lambda):
                return True
            child, parent = parent, self.parent(parent)
        return isinstance(parent, ast.Raise) or (isinstance(parent, ast.Assert) and parent.msg is child)

    def resumes_after(self, node: ast.AST) -> bool:
        """Whether Dynamo goes on compiling the function behind a graph break at ``node``, as far as blocks tell."""
        return self._model.block_around(node, generators=True) is None

    def is_about_data(self, node: ast.AST) -> bool:
        """Whether the code around ``node`` prepares, keeps or shows data, by the names of functions and classes."""
        return is_about_data(node, self._model.parents)

    def is_plain(self, expr: ast.expr) -> bool:
        """Whether `value` of this surely names no tensor and no number out of one, known without interpreting anything.

        To be asked before `value`, which costs more; False where it takes that to know.
        """
        return self._model.flow.is_plain(expr, self._scope)

    def annotated_kind(self, annotation: ast.expr) -> Kind:
        """What an annotation promises, or ``Kind.UNKNOWN``."""
        return self._model.kinds.of_annotation(annotation)

    def element_annotation(self, annotation: ast.expr) -> ast.expr | None:
        """The annotation of what a ``list[X]``, ``tuple[X, ...]`` or ``dict[K, X]`` holds."""
        return self._model.kinds.element_annotation(annotation)

    def traced(self, node: ast.AST) -> TracedBy:
        """How surely ``node``, in the scope that is looked at, is traced."""
        return self._model.region.traced_by(self._scope, getattr(node, "lineno", 0))

    def may_be_traced(self, node: ast.AST) -> bool:
        """False for code that is surely eager: disabled, skipped, or not reached although a compile root is in sight.

        Where no compile root is in sight nothing is known, so the answer is True.
        """
        region = self._model.region
        if region.is_disabled(self._scope) or region.is_skipped(getattr(node, "lineno", 0)):
            return False
        return self.traced(node).degree > Traced.NONE or not region.has_certain_roots

    def is_skipped(self, node: ast.AST) -> bool:
        """Whether compiled code surely does not come to ``node``, whoever calls it."""
        return self._model.region.is_skipped(getattr(node, "lineno", 0))

    def may_be_entered(self, function: DefNode) -> bool:
        """Like `may_be_traced`, for the body of a function defined where we look."""
        outside = self._scope
        self._scope = self._model.walked.functions[function].scope
        try:
            return self.may_be_traced(function)
        finally:
            self._scope = outside

    def compiled_by(self, expr: ast.expr) -> ast.Call | None:
        """The ``torch.compile(x)`` whose outcome ``expr`` holds, once that call has run; None if nothing says so.

        Names, attributes, properties and classes of this file are followed.
        """
        return self._model.compiled.call_behind(expr, self._scope)

    def assigned_last(self, expr: ast.expr) -> ast.AST | None:
        """What the function looked at assigned last to a name or attribute, where ``expr`` reads it.

        None where that is not sure, or the name is not its own.
        """
        return self._model.compiled.assigned_last(expr, self._scope)

    def is_for_set_up(self) -> bool:
        """Whether the function that is looked at sets up an instance, or all calls of it in this file stand in such."""
        function = self.function()
        if function is None or function.name in STARTS:
            return function is not None
        calls = self._model.walked.calls_of({function.name})
        around = [scope.function for _, scope in calls if scope.function is not self._scope.function]
        return bool(around) and all(each is not None and getattr(each.node, "name", "") in STARTS for each in around)

    def is_unwrapped(self, expr: ast.expr) -> bool:
        """Whether ``expr`` surely is a module, and not what ``torch.compile`` returned, by all that this file sets."""
        return self._model.uncompiled.is_unwrapped(expr, self._scope)

    def eager_calls(self, target: ast.expr) -> tuple[ast.Call, ...]:
        """Calls in eager code of what a name or ``self.attribute`` holds, if that computes and is surely not compiled.

        Empty where it may hold anything else, now or later, or where something may compile that, or a part of it.
        """
        model = self._model
        held = model.uncompiled.held(target, self._scope)
        if held is None:
            return ()
        if not all(any(map(self._computes, model.uncompiled.reached([each]) or ())) for each in held.functions):
            return ()
        eager = [
            call
            for call, scope in model.uncompiled.calls(target, self._scope)
            if model.region.traced_by(scope, call.lineno).degree is Traced.NONE and not model.region.is_disabled(scope)
        ]
        is_compiled = eager and any(map(self._is_compiled_root, model.uncompiled.reached(held.functions) or ()))
        return () if is_compiled else tuple(eager)

    def _is_compiled_root(self, function: DefNode) -> bool:
        """Whether something certainly compiles a function; a ``forward`` that is only possibly compiled is none."""
        region = self._model.region
        scope = self._model.walked.functions[function].scope
        return region.is_root(function) and region.traced_by(scope, function.lineno).degree is Traced.CERTAIN

    def _computes(self, function: DefNode) -> bool:
        return self._model.compiled.works_on_tensors(function, self._is_tensor)

    def _is_tensor(self, expr: ast.expr) -> bool:
        return self.kind(expr) is Kind.TENSOR

    def method_calls_on(self, compiled: ast.Call) -> Iterator[tuple[ast.Call, ast.Attribute]]:
        """Calls ``x.method(...)`` in this file, with ``x.method``, where ``x`` holds what ``compiled`` returned.

        While one of them is looked at, the scope that is looked at is its own.
        """
        outside = self._scope
        try:
            for call, scope in self._model.walked.calls:
                func = call.func
                if not isinstance(func, ast.Attribute):
                    continue
                if self._model.compiled.call_behind(func.value, scope) is compiled:
                    self._scope = scope
                    yield call, func
        finally:
            self._scope = outside

    def bypassed(self, call: ast.Call) -> Bypass | None:
        """How ``call`` passes by a module that is compiled, as the project tells; None if it is no such call."""
        return self._model.bypassed(call, self._scope)

    def place(self, step: ChainStep) -> str:
        """How a message names a place: ``line 12``, or, in another file, ``pkg/policy.py:12``."""
        return f"line {step.row}" if step.filename == self._model.filename else f"{step.filename}:{step.row}"

    def given_to_compile(self, call: ast.Call) -> ast.expr | None:
        """What ``torch.compile(x)`` is to compile; None if the call is no such, or gives a decorator."""
        return compiled_argument(call) if self._model.compiled.compiles(call) else None

    def methods_entered(self, func: ast.Attribute) -> tuple[DefNode, ...] | None:
        """Methods of classes of this file that ``func`` names; None where the class of the object is not known."""
        owners = self._model.compiled.classes_of(func.value, self._scope)
        if not owners:
            return None
        methods = [self._model.classes.method(owner, func.attr) for owner in owners]
        return tuple(method for method in methods if method is not None)

    def computes_eagerly(self, method: DefNode) -> bool:
        """Whether a method that is called from eager code surely works on tensors there.

        Not where it, or something that it calls, is compiled itself, where the compiler is kept out of it, nor where it
        works without an instance.
        """
        compiled, region = self._model.compiled, self._model.region
        if any(_UNBOUND.intersection(self.names(decorator)) for decorator in method.decorator_list):
            return False
        if not self._computes(method):
            return False
        if compiled.is_compiled_method(method.name) or compiled.enters_compiled(method):
            return False
        scope = self._model.walked.functions[method].scope
        return not (region.is_root(method) or region.is_disabled(scope))

    def is_compiled_by_name(self, name: str) -> bool:
        """Whether this file assigns something compiled to an attribute of this name, of whatever object."""
        return self._model.compiled.is_compiled_method(name)

    def is_loaded(self, name: ast.Name, *, after: ast.AST | None = None) -> bool:
        """Whether the variable that ``name`` is a store of is read anywhere in this file.

        With ``after``: whether that is further down than this node, or in another function.
        """
        walked = self._model.walked
        home = self._scope.lookup(name.id)
        if home is None:
            return True
        loads = [base_name(chain) for chain in walked.chains.get(name.id, ())]
        mine = [load for load in loads if walked.name_scope[load].lookup(name.id) == home]
        end = (getattr(after, "end_lineno", 0), getattr(after, "end_col_offset", 0)) if after is not None else (0, 0)
        return any(
            (load.lineno, load.col_offset) >= end or walked.name_scope[load].function is not self._scope.function
            for load in mine
        )

    def is_global(self, name: ast.Name) -> bool:
        """Whether ``name`` in the function that is looked at is a variable of the code around it."""
        return name.id in self._scope.elsewhere

    def is_compiling_decorator(self, decorator: ast.expr) -> bool:
        """Whether a decorator surely is ``torch.compile``, with or without arguments."""
        func = decorator.func if isinstance(decorator, ast.Call) else decorator
        return self.names(func) == ("torch.compile",)

    def loads_compiled_state(self) -> bool:
        """Whether this file calls ``load_state_dict`` of what holds the outcome of ``torch.compile``."""
        return any(
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "load_state_dict"
            and self._model.compiled.call_behind(call.func.value, scope) is not None
            for call, scope in self._model.walked.calls
        )

    def is_of_torch(self, expr: ast.expr) -> bool:
        """Whether what ``expr`` holds, compiled or not, surely is an instance of one of torch's own modules."""
        return self._model.compiled.is_external(expr, self._scope)

    def text(self, expr: ast.expr, *, limit: int = 60) -> str:
        """The source of ``expr`` in one line, cut in the middle where it is longer than ``limit`` characters."""
        return source_text(expr, self._model.lines, limit)

    def functions_entered(self, call: ast.Call) -> tuple[DefNode, ...]:
        """Functions of this file that a call enters."""
        return tuple(self._model.classes.functions_of(call.func, self._scope))

    def disabled_elsewhere(self, call: ast.Call) -> str:
        """Where a function of another file is defined that ``call`` surely enters, and that Dynamo is kept out of.

        A name with its file and row, such as ``save at pkg/io.py:12``; empty if no such function is entered.
        """
        step = self._model.elsewhere.disabled(call, self._scope)
        return "" if step is None else f"{step.name} at {step.filename}:{step.row}"

    def has_backward_hook(self, callee: ast.expr) -> bool:
        """Whether what is called surely is a module that this file gives a backward hook when it is made."""
        return self._model.backward_hooks.on(callee, self._scope)

    def enters_known_code(self, call: ast.Call) -> bool:
        """Whether a call enters a function of this file, which is then looked at itself."""
        return bool(self.functions_entered(call))

    def functions_compiled(self, given: ast.expr) -> tuple[DefNode, ...]:
        """Functions of this file that are compiled where ``given`` is: itself, or the ``forward`` of an instance."""
        return tuple(self._model.classes.functions_of(given, self._scope))

    def surely_run(self, function: DefNode) -> tuple[ast.AST, ...]:
        """Places of this file that each call of ``function`` comes to, also in functions that it surely calls."""
        return self._model.surely.places(function)

    def starts_tracing(self) -> bool:
        """Whether the function that is looked at is itself compiled, so that its arguments come from eager code."""
        function = self._scope.function
        return function is not None and self._model.region.is_root(function.node)

    def function(self) -> DefNode | None:
        """The ``def`` that is looked at; None at module or class level."""
        function = self._scope.function
        return function.node if function is not None and isinstance(function.node, DEFS) else None

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that ``node`` is a part of; None for the module."""
        return self._model.parents.get(node)

    def target_of(self, value: ast.expr) -> ast.expr | None:
        """The name or attribute that ``value`` is assigned to; None if it is used in any other way."""
        return self._model.targets.get(value)

    def loops_around(self, node: ast.expr | ast.stmt) -> tuple[ast.For | ast.AsyncFor, ...]:
        """The ``for`` loops that ``node`` stands in, innermost first, in the function that is looked at."""
        return loops_around(self._model.walked, node, self._scope.function)

    def growing_calls(self, name: ast.Name) -> tuple[ast.Call, ...]:
        """Calls of ``append``, ``extend`` and ``insert`` on a name, in the function that is looked at."""
        return tuple(self._model.growing_calls.get((name.id, self._scope.function), ()))

    def is_self(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is the first parameter of a method."""
        return self._model.classes.owner_of_self(expr, self._scope) is not None

    def is_of_self(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is the first parameter of a method, or an attribute of it, of whatever depth."""
        while isinstance(expr, ast.Attribute):
            expr = expr.value
        return self.is_self(expr)

    def is_module_self(self, expr: ast.expr, *, across_files: bool = True) -> bool:
        """Whether ``expr`` is the first parameter of a method of a class that is, or may well be, an ``nn.Module``.

        By its bases in other files of the project, too, unless what they do with the instance matters.
        """
        classes = self._model.classes
        owner = classes.owner_of_self(expr, self._scope)
        if owner is None:
            return False
        if classes.is_module(owner) is not ModuleClass.NO:
            return True
        return across_files and self._model.region.is_module(owner) is not ModuleClass.NO

    def is_method_of_module(self) -> bool:
        """Whether the function looked at is a method of such a class, or of one with a ``forward``."""
        function = self.function()
        owner = None if function is None else self._model.walked.functions[function].owner
        if owner is None:
            return False
        if any(isinstance(each, DEFS) and each.name == "forward" for each in owner.body):
            return True
        is_module = self._model.classes.is_module(owner) is not ModuleClass.NO
        return is_module or self._model.region.is_module(owner) is not ModuleClass.NO

    def moves_with_module(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is a ``self.attribute`` that its class registers as a buffer or parameter."""
        return self._model.classes.moves_with_module(expr, self._scope)

    def bindings(self, expr: ast.expr) -> tuple[ast.AST, ...]:
        """What binds a name, or a ``self.attribute``, in this file.

        An assigned expression, the parameter, or the loop, ``with`` or annotated assignment that holds the target.
        """
        match expr:
            case ast.Name(id=name):
                scope = self._model.walked.name_scope.get(expr, self._scope)
                found = scope.lookup(name)
                return tuple(item for item in found[1] if isinstance(item, ast.AST)) if found else ()
            case ast.Attribute(value=base, attr=attr):
                return self._model.classes.bindings_of_attribute(base, attr, self._scope)
            case _:
                return ()

    def is_local(self, name: ast.Name) -> bool:
        """Whether a name is bound in a function, rather than by the module or nowhere."""
        found = self._model.walked.name_scope.get(name, self._scope).lookup(name.id)
        return found is not None and found[0].function is not None

    def annotations(self, expr: ast.expr) -> tuple[ast.expr, ...]:
        """Every annotation that this file gives a name or a ``self.attribute``."""
        annotated = [each for each in self.bindings(expr) if each.__class__ in _ANNOTATED]
        found: list[ast.expr | None] = [each.annotation for each in annotated]
        return tuple(each for each in found if each is not None)

    def comment_beside(self, node: ast.AST) -> str:
        """Comments in the rows of ``node`` and the first row of its statement, and the comment blocks right above.

        Pragmas for tools are left out.
        """
        statement: ast.AST = node
        while not isinstance(statement, ast.stmt) and (parent := self.parent(statement)) is not None:
            statement = parent
        first = getattr(statement, "lineno", 1)
        if isinstance(statement, (*DEFS, ast.ClassDef)):
            first = min([first, *(decorator.lineno for decorator in statement.decorator_list)])
        row, end = getattr(node, "lineno", first), getattr(node, "end_lineno", None) or first
        comments = self._model.comments
        beside_node = comments.beside(row, end)
        return beside_node if row == first else f"{comments.beside(first, first)}\n{beside_node}".strip()
