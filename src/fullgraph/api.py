"""What a rule file may import: this module, ``ast``, ``typing`` and ``collections.abc``. Nothing else.

A rule is a module with a ``RULE``; handlers are attached to it by typed triggers and yield hits:

    RULE = Rule(
        "TFG201", "branching on a tensor's value splits the graph", remedy="use `torch.where`", since="0.1"
    )

    @RULE.node(ast.If, where=Traced.POSSIBLE)
    def check(node: ast.If, ctx: Context) -> Iterator[Hit]:
        ...
        yield ctx.at(node.test)
"""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Protocol, TypeVar, overload

from fullgraph.intents import Applicability, Fix, Rename
from fullgraph.semantic.aside import is_about_data
from fullgraph.semantic.compiled import compiled_argument
from fullgraph.semantic.flow import value as values
from fullgraph.semantic.flow.value import Value
from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.loops import loops_around
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.positions import source_text
from fullgraph.semantic.renames import rename
from fullgraph.semantic.renames import replace as replace_call
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.traced import COLD, TRACED, ModuleClass, Traced, TracedBy
from fullgraph.semantic.turns import Turn
from fullgraph.semantic.varied import Variety
from fullgraph.semantic.walk import base_name
from fullgraph.torchfacts import (
    NEWEST_KNOWN,
    OLDEST_KNOWN,
    Deprecation,
    Presence,
    PrivateName,
    PublicEquivalent,
    TorchRange,
    TorchVersion,
    availability,
    deprecation,
    is_documented,
    is_module,
    is_private,
    may_change,
    private_name,
    replacement,
)
from fullgraph.torchfacts import (
    Trigger as DeprecationTrigger,
)

__all__ = [
    "COLD",
    "OLDEST_KNOWN",
    "TRACED",
    "Applicability",
    "Context",
    "DefNode",
    "Deprecation",
    "DeprecationTrigger",
    "Effect",
    "Fix",
    "Hit",
    "Kind",
    "MissingName",
    "PrivateName",
    "PrivateUse",
    "PublicEquivalent",
    "Rename",
    "Rule",
    "Severity",
    "TorchRange",
    "TorchVersion",
    "Traced",
    "TracedBy",
    "Turn",
    "Value",
    "Variety",
    "is_documented",
    "is_of_module",
    "is_private",
    "private_name",
    "values",
]

A = TypeVar("A", bound=ast.AST)
B = TypeVar("B", bound=ast.AST)
C = TypeVar("C", bound=ast.AST)
Node_contra = TypeVar("Node_contra", bound=ast.AST, contravariant=True)


