"""All summaries in, the traced region out: which functions Dynamo reaches, how surely, and by which chain."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from fullgraph.semantic.across import Across
from fullgraph.semantic.bindings import Binder
from fullgraph.semantic.bypassed import Bypassed
from fullgraph.semantic.callees import Callees, Edge, Reached
from fullgraph.semantic.changes import Changes
from fullgraph.semantic.disabled import Disabled
from fullgraph.semantic.evaluate import Evaluator
from fullgraph.semantic.foreign import NOTHING, Foreign
from fullgraph.semantic.programs import settings_by_file
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.roots import Root, Roots
from fullgraph.semantic.traced import ChainStep, FileRegion, Traced
from fullgraph.semantic.values import ClassId, Function
from fullgraph.semantic.variations import Variations

RECEIVERS = 24
"""For how many classes one inherited method is followed; for further ones it is as for the first."""
_LONGEST = 64
"""How many steps of a chain are kept."""


def link(files: Sequence[ProjectFile], roots: Sequence[str] = (), hot: Sequence[str] = ()) -> list[FileRegion]:
    """The traced region of a project, for each of its files in the same order.

    ``roots`` are patterns such as ``pkg.mod:Class.method`` or ``pkg.*:*.forward`` for functions that are compiled from
    outside; what they reach is POSSIBLE. ``hot`` are such patterns for functions that run again and again, compiled or
    not. The order of the files changes nothing.
    """
    order = sorted(range(len(files)), key=lambda index: files[index].filename)
    _, found = link_ordered([files[index] for index in order], roots, hot)
    regions = dict(zip(order, found, strict=True))
    return [regions[index] for index in range(len(files))]


def link_ordered(
    files: Sequence[ProjectFile], roots: Sequence[str], hot: Sequence[str]
) -> tuple[Linker, list[FileRegion]]:
    """The same for files in the order of their names, with what found it out."""
    linker = Linker(files, roots)
    linker.close()
    reached = hot_functions(files, hot) if hot else {}
    return linker, [linker.region(index, reached.get(index, frozenset())) for index in range(len(files))]


def hot_functions(files: Sequence[ProjectFile], patterns: Sequence[str]) -> dict[int, frozenset[int]]:
    """What functions of these names enter, by file; nothing keeps calls out that only keeps the compiler out."""
    linker = Linker(files, patterns)
    linker.binder.run()
    queue: deque[Function] = deque()
    for root in linker.roots.configured():
        if linker.enter(root.function, Reached(root.degree, None, None)):
            queue.append(root.function)
    linker.spread(queue, Traced.POSSIBLE)
    found: dict[int, set[int]] = defaultdict(set)
    for function in linker.reached:
        found[function.file].add(function.number)
    return {file: frozenset(numbers) for file, numbers in found.items()}


class Linker:
    """Closes the region of one project over calls."""

    def __init__(self, files: Sequence[ProjectFile], roots: Sequence[str], evaluator: Evaluator | None = None) -> None:
        self.files = files
        self.evaluator = Evaluator(files) if evaluator is None else evaluator
        self.binder = Binder(self.evaluator)
        self.calls = Callees(files, self.evaluator)
        self.roots = Roots(files, self.evaluator, self.calls, roots)
        self.reached: dict[Function, Reached] = {}
        self.first: dict[tuple[int, int], Function] = {}
        """By which receiver a function was reached first, most surely and with the shortest chain."""
        self.receivers: dict[tuple[int, int], int] = defaultdict(int)
        self.kept_out = Disabled(files, self.evaluator)
        self.across = Across(files, self.evaluator, self.kept_out)
        self.bypassed = Bypassed(files, self.evaluator, self.is_special)
        self.variations = Variations(files, self.evaluator, self.bypassed.holding, self.is_certain)
        self.changes = Changes(files, self.evaluator, self.variations, self.is_certain)
        self.causes: dict[Function, Function] = {}
        """The functions by whose calls others were entered, which may not be those that a chain leads through."""
        self.doubtful: deque[tuple[Function, Function, Function]] = deque()
        """What may be entered: the function, that from which it is reached, and that by whose calls."""
        self.chains: dict[Function, tuple[ChainStep, ...]] = {}
        self.callers: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        """The traced functions that enter a function."""
        self.split: frozenset[Function] | None = None
        """What roots reach that are not compiled with ``fullgraph=True``, if others are."""

    @cached_property
    def settings(self) -> list[frozenset[str]]:
        """What is turned on of Dynamo's settings where the code of each file runs."""
        return settings_by_file(self.files, self.evaluator.modules)

    @cached_property
    def own(self) -> frozenset[str]:
        """The names of the project's own files."""
        return frozenset(file.filename for file in self.files if file.is_own)

    # Closing over calls

    def close(self) -> None:
        """Breadth first from the certain roots, then from the possible ones, so that the first chain is the best."""
        self.binder.run()
        self.kept_out.find()
        roots = [root for root in self.roots.all() if self.concerns(root)]
        for degree in (Traced.CERTAIN, Traced.POSSIBLE):
            queue: deque[Function] = deque()
            if degree is Traced.POSSIBLE:
                for callee, origin, caller in self.doubtful:
                    if self.enter(callee, Reached(degree, None, origin), caller):
                        queue.append(callee)
            for root in sorted(roots, key=lambda root: root.site is None):
                if root.degree is degree and self.enter(root.function, Reached(degree, root.site, None)):
                    queue.append(root.function)
            self.spread(queue, degree)
        if any(root.fullgraph for root in roots):
            self.split = self.reached_from([root.function for root in roots if root.site and not root.fullgraph])

    def reached_from(self, roots: Iterable[Function]) -> frozenset[Function]:
        """What these roots certainly reach."""
        found = {root for root in roots if root in self.reached}
        queue = deque(found)
        while queue:
            for edge in self.callees(queue.popleft()):
                if edge.is_sure and edge.callee in self.reached and edge.callee not in found:
                    found.add(edge.callee)
                    queue.append(edge.callee)
        return frozenset(found)

    def concerns(self, root: Root) -> bool:
        """Whether what is compiled, or where, is of the project itself and not of a package that it uses."""
        return self.files[root.function.file].is_own or (root.site is not None and root.site.filename in self.own)

    def spread(self, queue: deque[Function], degree: Traced) -> None:
        """Enter everything that the functions of a queue call."""
        while queue:
            caller = queue.popleft()
            for edge in self.callees(caller):
                self.callers[edge.callee.file, edge.callee.number].add((caller.file, caller.number))
                origin = edge.via if edge.via is not None and edge.via in self.reached else caller
                if not edge.is_sure and degree is Traced.CERTAIN:
                    self.doubtful.append((edge.callee, origin, caller))
                elif self.enter(edge.callee, Reached(degree, None, origin), caller):
                    queue.append(edge.callee)

    def enter(self, function: Function, reached: Reached, cause: Function | None = None) -> bool:
        """Note that a function is reached; False if it was before, for this receiver or for enough others."""
        key = function.file, function.number
        if function in self.reached or (key in self.kept_out.functions and self.kept_out.skipped.get(key, True)):
            return False
        if self.receivers[key] >= RECEIVERS:
            return False
        self.receivers[key] += 1
        self.reached[function] = reached
        if cause is not None:
            self.causes[function] = cause
        self.first.setdefault(key, function)
        return True

    def callees(self, caller: Function) -> Iterator[Edge]:
        """What a function that is reached enters."""
        return self.calls.of(caller, self.reached[caller])

    # The answer

    def region(self, file: int, hot: frozenset[int]) -> FileRegion:
        """What was found for one file, with its functions that are hot."""
        functions = self.files[file].summary.functions
        traced: dict[int, tuple[Traced, tuple[ChainStep, ...]]] = {}
        for index in range(len(functions)):
            first = self.first.get((file, index))
            if first is not None and (file, index) not in self.kept_out.functions:
                traced[index] = self.reached[first].degree, self.chain(first)
        roots = frozenset(index for index in traced if self.reached[self.first[file, index]].caller is None)
        disabled = frozenset(index for own, index in self.kept_out.functions if own == file)
        modules = {
            index: self.evaluator.is_module(ClassId(file, index))
            for index in range(len(self.files[file].summary.classes))
        }
        callers = {index: len(self.callers[file, index]) for index in traced if (file, index) in self.callers}
        whole = self.only_whole(file, traced)
        told = self.across.told(file) if (traced or hot) and self.files[file].is_own else NOTHING
        if self.files[file].is_own:
            told = self.told_of_calls(file, told)
        return FileRegion(traced, roots, disabled, modules, whole, self.settings[file], callers, hot, told)

    def told_of_calls(self, file: int, told: Foreign) -> Foreign:
        """What a file is told, with calls across files of what is compiled."""
        bypasses, changed = self.bypassed.in_file(file), self.changes.in_file(file)
        varied, sized = self.variations.varied(file), self.variations.sized(file)
        if not (bypasses or changed or varied or sized):
            return told
        return replace(told, bypasses=bypasses, changed=changed, varied=varied, sized=sized)

    def is_certain(self, file: int, number: int) -> bool:
        """Whether a function is certainly traced."""
        first = self.first.get((file, number))
        return first is not None and self.reached[first].degree is Traced.CERTAIN

    def is_special(self, function: Function) -> bool:
        """Whether a function is compiled itself, or Dynamo is kept out of it."""
        key = function.file, function.number
        first = self.first.get(key)
        is_root = first is not None and self.reached[first].caller is None
        return is_root or key in self.kept_out.functions

    def only_whole(self, file: int, traced: Mapping[int, tuple[Traced, object]]) -> frozenset[int]:
        """The functions that certain roots reach, each of them compiled with ``fullgraph=True``."""
        if self.split is None:
            return frozenset()
        others = {(each.file, each.number) for each in self.split}
        certain = (index for index, (degree, _) in traced.items() if degree is Traced.CERTAIN)
        return frozenset(index for index in certain if (file, index) not in others)

    def chain(self, function: Function) -> tuple[ChainStep, ...]:
        """The steps from the root to a function, root first; of very many, some behind the root are left out."""
        callers: list[Function] = []
        current: Function | None = function
        while current is not None and current not in self.chains:
            callers.append(current)
            current = self.reached[current].caller
        steps = self.chains[current] if current is not None else ()
        for each in reversed(callers):
            site = self.reached[each].site
            steps = self.chains[each] = self.lengthened(steps if site is None else (site,), each)
        return steps

    def lengthened(self, steps: tuple[ChainStep, ...], function: Function) -> tuple[ChainStep, ...]:
        """A chain with one more step."""
        summary = self.evaluator.function(function)
        if len(steps) >= _LONGEST:
            steps = (*steps[:2], *steps[3:])
        return (*steps, self.files[function.file].step(summary.row, summary.name))
