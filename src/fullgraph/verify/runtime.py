"""Holding findings against what a run showed: which it confirms, and what no finding says."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fullgraph.api import Effect
from fullgraph.engine.finding import Finding
from fullgraph.engine.registry import registry
from fullgraph.engine.seen import RunTime, Seen, Unforeseen
from fullgraph.verify.logfile import RunLog
from fullgraph.verify.matching import Located, Matcher, Source, places_of
from fullgraph.verify.messages import MOVE, RECOMPILATION, Break, Event, Limit, Noted, Recompilation

_BREAK, _LIMIT = "graph break", "recompile limit met"
_MOST_ROWS = 10
"""What takes more rows is no expression, so that a break within it may be due to something else in there."""
_FORESEE = {
    _BREAK: frozenset({Effect.GRAPH_BREAK, Effect.DEVICE_MOVE}),
    RECOMPILATION: frozenset({Effect.RECOMPILATION, Effect.DEVICE_MOVE}),
    _LIMIT: frozenset({Effect.RECOMPILATION}),
    MOVE: frozenset({Effect.DEVICE_MOVE}),
}


def effect_of(finding: Finding) -> Effect | None:
    """What the rule of a finding says is seen; None for findings that are about nothing of the kind."""
    rule = registry().get(finding.code)
    return None if rule is None else rule.effect


@dataclass(slots=True)
class Judge:
    """Gathers what a run showed, line by line.

    Attributes:
        sources: the files that were checked.
        findings: what was found in them.
        known: whether somebody has accepted what happens in a line, so that it is nothing new.
    """

    sources: Sequence[Source]
    findings: Sequence[Finding]
    known: Callable[[Located], bool]
    _why: dict[tuple[str, int, str], list[str]] = field(default_factory=dict, init=False)
    _again: Counter[tuple[str, int]] = field(default_factory=Counter, init=False)
    _spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict, init=False)

    def judge(self, log: RunLog) -> RunTime:
        """Say what the events of a log mean for the findings."""
        matcher = Matcher(self.sources, log.events)
        elsewhere = stale = 0
        for event in log.events:
            places = _places(event, matcher)
            elsewhere += places is None
            stale += places is not None and any(place.stale for place in places)
            self._note(event, [place for place in places or () if not place.stale])
        return RunTime(self._seen(), tuple(self._unforeseen()), elsewhere, stale, log.strange)

    def _note(self, event: Event, places: Sequence[Located]) -> None:
        match event:
            case Break(why=why):
                kind = _BREAK
            case Limit(name=name):
                kind, why = _LIMIT, f"`{name}` runs eagerly from then on"
            case Noted(what=kind, why=why):
                pass
            case Recompilation(reason=why, guards=guards):
                kind = RECOMPILATION
                for function in {self._function(place.shown, place.row) for place in places} - {None}:
                    assert function is not None
                    self._again[function] += 1
                if not guards:
                    return
        for shown, row in dict.fromkeys((place.shown, place.row) for place in places):
            self._why.setdefault((shown, row, kind), []).append(why)

    def _seen(self) -> dict[Finding, Seen]:
        by_file: dict[str, list[tuple[int, str]]] = {}
        for shown, row, kind in self._why:
            by_file.setdefault(shown, []).append((row, kind))
        found = ((finding, self._seen_at(finding, by_file.get(finding.filename, ()))) for finding in self.findings)
        return {finding: seen for finding, seen in found if seen is not None}

    def _seen_at(self, finding: Finding, noted: Sequence[tuple[int, str]]) -> Seen | None:
        """What was seen at the place of a finding, of what it says; else what was seen of its function."""
        effect = effect_of(finding)
        rows = rows_of(finding)
        for kind in (_BREAK, MOVE, RECOMPILATION):
            if effect in _FORESEE[kind]:
                places = [(finding.filename, row, kind) for row, what in noted if what == kind and row in rows]
                if why := [why for place in places for why in self._why[place]]:
                    return _summed(why, kind)
        function = self._function(finding.filename, finding.start.row) if effect is Effect.RECOMPILATION else None
        if function is None or not (count := self._again[function]):
            return None
        times = "once" if count == 1 else f"{count} times"
        return Seen(0, f"its function was compiled again {times}; no guard names this line")

    def _unforeseen(self) -> list[Unforeseen]:
        by_file: dict[str, list[Finding]] = {}
        for finding in self.findings:
            by_file.setdefault(finding.filename, []).append(finding)
        found: list[Unforeseen] = []
        for (shown, row, kind), why in self._why.items():
            listed = kind in {_BREAK, _LIMIT} and not self._foreseen(row, kind, by_file.get(shown, ()))
            if listed and not self.known(Located(shown, row, stale=False)):
                found.append(Unforeseen(shown, row, _summed(why, kind)))
        return sorted(found, key=lambda each: (each.filename, each.row))

    def _foreseen(self, row: int, kind: str, findings: Iterable[Finding]) -> bool:
        """Whether a finding of the file says it: at the line, or for the recompile limit, in the function."""
        for finding in findings:
            if effect_of(finding) in _FORESEE[kind]:
                if kind != _LIMIT and row in rows_of(finding):
                    return True
                here = self._function(finding.filename, finding.start.row)
                if kind == _LIMIT and here == self._function(finding.filename, row):
                    return True
        return False

    def _function(self, shown: str, row: int) -> tuple[str, int] | None:
        """The innermost function that a line lies in: its file and first row."""
        if shown not in self._spans:
            source = next((source for source in self.sources if source.shown == shown), None)
            self._spans[shown] = [] if source is None else functions_in("\n".join(source.lines()))
        around = [span for span in self._spans[shown] if span[0] <= row <= span[1]]
        return (shown, max(around)[0]) if around else None


def rows_of(finding: Finding) -> range:
    """The rows at which a run may confirm a finding: of one that is about a block, the first."""
    end = finding.end.row if finding.end.row - finding.start.row < _MOST_ROWS else finding.start.row
    return range(finding.start.row, end + 1)


def functions_in(text: str) -> list[tuple[int, int]]:
    """The first and last rows of all functions in a file, decorators included; nothing for what is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        (min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def _places(event: Event, matcher: Matcher) -> list[Located] | None:
    """The lines that an event is about; None if they lie in no file at hand."""
    match event:
        case Break(places=places) | Noted(places=places):
            found = [matcher.first(places)]
        case Recompilation(function=function, guards=guards):
            named = [matcher.locate(place) for place in guards]
            found = [*named, *([matcher.locate(function)] if function is not None and not any(named) else [])]
        case Limit(function=function):
            found = [matcher.locate(function)]
    located = [place for place in found if place is not None]
    return located if located or not places_of(event) else None


def _summed(why: Iterable[str], kind: str) -> Seen:
    counts = Counter(why)
    return Seen(counts.total(), kind, counts.most_common(1)[0][0])
