"""A linked project without its files: what linking found out, and each file only when it is asked for.

Everything here is plain data in between, so that it is kept from run to run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, overload

from fullgraph.semantic.callees import Reached
from fullgraph.semantic.evaluate import Evaluator
from fullgraph.semantic.hierarchy import WIDTH
from fullgraph.semantic.link import Linker
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_RESULTS, FileSummary
from fullgraph.semantic.traced import Traced
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
        held: attributes to which classes assign what leads to a parameter, or that are called somewhere.
        names: names of functions of which a parameter matters.
        properties: the names of all properties.
        has_settings: whether some file turns on a setting of Dynamo.
        members: names of attributes that may hold what ``torch.compile`` made of a module.
        is_member_called: whether methods of something of such a name are called anywhere.
        certain: how many functions are certainly traced; these were entered first.
        is_split: whether some root is compiled with ``fullgraph=True``.
    """

    asked: frozenset[str]
    called: Mapping[str, int]
    held: frozenset[str]
    names: frozenset[str]
    properties: frozenset[str]
    has_settings: bool
    members: frozenset[str]
    is_member_called: bool
    certain: int
    is_split: bool

    @classmethod
    def of(cls, linker: Linker) -> Outcome:
        """What a linker found out that is done."""
        binder = linker.binder
        return cls(
            frozenset(linker.evaluator.asked),
            dict(binder.called),
            binder.held(),
            binder.names,
            linker.calls.properties,
            any(linker.settings),
            linker.bypassed.holding.members,
            linker.bypassed.is_spelled,
            sum(each.degree is Traced.CERTAIN for each in linker.reached.values()),
            linker.split is not None,
        )

    def plain(self) -> Plain:
        """The same as plain data."""
        names = self.asked, self.called, self.held, self.names, self.properties
        members = self.members, self.is_member_called
        return *names, self.has_settings, *members, self.certain, self.is_split


class Entered(NamedTuple):
    """A traced function, as a method of one class or of none."""

    receiver: ClassId | None
    order: int
    """How many functions were entered before it."""
    cause: int
    """Which of them called it, likewise; -1 if tracing begins here."""
    called: int
    """How surely it is a module that is called itself, as a number of `Traced`."""
    is_split: bool
    """Whether it is reached from a root that is not compiled with ``fullgraph=True``, while others are."""


@dataclass(slots=True)
class Record:
    """What linking found out about one file.

    Attributes:
        reached: each traced function, in the order in which it was entered.
        kept_out: functions that Dynamo does not enter, and whether it enters nothing that these call.
        wanted: parameters of its functions that matter.
        bound: what callers pass for parameters.
        below: the classes below each of its classes.
        splits: functions that surely split the graph of what calls them.
        returning: functions of which it was asked what they return.
        telling: functions of which some file was told what they return.
    """

    reached: dict[int, list[Entered]] = field(default_factory=lambda: defaultdict(list))
    kept_out: dict[int, bool] = field(default_factory=dict)
    wanted: dict[int, set[str]] = field(default_factory=dict)
    bound: dict[tuple[int, str], tuple[Value, ...]] = field(default_factory=dict)
    below: dict[int, tuple[ClassId, ...]] = field(default_factory=dict)
    splits: set[int] = field(default_factory=set)
    returning: set[int] = field(default_factory=set)
    telling: set[int] = field(default_factory=set)

    def plain(self) -> Plain:
        """The same as plain data."""
        bound = [(*key, tuple(map(_plain, values))) for key, values in self.bound.items()]
        reached = [
            (number, [(receiver and tuple(receiver), *rest) for receiver, *rest in found])
            for number, found in self.reached.items()
        ]
        wanted = [(number, sorted(names)) for number, names in self.wanted.items()]
        below = [(number, [tuple(each) for each in found]) for number, found in self.below.items()]
        kept_out = list(self.kept_out.items())
        sets = (sorted(each) for each in (self.splits, self.returning, self.telling))
        return reached, kept_out, wanted, bound, below, *sets

    @classmethod
    def of_plain(cls, plain: Plain, file: int, numbers: Numbers) -> Record:
        """What `plain` gave of a file, with the numbers that functions have now; what is gone is left out."""
        reached, kept_out, wanted, bound, below, *sets = plain
        mine = numbers.get(file)

        def now(number: int) -> int:
            return number if mine is None else mine.get(number, -1)

        return cls(
            {
                now(number): [Entered(receiver and ClassId(*receiver), *each) for receiver, *each in found]
                for number, found in reached
            },
            {now(number): whole for number, whole in kept_out},
            {now(number): set(names) for number, names in wanted},
            {(now(number), name): tuple(_value(each, numbers) for each in values) for number, name, values in bound},
            {number: tuple(ClassId(*each) for each in found) for number, found in below},
            *({now(number) for number in each} for each in sets),
        )