class Severity(enum.Enum):
    """How much a finding weighs: an error certainly costs, a note costs only in a case that is not in sight."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Effect(enum.Enum):
    """What happens on real torch where a rule reports; its proof looks for exactly that."""

    PRIVATE_NAME = "private name"
    """The name is private, and exists; the public one that is named exists too, and is not missing what is used."""
    MISSING_NAME = "missing name"
    """Running the code raises ``AttributeError`` or ``ImportError``."""
    DEPRECATION = "deprecation warning"
    """Torch warns of a deprecation."""
    GRAPH_BREAK = "graph break"
    """Dynamo splits the graph."""
    RECOMPILATION = "recompilation"
    """Dynamo compiles the function again until it meets its limit."""
    DEVICE_MOVE = "device move"
    """A tensor is moved between devices inside the graph, or the graph breaks."""
    WRONG_RESULT = "wrong result"
    """Compiled code gives another result than the same code run eagerly."""
    BYPASSED = "bypassed"
    """The call enters what was to be compiled, and none of the operations behind it is captured."""
    NEVER_CALLED = "never called"
    """Something is compiled there, and no graph is captured."""
    NO_EFFECT = "no effect"
    """Without the line torch does exactly the same: it captures, although the line says that it is not to."""
    SWITCHED_OFF = "switched off"
    """With the line nothing is captured and nothing raised; without it, one or the other is."""
    RAISED_LATER = "raised later"
    """The call returns, and Dynamo raises only where its result is called."""
    SET_UP_EACH_TIME = "set up each time"
    """The same code is given to the compiler at every call."""
    COMPILED_AGAIN = "compiled again"
    """What is given to the compiler is compiled already, and its outcome passes that by."""
    PREFIXED_STATE = "prefixed state"
    """Every key of the state has the prefix of the compiler's wrapper."""
    CHANGED_BETWEEN_CALLS = "changed between calls"
    """Dynamo compiles again until it meets the limit, and without the line does not."""
    STATIC_SHAPES = "static shapes"
    """With ``dynamic=False`` Dynamo compiles again until it meets the limit, and without it does not."""
    NEVER_REACHED = "never reached"
    """The condition around a compilation does not hold; where it did, something would be captured."""
    HOST_SYNC = "host synchronization"
    """The host waits for the device at the same line again and again."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place that a rule reports.

    Attributes:
        node: where.
        arguments: values of the message's fields.
        severity: a weight of its own, if any.
        cause: hits of one rule with an equal cause say the same thing, so only the first in the file is kept.
        fix: what would put it right, if that is known.
        unless: conditions of which one makes the place harmless: settings of Dynamo that the project turns on; of one
            that lists functions, with the function's path behind a colon; `TRACED` and `COLD`.
        breaks_in: places of the file; if there are any, the hit counts only if a rule finds a graph break in one of
            them that is certain and that `fullgraph=True` refuses, and the message then ends with the first of these.
        fatal: whether compiling fails there, so that nothing is to be said of how Dynamo goes on.
    """

    node: ast.AST
    arguments: Mapping[str, str]
    severity: Severity | None = None
    cause: Hashable | None = None
    fix: Fix | None = None
    unless: tuple[str, ...] = ()
    breaks_in: tuple[ast.AST, ...] = ()
    fatal: bool = False


class Handler(Protocol[Node_contra]):
    """A function that looks at one triggering node and yields hits; it keeps no state."""

    def __call__(self, node: Node_contra, ctx: Context, /) -> Iterable[Hit]: ...


