"""A linked project without its files: what linking found out, and each file only when it is asked for.

Everything here is plain data in between, so that it is kept from run to run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from fullgraph.semantic.evaluate import Evaluator
from fullgraph.semantic.hierarchy import WIDTH
from fullgraph.semantic.link import Linker
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_RESULTS, FileSummary
from fullgraph.semantic.values import Class, ClassId, Elements, External, Function, Instance, Module, Value

Plain = tuple[Any, ...]
Numbers = Mapping[int, Mapping[int, int]]
"""What functions that were numbered otherwise are now, by file."""
NO_SUMMARY = FileSummary((), (), (), {}, (), (), (), (), NO_RESULTS)


class NotKnownError(Exception):
    """A question that only all files of the project can answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What linking found out about the project as a whole, that a change of one file may depend on.

    Attributes:
        asked: names of which it was asked what a class or a module means by them.
        called: attributes of ``self`` that are called, and in how many files.
        held: attributes that classes assign to.
        names: names of functions of which a parameter matters.
        properties: the names of all properties.
        has_settings: whether some file turns on a setting of Dynamo.
        has_compiled: whether instances of some class hold what ``torch.compile`` made of a module.
    """

    asked: frozenset[str]
    called: Mapping[str, int]
    held: frozenset[str]
    names: frozenset[str]
    properties: frozenset[str]
    has_settings: bool
    has_compiled: bool

    @classmethod
    def of(cls, linker: Linker) -> Outcome:
        """What a linker found out that is done."""
        binder = linker.binder
        classes = (each for file in linker.files for each in file.summary.classes)
        return cls(
            frozenset(linker.evaluator.asked),
            dict(binder.called),
            frozenset(name for each in classes for name in each.attributes),
            binder.names,
            linker.properties,
            any(linker.settings),
            linker.bypassed.has_compiled,
        )

    def plain(self) -> Plain:
        """The same as plain data."""
        return self.asked, self.called, self.held, self.names, self.properties, self.has_settings, self.has_compiled


@dataclass(slots=True)
class Record:
    """What linking found out about one file.

    Attributes:
        reached: as which methods of which classes each traced function is entered.
        wanted: parameters of its functions that matter.
        bound: what callers pass for parameters.
        splits: functions that surely split the graph of what calls them.
        returning: functions of which it was asked what they return.
        below: the classes below each of its classes.
    """

    reached: dict[int, list[ClassId | None]] = field(default_factory=lambda: defaultdict(list))
    wanted: dict[int, set[str]] = field(default_factory=dict)
    bound: dict[tuple[int, str], tuple[Value, ...]] = field(default_factory=dict)
    splits: set[int] = field(default_factory=set)
    returning: set[int] = field(default_factory=set)
    below: dict[int, tuple[ClassId, ...]] = field(default_factory=dict)

    def plain(self) -> Plain:
        """The same as plain data."""
        bound = [(*key, tuple(map(_plain, values))) for key, values in self.bound.items()]
        reached = [(number, [each and tuple(each) for each in found]) for number, found in self.reached.items()]
        wanted = [(number, sorted(names)) for number, names in self.wanted.items()]
        below = [(number, [tuple(each) for each in found]) for number, found in self.below.items()]
        return reached, wanted, bound, sorted(self.splits), sorted(self.returning), below

    @classmethod
    def of_plain(cls, plain: Plain, file: int, numbers: Numbers) -> Record:
        """What `plain` gave of a file, with the numbers that functions have now; what is gone is left out."""
        reached, wanted, bound, splits, returning, below = plain
        mine = numbers.get(file)

        def now(number: int) -> int:
            return number if mine is None else mine.get(number, -1)

        return cls(
            {now(number): [each and ClassId(*each) for each in found] for number, found in reached},
            {now(number): set(names) for number, names in wanted},
            {(now(number), name): tuple(_value(each, numbers) for each in values) for number, name, values in bound},
            {now(number) for number in splits},
            {now(number) for number in returning},
            {number: tuple(ClassId(*each) for each in found) for number, found in below},
        )


def records(linker: Linker) -> list[Record]:
    """What a linker that is done found out about each file."""
    evaluator = linker.evaluator
    found = [Record() for _ in linker.files]
    for file, number, receiver in linker.reached:
        found[file].reached[number].append(receiver)
    for (file, number), names in linker.binder.wanted.items():
        found[file].wanted[number] = names
    for (file, number, name), values in evaluator.bound.items():
        if values:
            found[file].bound[number, name] = tuple(values)
    for file, number in linker.kept_out.splits:
        found[file].splits.add(number)
    for file, number in evaluator.asked_returns:
        found[file].returning.add(number)
    for cls, below in evaluator.all_subclasses().items():
        found[cls.file].below[cls.number] = tuple(below[:WIDTH])
    return found


def _plain(value: Value) -> Plain:
    match value:
        case Function(file, number, receiver):
            return "f", file, number, receiver and tuple(receiver)
        case Class(cls):
            return "c", *cls
        case Instance(cls, exact):
            return "i", *cls, exact
        case Module(file):
            return "m", file
        case External(path):
            return "e", path
        case Elements(values, called):
            return "[", tuple(map(_plain, values)), called


def _value(plain: Plain, numbers: Numbers) -> Value:
    match plain:
        case ("f", file, number, receiver):
            number = numbers[file].get(number, -1) if file in numbers else number
            return Function(file, number, receiver and ClassId(*receiver))
        case ("c", *cls):
            return Class(ClassId(*cls))
        case ("i", file, number, exact):
            return Instance(ClassId(file, number), exact)
        case ("m", file):
            return Module(file)
        case ("e", path):
            return External(path)
        case (_, values, called):
            return Elements(tuple(_value(each, numbers) for each in values), called)
        case _:
            raise NotKnownError(plain)


class World:
    """A linked project that opens its files late.

    Attributes:
        bare: the files without their summaries.
        files: the files.
        linker: answers as the linker does that linked them all.
        reached: as which methods each traced function is entered, in the files that are open.
        wanted: parameters that matter, likewise.
        returning: functions of which it was asked what they return, likewise.
    """

    def __init__(
        self,
        bare: Sequence[ProjectFile],
        read: Callable[[int], tuple[FileSummary, Plain]],
        outcome: Outcome,
        changed: Mapping[int, FileSummary],
        numbers: Numbers,
    ) -> None:
        """``bare`` are the files without summaries, and ``read`` gives these and records; ``changed`` replace them."""
        self.bare = bare
        self._read = read
        self._changed = changed
        self._numbers = numbers
        self.reached: dict[tuple[int, int], list[ClassId | None]] = {}
        self.wanted: dict[tuple[int, int], set[str]] = {}
        self.returning: set[tuple[int, int]] = set()
        self.files = _LateFiles(bare, self._open)
        self.evaluator = _LateEvaluator(bare, self.files)
        self.linker = Linker(self.files, (), self.evaluator)
        self.linker.properties = outcome.properties
        self.linker.binder.called = outcome.called

    def _open(self, index: int) -> ProjectFile:
        summary, plain = self._read(index)
        record = Record.of_plain(plain, index, self._numbers)
        self.reached.update({(index, number): found for number, found in record.reached.items()})
        self.wanted.update({(index, number): names for number, names in record.wanted.items()})
        self.returning.update((index, number) for number in record.returning)
        for (number, name), values in record.bound.items():
            self.evaluator.bound[index, number, name] = dict.fromkeys(values)
        self.linker.kept_out.splits.update((index, number) for number in record.splits)
        self.evaluator.below.update({ClassId(index, number): found for number, found in record.below.items()})
        return replace(self.bare[index], summary=self._changed.get(index, summary))


class _LateFiles(Sequence[ProjectFile]):
    def __init__(self, bare: Sequence[ProjectFile], open_file: Callable[[int], ProjectFile]) -> None:
        self._count = len(bare)
        self._open_file = open_file
        self._known: dict[int, ProjectFile] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> ProjectFile: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ProjectFile]: ...
    def __getitem__(self, index: int | slice) -> ProjectFile | Sequence[ProjectFile]:
        if isinstance(index, slice):
            raise NotKnownError
        if index not in self._known:
            if not 0 <= index < self._count:
                raise IndexError(index)
            self._known[index] = self._open_file(index)
        return self._known[index]

    def __iter__(self) -> Any:
        raise NotKnownError


class _LateEvaluator(Evaluator):
    """Knows the subclasses of each class beforehand, since only all files together tell."""

    def __init__(self, bare: Sequence[ProjectFile], files: Sequence[ProjectFile]) -> None:
        super().__init__(bare)
        self.files = files
        self.below: dict[ClassId, tuple[ClassId, ...]] = {}

    def subclasses(self, cls: ClassId) -> tuple[ClassId, ...]:
        """Classes of the project below this one."""
        _ = self.files[cls.file]
        return self.below.get(cls, ())

    def all_classes(self) -> Any:
        """Every class of the project.

        Raises:
            NotKnownError: always.
        """
        raise NotKnownError
