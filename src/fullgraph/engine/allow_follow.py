"""Where the code has gone that the entries of an allow-list were written for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fullgraph.engine.allow import MODULE, Entry, Matched, Spot, Target


@dataclass(frozen=True, slots=True)
class Move:
    """Findings that an entry was written for and that are elsewhere by now."""

    target: Target
    spots: tuple[Spot, ...]

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """The key of the entry that is to be there."""
        return str(self.target), self.spots[0].finding.code, tuple(sorted(spot.hash for spot in self.spots))


@dataclass(frozen=True, slots=True)
class Followed:
    """What entries stand for once each has its own lines back, and what of it is elsewhere, by their numbers."""

    found: tuple[tuple[Entry, tuple[Spot, ...]], ...]
    moves: Mapping[int, tuple[Move, ...]]


def follow(matched: Matched, judged: Callable[[Entry], bool], others: Iterable[Spot]) -> Followed:
    """Find the lines of entries, by their hashes, where these are exact and the run can tell that they are gone.

    First among the lines that another entry took without being written for them; then, for entries that still allow
    more than there is, among the findings that no entry is for.
    """
    search = _Search(matched, judged)
    search.take_back()
    search.take_free([*others, *(spot for spot, _ in matched.over)])
    return Followed(
        tuple((entry, tuple(search.held[entry.number])) for entry, _ in matched.found),
        search.moves({entry.key for entry, _ in matched.found}),
    )


class _Search:
    """Which lines entries have, which they miss, and which they get from elsewhere."""

    def __init__(self, matched: Matched, judged: Callable[[Entry], bool]) -> None:
        self.held = {entry.number: list(spots) for entry, spots in matched.found}
        self.entries = [entry for entry, _ in matched.found]
        self.seekers = [
            entry
            for entry in self.entries
            if entry.count is not None
            and 0 < len(entry.hashes) <= entry.count
            and entry.target.is_exact
            and judged(entry)
        ]
        self.missing = {
            entry.number: Counter(entry.hashes) - Counter(spot.hash for spot in self.held[entry.number])
            for entry in self.seekers
        }
        self.carried: dict[int, list[Spot]] = defaultdict(list)
        self.free: list[Spot] = []

    def loose(self, entry: Entry) -> list[Spot]:
        """The lines that an entry holds without having been written for them."""
        own = Counter(entry.hashes)
        loose = []
        for spot in self.held[entry.number]:
            if own[spot.hash]:
                own[spot.hash] -= 1
            elif entry.hashes:
                loose.append(spot)
        return loose

    def take_back(self) -> None:
        """Give lines that another entry holds loosely to those written for them, and let go what is too much."""
        holders = {spot: entry for entry in self.entries for spot in self.loose(entry)}
        for entry in self.seekers:
            for spot in _nearest(entry, holders):
                holder = holders[spot]
                if holder is not entry and self.wants(entry, spot):
                    self.take(entry, spot)
                    self.held[holder.number].remove(spot)
                    del holders[spot]
        for entry in self.seekers:
            loose = self.loose(entry)
            while loose and self.room(entry) < 0:
                spot = loose.pop()
                self.held[entry.number].remove(spot)
                self.free.append(spot)

    def take_free(self, spots: Sequence[Spot]) -> None:
        """Give lines that no entry is for to those that were written for them and have room."""
        self.free += dict.fromkeys(spots)
        for entry in self.seekers:
            for spot in _nearest(entry, self.free):
                if self.room(entry) > 0 and self.wants(entry, spot):
                    self.take(entry, spot)
                    self.free.remove(spot)

    def room(self, entry: Entry) -> int:
        """How many more findings an entry allows."""
        return (entry.count or 0) - len(self.held[entry.number]) - len(self.carried[entry.number])

    def wants(self, entry: Entry, spot: Spot) -> bool:
        return spot.finding.code == entry.code and self.missing[entry.number][spot.hash] > 0

    def take(self, entry: Entry, spot: Spot) -> None:
        self.missing[entry.number][spot.hash] -= 1
        is_here = entry.target.matches(spot.path) and entry.target.covers(spot.inside)
        (self.held if is_here else self.carried)[entry.number].append(spot)

    def moves(self, taken: set[tuple[str, str, tuple[str, ...]]]) -> dict[int, tuple[Move, ...]]:
        """What the entries carry, by where it is; an entry that is there already stays alone."""
        moves = {}
        for number, entry in ((entry.number, entry) for entry in self.seekers):
            by_target: dict[Target, list[Spot]] = defaultdict(list)
            for spot in self.carried[number]:
                by_target[_new_target(entry.target, spot)].append(spot)
            found = [Move(target, tuple(spots)) for target, spots in by_target.items()]
            new = [move for move in found if move.key not in taken]
            if new:
                moves[number] = tuple(new)
                taken |= {move.key for move in new}
        return moves


def _nearest(entry: Entry, spots: Iterable[Spot]) -> list[Spot]:
    """The findings, those in the same file and then in a definition of the same name first."""
    target = entry.target

    def distance(spot: Spot) -> tuple[bool, bool, str, int]:
        return spot.path != target.path, spot.inside != (target.inside or ""), spot.path, spot.finding.start.row

    return sorted((spot for spot in spots if spot.hash in entry.hashes), key=distance)


def _new_target(target: Target, spot: Spot) -> Target:
    """Where an entry would be for a finding; a class or a file as a whole stays one."""
    if target.inside is None or (target.covers(spot.inside) and target.path != spot.path):
        return Target.of(spot.path, target.inside)
    return Target.of(spot.path, spot.inside or MODULE)
