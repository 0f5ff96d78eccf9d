"""What a handler may ask, and how it says what it found."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable
from dataclasses import replace
from functools import cache

from fullgraph.context.compiling import Compiling
from fullgraph.context.here import Here
from fullgraph.context.loops import Loops
from fullgraph.context.torch_names import TorchNames
from fullgraph.intents import Fix
from fullgraph.rule import Hit, Severity
from fullgraph.semantic.comments import comment_beside
from fullgraph.semantic.failing import is_for_error
from fullgraph.semantic.first_use import is_for_set_up, is_set_up_once
from fullgraph.semantic.flow.value import Value
from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.loads import is_first_use, is_loaded
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.positions import source_text
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.traced import ChainStep, ModuleClass, Traced, TracedBy
from fullgraph.torchfacts import TorchRange


@cache
def _range(releases: str) -> TorchRange:
    return TorchRange.parse(releases)


_ANNOTATED = (ast.arg, ast.AnnAssign)


class Context:
    """What a handler may ask about the file it looks at. Nothing here raises on user code.

    Attributes:
        compiling: what there is to know about what the file gives to ``torch.compile``.
        loops: what there is to know about its loops, and about those of other files that call it.
        torch: what there is to know about names of torch.
        releases: the releases of torch that are aimed at.
        target: the oldest of them.
    """

    __slots__ = ("_here", "_matched", "_model", "compiling", "loops", "releases", "target", "torch")

    def __init__(self, model: FileModel, releases: TorchRange) -> None:
        self._model = model
        self._here = here = Here(model, model.walked.root)
        self._matched: dict[re.Pattern[str], bool] = {}
        self.compiling = Compiling(here)
        self.loops = Loops(here)
        self.torch = TorchNames(here, releases)
        self.releases = releases
        self.target = releases.oldest

    def enter(self, scope: Scope) -> None:
        """Set the scope of the node that is looked at next; the engine calls this."""
        self._here.scope = scope

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

    def place(self, step: ChainStep) -> str:
        """How a message names a place: ``line 12``, or, in another file, ``pkg/policy.py:12``."""
        return f"line {step.row}" if step.filename == self._model.filename else f"{step.filename}:{step.row}"

    # The file

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

    def text(self, expr: ast.expr, *, limit: int = 60) -> str:
        """The source of ``expr`` in one line, cut in the middle where it is longer than ``limit`` characters."""
        return source_text(expr, self._model.lines, limit)

    def comment_beside(self, node: ast.AST) -> str:
        """Comments in the rows of ``node`` and the first row of its statement, and the comment blocks right above.

        Pragmas for tools are left out.
        """
        return comment_beside(node, self._model.comments, self._model.parents)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node that ``node`` is a part of; None for the module."""
        return self._model.parents.get(node)

    # Names

    def names(self, expr: ast.expr) -> tuple[str, ...]:
        """Every dotted path that ``expr`` may stand for; empty when unknown."""
        return self._model.names.of(expr)

    def imported_path(self, expr: ast.expr) -> str | None:
        """The path under which an import binds the name that ``expr`` begins with, if nothing else binds it."""
        while isinstance(expr, ast.Attribute):
            expr = expr.value
        scope = self._model.walked.name_scope.get(expr) if isinstance(expr, ast.Name) else None
        found = scope.lookup(expr.id) if scope is not None and isinstance(expr, ast.Name) else None
        paths = {item for item in found[1] if isinstance(item, str)} if found is not None else set()
        return paths.pop() if len(paths) == 1 else None

    def bindings(self, expr: ast.expr) -> tuple[ast.AST, ...]:
        """What binds a name, or a ``self.attribute``, in this file.

        An assigned expression, the parameter, or the loop, ``with`` or annotated assignment that holds the target.
        """
        match expr:
            case ast.Name(id=name):
                scope = self._model.walked.name_scope.get(expr, self._here.scope)
                found = scope.lookup(name)
                return tuple(item for item in found[1] if isinstance(item, ast.AST)) if found else ()
            case ast.Attribute(value=base, attr=attr):
                return self._model.classes.bindings_of_attribute(base, attr, self._here.scope)
            case _:
                return ()

    def annotations(self, expr: ast.expr) -> tuple[ast.expr, ...]:
        """Every annotation that this file gives a name or a ``self.attribute``."""
        annotated = [each for each in self.bindings(expr) if each.__class__ in _ANNOTATED]
        found: list[ast.expr | None] = [each.annotation for each in annotated]
        return tuple(each for each in found if each is not None)

    def target_of(self, value: ast.expr) -> ast.expr | None:
        """The name or attribute that ``value`` is assigned to; None if it is used in any other way."""
        return self._model.targets.get(value)

    def is_local(self, name: ast.Name) -> bool:
        """Whether a name is bound in a function, rather than by the module or nowhere."""
        found = self._model.walked.name_scope.get(name, self._here.scope).lookup(name.id)
        return found is not None and found[0].function is not None

    def is_global(self, name: ast.Name) -> bool:
        """Whether ``name`` in the function that is looked at is a variable of the code around it."""
        return name.id in self._here.scope.elsewhere

    def is_loaded(self, name: ast.Name, *, after: ast.AST | None = None) -> bool:
        """Whether the variable that ``name`` is a store of is read anywhere in this file.

        With ``after``: whether that is further down than this node, or in another function.
        """
        return is_loaded(name, self._here.scope, self._model.walked, after=after)

    def is_first_use(self, name: ast.Name) -> bool:
        """Whether each call of the function looked at surely comes to ``name``, and no use of it stands before."""
        function = self.function()
        return function is not None and is_first_use(name, function, self._model.surely)

    def is_self(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is the first parameter of a method."""
        return self._model.classes.owner_of_self(expr, self._here.scope) is not None

    def is_of_self(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is the first parameter of a method, or an attribute of it, of whatever depth."""
        while isinstance(expr, ast.Attribute):
            expr = expr.value
        return self.is_self(expr)

    def is_module_self(self, expr: ast.expr, *, across_files: bool = True) -> bool:
        """Whether ``expr`` is the first parameter of a method of a class that is, or may well be, an ``nn.Module``.

        By its bases in other files of the project, too, unless what they do with the instance matters.
        """
        owner = self._model.classes.owner_of_self(expr, self._here.scope)
        if owner is None:
            return False
        return self._is_module(owner) if across_files else self._model.classes.is_module(owner) is not ModuleClass.NO

    def is_method_of_module(self) -> bool:
        """Whether the function looked at is a method of such a class, or of one with a ``forward``."""
        function = self.function()
        owner = None if function is None else self._model.walked.functions[function].owner
        if owner is None:
            return False
        return any(isinstance(each, DEFS) and each.name == "forward" for each in owner.body) or self._is_module(owner)

    def _is_module(self, owner: ast.ClassDef) -> bool:
        answers = self._model.classes.is_module(owner), self._model.region.is_module(owner)
        return any(each is not ModuleClass.NO for each in answers)

    def moves_with_module(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is a ``self.attribute`` that its class registers as a buffer or parameter."""
        return self._model.classes.moves_with_module(expr, self._here.scope)

    # Values

    def kind(self, expr: ast.expr) -> Kind:
        """What ``expr`` is, or ``Kind.UNKNOWN``."""
        return self._model.kinds.of(expr)

    def is_tensor(self, expr: ast.expr) -> bool:
        """Whether ``expr`` surely is a tensor, by its kind or by its value."""
        return self.kind(expr) is Kind.TENSOR or self.value(expr).surely_tensor is not None

    def annotated_kind(self, annotation: ast.expr) -> Kind:
        """What an annotation promises, or ``Kind.UNKNOWN``."""
        return self._model.kinds.of_annotation(annotation)

    def element_annotation(self, annotation: ast.expr) -> ast.expr | None:
        """The annotation of what a ``list[X]``, ``tuple[X, ...]`` or ``dict[K, X]`` holds."""
        return self._model.kinds.element_annotation(annotation)

    def is_plain(self, expr: ast.expr) -> bool:
        """Whether `value` of this surely names no tensor and no number out of one, known without interpreting anything.

        To be asked before `value`, which costs more; False where it takes that to know.
        """
        return self._model.flow.is_plain(expr, self._here.scope)

    def value(self, expr: ast.expr) -> Value:
        """What ``expr`` is where it stands: UNKNOWN outside functions, BOTTOM where it is not reached.

        The function around it is interpreted at the first question, so ask cheap ones about syntax first.
        """
        return self._model.flow.value(expr, self._here.scope)

    def made_by(self, expr: ast.expr) -> tuple[str, ...]:
        """Dotted paths of the callables one of which surely made what ``expr`` holds; empty where that is unknown."""
        return self._model.makers.of(expr, self._here.scope)

    def given(self, parameter: ast.arg) -> tuple[ast.expr, ...]:
        """What all calls in this file pass for a parameter of one of its functions; empty where that is not clear."""
        return self._model.varied.given(parameter)

    def assigned_last(self, expr: ast.expr) -> ast.AST | None:
        """What the function looked at assigned last to a name or attribute, where ``expr`` reads it.

        None where that is not sure, or the name is not its own.
        """
        return self._model.compiled.assigned_last(expr, self._here.scope)

    def has_backward_hook(self, callee: ast.expr) -> bool:
        """Whether what is called surely is a module that this file gives a backward hook when it is made."""
        return self._model.backward_hooks.on(callee, self._here.scope)

    # Functions

    def function(self) -> DefNode | None:
        """The ``def`` that is looked at; None at module or class level."""
        return self._here.function

    def functions_entered(self, call: ast.Call) -> tuple[DefNode, ...]:
        """Functions of this file that a call enters."""
        return tuple(self._model.classes.functions_of(call.func, self._here.scope))

    def enters_known_code(self, call: ast.Call) -> bool:
        """Whether a call enters a function of this file, which is then looked at itself."""
        return bool(self.functions_entered(call))

    def disabled_elsewhere(self, call: ast.Call) -> str:
        """Where a function of another file is defined that ``call`` surely enters, and that Dynamo is kept out of.

        A name with its file and row, such as ``save at pkg/io.py:12``; empty if no such function is entered.
        """
        step = self._model.elsewhere.disabled(call, self._here.scope)
        return "" if step is None else f"{step.name} at {step.filename}:{step.row}"

    def surely_run(self, function: DefNode) -> tuple[ast.AST, ...]:
        """Places of this file that each call of ``function`` comes to, also in functions that it surely calls."""
        return self._model.surely.places(function)

    def is_set_up_once(self, node: ast.AST) -> bool:
        """Whether ``node`` runs when a module is built, or at the first use of what it keeps.

        So does a function that this file calls in such places only.
        """
        return is_set_up_once(node, self) or self._is_called_for_set_up()

    def _is_called_for_set_up(self) -> bool:
        function, outside = self.function(), self._here.scope
        if function is None or self.starts_tracing():
            return False
        calls = self._model.walked.calls_of({function.name})
        try:
            for call, scope in calls:
                self._here.scope = scope
                if scope.function in (None, outside.function) or not is_set_up_once(call, self):
                    return False
        finally:
            self._here.scope = outside
        return bool(calls)

    def is_for_set_up(self) -> bool:
        """Whether the function that is looked at sets up an instance, or all calls of it in this file stand in such."""
        return is_for_set_up(self._here.scope, self._model.walked)

    def is_for_error(self, node: ast.AST) -> bool:
        """Whether a part of an expression is only for what is raised, or stands in a ``lambda``."""
        return is_for_error(node, self._model.parents)

    # Waiting

    def waits(self, expr: ast.expr) -> bool:
        """Whether evaluating ``expr`` surely makes the host wait for a tensor, unless that lies on the host anyway.

        Not for what is made on the host, as far as this file says. What other files say of values counts, too, so only
        rules that look at files when their project is linked may ask.
        """
        return self._model.linked_waits.at(expr, self._here.scope)

    def waits_for_truth(self, condition: ast.expr) -> bool:
        """Whether deciding about ``condition`` does so, apart from what evaluating its parts does."""
        return self._model.linked_waits.for_truth(condition, self._here.scope)

    def waits_at_each_turn(self, loop: ast.AST) -> list[ast.expr]:
        """What in a loop or comprehension makes the host wait at every turn, as far as this file tells."""
        return self._model.turn_waits.of(loop, self._here.scope)

    def is_first_in_a_loop(self, wait: ast.expr) -> bool:
        """Whether a wait is the first of those in some loop around it."""
        return self._model.turn_waits.is_first(wait, self._here.scope)

    def is_aside(self, node: ast.AST) -> bool:
        """Whether the code around ``node`` is not there to be fast, though it is called hot: it saves, shows or tests.

        Also what stands in an ``assert``, a ``raise`` or an exception's handler.
        """
        return self._model.waits.is_aside(node, self._here.scope, hot=True)

    # Tracing

    def traced(self, node: ast.AST) -> TracedBy:
        """How surely ``node``, in the scope that is looked at, is traced."""
        return self._model.region.traced_by(self._here.scope, getattr(node, "lineno", 0))

    def may_be_traced(self, node: ast.AST) -> bool:
        """False for code that is surely eager: disabled, skipped, or not reached although a compile root is in sight.

        Where no compile root is in sight nothing is known, so the answer is True.
        """
        region = self._model.region
        if region.is_disabled(self._here.scope) or region.is_skipped(getattr(node, "lineno", 0)):
            return False
        return self.traced(node).degree > Traced.NONE or not region.has_certain_roots

    def may_be_entered(self, function: DefNode) -> bool:
        """Like `may_be_traced`, for the body of a function defined where we look."""
        outside = self._here.scope
        self._here.scope = self._model.walked.functions[function].scope
        try:
            return self.may_be_traced(function)
        finally:
            self._here.scope = outside

    def is_skipped(self, node: ast.AST) -> bool:
        """Whether compiled code surely does not come to ``node``, whoever calls it."""
        return self._model.region.is_skipped(getattr(node, "lineno", 0))

    def starts_tracing(self) -> bool:
        """Whether the function that is looked at is itself compiled, so that its arguments come from eager code."""
        function = self._here.scope.function
        return function is not None and self._model.region.is_root(function.node)

    def resumes_after(self, node: ast.AST) -> bool:
        """Whether Dynamo goes on compiling the function behind a graph break at ``node``, as far as blocks tell."""
        return self._model.block_around(node, generators=True) is None
