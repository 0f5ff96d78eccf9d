"""The functions and classes of a project, and what classes inherit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from fullgraph.semantic.classes import external_base_is_module
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, ClassSummary, FunctionSummary, Ref
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.values import Class, ClassId, External, Function, Value

WIDTH = 24
"""How many values one reference may stand for; the rest is left out."""
_AUTOGRAD = frozenset({"torch.autograd.Function", "torch.autograd.function.Function"})


class Hierarchy(ABC):
    """What is defined in a project's files. Which classes the bases are that a file names, an heir must say."""

    def __init__(self, files: Sequence[ProjectFile]) -> None:
        self.files = files
        self._methods: dict[tuple[ClassId, str], Function | None] = {}
        self._bases: dict[ClassId, tuple[ClassId | str, ...] | None] = {}
        """None while they are being looked for."""
        self._lineages: dict[ClassId, tuple[ClassId, ...]] = {}
        self._external: dict[ClassId, frozenset[str]] = {}
        self._below: dict[ClassId, list[ClassId]] | None = None
        self.asked: set[str] = set()
        """Names of which it was asked what a class or a module means by them."""
        self.asked_returns: set[tuple[int, int]] = set()
        """Functions of which it was asked what they return."""

    @abstractmethod
    def base_values(self, ref: Ref, file: int) -> tuple[Value, ...]:
        """What a base of a class of this file stands for."""

    def is_looking_for_bases(self, cls: ClassId) -> bool:
        """Whether the bases of a class are not known yet, so that nothing that follows from them may be kept."""
        return self._bases.get(cls) is None

    def function(self, value: Function) -> FunctionSummary:
        """The summary of a function."""
        return self.files[value.file].summary.functions[value.number]

    def class_(self, cls: ClassId) -> ClassSummary:
        """The summary of a class."""
        return self.files[cls.file].summary.classes[cls.number]

    def class_around(self, file: int, function: int | None) -> ClassId | None:
        """The class whose method a function is, or stands in."""
        functions = self.files[file].summary.functions
        while function is not None:
            if functions[function].owner != NO_OWNER:
                return ClassId(file, functions[function].owner)
            function = functions[function].around if functions[function].around != NO_OWNER else None
        return None

    def bases(self, cls: ClassId) -> tuple[ClassId | str, ...]:
        """Direct bases: classes of the project, and dotted paths of others."""
        if cls in self._bases:
            return self._bases[cls] or ()
        self._bases[cls] = None
        found: list[ClassId | str] = []
        for ref in self.class_(cls).bases:
            for value in self.base_values(ref, cls.file):
                match value:
                    case Class(base) if base != cls:
                        found.append(base)
                    case External(path):
                        found.append(path)
                    case _:
                        continue
        bases = self._bases[cls] = tuple(dict.fromkeys(found))
        return bases

    def lineage(self, cls: ClassId) -> tuple[ClassId, ...]:
        """The class and its bases in the project, in the order in which methods are looked up."""
        if (known := self._lineages.get(cls)) is not None:
            return known
        todo = [cls]
        while todo:
            current = todo[-1]
            bases = [base for base in self.bases(current) if isinstance(base, ClassId)]
            if current not in self._lineages:
                self._lineages[current] = (current,)
                todo += [base for base in bases if base not in self._lineages]
                continue
            todo.pop()
            lines = [self._lineages.get(base, (base,)) for base in bases]
            above = lines[0] if len(lines) == 1 else _merged([*map(list, lines), [line[0] for line in lines]])
            self._lineages[current] = (current, *(each for each in above if each != current))
        return self._lineages[cls]

    def method(self, cls: ClassId, name: str) -> Function | None:
        """The definition of a method that instances of the class have."""
        key = cls, name
        if key in self._methods:
            return self._methods[key]
        self.asked.add(name)
        lineage = self.lineage(cls)
        method = None
        for each in lineage:
            index = self.class_(each).methods.get(name)
            if index is not None:
                method = Function(each.file, index)
                break
        if len(lineage) > 1 or not self.is_looking_for_bases(cls):
            self._methods[key] = method
        return method

    def getter(self, cls: ClassId, name: str) -> Function | None:
        """The definition of a property that instances of the class have."""
        method = self.method(cls, name)
        if method is None or name not in self.class_(ClassId(method.file, self.function(method).owner)).properties:
            return None
        return Function(method.file, method.number, cls)

    def external_bases(self, cls: ClassId) -> frozenset[str]:
        """Dotted paths of all bases from other packages."""
        known = self._external.get(cls)
        if known is None:
            line = self.lineage(cls)
            known = frozenset([base for each in line for base in self.bases(each) if isinstance(base, str)])
            if not any(self.is_looking_for_bases(each) for each in line):
                self._external[cls] = known
        return known

    def is_autograd_function(self, cls: ClassId) -> bool:
        """Whether the class is a ``torch.autograd.Function``."""
        return not _AUTOGRAD.isdisjoint(self.external_bases(cls))

    def is_module(self, cls: ClassId) -> ModuleClass:
        """Whether the class is an ``nn.Module``."""
        answers = {external_base_is_module(path) for path in self.external_bases(cls)}
        if ModuleClass.YES in answers:
            return ModuleClass.YES
        acts = ModuleClass.MAYBE in answers and any(self.class_(each).acts_as_module for each in self.lineage(cls))
        return ModuleClass.MAYBE if acts else ModuleClass.NO

    def subclasses(self, cls: ClassId) -> tuple[ClassId, ...]:
        """Classes of the project below this one, as many as are looked at."""
        return tuple(self.all_subclasses().get(cls, ()))[:WIDTH]

    def all_subclasses(self) -> Mapping[ClassId, Sequence[ClassId]]:
        """Each class that others derive from, with all of these."""
        if self._below is None:
            self._below = defaultdict(list)
            for cls in self.all_classes():
                for above in self.lineage(cls)[1:]:
                    self._below[above].append(cls)
        return self._below

    def all_classes(self) -> Iterator[ClassId]:
        """Every class of the project."""
        for file, each in enumerate(self.files):
            for index in range(len(each.summary.classes)):
                yield ClassId(file, index)

    def implementing(self, protocol: ClassId) -> tuple[ClassId, ...]:
        """Classes that have every method of a protocol; empty for what is no protocol, or where none or too many do."""
        names = {path.rpartition(".")[2] for path in self.external_bases(protocol)}
        wanted = [name for name in self.class_(protocol).methods if name != "__init__"]
        if "Protocol" not in names or not wanted:
            return ()
        found = [
            cls
            for cls in self.all_classes()
            if cls != protocol and all(self.method(cls, name) is not None for name in wanted)
        ]
        return tuple(found) if len(found) <= WIDTH else ()


def _merged(lines: list[list[ClassId]]) -> Iterator[ClassId]:
    """Python's order of bases (C3); where there is none, the order of first appearance."""
    lines = [line[:] for line in lines if line]
    while lines:
        heads = (line[0] for line in lines)
        head = next((head for head in heads if not any(head in line[1:] for line in lines)), lines[0][0])
        yield head
        lines = [rest for line in lines if (rest := [each for each in line if each != head])]
