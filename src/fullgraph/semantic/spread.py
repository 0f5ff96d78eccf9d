"""What is traced once some traced functions call something else, where that changes nothing of how others are reached.

Linking goes breadth first, so the order in which functions are entered decides by which chain. A call that is gone is
harmless if nothing was entered by it; one that is new, if what it enters was entered before, or is entered by nothing
else.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fullgraph.semantic.callees import Edge, Reached
from fullgraph.semantic.late import Entered, Outcome, World
from fullgraph.semantic.link import RECEIVERS
from fullgraph.semantic.traced import Traced
from fullgraph.semantic.values import Function

Key = tuple[int, int]


class Caller(NamedTuple):
    """A traced function that calls something else: how it was numbered, how it is, and how it was entered."""

    before: Function
    now: Function
    entered: Entered


class Fresh(NamedTuple):
    """A function that is entered now."""

    origin: Function
    """From which one its chain comes."""
    root: int
    """How many functions were entered before the one that changed, from which it is reached."""
    depth: int
    """In how many steps."""
    degree: Traced
    is_split: bool
    """Whether a root reaches it that is not compiled with ``fullgraph=True``, while others are."""


@dataclass(slots=True)
class Spread:
    """What the calls of some functions enter.

    Attributes:
        before: the project as it was.
        after: the project as it is.
        outcome: what linking found out about the project as it was.
        renumbered: gives a function of the project as it was as it is numbered now.
        fresh: functions that are entered now, and how.
    """

    before: World
    after: World
    outcome: Outcome
    renumbered: Callable[[Function], Function]
    fresh: dict[Function, Fresh] = field(default_factory=dict)
    _queue: deque[Function] = field(default_factory=deque)
    _were: dict[Key, set[Key]] = field(default_factory=dict)
    """What functions entered, by file and number."""
    _are: dict[Key, set[Key]] = field(default_factory=dict)

    def agrees(self, callers: Sequence[Caller]) -> bool:
        """Whether these functions, which are all that changed, leave to others how they are reached."""
        called = {}
        for caller in sorted(callers, key=lambda each: each.entered.order):
            if not self._compare(caller) or not self._expand():
                return False
        for function, degree in self.after.linker.calls.called_modules.items():
            was = next((each.called for each in self._entries(function) if each.receiver == function.receiver), 0)
            if degree.value != was and function not in self.fresh:
                called[function] = degree
        return all(self._is_plain(function) for function in called)

    def callers(self) -> Counter[Key]:
        """By how many more functions, or fewer, each function is entered now."""
        found: Counter[Key] = Counter()
        for key, entered in self._are.items():
            found.update(entered - self._were[key])
        for key, entered in self._were.items():
            found.subtract(entered - self._are[key])
        return Counter({key: count for key, count in found.items() if count})

    # What changed

    def _compare(self, caller: Caller) -> bool:
        """Whether what a function calls now changes nothing for others; fresh functions are queued."""
        key = caller.now.file, caller.now.number
        old = [self._now(edge) for edge in dict.fromkeys(self.before.linker.callees(caller.before))]
        new = list(dict.fromkeys(self.after.linker.callees(caller.now)))
        self._were.setdefault(key, set()).update(_keys(old))
        self._are.setdefault(key, set()).update(_keys(new))
        if old == new:
            return True
        if [each for each in old if each in new] != [each for each in new if each in old]:
            return False
        entered = caller.entered
        by = Fresh(caller.now, entered.order, 0, self.after.degree(entered), entered.is_split)
        return all(self._was_idle(edge, entered) for edge in old if edge not in new) and all(
            self._enter(edge, caller.now, by) for edge in new if edge not in old
        )

    def _now(self, edge: Edge) -> Edge:
        via = None if edge.via is None else self.renumbered(edge.via)
        return Edge(self.renumbered(edge.callee), edge.is_sure, via)

    def _was_idle(self, edge: Edge, caller: Entered) -> bool:
        """Whether nothing was entered by a call that is gone."""
        if caller.is_split and edge.is_sure:
            return False
        entries = (each for each in self._entries(edge.callee) if each.receiver == edge.callee.receiver)
        return all(each.cause != caller.order for each in entries) and self._is_plain(edge.callee)

    # What is entered

    def _enter(self, edge: Edge, caller: Function, by: Fresh) -> bool:
        """Enter what is called; False if that may change how something else is reached."""
        function = edge.callee
        key = function.file, function.number
        entries = self._entries(function)
        if key in self.after.linker.kept_out.functions:
            return self.after.linker.kept_out.skipped.get(key, True)
        mine = next((each for each in entries if each.receiver == function.receiver), None)
        if not edge.is_sure and by.degree is Traced.CERTAIN:
            return mine is not None and self.after.degree(mine) is Traced.CERTAIN
        is_split = by.is_split and edge.is_sure
        if mine is not None:
            return self._was_before(mine, by) and (mine.is_split or not is_split)
        same = [each for each in self.fresh if (each.file, each.number) == key]
        others = (self.fresh[each] for each in same)
        if not all(other.root == by.root or (other.depth == 1 and other.root < by.root) for other in others):
            return False
        if function in self.fresh:
            return self.fresh[function].is_split or not is_split
        if is_split and (entries or same) and not any(each.is_split for each in entries):
            return False
        if len(entries) + len(same) >= RECEIVERS - 1:
            return False
        if entries and not self._was_before(entries[0], by):
            return False
        is_known = edge.via is not None and edge.via in self.after.linker.reached
        origin = edge.via if is_known and edge.via is not None else caller
        self.fresh[function] = Fresh(origin, by.root, by.depth + 1, by.degree, is_split)
        self.after.linker.reached[function] = Reached(by.degree, None, origin)
        self._queue.append(function)
        return True

    def _was_before(self, entered: Entered, by: Fresh) -> bool:
        """Whether a function was entered before what calls it now did so: that comes last that is fresh itself."""
        if self.after.degree(entered) is not by.degree:
            return self.after.degree(entered) is Traced.CERTAIN
        starts = entered.cause < 0 or (entered.cause < self.outcome.certain) is not (by.degree is Traced.CERTAIN)
        return starts or entered.cause < by.root + (by.depth > 0)

    def _expand(self) -> bool:
        """Enter what fresh functions call."""
        while self._queue:
            caller = self._queue.popleft()
            key = caller.file, caller.number
            by = self.fresh[caller]
            if key not in self._were:
                before = (Function(*key, each.receiver) for each in self._entries(caller))
                pairs = {pair for each in before for pair in _keys(self.after.linker.callees(each))}
                self._were[key], self._are[key] = pairs, set(pairs)
            edges = list(self.after.linker.callees(caller))
            self._are[key].update(_keys(edges))
            if not all(self._enter(edge, caller, by) for edge in edges):
                return False
        return True

    # What is known

    def _entries(self, function: Function) -> Sequence[Entered]:
        """How a function was entered, as any method."""
        _ = self.after.files[function.file]
        return self.after.reached.get((function.file, function.number), ())

    def _is_plain(self, function: Function) -> bool:
        """Whether it makes no difference for what a function enters whether it is a module that is called."""
        evaluator = self.after.evaluator
        if function.number < 0 or evaluator.function(function).decorators:
            return False
        receiver = function.receiver
        return receiver is None or not any(evaluator.class_(each).hooks for each in evaluator.lineage(receiver))


def _keys(edges: Sequence[Edge] | Iterator[Edge]) -> set[Key]:
    return {(edge.callee.file, edge.callee.number) for edge in edges}
