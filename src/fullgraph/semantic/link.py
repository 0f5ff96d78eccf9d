"""All summaries in, the traced region out: which functions Dynamo reaches, how surely, and by which chain."""

from __future__ import annotations

import fnmatch
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from fullgraph.semantic.across import Across
from fullgraph.semantic.bindings import Binder
from fullgraph.semantic.bypassed import Bypassed
from fullgraph.semantic.changes import Changes
from fullgraph.semantic.disabled import Disabled
from fullgraph.semantic.evaluate import COMPILE, Evaluator, Frame
from fullgraph.semantic.foreign import NOTHING, Foreign
from fullgraph.semantic.programs import settings_by_file
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, CallSite, FunctionSummary, Ref
from fullgraph.semantic.traced import ChainStep, FileRegion, ModuleClass, Traced
from fullgraph.semantic.values import Class, ClassId, Elements, External, Function, Instance, Value
from fullgraph.semantic.variations import Variations

_COMPILERS = frozenset({COMPILE, "torch.export.export"})
_BY_TRAINER = "torch_compile=True"
COMPILED_REGION = "torch.compiler.nested_compile_region"
_STANCE = "torch.compiler.set_stance"
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
_LIGHTNING_STEPS = frozenset({"training_step", "validation_step", "test_step", "predict_step"})
ENTRIES = _LIGHTNING_STEPS | {"forward"}
"""Methods of modules with which tracing may begin."""
RECEIVERS = 24
"""For how many classes one inherited method is followed; for further ones it is as for the first."""
_LONGEST = 64
"""How many steps of a chain are kept."""
_ALTERNATIVES = 4
"""Of how many candidates a call may enter each for sure; one of more is only possible."""


@dataclass(frozen=True, slots=True)
class _Root:
    function: Function
    degree: Traced
    site: ChainStep | None
    fullgraph: bool = False
    """Whether it is compiled with ``fullgraph=True``."""


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


def link(files: Sequence[ProjectFile], roots: Sequence[str] = (), hot: Sequence[str] = ()) -> list[FileRegion]:
    """The traced region of a project, for each of its files in the same order.

    ``roots`` are patterns such as ``pkg.mod:Class.method`` or ``pkg.*:*.forward`` for functions that are compiled from
    outside; what they reach is POSSIBLE. ``hot`` are such patterns for functions that run again and again, compiled or
    not. The order of the files changes nothing.
    """
    order = sorted(range(len(files)), key=lambda index: files[index].filename)
    _, found = link_ordered([files[index] for index in order], roots, hot)
    regions = dict(zip(order, found, strict=True))
    return [regions[index] for index in range(len(files))]


def link_ordered(
    files: Sequence[ProjectFile], roots: Sequence[str], hot: Sequence[str]
) -> tuple[Linker, list[FileRegion]]:
    """The same for files in the order of their names, with what found it out."""
    linker = Linker(files, roots)
    linker.close()
    reached = hot_functions(files, hot) if hot else {}
    return linker, [linker.region(index, reached.get(index, frozenset())) for index in range(len(files))]


def named(files: Sequence[ProjectFile], pattern: str) -> Iterator[tuple[int, int]]:
    """The functions that a pattern such as ``pkg.mod:Class.*`` names: the place of the file, and that in the file."""
    module, _, name = pattern.partition(":")
    for file, each in enumerate(files):
        if fnmatch.fnmatchcase(each.module, module):
            for index, function in enumerate(each.summary.functions):
                if fnmatch.fnmatchcase(function.name, name or "*"):
                    yield file, index


def hot_functions(files: Sequence[ProjectFile], patterns: Sequence[str]) -> dict[int, frozenset[int]]:
    """What functions of these names enter, by file; nothing keeps calls out that only keeps the compiler out."""
    linker = Linker(files, patterns)
    linker.binder.run()
    queue: deque[Function] = deque()
    for root in linker.configured_roots():
        if linker.enter(root.function, Reached(root.degree, None, None)):
            queue.append(root.function)
    linker.spread(queue, Traced.POSSIBLE)
    found: dict[int, set[int]] = defaultdict(set)
    for function in linker.reached:
        found[function.file].add(function.number)
    return {file: frozenset(numbers) for file, numbers in found.items()}


