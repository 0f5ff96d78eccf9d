"""What instances of a project's classes hold in the form in which ``torch.compile`` returned it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fullgraph.semantic.evaluate import COMPILE, Evaluator
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, Ref
from fullgraph.semantic.traced import ChainStep
from fullgraph.semantic.values import ClassId, External, Instance

_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Held:
    """What an attribute holds.

    Attributes:
        place: where it is compiled.
        made: the call that does.
        file: the file of the call.
        receiver: the class of the method that it stands in.
        owner: what the attribute is of, where that is not ``self``; empty where it is.
    """

    place: ChainStep
    made: Ref
    file: int
    receiver: ClassId | None
    owner: Ref = ()


class Holding:
    """Answers for one linked project."""

    def __init__(self, files: Sequence[ProjectFile], evaluator: Evaluator) -> None:
        self._files = files
        self._evaluator = evaluator

    @cached_property
    def compiled(self) -> Mapping[tuple[ClassId, str], Sequence[Held]]:
        """What classes hold in compiled form, by class and attribute.

        Where their own methods compile it, what others put there does not count.
        """
        own = {key: [held] for key, held in dict(self._by_methods()).items()}
        others: dict[tuple[ClassId, str], list[Held]] = defaultdict(list)
        for file, each in enumerate(self._files):
            for placed in each.summary.placed:
                around = None if placed.function == NO_OWNER else placed.function
                receiver = self._evaluator.class_around(file, around)
                frame = self._evaluator.frame(file, receiver)
                match self._evaluator.values(placed.owner, frame):
                    case (Instance(cls),) if placed.made[2] and self.is_compile(placed.made, file, receiver):
                        name = "<module>" if around is None else each.summary.functions[around].name
                        held = Held(each.step(placed.row, name), placed.made, file, receiver, placed.owner)
                        others[self._holder(cls, self.behind(cls, placed.name)[0])].append(held)
                    case _:
                        continue
        return {**others, **own}

    def _by_methods(self) -> Iterator[tuple[tuple[ClassId, str], Held]]:
        for file, each in enumerate(self._files):
            for index, cls in enumerate(each.summary.classes):
                owner = ClassId(file, index)
                for name, refs in cls.attributes.items():
                    for made in calls_in(refs):
                        if (place := self._compiles(owner, made)) is not None:
                            yield (owner, name), Held(place, made, file, owner)

    def _compiles(self, owner: ClassId, made: Ref) -> ChainStep | None:
        """Where ``torch.compile(x)`` is called that an attribute is assigned; None for any other call."""
        _, callee, arguments, _ = made
        is_named = callee[0] in ("i", "n") or (callee[0] == "." and callee[2] == "compile")
        if not arguments or not is_named or not self.is_compile(made, owner.file, None):
            return None
        each = self._files[owner.file]
        for function in each.summary.functions:
            for site in function.calls if function.owner == owner.number else ():
                if site.callee == callee and site.arguments == arguments:
                    return each.step(site.row, function.name)
        return None

    def is_compile(self, made: Ref, file: int, receiver: ClassId | None) -> bool:
        """Whether a call surely is of ``torch.compile``, configured or not."""
        return self._evaluator.values(made[1], self._evaluator.frame(file, receiver)) == (External(COMPILE),)

    def _holder(self, cls: ClassId, name: str) -> tuple[ClassId, str]:
        """The class that assigns an attribute, if one does."""
        self._evaluator.asked.add(name)
        line = self._evaluator.lineage(cls)
        return next((each for each in line if name in self._evaluator.class_(each).attributes), cls), name

    def behind(self, cls: ClassId, member: str) -> tuple[str, tuple[ChainStep, ...]]:
        """The attribute that a property returns, and the properties on the way; a name that is none is that itself."""
        steps: list[ChainStep] = []
        for _ in range(_DEPTH):
            getter = self._evaluator.getter(cls, member)
            if getter is None:
                break
            summary = self._evaluator.function(getter)
            match summary.returns:
                case ((".", ("s", _), str(attribute)),):
                    member = attribute
                    steps.append(self._files[getter.file].step(summary.row, summary.name))
                case _:
                    break
        return member, tuple(steps)

    @cached_property
    def members(self) -> frozenset[str]:
        """Names of attributes and properties that may hold what is compiled."""
        held = {name for _, name in self.compiled}
        for holder, name in self.compiled:
            for cls in (holder, *self._evaluator.subclasses(holder)):
                properties = self._evaluator.class_(cls).properties
                held.update(each for each in properties if self.behind(cls, each)[0] == name)
        return frozenset(held)


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