def records(linker: Linker) -> list[Record]:
    """What a linker that is done found out about each file."""
    evaluator = linker.evaluator
    found = [Record() for _ in linker.files]
    orders = {function: order for order, function in enumerate(linker.reached)}
    for function, order in orders.items():
        file, number, receiver = function
        cause = orders[linker.causes[function]] if function in linker.causes else -1
        called = linker.calls.called_modules.get(function, Traced.NONE).value
        is_split = linker.split is not None and function in linker.split
        found[file].reached[number].append(Entered(receiver, order, cause, called, is_split))
    for file, number in linker.kept_out.functions:
        found[file].kept_out[number] = linker.kept_out.skipped.get((file, number), True)
    for (file, number), names in linker.binder.wanted.items():
        found[file].wanted[number] = names
    for (file, number, name), values in evaluator.bound.items():
        if values:
            found[file].bound[number, name] = tuple(values)
    for file, number in linker.kept_out.splits:
        found[file].splits.add(number)
    for file, number in evaluator.asked_returns:
        found[file].returning.add(number)
    for file, number in linker.across.asked:
        found[file].telling.add(number)
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
        reached: each traced function, in the order in which it was entered, in the files that are open.
        wanted: parameters that matter, likewise.
        returning: functions of which it was asked what they return, likewise.
        telling: functions of which some file was told what they return, likewise.
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
        self.reached: dict[tuple[int, int], list[Entered]] = {}
        self.wanted: dict[tuple[int, int], set[str]] = {}
        self.returning: set[tuple[int, int]] = set()
        self.telling: set[tuple[int, int]] = set()
        self.files = _LateFiles(bare, self._open)
        self.evaluator = _LateEvaluator(bare, self.files)
        self.linker = Linker(self.files, (), self.evaluator)
        self.certain = outcome.certain
        self.linker.calls.properties = outcome.properties
        self.linker.binder.called = outcome.called

    def _open(self, index: int) -> ProjectFile:
        summary, plain = self._read(index)
        record = Record.of_plain(plain, index, self._numbers)
        self.reached.update({(index, number): found for number, found in record.reached.items()})
        self.wanted.update({(index, number): names for number, names in record.wanted.items()})
        self.returning.update((index, number) for number in record.returning)
        self.telling.update((index, number) for number in record.telling)
        for (number, name), values in record.bound.items():
            self.evaluator.bound[index, number, name] = dict.fromkeys(values)
        for number, found in record.reached.items():
            self._reach(index, number, found)
        skipped = {(index, number): whole for number, whole in record.kept_out.items()}
        self.linker.kept_out.functions.update(skipped)
        self.linker.kept_out.skipped.update(skipped)
        self.linker.kept_out.splits.update((index, number) for number in record.splits)
        self.evaluator.below.update({ClassId(index, number): found for number, found in record.below.items()})
        return replace(self.bare[index], summary=self._changed.get(index, summary))

    def _reach(self, index: int, number: int, found: list[Entered]) -> None:
        """Note as which methods a function is entered."""
        for each in found:
            function = Function(index, number, each.receiver)
            origin = None if each.cause < 0 else function  # whose is not known: only that there is one
            self.linker.reached[function] = Reached(self.degree(each), None, origin)
            if each.called:
                self.linker.calls.called_modules[function] = Traced(each.called)

    def degree(self, entered: Entered) -> Traced:
        """How surely a function is traced."""
        return Traced.CERTAIN if entered.order < self.certain else Traced.POSSIBLE


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
