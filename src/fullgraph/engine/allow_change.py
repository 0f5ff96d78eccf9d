"""How the entries of an allow-list change: new ones for findings, and old ones for code that has moved or is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fullgraph.engine.allow import MODULE, Entry, Spot, Target
from fullgraph.engine.allow_follow import Move
from fullgraph.engine.allow_layout import Change, Value, Verbatim
from fullgraph.engine.finding import Finding


@dataclass(frozen=True, slots=True)
class Stub:
    """An entry that somebody has to fill in, and the findings that it is for."""

    values: Mapping[str, Value]
    spots: tuple[Spot, ...]


def stubs(spots: Iterable[Spot], present: Sequence[Entry], owner: str) -> tuple[list[Stub], list[Finding]]:
    """One entry for the findings of each rule in each function, and findings whose entry is there and allows fewer."""
    groups: dict[tuple[str, str], list[Spot]] = {}
    for spot in sorted(spots, key=lambda spot: spot.finding.sort_key()):
        target = Target.of(spot.path, spot.inside or MODULE)
        groups.setdefault((str(target), spot.finding.code), []).append(spot)
    keys = {entry.key for entry in present}
    found: list[Stub] = []
    doubled: list[Finding] = []
    for (target_name, code), group in groups.items():
        hashes = [spot.hash for spot in group]
        if (target_name, code, tuple(sorted(hashes))) in keys:
            doubled += [spot.finding for spot in group]
            continue
        values: dict[str, Value] = {"path": target_name, "code": code}
        if len(group) > 1:
            values["count"] = len(group)
        found.append(Stub({**values, "owner": owner, "reason": "", "hash": hashes}, tuple(group)))
    return found, doubled


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one entry.

    Attributes:
        entry: as it is.
        spots: its findings where it stands for them.
        moves: its findings that are elsewhere.
        follows: whether it is to follow them.
        prunes: whether it is to allow no more than there is.

    """

    entry: Entry
    spots: tuple[Spot, ...]
    moves: tuple[Move, ...]
    follows: bool
    prunes: bool

    @property
    def gone(self) -> int:
        """How many findings are not anywhere any more."""
        moved = sum(len(move.spots) for move in self.moves)
        return max((self.entry.count or 1) - len(self.spots) - moved, 0)

    def change(self) -> Change | None:
        """The change to the entry's lines; None if there is none."""
        entry = self.entry
        if self.prunes and not self.spots and not self.moves:
            return Change(is_removed=True)
        if entry.count is None:
            return None
        if not entry.target.is_exact:
            return Change({"count": entry.count - self.gone}) if self.prunes and self.gone else None
        here, rest = self.spots, self.moves
        values: dict[str, Value] = {}
        if rest and not here:
            values["path"] = str(rest[0].target)
            here, rest = rest[0].spots, rest[1:]
        stays = 0 if self.prunes else self.gone
        if len(here) + stays != entry.count:
            values["count"] = len(here) + stays
        hashes = self._hashes(here, rest, stays)
        if (self.follows or values) and sorted(hashes) != sorted(entry.hashes):
            values["hash"] = hashes
        behind = tuple(self._copy(move) for move in rest)
        return Change(values, behind) if values or behind else None

    def _hashes(self, here: tuple[Spot, ...], rest: tuple[Move, ...], stays: int) -> list[str]:
        """The hashes of the lines that the entry is for, with those of lines that could not be found."""
        if not stays:
            return [spot.hash for spot in here]
        moved = Counter(spot.hash for move in rest for spot in move.spots)
        return list((Counter(self.entry.hashes) - moved).elements())

    def _copy(self, move: Move) -> dict[str, Value]:
        """The same entry for what has gone elsewhere than the rest."""
        entry = self.entry
        values: dict[str, Value] = {"path": str(move.target), "code": entry.code}
        if len(move.spots) > 1:
            values["count"] = len(move.spots)
        if entry.owner or "owner" in entry.missing:
            values["owner"] = entry.owner
        values["reason"] = entry.reason
        if entry.expires is not None:
            values["expires"] = Verbatim(str(entry.expires))
        return {**values, "hash": [spot.hash for spot in move.spots]}
