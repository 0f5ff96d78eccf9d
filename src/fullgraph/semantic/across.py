"""What each file of a project is told of the others: the values of functions that it calls, and what is disabled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from fullgraph.semantic.disabled import Disabled
from fullgraph.semantic.evaluate import SPLITTERS, Evaluator
from fullgraph.semantic.flow.written import Written, joined
from fullgraph.semantic.foreign import NOTHING, Foreign
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, CallSite, Ref, Results
from fullgraph.semantic.traced import ChainStep
from fullgraph.semantic.values import ClassId, Function

_T = TypeVar("_T")
_DEPTH = 8
"""How many re-exports are followed."""
_OVERLOADS = frozenset({("i", "torch.jit._overload"), ("i", "typing.overload"), ("i", "typing_extensions.overload")})


@dataclass(frozen=True, slots=True)
class _Target:
    """What a path surely leads to: a function of the project, or what calling an instance of a class enters."""

    function: Function
    is_disabled: bool = False
    """Whether the name stands for what ``torch.compiler.disable`` made of it."""
    is_method: bool = False


class Across:
    """Answers for one linked project. A path that may lead to something unknown leads nowhere."""

    def __init__(self, files: Sequence[ProjectFile], evaluator: Evaluator, kept_out: Disabled) -> None:
        self._files = files
        self._evaluator = evaluator
        self._kept_out = kept_out
        self._exports: dict[tuple[int, str], tuple[_Target | ClassId, ...]] = {}
        self.asked: set[tuple[int, int]] = set()
        """Functions of which a file was or would be told what they return."""

    def told(self, file: int) -> Foreign:
        """What a file is told."""
        told = Foreign()
        sites = list(self._sites(file))
        named = {site.callee[2] for site in sites if site.callee and site.callee[0] == "."}
        for path in self._paths(file, sites):
            self._tell_of_path(told, file, path, named)
        for number, name in _called_of_super(sites):
            self._tell_of_super(told, ClassId(file, number), name)
        for path in self._files[file].summary.results.asked:
            if (flag := self._followed(path, file, _flags_of, _DEPTH)) is not None:
                told.flags[path] = flag
        told.types.update(self._types(file))
        for index, names in self._names_of_self(file).items():
            self._tell_of_class(told, ClassId(file, index), names)
        return NOTHING if told == NOTHING else told

    # What a file asks for

    def _sites(self, file: int) -> Iterator[CallSite]:
        """The calls of a file."""
        summary = self._files[file].summary
        yield from summary.calls
        for function in summary.functions:
            yield from function.calls

    def _paths(self, file: int, sites: Iterable[CallSite]) -> Iterable[str]:
        """Imported paths of the project that a file calls."""
        names, is_known = self._files[file].summary.names, self._evaluator.modules.is_known
        called = {path: None for site in sites for path in _imported(site, names)}
        return [path for path in called if path[0] == "." or (not path.startswith("torch.") and is_known(path))]

    def _names_of_self(self, file: int) -> dict[int, set[str]]:
        """Names that methods of a file's classes read from ``self``, by class; of those with bases elsewhere."""
        summary = self._files[file].summary
        lineages = (self._evaluator.lineage(ClassId(file, index)) for index in range(len(summary.classes)))
        heirs = [lineage for lineage in lineages if len(lineage) > 1 and any(each.file != file for each in lineage)]
        if not heirs:
            return {}
        loads: dict[int, set[str]] = defaultdict(set)
        for function in summary.functions:
            if function.owner != NO_OWNER:
                loads[function.owner].update(load.partition(".")[0] for load in function.loads)
        return {
            lineage[0].number: set().union(*(loads[each.number] for each in lineage if each.file == file))
            for lineage in heirs
        }

    # Paths

    def _tell_of_path(self, told: Foreign, file: int, path: str, named: Set[str]) -> None:
        found = self._resolved(path, file, _DEPTH)
        if not found:
            return
        classes = [each for each in found if isinstance(each, ClassId)]
        if len(classes) == len(found):
            path = f"{path}()"
            self._tell_of_instances(told, file, path, classes, named)
            entries = [self._entry(each) for each in classes]
        else:
            entries = [each if isinstance(each, _Target) else None for each in found]
        targets = [each for each in entries if each is not None and each.function.file != file]
        if len(targets) < len(entries):
            return
        if (result := joined([self._result(each) for each in targets])) is not None:
            told.results[path] = result
        elif len(targets) == 1 and not targets[0].is_method:
            (target,) = targets
            assumed = self._files[target.function.file].summary.results.given_tensors.get(target.function.number)
            if assumed is not None:
                told.given_tensors[path] = assumed
        if all(self._splits(each) and (not each.is_method or self._is_only(each.function)) for each in targets):
            told.disabled[path] = self._place(targets[0].function)

    def _tell_of_instances(
        self, told: Foreign, file: int, path: str, classes: Sequence[ClassId], named: Set[str]
    ) -> None:
        """Methods of instances of imported classes, as far as the file calls something of these names."""
        self._evaluator.asked |= named
        lineages = [each for cls in classes for each in self._evaluator.lineage(cls)]
        known = {name for each in lineages for name in self._told_methods(each, named)}
        for name in known:
            targets = list(self._members(classes, name))
            if len(targets) < len(classes) or any(each.function.file == file for each in targets):
                continue
            if any(self._is_property(cls, name) for cls in classes):
                continue
            if (result := joined([self._result(each) for each in targets])) is not None:
                told.results[f"{path}.{name}"] = result

    def _told_methods(self, cls: ClassId, named: Set[str]) -> Iterator[str]:
        """Those of the names that are methods of which a class says something."""
        methods = self._evaluator.class_(cls).methods
        for name in named & methods.keys():
            if self._result(_Target(Function(cls.file, methods[name]))) is not None:
                yield name

    def _is_property(self, cls: ClassId, name: str) -> bool:
        """Whether a name of an instance is a property, or an attribute that may take the place of a method."""
        lineage = self._evaluator.lineage(cls)
        return any(name in self._evaluator.class_(each).properties or self._holds(each, name) for each in lineage)

    def _entry(self, cls: ClassId) -> _Target | None:
        """What calling an instance of a class enters."""
        method = self._evaluator.method(cls, "__call__") or self._evaluator.method(cls, "forward")
        return None if method is None else _Target(method, is_method=True)

    def _resolved(self, path: str, importer: int, depth: int) -> tuple[_Target | ClassId, ...]:
        """What a path surely is one of; nothing if it may be anything else."""
        modules = self._evaluator.modules
        absolute = modules.absolute(path, importer) if path[0] == "." else path
        if absolute is None or depth <= 0 or not modules.is_known(absolute):
            return ()
        file, names = modules.split(absolute, importer)
        if file is None or not 1 <= len(names) <= 2:
            return ()
        found = self._exported(file, names[0], depth)
        return found if len(names) == 1 else tuple(self._members(found, names[1]))

    def _members(self, owners: Iterable[_Target | ClassId], name: str) -> Iterator[_Target]:
        """Methods of this name, if that is what each owner has."""
        for owner in owners:
            method = self._evaluator.method(owner, name) if isinstance(owner, ClassId) else None
            if method is None:
                return
            yield _Target(method, is_method=True)

    def _exported(self, file: int, name: str, depth: int) -> tuple[_Target | ClassId, ...]:
        """What a module surely binds a name to."""
        key = file, name
        if (known := self._exports.get(key)) is None:
            self._exports[key] = ()
            known = self._bound(file, name, depth)
            self._exports[key] = known
        return known

    def _bound(self, file: int, name: str, depth: int) -> tuple[_Target | ClassId, ...]:
        self._evaluator.asked.add(name)
        summary = self._files[file].summary
        place = summary.exports.get(name)
        if place is None:
            return self._starred(file, name, depth)
        if name in summary.results.doubtful:
            return ()
        refs = summary.names[place]
        if (replaced := self._disabled_instead(file, refs)) is not None:
            return (replaced,)
        found: list[_Target | ClassId] = []
        for ref in refs:
            if self._is_overload(file, ref):
                continue
            each = self._of_ref(file, ref, depth)
            if not each:
                return ()
            found += each
        return tuple(dict.fromkeys(found))

    def _is_overload(self, file: int, ref: Ref) -> bool:
        """Whether a function is only the signature of one that follows."""
        summary = self._files[file].summary
        decorators = summary.functions[ref[1]].decorators if ref[0] == "f" else ()
        names = (summary.names[each.name[1]] if each.name[:1] == ("n",) else (each.name,) for each in decorators)
        return any(refs and _OVERLOADS.issuperset(refs) for refs in names)

    def _of_ref(self, file: int, ref: Ref, depth: int) -> tuple[_Target | ClassId, ...]:
        match ref:
            case ("f", int(number)):
                return (_Target(Function(file, number)),)
            case ("c", int(number)):
                return (ClassId(file, number),)
            case ("i", str(path)):
                return self._resolved(path, file, depth - 1)
            case _:
                return ()

    def _starred(self, file: int, name: str, depth: int) -> tuple[_Target | ClassId, ...]:
        """What the only star import that knows the name says."""
        stars = self._files[file].summary.stars
        paths = (f"{star}{'' if star.endswith('.') else '.'}{name}" for star in stars)
        found = [each for path in paths if (each := self._resolved(path, file, depth - 1))]
        return found[0] if len(found) == 1 else ()

    def _disabled_instead(self, file: int, refs: Sequence[Ref]) -> _Target | None:
        """The function of ``name = torch.compiler.disable(function)``; None if a name is anything else."""
        made = [ref for ref in refs if ref and ref[0] == "()"]
        if len(made) != 1 or any(ref[0] not in ("()", "f") for ref in refs):
            return None
        match made[0]:
            case ("()", ("i", path), (inner,), _) if path in SPLITTERS:
                found = self._of_inner(file, inner)
                return None if found is None else _Target(found, is_disabled=True)
            case _:
                return None

    def _of_inner(self, file: int, ref: Ref) -> Function | None:
        values = self._evaluator.values(ref, self._evaluator.frame(file))
        functions = [value for value in values if isinstance(value, Function)]
        return functions[0] if len(functions) == len(values) == 1 else None

    # Types and flags

    def _types(self, file: int) -> Iterator[tuple[str, Written]]:
        """What the types stand for that a file imports from others, by path as it spells them."""
        summary = self._files[file].summary
        for place in summary.exports.values():
            match summary.names[place]:
                case (("i", str(path)),) if path.rpartition(".")[2][:1].isupper():
                    told = self._followed(path, file, _types_of, _DEPTH)
                    if told is not None:
                        yield path, told
                case _:
                    continue

    def _followed(
        self, path: str, importer: int, told_by: Callable[[Results], Mapping[str, _T]], depth: int
    ) -> _T | None:
        """What the file, to which a path leads over all that import it again, tells of the name there."""
        modules = self._evaluator.modules
        absolute = modules.absolute(path, importer) if path[0] == "." else path
        if absolute is None or depth <= 0 or not modules.is_known(absolute):
            return None
        file, names = modules.split(absolute, importer)
        if file is None or len(names) != 1:
            return None
        self._evaluator.asked.add(names[0])
        summary = self._files[file].summary
        match summary.names[summary.exports[names[0]]] if names[0] in summary.exports else ():
            case (("i", str(further)),):
                return self._followed(further, file, told_by, depth - 1)
            case _:
                return told_by(summary.results).get(names[0])

    # Classes

    def _tell_of_class(self, told: Foreign, cls: ClassId, names: Set[str]) -> None:
        self._evaluator.asked |= names
        lineage = self._evaluator.lineage(cls)
        elsewhere = [each for each in lineage if each.file != cls.file]
        known = {name for each in elsewhere for name in names & self._evaluator.class_(each).methods.keys()}
        known.update(name for each in elsewhere for name in names & self._told_attributes(each).keys())
        for name in known:
            owner = next((each for each in lineage if name in self._evaluator.class_(each).methods), None)
            holder = next((each for each in lineage if self._holds(each, name)), None)
            if owner is not None and holder is None and owner.file != cls.file:
                self._tell_of_method(told, cls, owner, name)
            elif holder is not None and owner is None and holder.file != cls.file:
                self._tell_of_attribute(told, cls, holder, name)

    def _tell_of_super(self, told: Foreign, cls: ClassId, name: str) -> None:
        """The method that ``super()`` leads to, where the class has one base only."""
        self._evaluator.asked.add(name)
        _, *lineage = self._evaluator.lineage(cls)
        if len(self._evaluator.class_(cls).bases) != 1:
            return
        owner = next((each for each in lineage if name in self._evaluator.class_(each).methods), None)
        if owner is None or owner.file == cls.file or name in self._evaluator.class_(owner).properties:
            return
        target = _Target(Function(owner.file, self._evaluator.class_(owner).methods[name]), is_method=True)
        if (result := self._result(target)) is not None:
            told.supers[cls.number, name] = result

    def _holds(self, cls: ClassId, name: str) -> bool:
        return name in self._told_attributes(cls) or name in self._evaluator.class_(cls).attributes

    def _told_attributes(self, cls: ClassId) -> Mapping[str, Written]:
        return self._files[cls.file].summary.results.attributes.get(cls.number, {})

    def _tell_of_method(self, told: Foreign, cls: ClassId, owner: ClassId, name: str) -> None:
        found = self._evaluator.class_(owner)
        target = _Target(Function(owner.file, found.methods[name]), is_method=True)
        if name in found.properties:
            return
        if (result := self._result(target)) is not None:
            told.methods[cls.number, name] = result
        if self._splits(target) and self._is_only(target.function):
            told.disabled_methods[cls.number, name] = self._place(target.function)

    def _tell_of_attribute(self, told: Foreign, cls: ClassId, owner: ClassId, name: str) -> None:
        held = self._told_attributes(owner)
        if name in held:
            told.attributes[cls.number, name] = held[name]

    # Functions

    def _result(self, target: _Target) -> Written | None:
        function = target.function
        self.asked.add((function.file, function.number))
        return self._files[function.file].summary.results.functions.get(function.number)

    def _splits(self, target: _Target) -> bool:
        function = target.function
        return target.is_disabled or (function.file, function.number) in self._kept_out.splits

    def _is_only(self, function: Function) -> bool:
        """Whether no other function of its class has the name of a method."""
        functions = self._files[function.file].summary.functions
        mine = functions[function.number]
        return sum(each.owner == mine.owner and each.name == mine.name for each in functions) == 1

    def _place(self, function: Function) -> ChainStep:
        summary = self._evaluator.function(function)
        return self._files[function.file].step(summary.row, summary.name)


def _types_of(results: Results) -> Mapping[str, Written]:
    return results.types


def _flags_of(results: Results) -> Mapping[str, tuple[bool | None, ...]]:
    return results.flags


def _called_of_super(sites: Iterable[CallSite]) -> Iterator[tuple[int, str]]:
    """Classes and names of ``super().name(...)``."""
    for site in sites:
        match site.callee:
            case (".", ("S", int(number)), str(name)):
                yield number, name
            case _:
                continue


def _imported(site: CallSite, names: Sequence[Sequence[Ref]]) -> Iterator[str]:
    """The imported paths that a call may call."""
    callee = site.callee
    tail = ""
    while callee and callee[0] == ".":
        tail = f".{callee[2]}{tail}"
        callee = callee[1]
    match callee:
        case ("i", path):
            yield f"{path}{tail}"
        case ("n", key):
            yield from (f"{ref[1]}{tail}" for ref in names[key] if ref and ref[0] == "i")
        case _:
            return
