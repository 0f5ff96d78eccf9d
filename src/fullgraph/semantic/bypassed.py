"""Calls that pass by what another file compiles: methods of a module that an attribute holds in its compiled form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property

from fullgraph.semantic.evaluate import COMPILE, Evaluator
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import CallSite, FileSummary, FunctionSummary, Ref
from fullgraph.semantic.traced import ChainStep, ModuleClass
from fullgraph.semantic.values import ClassId, External, Function, Instance
from fullgraph.torchfacts import availability

_DEPTH = 4
_STARTS = frozenset({"__init__", "__new__", "__post_init__"})


class Bypassed:
    """Answers for one linked project.

    Where ``policy.network`` is what ``torch.compile`` made of a module, ``policy.network.act(x)`` runs eagerly. Such a
    call goes by the function that it stands in, and by ``network.act``. What one file alone tells is left to its rules.
    """

    def __init__(
        self, files: Sequence[ProjectFile], evaluator: Evaluator, is_special: Callable[[Function], bool]
    ) -> None:
        self._files = files
        self._evaluator = evaluator
        self._is_special = is_special
        """Whether a function is compiled itself, or the compiler is kept out of it."""

    def in_file(self, file: int) -> dict[tuple[int, str], ChainStep]:
        """The calls of a file, and where each time the module is compiled."""
        if not self.members:
            return {}
        found: dict[tuple[int, str], ChainStep] = {}
        for index, function in enumerate(self._files[file].summary.functions):
            found.update(self._in_function(file, index, function))
        return found

    def _in_function(self, file: int, index: int, function: FunctionSummary) -> dict[tuple[int, str], ChainStep]:
        places: dict[str, set[ChainStep | None]] = {}
        for site in (*function.calls, *function.skipped_calls):
            for owner, member, method in _spelled(self._files[file].summary, site, self.members):
                place = self._bypassed_at(file, index, owner, member, method)
                places.setdefault(f"{member}.{method}", set()).add(place)
        return {
            (index, name): place
            for name, each in places.items()
            if len(each) == 1 and (place := next(iter(each))) is not None
        }

    def _bypassed_at(self, file: int, index: int, owner: Ref, member: str, method: str) -> ChainStep | None:
        around = self._evaluator.class_around(file, index)
        name = self._files[file].summary.functions[index].name
        values = self._evaluator.values(owner, self._evaluator.frame(file, around))
        places = {
            self._place(value.of, member, method, file) if isinstance(value, Instance) else None for value in values
        }
        found = places.pop() if len(places) == 1 else None
        if found is None or _may_be_before(name, found[0].name):
            return None
        place, is_known = found
        return place if is_known else replace(place, name="")

    def _place(self, cls: ClassId, member: str, method: str, file: int) -> tuple[ChainStep, bool] | None:
        """Where a module is compiled that a method passes by, and whether it is known to run the module."""
        for holder in self._evaluator.lineage(cls):
            name = self._behind_property(holder, member)
            found = self.compiled.get((holder, name))
            if found is None:
                continue
            place, made = found
            modules = self._modules(holder, made[2][0])
            is_told = holder.file != file or (modules and not any(each.file == file for each in modules))
            if not is_told or modules is None or method in self._compiled_methods:
                return None
            return (place, bool(modules)) if not modules or self._computes(modules, method) else None
        return None

    def _behind_property(self, holder: ClassId, member: str) -> str:
        """The attribute that a property returns; a name that is none stands for itself."""
        summary = self._evaluator.class_(holder)
        for _ in range(_DEPTH):
            if member not in summary.properties:
                break
            match self._files[holder.file].summary.functions[summary.methods[member]].returns:
                case ((".", ("s", _), str(attribute)),):
                    member = attribute
                case _:
                    break
        return member

    # What is compiled

    @cached_property
    def is_spelled(self) -> bool:
        """Whether some file calls a method of something of such a name."""
        return any(calls_member(each.summary, self.members) for each in self._files)

    @cached_property
    def compiled(self) -> Mapping[tuple[ClassId, str], tuple[ChainStep, Ref]]:
        """What classes hold in compiled form, by class and attribute: where it is compiled, and the call that does."""
        found: dict[tuple[ClassId, str], tuple[ChainStep, Ref]] = {}
        for file, each in enumerate(self._files):
            for index, cls in enumerate(each.summary.classes):
                for name, refs in cls.attributes.items():
                    for made in calls_in(refs):
                        place = self._compiles(file, index, made)
                        if place is not None:
                            found[ClassId(file, index), name] = place, made
        return found

    def _compiles(self, file: int, index: int, made: Ref) -> ChainStep | None:
        """Where ``torch.compile(x)`` is called that an attribute is assigned; None for any other call."""
        _, callee, arguments, _ = made
        is_named = callee[0] in ("i", "n") or (callee[0] == "." and callee[2] == "compile")
        if not arguments or not is_named:
            return None
        if self._evaluator.values(callee, self._evaluator.frame(file)) != (External(COMPILE),):
            return None
        each = self._files[file]
        for function in each.summary.functions:
            for site in function.calls if function.owner == index else ():
                if site.callee == callee and site.arguments == arguments:
                    return each.step(site.row, function.name)
        return None

    @cached_property
    def members(self) -> frozenset[str]:
        """Names of attributes and properties that may hold what is compiled."""
        held = {name for _, name in self.compiled}
        for holder, name in self.compiled:
            for cls in (holder, *self._evaluator.subclasses(holder)):
                properties = self._evaluator.class_(cls).properties
                held.update(each for each in properties if self._behind_property(cls, each) == name)
        return frozenset(held)

    @cached_property
    def _compiled_methods(self) -> frozenset[str]:
        """Names ``y`` of all that is compiled as ``torch.compile(x.y)``."""
        if not self.compiled:
            return frozenset()
        sites = (
            site
            for each in self._files
            for function in each.summary.functions
            for site in (*function.calls, *function.skipped_calls)
        )
        outside = (site for each in self._files for site in each.summary.calls)
        given = (site.arguments[0] for group in (sites, outside) for site in group if _is_compile(site))
        attributes = {name for _, name in self.compiled}
        return frozenset(ref[2] for ref in given if ref and ref[0] == "." and ref[2] not in attributes)

    def _modules(self, holder: ClassId, given: Ref) -> tuple[ClassId, ...] | None:
        """Classes of the module that is compiled; empty where that is not known, None where it may be no module."""
        values = self._evaluator.values(given, self._evaluator.frame(holder.file, holder))
        classes = tuple(each.of for each in values if isinstance(each, Instance))
        return classes if len(classes) == len(values) else None

    # What a method does

    def _computes(self, modules: Iterable[ClassId], method: str) -> bool:
        """Whether a method of each of these classes runs the module, and nothing compiles it."""
        modules = tuple(modules)
        entered = [self._evaluator.method(cls, method) for cls in modules]
        return bool(modules) and all(
            each is not None and not self._is_special(each) and self._runs(cls, each, _DEPTH)
            for cls, each in zip(modules, entered, strict=True)
        )

    def _runs(self, cls: ClassId, method: Function, depth: int) -> bool:
        """Whether a method calls the module itself, or what it holds."""
        if depth <= 0 or self._evaluator.is_module(cls) is ModuleClass.NO:
            return False
        for site in self._files[method.file].summary.functions[method.number].calls:
            match site.callee:
                case ("s", _):
                    return True
                case (".", ("s", _), str(name)):
                    inner = self._evaluator.method(cls, name)
                    if (not _is_of_module(name)) if inner is None else self._runs(cls, inner, depth - 1):
                        return True
                case _:
                    continue
        return False


def calls_member(summary: FileSummary, members: Set[str]) -> bool:
    """Whether a function of a file calls a method of an attribute with one of these names."""
    sites = (site for each in summary.functions for site in (*each.calls, *each.skipped_calls)) if members else ()
    return any(True for site in sites for _ in _spelled(summary, site, members))


def _spelled(summary: FileSummary, site: CallSite, members: Set[str]) -> Iterator[tuple[Ref, str, str]]:
    """The parts of ``owner.member.method(...)``, or of a name for the member, with a member of one of these names."""
    match site.callee:
        case (".", (".", owner, str(member)), str(method)) if member in members:
            yield owner, member, method
        case (".", ("n", int(key)), str(method)):
            match summary.names[key]:
                case ((".", owner, str(member)),) if member in members:
                    yield owner, member, method
                case _:
                    return
        case _:
            return


def calls_in(refs: Iterable[Ref]) -> Iterator[Ref]:
    """The calls that one of several references stands for."""
    for ref in refs:
        match ref:
            case ("()", *_):
                yield ref
            case ("|", parts):
                yield from calls_in(parts)
            case _:
                continue


def _may_be_before(calling: str, compiling: str) -> bool:
    """Whether a method of the class that compiles may run before that: what sets it up, or compiles itself."""
    (owner, _, name), (compiler, _, _) = calling.rpartition("."), compiling.rpartition(".")
    return calling == compiling or (owner == compiler and name in _STARTS)


def _is_of_module(name: str) -> bool:
    """Whether each ``nn.Module`` has a method of this name."""
    return name.startswith("__") or availability(f"torch.nn.Module.{name}") is not None


def _is_compile(site: CallSite) -> bool:
    return bool(site.arguments) and site.callee[0] in ("i", ".") and str(site.callee[-1]).endswith("compile")
