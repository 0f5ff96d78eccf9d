"""Which of the files at hand a path in a log means.

A run may have been on another machine, or of an installed copy, and torch shortens some paths. So a path counts as a
file if they are the same, or end alike far enough; or if less is alike, and the lines that torch quotes stand there.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PureWindowsPath

from fullgraph.verify.messages import Break, Event, Limit, Noted, Place, Recompilation

_TELLING = 12
"""So many characters of code at the same lines are no coincidence; ``return x`` is one."""
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file at hand: its name in reports, its absolute path, and how many of its last segments are its own."""

    shown: str
    path: Path
    own: int
    lines: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Located:
    """A line of a file at hand. It is stale where torch quotes other code, there or, failing that, in the file."""

    shown: str
    row: int
    stale: bool


@dataclass(slots=True)
class Matcher:
    """Finds the places of a run's events in the files at hand."""

    sources: Iterable[Source]
    events: Iterable[Event]
    _by_name: dict[str, list[Source]] = field(default_factory=dict, init=False)
    _roots: set[Path] = field(default_factory=set, init=False)
    _texts: dict[str, dict[int, str]] = field(default_factory=dict, init=False)
    _found: dict[str, Source | None] = field(default_factory=dict, init=False)
    _quoted_by_source: dict[str, dict[int, str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Sort the files by name, and the lines that torch quotes by path."""
        for source in self.sources:
            self._by_name.setdefault(source.path.name, []).append(source)
            self._roots.add(source.path.parents[max(source.own, 1) - 1])
        for place in (place for event in self.events for place in places_of(event)):
            if place.text:
                self._texts.setdefault(place.path, {})[place.row] = place.text

    def locate(self, place: Place) -> Located | None:
        """Find the line that is meant; None if the path means none of the files, or may mean several."""
        source = self._cached(place.path)
        if source is None:
            return None
        quoted = self._quotes(source)
        if text := place.text or quoted.get(place.row, ""):
            return Located(source.shown, place.row, stale=not _stands(text, place.row, source))
        changed = any(not _stands(other, row, source) for row, other in quoted.items())
        return Located(source.shown, place.row, stale=changed)

    def _quotes(self, source: Source) -> dict[int, str]:
        """All lines that torch quotes from a file, by whatever path."""
        if source.shown not in self._quoted_by_source:
            mine = [texts for path, texts in self._texts.items() if self._cached(path) is source]
            self._quoted_by_source[source.shown] = {row: text for texts in mine for row, text in texts.items()}
        return self._quoted_by_source[source.shown]

    def _cached(self, path: str) -> Source | None:
        if path not in self._found:
            self._found[path] = self._source(path)
        return self._found[path]

    def first(self, places: Iterable[Place]) -> Located | None:
        """Find the first of some places that lies in one of the files.

        There is none if another file of the same project comes first: what happens there is no matter of its callers,
        as what happens in a package is.
        """
        for place in places:
            if (found := self.locate(place)) is not None:
                return found
            if self._is_in_project(place.path):
                return None
        return None

    def _is_in_project(self, path: str) -> bool:
        """Whether a path leads to a file of one of the projects at hand, wherever it may lie in there."""
        other = Path(path)
        return any(
            other.is_relative_to(root) and not _INSTALLED.intersection(other.relative_to(root).parts)
            for root in self._roots
        )

    def _source(self, path: str) -> Source | None:
        parts = _parts(path)
        candidates = self._by_name.get(parts[-1], []) if parts else []
        for source in candidates:
            if os.path.realpath(path) == os.path.realpath(source.path):
                return source
        common = {source.shown: _alike(parts, source.path.parts) for source in candidates}
        best = max(common.values(), default=0)
        likely = [source for source in candidates if common[source.shown] == best]
        if len(likely) != 1:
            return None
        source = likely[0]
        installed = bool(_INSTALLED.intersection(parts)) and not _INSTALLED.intersection(source.path.parts)
        whole = best >= 2 and (best >= source.own or best == len(parts))
        if whole and not installed:
            return source
        return source if self._quoted(path, source) else None

    def _quoted(self, path: str, source: Source) -> bool:
        """Whether the lines that torch quotes from a path are those of the file: most of them, and enough to tell."""
        votes: Counter[bool] = Counter()
        for row, text in self._texts.get(path, {}).items():
            votes[_stands(text, row, source)] += len(text)
        return votes[True] > votes[False] and votes[True] >= _TELLING


def places_of(event: Event) -> tuple[Place, ...]:
    """All places that an event names, those that it is about first."""
    match event:
        case Break(places=places):
            return places
        case Recompilation(function=function, guards=guards):
            return guards if function is None else (*guards, function)
        case Limit(function=place):
            return (place,)
        case Noted(places=places):
            return places


def _parts(path: str) -> tuple[str, ...]:
    """The segments of a path, of either kind of system."""
    return PureWindowsPath(path).parts if "\\" in path else PurePath(path).parts


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of the last segments are the same."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _stands(text: str, row: int, source: Source) -> bool:
    lines = source.lines()
    return 0 < row <= len(lines) and lines[row - 1].strip() == text.strip()