class Linker:
    """Closes the region of one project over calls."""

    def __init__(self, files: Sequence[ProjectFile], roots: Sequence[str], evaluator: Evaluator | None = None) -> None:
        self.files = files
        self.patterns = roots
        self.evaluator = Evaluator(files) if evaluator is None else evaluator
        self.binder = Binder(self.evaluator)
        self.reached: dict[Function, Reached] = {}
        self.first: dict[tuple[int, int], Function] = {}
        """By which receiver a function was reached first, most surely and with the shortest chain."""
        self.receivers: dict[tuple[int, int], int] = defaultdict(int)
        self._inside: dict[int, dict[int, list[int]]] = {}
        self.loads: dict[tuple[int, int], list[tuple[list[str], str]]] = {}
        """What functions read that may be a property: the attributes on the way to it, and its name."""
        self.calling: dict[tuple[int, int], frozenset[str]] = {}
        self.kept_out = Disabled(files, self.evaluator)
        self.across = Across(files, self.evaluator, self.kept_out)
        self.bypassed = Bypassed(files, self.evaluator, self.is_special)
        self.variations = Variations(files, self.evaluator, self.bypassed.holding, self.is_certain)
        self.changes = Changes(files, self.evaluator, self.variations, self.is_certain)
        self.causes: dict[Function, Function] = {}
        """The functions by whose calls others were entered, which may not be those that a chain leads through."""
        self.doubtful: deque[tuple[Function, Function, Function]] = deque()
        """What may be entered: the function, that from which it is reached, and that by whose calls."""
        self.chains: dict[Function, tuple[ChainStep, ...]] = {}
        self.called_modules: dict[Function, Traced] = {}
        """How surely modules are called themselves, by their ``forward``, so that their hooks run too."""
        self.callers: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        """The traced functions that enter a function."""
        self.split: frozenset[Function] | None = None
        """What roots reach that are not compiled with ``fullgraph=True``, if others are."""

    @cached_property
    def settings(self) -> list[frozenset[str]]:
        """What is turned on of Dynamo's settings where the code of each file runs."""
        return settings_by_file(self.files, self.evaluator.modules)

    @cached_property
    def own(self) -> frozenset[str]:
        """The names of the project's own files."""
        return frozenset(file.filename for file in self.files if file.is_own)

    @cached_property
    def properties(self) -> frozenset[str]:
        """The names of all properties."""
        return frozenset(name for each in self.files for cls in each.summary.classes for name in cls.properties)

    def inside(self, file: int, function: int) -> Sequence[int]:
        """The functions that stand in a function."""
        found = self._inside.get(file)
        if found is None:
            found = self._inside[file] = defaultdict(list)
            for index, each in enumerate(self.files[file].summary.functions):
                if each.around != NO_OWNER:
                    found[each.around].append(index)
        return found.get(function, ())

    # Roots

    def roots(self) -> Iterator[_Root]:
        """Where tracing begins."""
        yield from self.decorated_roots()
        yield from self.compiled_roots()
        for file, each in enumerate(self.files):
            for index, cls in enumerate(each.summary.classes):
                yield from self.module_roots(ClassId(file, index), cls.name)
        yield from self.configured_roots()
        yield from self.trainer_roots()

    def configured_roots(self) -> Iterator[_Root]:
        """Functions that the user names."""
        for pattern in self.patterns:
            for file, index in named(self.files, pattern):
                function = self.files[file].summary.functions[index]
                receiver = ClassId(file, function.owner) if function.owner != NO_OWNER else None
                yield _Root(Function(file, index, receiver), Traced.POSSIBLE, None)

    def trainer_roots(self) -> Iterator[_Root]:
        """Models that are given to a trainer together with arguments that say ``torch_compile=True``."""
        for file, each in enumerate(self.files):
            outside = [(site, None) for site in each.summary.calls]
            inside = [(site, index) for index, item in enumerate(each.summary.functions) for site in item.calls]
            for site, function in (*outside, *inside):
                if not self.is_trainer(file, site):
                    continue
                frame = Frame(file, self.evaluator.class_around(file, function))
                step = each.step(site.row, _BY_TRAINER)
                model = dict(site.keywords).get("model", next(iter(site.arguments), ()))
                for value in self.evaluator.values(model, frame):
                    yield from (_Root(entered, Traced.POSSIBLE, step) for entered in self.entered(value))

    def is_trainer(self, file: int, site: CallSite) -> bool:
        """Whether a call is given arguments that say ``torch_compile=True``."""
        if not site.keywords and len(site.arguments) < 2:
            return False
        arguments = dict(site.keywords).get("args", site.arguments[1] if len(site.arguments) > 1 else ())
        return bool(arguments) and self.says_compile(file, arguments)

    def says_compile(self, file: int, ref: Ref) -> bool:
        """Whether a value is constructed with ``torch_compile=True``."""
        refs = self.files[file].summary.names[ref[1]] if ref and ref[0] == "n" else (ref,)
        return any(each and each[0] == "()" and ("torch_compile", ("=", True)) in each[3] for each in refs)

    def module_roots(self, cls: ClassId, _: str) -> Iterator[_Root]:
        """The ``forward`` of a module, and the steps of a Lightning module: libraries are compiled by their users."""
        evaluator = self.evaluator
        names = {"forward", *_LIGHTNING_STEPS}
        if not any(name in evaluator.class_(each).methods for each in evaluator.lineage(cls) for name in names):
            return
        if evaluator.is_module(cls) is ModuleClass.NO:
            return
        wanted = names if self.is_lightning(cls) else {"forward"}
        for name in sorted(wanted):
            method = evaluator.method(cls, name)
            if method is not None:
                entered = Function(method.file, method.number, cls)
                if name == "forward":
                    self.called_modules.setdefault(entered, Traced.POSSIBLE)
                yield _Root(entered, Traced.POSSIBLE, None)

    def decorated_roots(self) -> Iterator[_Root]:
        """Functions below ``@torch.compile`` or a decorator of the project that compiles them."""
        for file, each in enumerate(self.files):
            for index, function in enumerate(each.summary.functions):
                for decorator in function.decorators:
                    receiver = ClassId(file, function.owner) if function.owner != NO_OWNER else None
                    target = Function(file, index, receiver)
                    values = self.evaluator.values(decorator.call, self.evaluator.frame(file))
                    if External(COMPILE) in values:
                        step = each.step(decorator.row, COMPILE)
                        yield _Root(target, Traced.CERTAIN, step, _says_fullgraph(decorator.call))
                    elif External(COMPILED_REGION) in values:
                        yield _Root(target, Traced.POSSIBLE, each.step(decorator.row, COMPILED_REGION))

    def compiled_roots(self) -> Iterator[_Root]:
        """What is passed to ``torch.compile``, by itself or through functions of the project that pass it on."""
        known: dict[tuple[int, str], bool] = {}
        for file, site, function in self.compile_sites():
            if site.callee[0] == "i":  # most are of what is imported, the same over and over
                key = file, site.callee[1]
                if key not in known:
                    known[key] = self.is_no_compiler(file, site)
                if known[key]:
                    continue
            elif self.is_no_compiler(file, site):
                continue
            receivers = self.site_receivers(file, function)
            found: Counter[tuple[Function, bool, str]] = Counter()
            for receiver in receivers:
                found.update(dict.fromkeys(self.compiled_at(site, self.evaluator.frame(file, receiver)), 1))
            for (entered, is_exact, name), count in found.items():
                # what a method compiles for one of many classes that inherit it is a guess
                is_sure = is_exact and (len(receivers) <= _ALTERNATIVES or count == len(receivers))
                step = self.files[file].step(site.row, name)
                degree = Traced.CERTAIN if is_sure else Traced.POSSIBLE
                yield _Root(entered, degree, step, ("fullgraph", ("=", True)) in site.keywords)
                yield from (_Root(each, Traced.POSSIBLE, step) for each in self.steps_beside(entered, name))

    def steps_beside(self, entered: Function, name: str) -> Iterator[Function]:
        """The steps of a Lightning module whose ``forward`` is compiled: a trainer that is given it compiles them, too.

        The trainer compiles nothing else.
        """
        cls = entered.receiver
        if name != COMPILE or cls is None or entered != self.called_as(cls, "forward") or not self.is_lightning(cls):
            return
        for step in sorted(_LIGHTNING_STEPS):
            if (method := self.called_as(cls, step)) is not None:
                yield method

    def called_as(self, cls: ClassId, name: str) -> Function | None:
        """A method of instances of a class."""
        method = self.evaluator.method(cls, name)
        return None if method is None else Function(method.file, method.number, cls)

    def is_lightning(self, cls: ClassId) -> bool:
        """Whether a class is a Lightning module."""
        return any(path.rpartition(".")[2] == "LightningModule" for path in self.evaluator.external_bases(cls))

    def is_no_compiler(self, file: int, site: CallSite) -> bool:
        """Whether a call compiles nothing, whatever ``self`` is."""
        if self.evaluator.is_about_self(file, site.callee):
            return False
        return self.compiler_of(site, self.evaluator.frame(file)) is None

    def compiled_at(self, site: CallSite, frame: Frame) -> Iterator[tuple[Function, bool, str]]:
        """The functions that are compiled at a call, whether it is sure that each is, and by what."""
        name = self.compiler_of(site, frame)
        for value in self.subjects(site, name, frame) if name is not None else ():
            targets = list(dict.fromkeys(self.entered(value, name or "")))
            is_exact = len(targets) == 1 or not isinstance(value, Instance) or value.exact
            yield from ((entered, is_exact, name or "") for entered in targets)

    def site_receivers(self, file: int, function: int | None) -> list[ClassId | None]:
        """What ``self`` may be where something is compiled: the class around, and those that inherit the method."""
        own = self.evaluator.class_around(file, function)
        return [None] if own is None else [own, *self.evaluator.subclasses(own)]

    def compile_sites(self) -> Iterator[tuple[int, CallSite, int | None]]:
        """Calls of something that may compile, with their file and function; the name of what is called tells."""
        for file, each in enumerate(self.files):
            for site in each.summary.calls:
                if compiles_perhaps(site):
                    yield file, site, None
            for index, function in enumerate(each.summary.functions):
                if any(_forces_eager(decorator.call) for decorator in function.decorators):
                    continue
                for site in (*function.calls, *function.skipped_calls):
                    if compiles_perhaps(site):
                        yield file, site, index

    def compiler_of(self, site: CallSite, frame: Frame) -> str | None:
        """What compiles at a call: a function of torch, or ``compile`` of a module."""
        values = self.evaluator.values(site.callee, frame)
        for value in values:
            if isinstance(value, External) and value.path in _COMPILERS:
                return value.path
        if _compiled_in_place(site.callee):
            return None if any(isinstance(value, Function) for value in values) else "Module.compile"
        return None

    def subjects(self, site: CallSite, name: str, frame: Frame) -> tuple[Value, ...]:
        """What is compiled at a call."""
        evaluator = self.evaluator
        if name == "Module.compile":
            owners = evaluator.values(_compiled_in_place(site.callee), frame)
            return tuple(
                owner
                for owner in owners
                if isinstance(owner, Instance) and evaluator.is_module(owner.of) is ModuleClass.YES
            )
        keywords = dict(site.keywords)
        given = [*site.arguments[:1], *(keywords[key] for key in ("model", "mod", "f") if key in keywords)]
        return tuple(value for ref in given for value in evaluator.values(ref, frame))

    def entered(self, value: Value, name: str = "") -> Iterator[Function]:
        """The functions that calling a value enters."""
        match value:
            case Function():
                yield value
            case Instance(cls, exact):
                of = [cls] if exact else [cls, *self.evaluator.subclasses(cls)]
                for each in of:
                    entry = None if name == "Module.compile" else self.evaluator.method(each, "__call__")
                    entry = entry or self.evaluator.method(each, "forward")
                    if entry is not None:
                        called = Function(entry.file, entry.number, each)
                        self.called_modules[called] = Traced.CERTAIN
                        yield called
                    elif "torch.nn.Sequential" in self.evaluator.external_bases(each):
                        for inside in self.evaluator.elements(value):
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
                method = self.evaluator.method(value.id, name)
                if method is not None:
                    yield Function(method.file, method.number, value.id)

    # Closing over calls

    def close(self) -> None:
        """Breadth first from the certain roots, then from the possible ones, so that the first chain is the best."""
        self.binder.run()
        self.kept_out.find()
        roots = [root for root in self.roots() if self.concerns(root)]
        for degree in (Traced.CERTAIN, Traced.POSSIBLE):
            queue: deque[Function] = deque()
            if degree is Traced.POSSIBLE:
                for callee, origin, caller in self.doubtful:
                    if self.enter(callee, Reached(degree, None, origin), caller):
                        queue.append(callee)
            for root in sorted(roots, key=lambda root: root.site is None):
                if root.degree is degree and self.enter(root.function, Reached(degree, root.site, None)):
                    queue.append(root.function)
            self.spread(queue, degree)
        if any(root.fullgraph for root in roots):
            self.split = self.reached_from([root.function for root in roots if root.site and not root.fullgraph])

    def reached_from(self, roots: Iterable[Function]) -> frozenset[Function]:
        """What these roots certainly reach."""
        found = {root for root in roots if root in self.reached}
        queue = deque(found)
        while queue:
            for edge in self.callees(queue.popleft()):
                if edge.is_sure and edge.callee in self.reached and edge.callee not in found:
                    found.add(edge.callee)
                    queue.append(edge.callee)
        return frozenset(found)

    def concerns(self, root: _Root) -> bool:
        """Whether what is compiled, or where, is of the project itself and not of a package that it uses."""
        return self.files[root.function.file].is_own or (root.site is not None and root.site.filename in self.own)

    def spread(self, queue: deque[Function], degree: Traced) -> None:
        """Enter everything that the functions of a queue call."""
        while queue:
            caller = queue.popleft()
            for edge in self.callees(caller):
                self.callers[edge.callee.file, edge.callee.number].add((caller.file, caller.number))
                origin = edge.via if edge.via is not None and edge.via in self.reached else caller
                if not edge.is_sure and degree is Traced.CERTAIN:
                    self.doubtful.append((edge.callee, origin, caller))
                elif self.enter(edge.callee, Reached(degree, None, origin), caller):
                    queue.append(edge.callee)

    def enter(self, function: Function, reached: Reached, cause: Function | None = None) -> bool:
        """Note that a function is reached; False if it was before, for this receiver or for enough others."""
        key = function.file, function.number
        if function in self.reached or (key in self.kept_out.functions and self.kept_out.skipped.get(key, True)):
            return False
        if self.receivers[key] >= RECEIVERS:
            return False
        self.receivers[key] += 1
        self.reached[function] = reached
        if cause is not None:
            self.causes[function] = cause
        self.first.setdefault(key, function)
        return True

    def callees(self, caller: Function) -> Iterator[Edge]:
        """What a function enters, and whether surely."""
        summary = self.evaluator.function(caller)
        frame = self.evaluator.frame(caller.file, caller.receiver)
        for child in self.inside(caller.file, caller.number):
            yield Edge(Function(caller.file, child, caller.receiver))
        if self.reached[caller].caller is not None or caller in self.called_modules:
            yield from self.wrapping(caller, summary)
        if caller.receiver is not None:
            yield from self.loaded(caller, caller.receiver, summary)
            if self.called_modules.get(caller, Traced.NONE) >= self.reached[caller].degree:
                yield from self.hooked(caller.receiver)
        yield from self.differentiated(caller, summary)
        for site in summary.calls:
            yield from self.called(site, frame)

    def wrapping(self, caller: Function, summary: FunctionSummary) -> Iterator[Edge]:
        """What decorators of the project put in the place of a function."""
        frame = self.evaluator.frame(caller.file)
        for decorator in summary.decorators:
            if decorator.call:
                for value in self.evaluator.values(("()", decorator.call, (), ()), frame):
                    if isinstance(value, Function):
                        yield Edge(value)

    def loaded(self, caller: Function, receiver: ClassId, summary: FunctionSummary) -> Iterator[Edge]:
        """Properties that a method reads, of ``self`` and of what it holds."""
        key = caller.file, caller.number
        if key not in self.loads:
            paths = (load.rpartition(".") for load in summary.loads)
            found = [
                (before.split(".") if before else [], name) for before, _, name in paths if name in self.properties
            ]
            self.loads[key] = found
        for before, name in self.loads[key]:
            owners: tuple[Value, ...] = (Instance(receiver),)
            for attr in before:
                held = (value for owner in owners for value in self.evaluator.attribute(owner, attr))
                owners = tuple(dict.fromkeys(held))
            for owner in owners:
                if isinstance(owner, Instance) and (method := self.evaluator.getter(owner.of, name)) is not None:
                    yield Edge(method, owner.exact)

    def differentiated(self, caller: Function, summary: FunctionSummary) -> Iterator[Edge]:
        """With the ``forward`` of an autograd function go, where gradients are wanted, its other parts."""
        if summary.owner != NO_OWNER and summary.name.endswith(".forward"):
            cls = ClassId(caller.file, summary.owner)
            for name in ("setup_context", "backward") if self.evaluator.is_autograd_function(cls) else ():
                method = self.evaluator.method(cls, name)
                if method is not None:
                    yield Edge(method, is_sure=False)

    def hooked(self, receiver: ClassId) -> Iterator[Edge]:
        """Forward hooks that the class registers on itself or its parts."""
        for cls in self.evaluator.lineage(receiver):
            for ref in self.evaluator.class_(cls).hooks:
                for value in self.evaluator.values(ref, self.evaluator.frame(cls.file, receiver)):
                    for function in self.entered(value):
                        yield Edge(function)

    def called(self, site: CallSite, frame: Frame) -> Iterator[Edge]:
        """What one call enters."""
        evaluator = self.evaluator
        values = evaluator.values(site.callee, frame)
        if not values:
            return
        found = (item for value in values for item in (*self.entered(value), *self.constructed(value)))
        targets = list(dict.fromkeys(self.with_self(function, site, frame) for function in found))
        owners = evaluator.values(site.callee[1], frame) if site.callee[0] == "." and len(targets) > 1 else ()
        is_sure = self.is_sure((*values, *owners), targets)
        for function in targets:
            yield Edge(function, is_sure)
            yield from (Edge(passed, is_sure, function) for passed in self.passed(function, site, frame))
        if any(isinstance(value, External) and value.path in _CALLS_FIRST for value in values):
            for ref in (*site.arguments, *(ref for _, ref in site.keywords)):
                for value in evaluator.values(ref, frame):
                    yield from map(Edge, self.entered(value))

    def is_sure(self, values: Sequence[Value], targets: Sequence[Function]) -> bool:
        """Whether each target is entered for sure: there are few, and none is a guess among subclasses."""
        if len(targets) <= 1:
            return True
        is_open = any(isinstance(value, Instance) and not value.exact for value in values)
        return len(targets) <= _ALTERNATIVES and not is_open

    def passed(self, function: Function, site: CallSite, frame: Frame) -> Iterator[Function]:
        """What a call passes for parameters that the called function calls."""
        key = function.file, function.number
        if key not in self.calling:
            self.calling[key] = frozenset(self.called_parameters(*key))
        called = self.calling[key]
        for name, ref in self.evaluator.matched(function, site.arguments, dict(site.keywords)) if called else ():
            for value in self.evaluator.values(ref, frame) if name in called else ():
                yield from self.entered(value)

    def called_parameters(self, file: int, function: int) -> Iterator[str]:
        """The parameters that a function, or one inside it, calls."""
        for each in (function, *self.inside(file, function)):
            for site in self.files[file].summary.functions[each].calls:
                match site.callee:
                    case ("p", owner, name) if owner == function:
                        yield name
                    case _:
                        continue

    def with_self(self, function: Function, site: CallSite, frame: Frame) -> Function:
        """``Base.method(self)`` keeps the class of ``self``."""
        owner, receiver = self.evaluator.function(function).owner, frame.receiver
        if owner == NO_OWNER or receiver is None or not site.arguments or site.arguments[0][:1] != ("s",):
            return function
        inherited = ClassId(function.file, owner) in self.evaluator.lineage(receiver)
        return Function(function.file, function.number, receiver) if inherited else function

    # The answer

    def region(self, file: int, hot: frozenset[int]) -> FileRegion:
        """What was found for one file, with its functions that are hot."""
        functions = self.files[file].summary.functions
        traced: dict[int, tuple[Traced, tuple[ChainStep, ...]]] = {}
        for index in range(len(functions)):
            first = self.first.get((file, index))
            if first is not None and (file, index) not in self.kept_out.functions:
                traced[index] = self.reached[first].degree, self.chain(first)
        roots = frozenset(index for index in traced if self.reached[self.first[file, index]].caller is None)
        disabled = frozenset(index for own, index in self.kept_out.functions if own == file)
        modules = {
            index: self.evaluator.is_module(ClassId(file, index))
            for index in range(len(self.files[file].summary.classes))
        }
        callers = {index: len(self.callers[file, index]) for index in traced if (file, index) in self.callers}
        whole = self.only_whole(file, traced)
        told = self.across.told(file) if (traced or hot) and self.files[file].is_own else NOTHING
        if self.files[file].is_own:
            told = self.told_of_calls(file, told)
        return FileRegion(traced, roots, disabled, modules, whole, self.settings[file], callers, hot, told)

    def told_of_calls(self, file: int, told: Foreign) -> Foreign:
        """What a file is told, with calls across files of what is compiled."""
        bypasses, changed = self.bypassed.in_file(file), self.changes.in_file(file)
        varied, sized = self.variations.varied(file), self.variations.sized(file)
        if not (bypasses or changed or varied or sized):
            return told
        return replace(told, bypasses=bypasses, changed=changed, varied=varied, sized=sized)

    def is_certain(self, file: int, number: int) -> bool:
        """Whether a function is certainly traced."""
        first = self.first.get((file, number))
        return first is not None and self.reached[first].degree is Traced.CERTAIN

    def is_special(self, function: Function) -> bool:
        """Whether a function is compiled itself, or Dynamo is kept out of it."""
        key = function.file, function.number
        first = self.first.get(key)
        is_root = first is not None and self.reached[first].caller is None
        return is_root or key in self.kept_out.functions

    def only_whole(self, file: int, traced: Mapping[int, tuple[Traced, object]]) -> frozenset[int]:
        """The functions that certain roots reach, each of them compiled with ``fullgraph=True``."""
        if self.split is None:
            return frozenset()
        others = {(each.file, each.number) for each in self.split}
        certain = (index for index, (degree, _) in traced.items() if degree is Traced.CERTAIN)
        return frozenset(index for index in certain if (file, index) not in others)

    def chain(self, function: Function) -> tuple[ChainStep, ...]:
        """The steps from the root to a function, root first; of very many, some behind the root are left out."""
        callers: list[Function] = []
        current: Function | None = function
        while current is not None and current not in self.chains:
            callers.append(current)
            current = self.reached[current].caller
        steps = self.chains[current] if current is not None else ()
        for each in reversed(callers):
            site = self.reached[each].site
            steps = self.chains[each] = self.lengthened(steps if site is None else (site,), each)
        return steps

    def lengthened(self, steps: tuple[ChainStep, ...], function: Function) -> tuple[ChainStep, ...]:
        """A chain with one more step."""
        summary = self.evaluator.function(function)
        if len(steps) >= _LONGEST:
            steps = (*steps[:2], *steps[3:])
        return (*steps, self.files[function.file].step(summary.row, summary.name))


