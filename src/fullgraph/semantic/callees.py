"""What functions enter: what they call, read, pass on and are decorated with, as far as the project tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fullgraph.semantic.evaluate import Evaluator, Frame
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, CallSite, FunctionSummary
from fullgraph.semantic.traced import ChainStep, Traced
from fullgraph.semantic.values import Class, ClassId, Elements, External, Function, Instance, Value

_CALLS_FIRST = frozenset(
    {
        "torch.cond",
        "torch.while_loop",
        "torch.func.functional_call",
        "torch.nn.attention.flex_attention.flex_attention",
        "torch.nn.attention.flex_attention.create_block_mask",
        "torch.utils.checkpoint.checkpoint",
        "torch.utils.checkpoint.checkpoint_sequential",
        "builtins.map",
        "builtins.filter",
    }
)
"""Functions that call what they are given: any of their arguments that is a function or a module."""
_ALTERNATIVES = 4
"""Of how many candidates a call may enter each for sure; one of more is only possible."""


class Edge(NamedTuple):
    """Something that a function enters: whether surely, and, if it passes it on, the function that calls it."""

    callee: Function
    is_sure: bool = True
    via: Function | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """How a function is reached: how surely, by which place that compiles it, or from which function."""

    degree: Traced
    site: ChainStep | None
    caller: Function | None


class Callees:
    """What the functions of one project enter."""

    def __init__(self, files: Sequence[ProjectFile], evaluator: Evaluator) -> None:
        self._files = files
        self._evaluator = evaluator
        self.called_modules: dict[Function, Traced] = {}
        """How surely modules are called themselves, by their ``forward``, so that their hooks run too."""
        self._contained: dict[int, dict[int, list[int]]] = {}
        self._loads: dict[tuple[int, int], list[tuple[list[str], str]]] = {}
        """What functions read that may be a property: the attributes on the way to it, and its name."""
        self._calling: dict[tuple[int, int], frozenset[str]] = {}

    @cached_property
    def properties(self) -> frozenset[str]:
        """The names of all properties."""
        return frozenset(name for each in self._files for cls in each.summary.classes for name in cls.properties)

    def entered(self, value: Value, name: str = "") -> Iterator[Function]:
        """The functions that calling a value enters."""
        match value:
            case Function():
                yield value
            case Instance(cls, exact):
                of = [cls] if exact else [cls, *self._evaluator.subclasses(cls)]
                for each in of:
                    entry = None if name == "Module.compile" else self._evaluator.method(each, "__call__")
                    entry = entry or self._evaluator.method(each, "forward")
                    if entry is not None:
                        called = Function(entry.file, entry.number, each)
                        self.called_modules[called] = Traced.CERTAIN
                        yield called
                    elif "torch.nn.Sequential" in self._evaluator.external_bases(each):
                        for inside in self._evaluator.elements(value):
                            yield from self.entered(inside)
            case Elements(values, called=True):
                for inside in values:
                    yield from self.entered(inside)
            case _:
                return

    def constructed(self, value: Value) -> Iterator[Function]:
        """What constructing an instance enters."""
        if isinstance(value, Class):
            for name in ("__new__", "__init__", "__post_init__"):
                method = self._evaluator.method(value.id, name)
                if method is not None:
                    yield Function(method.file, method.number, value.id)

    def of(self, caller: Function, reached: Reached) -> Iterator[Edge]:
        """What a function enters, and whether surely."""
        summary = self._evaluator.function(caller)
        frame = self._evaluator.frame(caller.file, caller.receiver)
        for child in self._inside(caller.file, caller.number):
            yield Edge(Function(caller.file, child, caller.receiver))
        if reached.caller is not None or caller in self.called_modules:
            yield from self._wrapping(caller, summary)
        if caller.receiver is not None:
            yield from self._loaded(caller, caller.receiver, summary)
            if self.called_modules.get(caller, Traced.NONE) >= reached.degree:
                yield from self._hooked(caller.receiver)
        yield from self._differentiated(caller, summary)
        for site in summary.calls:
            yield from self._called(site, frame)

    def _wrapping(self, caller: Function, summary: FunctionSummary) -> Iterator[Edge]:
        """What decorators of the project put in the place of a function: not what they only note and give back."""
        frame = self._evaluator.frame(caller.file)
        for decorator in summary.decorators:
            if decorator.call:
                given_back = self._evaluator.given_back(decorator.call, frame)
                for value in self._evaluator.values(("()", decorator.call, (), ()), frame):
                    if isinstance(value, Function) and value not in given_back:
                        yield Edge(value)

    def _loaded(self, caller: Function, receiver: ClassId, summary: FunctionSummary) -> Iterator[Edge]:
        """Properties that a method reads, of ``self`` and of what it holds."""
        key = caller.file, caller.number
        if key not in self._loads:
            paths = (load.rpartition(".") for load in summary.loads)
            found = [
                (before.split(".") if before else [], name) for before, _, name in paths if name in self.properties
            ]
            self._loads[key] = found
        for before, name in self._loads[key]:
            owners: tuple[Value, ...] = (Instance(receiver),)
            for attr in before:
                held = (value for owner in owners for value in self._evaluator.attribute(owner, attr))
                owners = tuple(dict.fromkeys(held))
            for owner in owners:
                if isinstance(owner, Instance) and (method := self._evaluator.getter(owner.of, name)) is not None:
                    yield Edge(method, owner.exact)

    def _hooked(self, receiver: ClassId) -> Iterator[Edge]:
        """Forward hooks that the class registers on itself or its parts."""
        for cls in self._evaluator.lineage(receiver):
            for ref in self._evaluator.class_(cls).hooks:
                for value in self._evaluator.values(ref, self._evaluator.frame(cls.file, receiver)):
                    for function in self.entered(value):
                        yield Edge(function)

    def _differentiated(self, caller: Function, summary: FunctionSummary) -> Iterator[Edge]:
        """With the ``forward`` of an autograd function go, where gradients are wanted, its other parts."""
        if summary.owner != NO_OWNER and summary.name.endswith(".forward"):
            cls = ClassId(caller.file, summary.owner)
            for name in ("setup_context", "backward") if self._evaluator.is_autograd_function(cls) else ():
                method = self._evaluator.method(cls, name)
                if method is not None:
                    yield Edge(method, is_sure=False)

    def _called(self, site: CallSite, frame: Frame) -> Iterator[Edge]:
        """What one call enters."""
        evaluator = self._evaluator
        values = evaluator.values(site.callee, frame)
        if not values:
            return
        found = (item for value in values for item in (*self.entered(value), *self.constructed(value)))
        targets = list(dict.fromkeys(self._with_self(function, site, frame) for function in found))
        owners = evaluator.values(site.callee[1], frame) if site.callee[0] == "." and len(targets) > 1 else ()
        is_sure = self._is_sure((*values, *owners), targets)
        for function in targets:
            yield Edge(function, is_sure)
            yield from (Edge(passed, is_sure, function) for passed in self._passed(function, site, frame))
        if any(isinstance(value, External) and value.path in _CALLS_FIRST for value in values):
            for ref in (*site.arguments, *(ref for _, ref in site.keywords)):
                for value in evaluator.values(ref, frame):
                    yield from map(Edge, self.entered(value))

    def _is_sure(self, values: Sequence[Value], targets: Sequence[Function]) -> bool:
        """Whether each target is entered for sure: there are few, and none is a guess among subclasses."""
        if len(targets) <= 1:
            return True
        is_open = any(isinstance(value, Instance) and not value.exact for value in values)
        return len(targets) <= _ALTERNATIVES and not is_open

    def _passed(self, function: Function, site: CallSite, frame: Frame) -> Iterator[Function]:
        """What a call passes for parameters that the called function calls."""
        key = function.file, function.number
        if key not in self._calling:
            self._calling[key] = frozenset(self.called_parameters(*key))
        called = self._calling[key]
        for name, ref in self._evaluator.matched(function, site.arguments, dict(site.keywords)) if called else ():
            for value in self._evaluator.values(ref, frame) if name in called else ():
                yield from self.entered(value)

    def called_parameters(self, file: int, function: int) -> Iterator[str]:
        """The parameters that a function, or one inside it, calls."""
        for each in (function, *self._inside(file, function)):
            for site in self._files[file].summary.functions[each].calls:
                match site.callee:
                    case ("p", owner, name) if owner == function:
                        yield name
                    case _:
                        continue

    def _with_self(self, function: Function, site: CallSite, frame: Frame) -> Function:
        """``Base.method(self)`` keeps the class of ``self``."""
        owner, receiver = self._evaluator.function(function).owner, frame.receiver
        if owner == NO_OWNER or receiver is None or not site.arguments or site.arguments[0][:1] != ("s",):
            return function
        inherited = ClassId(function.file, owner) in self._evaluator.lineage(receiver)
        return Function(function.file, function.number, receiver) if inherited else function

    def _inside(self, file: int, function: int) -> Sequence[int]:
        """The functions that stand in a function."""
        found = self._contained.get(file)
        if found is None:
            found = self._contained[file] = defaultdict(list)
            for index, each in enumerate(self._files[file].summary.functions):
                if each.around != NO_OWNER:
                    found[each.around].append(index)
        return found.get(function, ())
