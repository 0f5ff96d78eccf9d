"""What became of each part of a file's summary in a later one of the same file: which of them say the same.

Two summaries number functions, names and rows each in their own way. References are equal here if they lead to the same
parts, whatever these are numbered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fullgraph.semantic.summary import (
    NO_OWNER,
    CallSite,
    Change,
    ClassSummary,
    Constant,
    Decorator,
    FileSummary,
    FunctionSummary,
    Placed,
    Ref,
    Variation,
)

_OF_CLASSES = frozenset({"c", "s", "C", "S"})
_Key = tuple[object, ...]
_Part: TypeAlias = Variation | Placed | Constant | Change


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two summaries has and the other lacks.

    Attributes:
        functions: numbers of functions.
        sites: calls, with the number of the function they stand in; None for those outside of functions.
        names: names that the module binds, and that its classes give to methods, which others may ask for.
        attributes: names of attributes that hold something else before and after.
        refs: what names are bound to that are not matched, and what such attributes hold.
    """

    functions: tuple[int, ...]
    sites: tuple[tuple[int | None, CallSite], ...]
    names: frozenset[str]
    attributes: frozenset[str]
    refs: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """How an earlier summary and a later one of a file belong together, whose classes are the same.

    Attributes:
        functions: number of each function of the earlier one in the later one.
        names: number of each name of the earlier one in the later one, as far as it was found.
        rows: place of each definition, decorator and call of the earlier one in the later one.
        changed: functions, by their earlier number, that call something else, or read other attributes.
        returning: functions, likewise, that return something else, as far as references tell.
        telling: functions, likewise, of which other files are told something else.
        gone: what only the earlier one has.
        fresh: what only the later one has.
    """

    functions: Mapping[int, int]
    names: Mapping[int, int]
    rows: Mapping[int, int]
    changed: frozenset[int]
    returning: frozenset[int]
    telling: frozenset[int]
    gone: Side
    fresh: Side


def matching(before: FileSummary, after: FileSummary) -> Matching | None:
    """Match two summaries; None if they differ in what this cannot say: their classes, or what a function promises."""
    matcher = _Matcher(before, after)
    return matcher.outcome() if matcher.agree() else None