def _forces_eager(decorator: Ref) -> bool:
    """``@torch.compiler.set_stance("force_eager")``."""
    match decorator:
        case ("()", ("i", path), arguments, keywords) if path == _STANCE:
            return ("=", "force_eager") in (*arguments, *(ref for _, ref in keywords))
        case _:
            return False


def _says_fullgraph(call: Ref) -> bool:
    """Whether a decorator is called with ``fullgraph=True``."""
    return bool(call) and call[0] == "()" and ("fullgraph", ("=", True)) in call[3]


def _compiled_in_place(callee: Ref) -> Ref:
    """What a call of ``compile`` as a method is called on; nothing if it is none."""
    match callee:
        case (".", owner, "compile"):
            return owner  # type: ignore[no-any-return]
        case ("i", path):
            owner, _, name = str(path).rpartition(".")
            return ("i", owner) if owner and name == "compile" else ()
        case _:
            return ()


def compiles_perhaps(site: CallSite) -> bool:
    """A cheap test that every compile site passes: by the last name of what is called, or it is not spelled out."""
    match site.callee:
        case (".", _, name):
            return name in ("compile", "export")
        case ("i", path):
            return str(path).rpartition(".")[2] in ("compile", "export") or not str(path).startswith("torch.")
        case ("f" | "c" | "s" | "S", _):
            return False
        case _:
            return True
