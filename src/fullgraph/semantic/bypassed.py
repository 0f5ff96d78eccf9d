"""Calls that pass by what another file compiles: methods of a module that an attribute holds in its compiled form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from fullgraph.semantic.evaluate import Evaluator
from fullgraph.semantic.foreign import Bypass
from fullgraph.semantic.holding import Held, Holding
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import CallSite, FileSummary, FunctionSummary, Ref
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.values import ClassId, Function, Instance
from fullgraph.torchfacts import availability

_DEPTH = 4
_STARTS = frozenset({"__init__", "__new__", "__post_init__"})


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a method of something compiled may be called.

    Attributes:
        file: the file.
        function: the name of the function.
        around: the class whose method that is.
        owner: what has the attribute that holds the module.
        is_open: whether that may be an instance that somebody else made.
        before: what is called above it in the function, and what is passed there first.
    """

    file: int
    function: str
    around: ClassId | None
    owner: Ref
    is_open: bool
    before: frozenset[tuple[Ref, Ref]]


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
        self.holding = Holding(files, evaluator)
        self._is_special = is_special
        """Whether a function is compiled itself, or the compiler is kept out of it."""

    def in_file(self, file: int) -> dict[tuple[int, str], Bypass]:
        """The calls of a file, and by which way each time the module is compiled."""
        if not self.holding.members:
            return {}
        found: dict[tuple[int, str], Bypass] = {}
        for index, function in enumerate(self._files[file].summary.functions):
            found.update(self._in_function(file, index, function))
        return found

    def _in_function(self, file: int, index: int, function: FunctionSummary) -> dict[tuple[int, str], Bypass]:
        ways: dict[str, set[Bypass | None]] = {}
        before: set[tuple[Ref, Ref]] = set()
        for site in sorted((*function.calls, *function.skipped_calls), key=lambda each: each.row):
            for owner, member, method in _spelled(self._files[file].summary, site, self.holding.members):
                way = self._bypassed_at(file, index, owner, member, method, frozenset(before))
                ways.setdefault(f"{member}.{method}", set()).add(way)
            before.update((site.callee, given) for given in site.arguments[:1])
        return {
            (index, name): way
            for name, each in ways.items()
            if len(each) == 1 and (way := next(iter(each))) is not None
        }

    def _bypassed_at(
        self, file: int, index: int, owner: Ref, member: str, method: str, before: frozenset[tuple[Ref, Ref]]
    ) -> Bypass | None:
        around = self._evaluator.class_around(file, index)
        each = self._files[file]
        function = each.summary.functions[index]
        values = self._evaluator.values(owner, self._evaluator.frame(file, around))
        is_open = any(isinstance(value, Instance) and not value.exact for value in values)
        site = _Site(file, function.name, around, owner, is_open, before)
        ways = {self._way(value.of, member, method, site) if isinstance(value, Instance) else None for value in values}
        found = ways.pop() if len(ways) == 1 else None
        if found is None or _may_be_before(function.name, found.steps[-1].name):
            return None
        return found._replace(steps=(each.step(function.row, function.name), *found.steps))

    def _way(self, cls: ClassId, member: str, method: str, site: _Site) -> Bypass | None:
        """By which way a module is compiled that a method passes by, and whether it is known to run the module."""
        name, steps = self.holding.behind(cls, member)
        for holder in self._evaluator.lineage(cls):
            held = self.holding.compiled.get((holder, name))
            if held is None:
                continue
            nearest = sorted(held, key=lambda each: (each.file, each.place.name) != (site.file, site.function))
            ways = (self._way_to(each, holder, method, site) for each in nearest)
            found = next((way for way in ways if way is not None), None)
            return None if found is None else found._replace(steps=(*steps, *found.steps))
        return None

    def _way_to(self, held: Held, holder: ClassId, method: str, site: _Site) -> Bypass | None:
        """The same, from where it is compiled."""
        modules = self._modules(held)
        is_told = held.owner or holder.file != site.file or _are_elsewhere(modules, site.file)
        if not is_told or modules is None or method in self._compiled_methods:
            return None
        if (held.owner and not self._is_same(held, holder, site)) or _stands_above(held, site):
            return None
        return Bypass((held.place,), bool(modules)) if not modules or self._computes(modules, method) else None

    def _is_same(self, held: Held, holder: ClassId, site: _Site) -> bool:
        """Whether a call is of an instance into which somebody else puts what is compiled, as far as can be told.

        A method of the class itself is called there, unless it sets the instance up; an instance that the code around
        the call makes for itself is another one.
        """
        if self._files[held.file].is_test and held.file != site.file:
            return False
        if site.owner[0] == "s":
            return site.function.rpartition(".")[2] not in _STARTS and holder in self._evaluator.lineage(
                site.around or holder
            )
        if held.file == site.file and (held.owner == site.owner or held.receiver == site.around is not None):
            return True
        return site.is_open

    # What is compiled

    @cached_property
    def is_spelled(self) -> bool:
        """Whether some file calls a method of something of such a name."""
        return any(calls_member(each.summary, self.holding.members) for each in self._files)

    @cached_property
    def _compiled_methods(self) -> frozenset[str]:
        """Names ``y`` of all that is compiled as ``torch.compile(x.y)``."""
        if not self.holding.compiled:
            return frozenset()
        sites = (
            site
            for each in self._files
            for function in each.summary.functions
            for site in (*function.calls, *function.skipped_calls)
        )
        outside = (site for each in self._files for site in each.summary.calls)
        given = (site.arguments[0] for group in (sites, outside) for site in group if _is_compile(site))
        attributes = {name for _, name in self.holding.compiled}
        return frozenset(ref[2] for ref in given if ref and ref[0] == "." and ref[2] not in attributes)

    def _modules(self, held: Held) -> tuple[ClassId, ...] | None:
        """Classes of the module that is compiled; empty where that is not known, None where it may be no module."""
        values = self._evaluator.values(held.made[2][0], self._evaluator.frame(held.file, held.receiver))
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


def _are_elsewhere(modules: Sequence[ClassId] | None, file: int) -> bool:
    """Whether the classes of a module are known, and all of other files."""
    return bool(modules) and all(each.file != file for each in modules or ())


def _may_be_before(calling: str, compiling: str) -> bool:
    """Whether a method of the class that compiles may run before that: it sets the object up."""
    (owner, _, name), (compiler, _, _) = calling.rpartition("."), compiling.rpartition(".")
    return owner == compiler and calling != compiling and name in _STARTS


def _stands_above(held: Held, site: _Site) -> bool:
    """Whether a call stands in the function that compiles, and not below that."""
    is_same = held.file == site.file and held.place.name == site.function
    return is_same and (held.made[1], held.made[2][0]) not in site.before


def _is_of_module(name: str) -> bool:
    """Whether each ``nn.Module`` has a method of this name."""
    return name.startswith("__") or availability(f"torch.nn.Module.{name}") is not None


def _is_compile(site: CallSite) -> bool:
    return bool(site.arguments) and site.callee[0] in ("i", ".") and str(site.callee[-1]).endswith("compile")