@dataclass(slots=True)
class _Calls:
    """The calls that only one of the two has, by function, and the functions that they stand in."""

    gone: list[tuple[int | None, CallSite]] = field(default_factory=list)
    fresh: list[tuple[int | None, CallSite]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    returning: set[int] = field(default_factory=set)


class _Matcher:
    def __init__(self, before: FileSummary, after: FileSummary) -> None:
        self.before = before
        self.after = after
        keys = {key: index for index, key in enumerate(_keys(after))}
        mine = enumerate(_keys(before))
        self.functions = {index: keys[key] for index, key in mine if key in keys}
        self.names: dict[int, int] = {}
        self.sources: dict[int, int] = {}
        """The other way round."""
        self.trail: list[int] = []
        """Names in the order in which they were matched."""
        self.rows: dict[int, int] = {}
        self.calls = _Calls()
        self.attributes: list[tuple[int, str]] = []
        """Attributes of classes that hold something else."""

    def agree(self) -> bool:
        """Whether all that others can see of the file is the same, apart from what was added or removed by name."""
        before, after = self.before, self.after
        if (before.stars, before.settings) != (after.stars, after.settings):
            return False
        if len(before.classes) != len(after.classes):
            return False
        exports = [(before.exports[name], after.exports[name]) for name in before.exports if name in after.exports]
        return (
            all(self.same_class(number) for number in range(len(before.classes)))
            and all(self.same_name(*pair) for pair in exports)
            and all(self.same_function(*pair) for pair in self.functions.items())
            and self.same_order()
            and self.same_results()
            and self.same_variations()
            and self.same_placed()
            and self.same_changes()
            and self.same_constants()
            and self.compare_calls(None, before.calls, after.calls)
        )

    def same_order(self) -> bool:
        """Whether functions that both have stand in the same order."""
        places = list(self.functions.values())
        return places == sorted(places)

    # Definitions

    def same_class(self, number: int) -> bool:
        """Whether two classes are the same, apart from methods that only one of them has, and attributes."""
        old, new = self.before.classes[number], self.after.classes[number]
        if (old.name, old.properties, old.acts_as_module) != (new.name, new.properties, new.acts_as_module):
            return False
        common = [name for name in old.methods if name in new.methods]
        if common != [name for name in new.methods if name in old.methods]:
            return False
        if any(self.functions.get(old.methods[name]) != new.methods[name] for name in common):
            return False
        self.rows[old.row] = new.row
        return (
            self.same_refs(old.bases, new.bases)
            and self.same_decorators(old.decorators, new.decorators)
            and self.same_refs(old.hooks, new.hooks)
            and self.compare_attributes(number, old, new)
        )

    def compare_attributes(self, number: int, old: ClassSummary, new: ClassSummary) -> bool:
        """Note which attributes hold something else; always true."""
        for name in {**old.attributes, **new.attributes}:
            if not self.same_or_not(old.attributes.get(name, ()), new.attributes.get(name, ())):
                self.attributes.append((number, name))
        return True

    def same_function(self, number: int, other: int) -> bool:
        """Whether two functions promise the same; what they call is noted."""
        old, new = self.before.functions[number], self.after.functions[other]
        if old.owner != new.owner or [name for name, _ in old.parameters] != [name for name, _ in new.parameters]:
            return False
        self.rows[old.row] = new.row
        promises = zip(old.parameters, new.parameters, strict=True)
        if not (
            self.same_decorators(old.decorators, new.decorators)
            and all(self.same(ref, its) for (_, ref), (_, its) in promises)
        ):
            return False
        if not self.same_or_not(old.returns, new.returns):
            self.calls.returning.add(number)
        if old.loads != new.loads:
            self.calls.changed.add(number)
        self.compare_calls(number, old.calls, new.calls)
        self.compare_calls(number, old.skipped_calls, new.skipped_calls)
        return True

    def same_decorators(self, old: Sequence[Decorator], new: Sequence[Decorator]) -> bool:
        """Whether what stands above two definitions is the same."""
        if len(old) != len(new):
            return False
        for mine, its in zip(old, new, strict=True):
            if not (self.same(mine.name, its.name) and self.same(mine.call, its.call)):
                return False
            self.rows[mine.row] = its.row
        return True

    def same_results(self) -> bool:
        """Whether the file says the same of values that come out of what both have."""
        old, new = self.before.results, self.after.results
        if (old.attributes, old.types, old.flags) != (new.attributes, new.types, new.flags):
            return False
        both = self.before.exports.keys() & self.after.exports.keys()
        return both.intersection(old.doubtful) == both.intersection(new.doubtful)

    def same_variations(self) -> bool:
        """Whether loops pass the same to the same."""
        old, new = self.before.variations, self.after.variations
        return len(old) == len(new) and all(
            mine[3:] == its[3:] and self.same_place(mine, its) and self.same_or_not((mine.callee,), (its.callee,))
            for mine, its in zip(old, new, strict=True)
        )

    def same_placed(self) -> bool:
        """Whether the same is compiled for attributes of others."""
        old, new = self.before.placed, self.after.placed
        return len(old) == len(new) and all(
            mine.name == its.name
            and self.same_place(mine, its)
            and self.same_or_not((mine.owner, mine.made), (its.owner, its.made))
            for mine, its in zip(old, new, strict=True)
        )

    def same_changes(self) -> bool:
        """Whether the same globals of other files are set beside the same calls."""
        old, new = self.before.changes, self.after.changes
        return len(old) == len(new) and all(
            mine[1:4] == its[1:4] and self.is_same_function(mine, its) and self.same_or_not(mine.callees, its.callees)
            for mine, its in zip(old, new, strict=True)
        )

    def same_constants(self) -> bool:
        """Whether compiled functions read the same globals."""
        old, new = self.before.constants, self.after.constants
        return len(old) == len(new) and all(
            mine[2:] == its[2:] and self.same_place(mine, its) for mine, its in zip(old, new, strict=True)
        )

    def same_place(self, old: Variation | Placed | Constant, new: Variation | Placed | Constant) -> bool:
        """Whether two parts stand in the same function."""
        self.rows[old.row] = new.row
        return self.is_same_function(old, new)

    def is_same_function(self, old: _Part, new: _Part) -> bool:
        """Whether two parts stand in the same function, whatever its number."""
        return self.functions.get(old.function, NO_OWNER) == new.function

    def tell_otherwise(self) -> Iterator[int]:
        """Functions of which the file says something else."""
        old, new = self.before.results, self.after.results
        for mine, its in self.functions.items():
            if (old.functions.get(mine), old.given_tensors.get(mine)) != (
                new.functions.get(its),
                new.given_tensors.get(its),
            ):
                yield mine

    # Calls

    def compare_calls(self, function: int | None, old: Sequence[CallSite], new: Sequence[CallSite]) -> bool:
        """Match calls from the front and from the back, and note those between; always true."""
        start, end = 0, 0
        most = min(len(old), len(new))
        while start < most and self.same_site(old[start], new[start]):
            start += 1
        while end < most - start and self.same_site(old[-end - 1], new[-end - 1]):
            end += 1
        gone, fresh = old[start : len(old) - end], new[start : len(new) - end]
        if gone or fresh:
            its = None if function is None else self.functions[function]
            self.calls.gone += [(function, site) for site in gone]
            self.calls.fresh += [(its, site) for site in fresh]
            if function is not None:
                self.calls.changed.add(function)
        return True

    def same_site(self, old: CallSite, new: CallSite) -> bool:
        """Whether two calls are the same."""
        mine, its = (("()", each.callee, each.arguments, each.keywords) for each in (old, new))
        is_same = self.same_or_not((mine,), (its,))
        if is_same:
            self.rows[old.row] = new.row
        return is_same

    def same_or_not(self, old: Sequence[Ref], new: Sequence[Ref]) -> bool:
        """Whether references are the same; if not, no names are taken for the same since they would have to be."""
        known = len(self.trail)
        is_same = self.same_refs(old, new)
        if not is_same:
            self.forget(known)
        return is_same

    def forget(self, known: int) -> None:
        """Take back which names belong together, but for so many."""
        for name in self.trail[known:]:
            del self.sources[self.names.pop(name)]
        del self.trail[known:]

    # References

    def same_refs(self, old: Sequence[Ref], new: Sequence[Ref]) -> bool:
        """Whether references are the same, one by one."""
        return len(old) == len(new) and all(self.same(*pair) for pair in zip(old, new, strict=True))

    def same(self, old: Ref, new: Ref) -> bool:
        """Whether two references lead to the same."""
        if not old or not new:
            return old == new
        tag = old[0]
        if tag != new[0] or len(old) != len(new):
            return False
        if tag == "n":
            return self.same_name(old[1], new[1])
        if tag in ("f", "p"):
            return self.functions.get(old[1]) == new[1] and old[2:] == new[2:]
        if tag in (".", "[]", "@", "d"):
            return old[2:] == new[2:] and self.same(old[1], new[1])
        if tag in ("[", "|"):
            return self.same_refs(old[1], new[1])
        if tag == "()":
            mine, its = dict(old[3]), dict(new[3])
            return (
                list(mine) == list(its)
                and self.same(old[1], new[1])
                and self.same_refs(old[2], new[2])
                and self.same_refs([*mine.values()], [*its.values()])
            )
        return old == new and old[1].__class__ is new[1].__class__

    def same_name(self, old: int, new: int) -> bool:
        """Whether two names are bound to the same."""
        if old in self.names or new in self.sources:
            return self.names.get(old) == new
        self.names[old] = new
        self.sources[new] = old
        self.trail.append(old)
        return self.same_refs(self.before.names[old], self.after.names[new])

    # The answer

    def outcome(self) -> Matching:
        """What was found."""
        before, after = self.before, self.after
        mine, its = self.functions.keys(), set(self.functions.values())
        gone = [index for index in range(len(before.functions)) if index not in mine]
        fresh = [index for index in range(len(after.functions)) if index not in its]
        return Matching(
            self.functions,
            self.names,
            self.rows,
            frozenset(self.calls.changed),
            frozenset(self.calls.returning),
            frozenset(self.tell_otherwise()),
            self.side(before, after, gone, self.calls.gone, self.names.keys()),
            self.side(after, before, fresh, self.calls.fresh, self.sources.keys()),
        )

    def side(
        self,
        own: FileSummary,
        other: FileSummary,
        functions: Sequence[int],
        sites: Iterable[tuple[int | None, CallSite]],
        matched: Iterable[int],
    ) -> Side:
        """What one summary has and the other lacks."""
        inside = ((index, site) for index in functions for site in _all_calls(own.functions[index]))
        methods = own.exports.keys() - other.exports.keys()
        for mine, its in zip(own.classes, other.classes, strict=True):
            methods |= mine.methods.keys() - its.methods.keys()
        unmatched = set(range(len(own.names))).difference(matched)
        refs = [ref for key in sorted(unmatched) for ref in own.names[key]]
        attributes = frozenset(name for _, name in self.attributes)
        refs += [ref for number, name in self.attributes for ref in own.classes[number].attributes.get(name, ())]
        return Side(tuple(functions), (*sites, *inside), frozenset(methods), attributes, tuple(refs))


def _all_calls(function: FunctionSummary) -> tuple[CallSite, ...]:
    return (*function.calls, *function.skipped_calls)


def _keys(summary: FileSummary) -> Iterator[_Key]:
    """What the functions of a file are recognised by: where they stand, their name, and which of that name."""
    functions = summary.functions
    seen: dict[_Key, int] = defaultdict(int)
    known: dict[int, _Key] = {}

    def where(index: int) -> _Key:
        if index not in known:
            around, owner = functions[index].around, functions[index].owner
            known[index] = (() if around == NO_OWNER else where(around), owner, functions[index].name)
        return known[index]

    for index in range(len(functions)):
        key = where(index)
        seen[key] += 1
        yield (*key, seen[key])
