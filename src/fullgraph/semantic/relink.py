"""Whether what linking said of a project still holds after some of its files changed, without linking it again.

What is looked at is what changed, and whether anything that linking asked of these files has another answer now. Where
that is not sure the answer is no: then everything is linked.
"""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fullgraph.semantic.bypassed import calls_member
from fullgraph.semantic.disabled import OPAQUE, may_keep_out
from fullgraph.semantic.evaluate import COMPILE
from fullgraph.semantic.foreign import NOTHING
from fullgraph.semantic.late import NotKnownError, Outcome, Plain, World
from fullgraph.semantic.matching import Matching, Side, matching
from fullgraph.semantic.programs import imports_of
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.roots import COMPILED_REGION, ENTRIES, compiles_perhaps
from fullgraph.semantic.spread import Caller, Fresh, Spread
from fullgraph.semantic.summary import NO_OWNER, CallSite, FileSummary, Ref
from fullgraph.semantic.traced import ChainStep, FileRegion, Traced
from fullgraph.semantic.values import ClassId, External, Function

_BUILDERS = frozenset({"__init__", "append", "add_module", "extend", "insert"})
"""Methods by which a class that is a container takes what it holds."""
_COMPILING = OPAQUE | {COMPILE, COMPILED_REGION}


@dataclass(frozen=True, slots=True)
class Before:
    """A project as it was when all of it was linked.

    Attributes:
        files: its files in the order of their names, without summaries.
        outcome: what linking found out.
        read: gives the summary of a file, and what linking found out about it.
        region: gives what was said of a file, with places for rows.
        patterns: which functions the user says are compiled.
    """

    files: Sequence[ProjectFile]
    outcome: Outcome
    read: Callable[[int], tuple[FileSummary, Plain]]
    region: Callable[[int], FileRegion]
    patterns: Sequence[str]


@dataclass(frozen=True, slots=True)
class Relinked:
    """A project whose files changed so that it is linked as it was before, but for what some calls enter.

    Attributes:
        matched: what became of the parts of each file that changed.
        world: the project as it is now.
        fresh: functions that are traced now and were not, and from which.
        callers: by how many functions more, or fewer, functions are entered.
        has_whole: whether some root is compiled with ``fullgraph=True``.
        before: gives what was said of a file, with places for rows.
    """

    matched: Mapping[int, Matching]
    world: World
    fresh: Mapping[Function, Fresh]
    callers: Mapping[tuple[int, int], int]
    has_whole: bool
    before: Callable[[int], FileRegion]

    @property
    def files(self) -> Sequence[ProjectFile]:
        """The files of the project, without summaries."""
        return self.world.bare

    def touches(self, file: int, chains: Iterable[int]) -> bool:
        """Whether something else is to be said of a file now; its chains have steps in some files."""
        if file in self.matched or any(self.has_moved(each) for each in chains if each in self.matched):
            return True
        return any(each.file == file for each in self.fresh) or any(key[0] == file for key in self.callers)

    def has_moved(self, file: int) -> bool:
        """Whether rows of a file have other places now."""
        return any(before != now for before, now in self.matched[file].rows.items())

    def region(self, file: int) -> FileRegion:
        """What is to be said of a file.

        Raises:
            NotKnownError: that does not follow.
        """
        before = self._moved(file)
        traced = dict(before.traced)
        whole = set(before.fullgraph)
        for function, how in self.fresh.items():
            key = function.file, function.number
            if function.file == file and function.number not in traced and key not in self.world.reached:
                traced[function.number] = how.degree, self._chain(function)
                if self.has_whole and how.degree is Traced.CERTAIN and not how.is_split:
                    whole.add(function.number)
        callers = {
            number: count
            for number in traced
            if (count := before.callers.get(number, 0) + self.callers.get((file, number), 0))
        }
        is_asked = file in self.matched or (traced and not before.traced)
        is_told = traced and self.world.bare[file].is_own
        told = before.foreign
        if is_asked:
            told = self.world.linker.across.told(file) if is_told else NOTHING
            of_calls = before.foreign.varied, before.foreign.sized, before.foreign.changed
            told = replace(told, varied=of_calls[0], sized=of_calls[1], changed=of_calls[2])
        traced = dict(sorted(traced.items()))
        return replace(before, traced=traced, callers=callers, foreign=told, fullgraph=frozenset(whole))

    def _moved(self, file: int) -> FileRegion:
        """What was said of a file, with numbers and rows as they are now."""
        before = self.before(file)
        names = {self.files[index].filename: match.rows for index, match in self.matched.items()}

        def now(step: ChainStep) -> ChainStep:
            rows = names.get(step.filename)
            return step if rows is None else ChainStep(step.filename, rows[step.row], step.name)

        traced = {number: (degree, tuple(map(now, chain))) for number, (degree, chain) in before.traced.items()}
        region = replace(before, traced=traced, foreign=before.foreign.with_steps(now))
        return _renumbered(region, self.matched[file].functions) if file in self.matched else region

    def _chain(self, function: Function) -> tuple[ChainStep, ...]:
        if function in self.fresh:
            steps = self._chain(self.fresh[function].origin)
            return self.world.linker.lengthened(steps, function)
        entries = self.world.reached[function.file, function.number]
        if entries[0].receiver != function.receiver:  # the region has the chain of the first only
            raise NotKnownError
        return self._moved(function.file).traced[function.number][1]


