"""What a rule is: its message, its handlers and the triggers they are attached by, and the hits that they yield."""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from fullgraph.intents import Fix
from fullgraph.semantic.foreign import About
from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.traced import ChainStep, Traced

if TYPE_CHECKING:
    from fullgraph.context import Context

A = TypeVar("A", bound=ast.AST)
B = TypeVar("B", bound=ast.AST)
C = TypeVar("C", bound=ast.AST)
Node_contra = TypeVar("Node_contra", bound=ast.AST, contravariant=True)


class Severity(enum.Enum):
    """How much a finding weighs: an error certainly costs, a note costs only in a case that is not in sight.

    What is wrong with a file, or with an entry of the allow-list or the baseline, is an error, too.
    """

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
    NEVER_COMPILED = "never compiled"
    """Nothing is captured, and it is where what the line binds is given to ``torch.compile``."""
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
    """Every key of the state has the prefix of the compiler's wrapper, or should have and does not."""
    CHANGED_BETWEEN_CALLS = "changed between calls"
    """Dynamo compiles again until it meets the limit, and without the line does not."""
    STATIC_SHAPES = "static shapes"
    """With ``dynamic=False`` Dynamo compiles again until it meets the limit, and without it does not."""
    NEVER_REACHED = "never reached"
    """The condition around a compilation does not hold; where it did, something would be captured."""
    COMPILED_ONCE_MORE = "compiled once more"
    """With the line Dynamo compiles again what it compiled before, and without it does not."""
    INTERNAL_ERROR = "internal error"
    """Dynamo raises an error of its own while it traces what runs eagerly."""
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
        hops: the places, across files, by which it follows.
    """

    node: ast.AST
    arguments: Mapping[str, str]
    severity: Severity | None = None
    cause: Hashable | None = None
    fix: Fix | None = None
    unless: tuple[str, ...] = ()
    breaks_in: tuple[ast.AST, ...] = ()
    fatal: bool = False
    hops: tuple[ChainStep, ...] = ()


class Handler(Protocol[Node_contra]):
    """A function that looks at one triggering node and yields hits; it keeps no state."""

    def __call__(self, node: Node_contra, ctx: Context, /) -> Iterable[Hit]:
        """Give what is found at a node."""
        ...


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


@dataclass(frozen=True, slots=True)
class ToldTrigger:
    """Fires at what linking the project tells the file of others: at calls, and at assignments beside them."""

    about: About
    handler: Handler[Any]
    where: Traced = Traced.POSSIBLE
    """It is asked for after linking, as handlers for traced code are; what is told may stand in any code."""


Trigger = ReferenceTrigger | NodeTrigger | CallTrigger | MethodTrigger | PrivateReferenceTrigger | ToldTrigger


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
        unless: conditions of which one makes all that the rule finds harmless, as a hit names those of its own. It does
            not look at code where one is known to hold, and with `COLD` not before the project is linked.
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
    unless: tuple[str, ...] = ()
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

    def bypass(self, handler: Handler[ast.Call]) -> Handler[ast.Call]:
        """Trigger at calls that pass by what another file of the project compiles, as `Context.bypassed` says."""
        self.triggers.append(ToldTrigger(About.BYPASSED, handler))
        return handler

    def sized(self, handler: Handler[ast.Call]) -> Handler[ast.Call]:
        """Trigger at calls of ``torch.compile`` that loops of other files meet, as `Context.sized_at` says."""
        self.triggers.append(ToldTrigger(About.SIZED, handler))
        return handler

    def changed(self, handler: Handler[A]) -> Handler[A]:
        """Trigger at assignments to what compiled code of other files reads, as `Context.read_elsewhere` says."""
        self.triggers.append(ToldTrigger(About.CHANGED, handler))
        return handler

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
