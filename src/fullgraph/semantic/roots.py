"""Where tracing begins: what the project compiles, what its users may compile, and what they say they do."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fullgraph.semantic.callees import Callees
from fullgraph.semantic.evaluate import COMPILE, Evaluator, Frame
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, CallSite, Ref
from fullgraph.semantic.traced import ChainStep, ModuleClass, Traced
from fullgraph.semantic.values import ClassId, External, Function, Instance, Value

_COMPILERS = frozenset({COMPILE, "torch.export.export"})
_BY_TRAINER = "torch_compile=True"
COMPILED_REGION = "torch.compiler.nested_compile_region"
_STANCE = "torch.compiler.set_stance"
_LIGHTNING_STEPS = frozenset({"training_step", "validation_step", "test_step", "predict_step"})
ENTRIES = _LIGHTNING_STEPS | {"forward"}
"""Methods of modules with which tracing may begin."""
_ALTERNATIVES = 4
"""In how many classes what an inherited method compiles may be sure."""


@dataclass(frozen=True, slots=True)
class Root:
    """A function with which tracing begins: how surely, and at which place that compiles it."""

    function: Function
    degree: Traced
    site: ChainStep | None
    fullgraph: bool = False
    """Whether it is compiled with ``fullgraph=True``."""


def named(files: Sequence[ProjectFile], pattern: str) -> Iterator[tuple[int, int]]:
    """The functions that a pattern such as ``pkg.mod:Class.*`` names: the place of the file, and that in the file."""
    module, _, name = pattern.partition(":")
    for file, each in enumerate(files):
        if fnmatch.fnmatchcase(each.module, module):
            for index, function in enumerate(each.summary.functions):
                if fnmatch.fnmatchcase(function.name, name or "*"):
                    yield file, index


class Roots:
    """The roots of one project."""

    def __init__(
        self, files: Sequence[ProjectFile], evaluator: Evaluator, calls: Callees, patterns: Sequence[str]
    ) -> None:
        self._files = files
        self._evaluator = evaluator
        self._calls = calls
        self._patterns = patterns

    def all(self) -> Iterator[Root]:
        """Where tracing begins."""
        yield from self._decorated()
        yield from self._compiled()
        for file, each in enumerate(self._files):
            for index in range(len(each.summary.classes)):
                yield from self._of_modules(ClassId(file, index))
        yield from self.configured()
        yield from self._of_trainers()

    def configured(self) -> Iterator[Root]:
        """Functions that the user names."""
        for pattern in self._patterns:
            for file, index in named(self._files, pattern):
                function = self._files[file].summary.functions[index]
                receiver = ClassId(file, function.owner) if function.owner != NO_OWNER else None
                yield Root(Function(file, index, receiver), Traced.POSSIBLE, None)

    def _of_trainers(self) -> Iterator[Root]:
        """Models that are given to a trainer together with arguments that say ``torch_compile=True``."""
        for file, each in enumerate(self._files):
            outside = [(site, None) for site in each.summary.calls]
            inside = [(site, index) for index, item in enumerate(each.summary.functions) for site in item.calls]
            for site, function in (*outside, *inside):
                if not self.is_trainer(file, site):
                    continue
                frame = Frame(file, self._evaluator.class_around(file, function))
                step = each.step(site.row, _BY_TRAINER)
                model = dict(site.keywords).get("model", next(iter(site.arguments), ()))
                for value in self._evaluator.values(model, frame):
                    yield from (Root(entered, Traced.POSSIBLE, step) for entered in self._calls.entered(value))

    def _of_modules(self, cls: ClassId) -> Iterator[Root]:
        """The ``forward`` of a module, and the steps of a Lightning module: libraries are compiled by their users."""
        evaluator = self._evaluator
        names = {"forward", *_LIGHTNING_STEPS}
        if not any(name in evaluator.class_(each).methods for each in evaluator.lineage(cls) for name in names):
            return
        if evaluator.is_module(cls) is ModuleClass.NO:
            return
        wanted = names if self._is_lightning(cls) else {"forward"}
        for name in sorted(wanted):
            method = evaluator.method(cls, name)
            if method is not None:
                entered = Function(method.file, method.number, cls)
                if name == "forward":
                    self._calls.called_modules.setdefault(entered, Traced.POSSIBLE)
                yield Root(entered, Traced.POSSIBLE, None)

    def _decorated(self) -> Iterator[Root]:
        """Functions below ``@torch.compile`` or a decorator of the project that compiles them."""
        for file, each in enumerate(self._files):
            for index, function in enumerate(each.summary.functions):
                for decorator in function.decorators:
                    receiver = ClassId(file, function.owner) if function.owner != NO_OWNER else None
                    target = Function(file, index, receiver)
                    values = self._evaluator.values(decorator.call, self._evaluator.frame(file))
                    if External(COMPILE) in values:
                        step = each.step(decorator.row, COMPILE)
                        yield Root(target, Traced.CERTAIN, step, _says_fullgraph(decorator.call))
                    elif External(COMPILED_REGION) in values:
                        yield Root(target, Traced.POSSIBLE, each.step(decorator.row, COMPILED_REGION))

    def _compiled(self) -> Iterator[Root]:
        """What is passed to ``torch.compile``, by itself or through functions of the project that pass it on."""
        known: dict[tuple[int, str], bool] = {}
        for file, site, function in self._compile_sites():
            if site.callee[0] == "i":  # most are of what is imported, the same over and over
                key = file, site.callee[1]
                if key not in known:
                    known[key] = self._is_no_compiler(file, site)
                if known[key]:
                    continue
            elif self._is_no_compiler(file, site):
                continue
            receivers = self.receivers(file, function)
            found: Counter[tuple[Function, bool, str]] = Counter()
            for receiver in receivers:
                found.update(dict.fromkeys(self._compiled_at(site, self._evaluator.frame(file, receiver)), 1))
            for (entered, is_exact, name), count in found.items():
                # what a method compiles for one of many classes that inherit it is a guess
                is_sure = is_exact and (len(receivers) <= _ALTERNATIVES or count == len(receivers))
                step = self._files[file].step(site.row, name)
                degree = Traced.CERTAIN if is_sure else Traced.POSSIBLE
                yield Root(entered, degree, step, ("fullgraph", ("=", True)) in site.keywords)
                yield from (Root(each, Traced.POSSIBLE, step) for each in self._steps_beside(entered, name))

    def _steps_beside(self, entered: Function, name: str) -> Iterator[Function]:
        """The steps of a Lightning module whose ``forward`` is compiled: a trainer that is given it compiles them, too.

        The trainer compiles nothing else.
        """
        cls = entered.receiver
        if name != COMPILE or cls is None or entered != self._called_as(cls, "forward") or not self._is_lightning(cls):
            return
        for step in sorted(_LIGHTNING_STEPS):
            if (method := self._called_as(cls, step)) is not None:
                yield method

    def _called_as(self, cls: ClassId, name: str) -> Function | None:
        """A method of instances of a class."""
        method = self._evaluator.method(cls, name)
        return None if method is None else Function(method.file, method.number, cls)

    def _is_lightning(self, cls: ClassId) -> bool:
        """Whether a class is a Lightning module."""
        return any(path.rpartition(".")[2] == "LightningModule" for path in self._evaluator.external_bases(cls))

    def is_trainer(self, file: int, site: CallSite) -> bool:
        """Whether a call is given arguments that say ``torch_compile=True``."""
        if not site.keywords and len(site.arguments) < 2:
            return False
        arguments = dict(site.keywords).get("args", site.arguments[1] if len(site.arguments) > 1 else ())
        return bool(arguments) and self._says_compile(file, arguments)

    def _says_compile(self, file: int, ref: Ref) -> bool:
        """Whether a value is constructed with ``torch_compile=True``."""
        refs = self._files[file].summary.names[ref[1]] if ref and ref[0] == "n" else (ref,)
        return any(each and each[0] == "()" and ("torch_compile", ("=", True)) in each[3] for each in refs)

    def _is_no_compiler(self, file: int, site: CallSite) -> bool:
        """Whether a call compiles nothing, whatever ``self`` is."""
        if self._evaluator.is_about_self(file, site.callee):
            return False
        return self.compiler_of(site, self._evaluator.frame(file)) is None

    def _compiled_at(self, site: CallSite, frame: Frame) -> Iterator[tuple[Function, bool, str]]:
        """The functions that are compiled at a call, whether it is sure that each is, and by what."""
        name = self.compiler_of(site, frame)
        for value in self._subjects(site, name, frame) if name is not None else ():
            targets = list(dict.fromkeys(self._calls.entered(value, name or "")))
            is_exact = len(targets) == 1 or not isinstance(value, Instance) or value.exact
            yield from ((entered, is_exact, name or "") for entered in targets)

    def receivers(self, file: int, function: int | None) -> list[ClassId | None]:
        """What ``self`` may be where something is compiled: the class around, and those that inherit the method."""
        own = self._evaluator.class_around(file, function)
        return [None] if own is None else [own, *self._evaluator.subclasses(own)]

    def _compile_sites(self) -> Iterator[tuple[int, CallSite, int | None]]:
        """Calls of something that may compile, with their file and function; the name of what is called tells."""
        for file, each in enumerate(self._files):
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
        values = self._evaluator.values(site.callee, frame)
        for value in values:
            if isinstance(value, External) and value.path in _COMPILERS:
                return value.path
        if _compiled_in_place(site.callee):
            return None if any(isinstance(value, Function) for value in values) else "Module.compile"
        return None

    def _subjects(self, site: CallSite, name: str, frame: Frame) -> tuple[Value, ...]:
        """What is compiled at a call."""
        evaluator = self._evaluator
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