def _renumbered(region: FileRegion, numbers: Mapping[int, int]) -> FileRegion:
    """A region with other numbers of functions."""
    sets = (region.roots, region.disabled, region.fullgraph, region.hot)
    roots, disabled, whole, hot = (frozenset(numbers[number] for number in each) for each in sets)
    return replace(
        region,
        traced={numbers[number]: found for number, found in region.traced.items()},
        callers={numbers[number]: count for number, count in region.callers.items()},
        foreign=region.foreign.renumbered(numbers),
        roots=roots,
        disabled=disabled,
        fullgraph=whole,
        hot=hot,
    )


def relinked(before: Before, changed: Mapping[int, FileSummary]) -> Relinked | None:
    """The project with the summaries of some files changed; None if it has to be linked again."""
    members = before.outcome.members
    if before.outcome.is_member_called or any(calls_member(summary, members) for summary in changed.values()):
        return None
    matched: dict[int, Matching] = {}
    for file, summary in changed.items():
        match = matching(before.read(file)[0], summary)
        if match is None:
            return None
        matched[file] = match
    try:
        comparison = _Comparison(before, changed, matched)
        if not comparison.agrees():
            return None
    except (NotKnownError, KeyError):
        return None
    spread = comparison.spread
    if any(_passes_on(comparison.after.files[each.file].summary, each.number) for each in spread.fresh):
        return None
    return Relinked(matched, comparison.after, spread.fresh, spread.callers(), before.outcome.is_split, before.region)


def _passes_on(summary: FileSummary, function: int) -> bool:
    """Whether a function varies what it passes or sets, which costs nothing where that function is traced."""
    parts = [each.function for each in summary.variations], [each.function for each in summary.changes]
    return any(function in part for part in parts)