@dataclass(frozen=True, slots=True)
class NodeTrigger:
    """Fires at every node of these types."""

    types: tuple[type[ast.AST], ...]
    where: Traced
    handler: Callable[..., Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class CallTrigger:
    """Fires at calls whose callee may be one of these dotted paths."""

    paths: tuple[str, ...]
    where: Traced
    handler: Handler[ast.Call]


@dataclass(frozen=True, slots=True)
class MethodTrigger:
    """Fires at calls ``receiver.method(...)``, for receivers of one kind or, if ``of`` is None, of any."""

    methods: tuple[str, ...]
    of: Kind | None
    where: Traced
    handler: Handler[ast.Call]


@dataclass(frozen=True, slots=True)
class PrivateReferenceTrigger:
    """Fires at uses of private names of these packages, spelled out or imported."""

    packages: tuple[str, ...]
    where: Traced
    handler: Handler[ast.expr]


@dataclass(frozen=True, slots=True)
class ReferenceTrigger:
    """Fires at uses of any name of these packages, spelled out or imported; or only of those that may change."""

    packages: tuple[str, ...]
    changing: bool
    where: Traced
    handler: Handler[ast.expr]


Trigger = ReferenceTrigger | NodeTrigger | CallTrigger | MethodTrigger | PrivateReferenceTrigger


@dataclass(frozen=True, slots=True)
class Rule:
    """What an author declares of a rule by hand; its name, category and page come from the module it stands in.

    Attributes:
        code: ``TFG`` and three digits.
        message: what is wrong and what it costs, as a template whose fields the hits fill in.
        remedy: what to do about it, likewise.
        since: version of fullgraph that first had the rule.
        default: whether the rule is on unless somebody turns it off.
        severity: fixed weight; None lets it follow from how surely the code is traced.
        mentions: words of which a file must contain one for the rule to look at it; none: every file.
        effect: what is seen on real torch; None: what rules of its category are about.
        torch: releases on which it was seen, such as ``>=2.4,<2.9``; the rule is silent where none of them is aimed at.
        turned_on_by: for a rule that is off by default, the setting that turns it on where it is given.
        needs: what the rule has to know the findings of; rules of that effect run with it, whatever else is enabled.
    """

    code: str
    message: str
    remedy: str
    since: str
    default: bool = True
    severity: Severity | None = None
    mentions: tuple[str, ...] = ()
    effect: Effect | None = None
    torch: str = ""
    turned_on_by: str = ""
    needs: Effect | None = None
    triggers: list[Trigger] = field(default_factory=list, compare=False, repr=False)

    @overload
    def node(self, a: type[A], /, *, where: Traced = ...) -> Callable[[Handler[A]], Handler[A]]: ...
    @overload
    def node(self, a: type[A], b: type[B], /, *, where: Traced = ...) -> Callable[[Handler[A | B]], Handler[A | B]]: ...
    @overload
    def node(
        self, a: type[A], b: type[B], c: type[C], /, *, where: Traced = ...
    ) -> Callable[[Handler[A | B | C]], Handler[A | B | C]]: ...
    def node(self, *types: type[ast.AST], where: Traced = Traced.NONE) -> Callable[[Any], Any]:
        """Trigger at every node of these types, in code traced at least as surely as ``where``."""

        def add(handler: Handler[Any]) -> Handler[Any]:
            self.triggers.append(NodeTrigger(types, where, handler))
            return handler

        return add

    def call(self, *paths: str, where: Traced = Traced.NONE) -> Callable[[Handler[ast.Call]], Handler[ast.Call]]:
        """Trigger at calls whose callee may be one of these dotted paths."""

        def add(handler: Handler[ast.Call]) -> Handler[ast.Call]:
            self.triggers.append(CallTrigger(paths, where, handler))
            return handler

        return add

    def method(
        self, *methods: str, of: Kind | None, where: Traced = Traced.NONE
    ) -> Callable[[Handler[ast.Call]], Handler[ast.Call]]:
        """Trigger at calls of these methods on receivers of one kind; ``of=None`` asks nothing of the receiver."""

        def add(handler: Handler[ast.Call]) -> Handler[ast.Call]:
            self.triggers.append(MethodTrigger(methods, of, where, handler))
            return handler

        return add

    def reference(
        self, *packages: str, changing: bool = False, where: Traced = Traced.NONE
    ) -> Callable[[Handler[ast.expr]], Handler[ast.expr]]:
        """Trigger at each use of a name of these packages: the longest dotted expression, or an imported name.

        A bare name that an assignment in the file binds is left to that assignment. ``changing`` leaves out public
        names of torch that every known release has and none warns of.
        """

        def add(handler: Handler[ast.expr]) -> Handler[ast.expr]:
            self.triggers.append(ReferenceTrigger(packages, changing, where, handler))
            return handler

        return add

    def private_reference(
        self, *packages: str, where: Traced = Traced.NONE
    ) -> Callable[[Handler[ast.expr]], Handler[ast.expr]]:
        """Trigger at each use of a private name of these packages: a call, decorator, argument, base class or value.

        A use is the longest dotted expression. A name that is only an alias of an expression in the same file fires at
        that expression, not at each use of the alias; an imported name fires at each use. Where the same name may also
        be something public of the package (a fallback for old releases), nothing fires.
        """

        def add(handler: Handler[ast.expr]) -> Handler[ast.expr]:
            self.triggers.append(PrivateReferenceTrigger(packages, where, handler))
            return handler

        return add


@dataclass(frozen=True, slots=True)
class PrivateUse:
    """A use of a private torch name.

    Attributes:
        path: the dotted path as used, such as ``torch._dynamo.config.verbose``.
        known: what the tables say of it or, failing that, of the nearest owner that they know.
        public: what to use instead on the target release, if there is such a thing.
    """

    path: str
    known: PrivateName | None
    public: PublicEquivalent | None

    @property
    def history(self) -> str:
        """In which releases the very name exists, such as ``in every release 2.0 to 2.15``; empty where unknown."""
        if self.known is None or self.known.since is None or self.known.name != self.path:
            return ""
        since, until = self.known.since, self.known.until
        if until is not None:
            return f"in torch {since} to {until}, gone after {until}"
        if since == OLDEST_KNOWN:
            return f"in every release {OLDEST_KNOWN} to {NEWEST_KNOWN}"
        return f"in every release since {since}"

    def shortened(self) -> PrivateUse:
        """The same use without what is only reached through the private name, such as a method of an object."""
        known = self.known.name if self.known is not None and not is_module(self.known.name) else ""
        path = known or _private_part(self.path)
        return replace(self, path=path)


def is_of_module(name: str) -> bool:
    """Whether some release has an attribute of this name on every ``nn.Module``, or on its containers."""
    return name.startswith("__") or any(availability(f"torch.nn.{owner}.{name}") is not None for owner in _MODULES)


_ANNOTATED = (ast.arg, ast.AnnAssign)
_UNBOUND = frozenset({"builtins.classmethod", "builtins.staticmethod", "abc.abstractmethod"})
_MODULES = ("Module", "ModuleList", "ModuleDict", "Sequential")


def _private_part(path: str) -> str:
    """What ``path`` begins with: up to its last private segment, and what is in there or in the modules that follow."""
    segments = path.split(".")
    end = 2 + max(index for index, segment in enumerate(segments) if is_private(f"torch.{segment}"))
    while end < len(segments) and is_module(".".join(segments[:end])):
        end += 1
    return ".".join(segments[:end])


@cache
def _range(releases: str) -> TorchRange:
    return TorchRange.parse(releases)


@lru_cache(maxsize=20_000)
def _missing_in(path: str, releases: TorchRange) -> MissingName | None:
    if not may_change(path):
        return None
    while path.startswith("torch."):
        known = availability(path)
        if known is not None:
            lacking = [each for each in releases.releases() if known.exists_at(each) is Presence.ABSENT]
            everywhere = len(lacking) == len(releases.releases())
            return MissingName(path, releases.describe(lacking), known.describe(), everywhere) if lacking else None
        path = path.rpartition(".")[0]
    return None


@dataclass(frozen=True, slots=True)
class MissingName:
    """A torch name that some of the releases aimed at do not have.

    Attributes:
        path: the name that is missing: the one that was asked for, or the nearest owner that is not there either.
        where: the releases aimed at that surely lack it, such as ``2.4`` or ``2.4 to 2.6``.
        history: which releases have it, such as ``since 2.7``.
        everywhere: whether none of the releases aimed at has it.
    """

    path: str
    where: str
    history: str
    everywhere: bool


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
        return _missing_in(path, self.releases)

    def aims_at(self, releases: str) -> bool:
        """Whether some of the releases aimed at are among these, such as ``>=2.4,<2.9``; an empty text means all."""
        return not releases or _range(releases).meets(self.releases)

    def mentions(self, *words: str) -> bool:
        """Whether one of these words stands anywhere in the file."""
        return any(word in line for line in self._model.lines for word in words)

    def imports(self, package: str) -> bool:
        """Whether some name of the file may stand for this top-level package, or something inside it."""
        return bool(self._model.names.bound_names((package,)))

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found anywhere in the text of the file, which is searched once: for cheap refusals.

        A pattern that begins with plain characters is found ten times as fast as one that begins with alternatives.
        """
        if (known := self._matched.get(pattern)) is None:
            known = self._matched[pattern] = pattern.search("\n".join(self._model.lines)) is not None
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

    def may_wait(self) -> bool:
        """Whether `waits` and `waits_for_truth` are worth asking in the function that is looked at."""
        return self._model.waits.may_be_in(self._scope)

    def varied_by(self, parameter: ast.arg, variety: Variety) -> ast.For | ast.While | None:
        """A loop of this file that calls the function looked at with another ``parameter`` each time."""
        function = self.function()
        return None if function is None else self._model.varied.loop_over(function, parameter.arg, variety)

    def turns(self, compiled: ast.Call) -> Iterator[tuple[ast.Call, Turn]]:
        """Calls in loops of this file of what ``torch.compile(...)`` returned, also as a decorator, with the loops."""
        return self._model.varied.turns(compiled)

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
        if not compiled.works_on_tensors(method, lambda expr: self.kind(expr) is Kind.TENSOR):
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

    def is_module_self(self, expr: ast.expr) -> bool:
        """Whether ``expr`` is the first parameter of a method of a class that is, or may well be, an ``nn.Module``."""
        classes = self._model.classes
        owner = classes.owner_of_self(expr, self._scope)
        return owner is not None and classes.is_module(owner) is not ModuleClass.NO

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