class _Comparison:
    def __init__(self, before: Before, changed: Mapping[int, FileSummary], matched: Mapping[int, Matching]) -> None:
        self.outcome = before.outcome
        self.patterns = before.patterns
        self.matched = matched
        self.numbers = {file: match.functions for file, match in matched.items()}
        self.before = World(before.files, before.read, before.outcome, {}, {})
        self.after = World(before.files, before.read, before.outcome, changed, self.numbers)
        self.spread = Spread(self.before, self.after, before.outcome, self.renumbered)

    def agrees(self) -> bool:
        """Whether linking would say the same again."""
        looks = (self.is_unseen, self.same_wishes, self.same_parameters, self.is_harmless)
        if not self.same_called_attributes() or not all(look(file) for look in looks for file in self.matched):
            return False
        return self.spread.agrees([each for file in self.matched for each in self.callers(file)])

    def sides(self, file: int) -> Iterator[tuple[World, Side]]:
        """What a file has only before and only after, each with the project as it is there."""
        match = self.matched[file]
        yield self.before, match.gone
        yield self.after, match.fresh

    # Names

    def is_unseen(self, file: int) -> bool:
        """Whether nobody looks at the names and functions that are only there before or after."""
        seen = (self.is_asked_for(side) or self.is_seen(world, file, side) for world, side in self.sides(file))
        if any(seen) or not self.same_methods(file) or not self.same_imports(file):
            return False
        match = self.matched[file]
        returning = {(file, number) for number in match.returning}
        telling = {(file, number) for number in match.telling}
        return returning.isdisjoint(self.before.returning) and telling.isdisjoint(self.before.telling)

    def is_asked_for(self, side: Side) -> bool:
        """Whether a name that is only there before or after is one that linking asks for."""
        if not side.attributes.isdisjoint(self.outcome.called):
            return True
        return any(
            name in self.outcome.asked or name in ENTRIES or name == "*" or name.startswith("__")
            for name in side.names | side.attributes
        )

    def is_seen(self, world: World, file: int, side: Side) -> bool:
        """Whether functions and names that are only there before or after are looked at for what they are."""
        functions = world.files[file].summary.functions
        module = world.files[file].module
        own = frozenset(side.functions)
        members = {(each.owner, each.name) for number, each in enumerate(functions) if number not in own}
        for number in side.functions:
            function = functions[number]
            if (file, number) in world.reached:
                return True
            if function.owner != NO_OWNER and (function.owner, function.name) in members:
                return True
            decorators = (ref for each in function.decorators for ref in (each.name, each.call))
            if self.is_configured(module, function.name) or any(self.acts(world, file, ref) for ref in decorators):
                return True
        return any(may_keep_out(ref) for ref in side.refs)

    def is_configured(self, module: str, name: str) -> bool:
        """Whether the user names a function."""
        for pattern in self.patterns:
            modules, _, names = pattern.partition(":")
            if fnmatch.fnmatchcase(module, modules) and fnmatch.fnmatchcase(name, names or "*"):
                return True
        return False

    def acts(self, world: World, file: int, decorator: Ref) -> bool:
        """Whether a decorator may be one that linking knows, or one of the project."""
        values = world.evaluator.values(decorator, world.evaluator.frame(file))
        return any(not isinstance(value, External) or value.path in _COMPILING for value in values)

    def same_methods(self, file: int) -> bool:
        """Whether no class that others take for a protocol has other methods."""
        before, after = (world.files[file].summary.classes for world in (self.before, self.after))
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if old.methods.keys() != new.methods.keys():
                bases = self.after.evaluator.external_bases(ClassId(file, number))
                if any(path.rpartition(".")[2] == "Protocol" for path in bases):
                    return False
        return True

    def same_imports(self, file: int) -> bool:
        """Whether the file imports the same, where imports say what runs together."""
        if not self.outcome.has_settings:
            return True
        before, after = (set(imports_of(world.files[file].summary)) for world in (self.before, self.after))
        return before == after

    # Parameters

    def same_called_attributes(self) -> bool:
        """Whether the same attributes of ``self`` are called in the project, of those that classes assign to."""
        counts = Counter(self.outcome.called)
        for file in self.matched:
            counts.subtract(self.before.linker.binder.called_in(file))
            counts.update(self.after.linker.binder.called_in(file))
        now = {name for name, count in counts.items() if count > 0}
        other = now ^ self.outcome.called.keys()
        fresh = (match.fresh.attributes for match in self.matched.values())
        return other.isdisjoint(self.outcome.held) and all(other.isdisjoint(names) for names in fresh)

    def same_wishes(self, file: int) -> bool:
        """Whether what a file calls and keeps comes from the same parameters, apart from functions that are fresh."""
        match = self.matched[file]
        before, after = self.before.linker.binder, self.after.linker.binder
        old, new = before.wished_in(file), after.wished_in(file)
        fresh = set(match.fresh.functions)
        gone = set(match.gone.functions)
        if {(match.functions[number], name) for number, name in old if number not in gone} != {
            (number, name) for number, name in new if number not in fresh
        }:
            return False
        for number, name in new:
            if number in fresh:
                self.after.wanted.setdefault((file, number), set()).add(name)
        return self.same_leads(file) and (not self.after_wants_first(file))

    def after_wants_first(self, file: int) -> bool:
        """Whether parameters matter now where none did in the whole project."""
        return not self.outcome.names and any(key[0] == file for key in self.after.wanted)

    def same_leads(self, file: int) -> bool:
        """Whether names lead to the same parameters."""
        match = self.matched[file]
        before, after = self.before.linker.binder.leads[file], self.after.linker.binder.leads[file]
        for key, found in before.items():
            other = after.get(match.names.get(key, -1))
            if other is not None:
                now = tuple((match.functions[number], name) for number, name in found if number in match.functions)
                if now != other:
                    return False
        return True

    def same_parameters(self, file: int) -> bool:
        """Whether functions call the same of their parameters."""
        match = self.matched[file]
        before, after = self.before.linker.calls, self.after.linker.calls
        functions = self.before.files[file].summary.functions
        mine = {*match.changed, *match.gone.functions}
        mine.update(functions[number].around for number in tuple(mine) if functions[number].around != NO_OWNER)
        latter = self.after.files[file].summary.functions
        others = {number: old for old, number in match.functions.items()}
        around = {latter[number].around for number in match.fresh.functions}
        mine.update(others[number] for number in around if number in others)
        return all(
            set(before.called_parameters(file, number)) == set(after.called_parameters(file, match.functions[number]))
            for number in mine
            if number in match.functions
        )

    # Calls

    def is_harmless(self, file: int) -> bool:
        """Whether no call that is only there before or after is one that linking looks at, edges apart."""
        return not any(self.matters(world, file, *each) for world, side in self.sides(file) for each in side.sites)

    def matters(self, world: World, file: int, function: int | None, site: CallSite) -> bool:
        """Whether linking looks at a call."""
        match site.callee:
            case (".", ("S" | "s", _), name) if name in _BUILDERS:
                return True
            case _:
                return (
                    self.compiles(world, file, function, site)
                    or world.linker.roots.is_trainer(file, site)
                    or (function is None and world.linker.kept_out.is_allowing(site))
                    or self.passes(world, file, function, site)
                )

    def compiles(self, world: World, file: int, function: int | None, site: CallSite) -> bool:
        """Whether a call compiles something, for whatever class it is inherited by."""
        if not compiles_perhaps(site):
            return False
        linker = world.linker
        receivers = linker.roots.receivers(file, function)
        frames = (linker.evaluator.frame(file, receiver) for receiver in receivers)
        return any(linker.roots.compiler_of(site, frame) is not None for frame in frames)

    def passes(self, world: World, file: int, function: int | None, site: CallSite) -> bool:
        """Whether a call passes something for a parameter that matters."""
        if not site.arguments and not site.keywords:
            return False
        binder, evaluator = world.linker.binder, world.evaluator
        name = binder.name_of(file, site.callee)
        if name is not None and name not in self.outcome.names and name not in self.fresh_names(file):
            return False
        frame = evaluator.frame(file, evaluator.class_around(file, function))
        targets = (binder.target(value) for value in evaluator.values(site.callee, frame))
        return any(target is not None and self.is_wanted(world, target) for target in targets)

    def fresh_names(self, file: int) -> frozenset[str]:
        """What functions are called that are only there now."""
        functions, fresh = self.after.files[file].summary.functions, self.matched[file].fresh.functions
        return frozenset(functions[number].name.rpartition(".")[2] for number in fresh)

    def is_wanted(self, world: World, target: Function) -> bool:
        """Whether a parameter of a function matters."""
        _ = world.files[target.file]
        return bool(world.wanted.get((target.file, target.number)))

    # What is entered

    def callers(self, file: int) -> Iterator[Caller]:
        """The traced functions that changed, or in which other functions stand now."""
        match = self.matched[file]
        before, after = (world.files[file].summary.functions for world in (self.before, self.after))
        others = {now: number for number, now in match.functions.items()}
        around = {others.get(after[number].around, NO_OWNER) for number in match.fresh.functions}
        around |= {before[number].around for number in match.gone.functions}
        for number in sorted(number for number in match.changed | around if number in match.functions):
            for entered in self.before.reached.get((file, number), ()):
                function = Function(file, number, entered.receiver)
                yield Caller(function, self.renumbered(function), entered)

    def renumbered(self, function: Function) -> Function:
        """A function with the number that it has now; none if it is gone."""
        numbers = self.numbers.get(function.file)
        return function if numbers is None else function._replace(number=numbers.get(function.number, -1))
