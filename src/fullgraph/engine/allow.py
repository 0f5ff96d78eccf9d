"""Findings that are allowed for a reason: the entries of an allow-list, and which findings each of them stands for."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from fullgraph.engine.finding import Finding
from fullgraph.engine.fingerprint import Definitions, digest, normalised
from fullgraph.paths import absolute_path

MODULE = "<module>"
"""What stands for the top of a module, in the place of a function's name."""

_ESCAPED = re.compile(r"\[([*?\[:])\]")
_WILD = re.compile(r"[*?\[]")
_GLOB = re.compile(r"\[([*?\[:])\]|(\[!?[^\]/]+\])|((?:^|(?<=/))\*\*/)|(\*\*)|(\*)|(\?)|(.)", re.DOTALL)
_INSIDE = re.compile(rf"{MODULE}|[\w*?]+(?:\.[\w*?]+)*")


class TargetError(ValueError):
    """What an entry is for cannot be understood."""


@dataclass(frozen=True)
class Target:
    """What an entry is for: files, by a path or a glob, and maybe one definition in them.

    Attributes:
        file: the path or glob, with slashes, from the directory that the list counts from.
        inside: the definition, as in ``Class.method``, which may hold ``*``; None for all of the file.

    """

    file: str
    inside: str | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``path`` or ``path:Class.method``.

        Raises:
            TargetError: it is neither.

        """
        file, inside = text, None
        colon = text.rfind(":")
        if colon >= 0 and text[colon - 1 : colon + 2] != "[:]":
            file, inside = text[:colon], text[colon + 1 :]
            if not _INSIDE.fullmatch(inside):
                raise TargetError(f"{inside!r} is no function; write it as in 'src/model.py:Policy.forward'")
        file = file.removeprefix("./")
        if not file or "\\" in file or Path(file).is_absolute():
            raise TargetError("write the path from the directory of the configuration, with slashes")
        target = cls(file, inside)
        try:
            target._pattern  # noqa: B018 - compiled here, so that a bad one is met here
        except re.error as error:
            raise TargetError(f"bad pattern {file!r}: {error}") from error
        return target

    @classmethod
    def of(cls, path: str, inside: str | None) -> Target:
        """The target that is just this path."""
        return cls(re.sub(r"[*?\[:]", r"[\g<0>]", path), inside)

    def __str__(self) -> str:
        return self.file if self.inside is None else f"{self.file}:{self.inside}"

    @cached_property
    def path(self) -> str | None:
        """The one path that it means, which may be a directory; None for a glob."""
        if _WILD.search(_ESCAPED.sub("", self.file)):
            return None
        return _ESCAPED.sub(r"\1", self.file).rstrip("/")

    @cached_property
    def top(self) -> str:
        """The deepest directory or file that holds all that can match."""
        if self.path is not None:
            return self.path
        parts = self.file.split("/")
        fixed = next(index for index, part in enumerate(parts) if _WILD.search(_ESCAPED.sub("", part)))
        return _ESCAPED.sub(r"\1", "/".join(parts[:fixed]))

    @property
    def is_exact(self) -> bool:
        """Whether neither the file nor the definition is a pattern."""
        return self.path is not None and not (self.inside and _WILD.search(self.inside))

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Order by how exact it is, the most exact first."""
        depth = 0 if self.inside is None else self.inside.count(".") + 1
        return self.path is None, -depth, -len(self.file)

    def matches(self, path: str) -> bool:
        """Whether a file is meant."""
        return self._pattern.fullmatch(path) is not None

    def covers(self, inside: str) -> bool:
        """Whether a definition of a file that is meant, or one around it, is meant."""
        return self.inside is None or self._definition.fullmatch(inside or MODULE) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        file = self.file.rstrip("/")
        is_whole = self.file.endswith("/") or not _WILD.search(_ESCAPED.sub("", file.rpartition("/")[2]))
        return re.compile("".join(map(_as_regex, _GLOB.finditer(file))) + ("(?:/.*)?" if is_whole else ""), re.DOTALL)

    @cached_property
    def _definition(self) -> re.Pattern[str]:
        if self.inside == MODULE:
            return re.compile(re.escape(MODULE))
        body = re.escape(self.inside or "").replace(r"\*", r"[^.]*").replace(r"\?", "[^.]")
        return re.compile(rf"(?!{MODULE}){body}(?:\..*)?")


def _as_regex(match: re.Match[str]) -> str:
    match match.lastindex:
        case 1:
            return re.escape(match[1])
        case 2:
            inner = match[2][1:-1].replace("\\", r"\\").replace("[", r"\[")
            return f"[^/{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
        case 3:
            return "(?:.*/)?"
        case 4:
            return ".*"
        case 5:
            return "[^/]*"
        case 6:
            return "[^/]"
        case _:
            return re.escape(match[0])


@dataclass(frozen=True, slots=True)
class Entry:
    """Some findings of one rule that are allowed.

    Attributes:
        number: which entry of the list it is, from 1.
        row: where it stands.
        target: where the findings may be.
        code: the rule's code.
        count: how many there may be; None for any number.
        owner: who answers for it.
        reason: why they are allowed.
        expires: the last day on which it counts; None if it counts for good.
        hashes: of the lines that it was written for, so that it can follow them.
        missing: the words that somebody has still to write; as long as there are any, it allows nothing.

    """

    number: int
    row: int
    target: Target
    code: str
    count: int | None = 1
    owner: str = ""
    reason: str = ""
    expires: date | None = None
    hashes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return f"entry {self.number} ({self.target} {self.code})"

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What no other entry may have."""
        return str(self.target), self.code, tuple(sorted(self.hashes))

    @property
    def is_expired(self) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and date.today() > self.expires

    @property
    def holds(self) -> bool:
        """Whether it allows anything."""
        return not self.missing and not self.is_expired


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a finding is, as entries see it: the file, the definition, and the hash of its line."""

    finding: Finding
    path: str
    inside: str
    hash: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Which findings the entries of a list stand for.

    Attributes:
        found: each entry with its findings, never more than it allows.
        over: findings that are more than the entry beside them allows.
        others: findings that no entry is for.

    """

    found: tuple[tuple[Entry, tuple[Spot, ...]], ...]
    over: tuple[tuple[Spot, Entry], ...] = ()
    others: tuple[Spot, ...] = ()

    @property
    def allowed(self) -> dict[Finding, Entry]:
        """The findings that are allowed, and by which entry."""
        return {spot.finding: entry for entry, spots in self.found if entry.holds for spot in spots}

    def lacking(self, judged: Callable[[Entry], bool]) -> Iterator[tuple[Entry, int]]:
        """The entries that allow more than there is, as far as that can be told, with how many there are."""
        for entry, spots in self.found:
            if len(spots) < (entry.count or 1) and judged(entry):
                yield entry, len(spots)


def match(entries: Sequence[Entry], spots: Iterable[Spot]) -> Matched:
    """Find out which entry stands for which finding: the most exact one that has room, equal lines first."""
    by_code: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.target.rank):
        by_code[entry.code].append(entry)
    found: dict[int, list[Spot]] = {entry.number: [] for entry in entries}
    candidates: dict[Spot, list[Entry]] = {}
    for spot in spots:
        candidates[spot] = [entry for entry in by_code[spot.finding.code] if _is_for(entry, spot)]
    left = [spot for spot, its in candidates.items() if its]
    for rank in sorted({entry.target.rank for its in candidates.values() for entry in its}):
        for exactly in (True, False):
            rest = []
            for spot in left:
                taker = next(
                    (
                        entry
                        for entry in candidates[spot]
                        if entry.target.rank == rank
                        and (entry.count is None or len(found[entry.number]) < entry.count)
                        and (not exactly or spot.hash in entry.hashes)
                    ),
                    None,
                )
                if taker is None:
                    rest.append(spot)
                else:
                    found[taker.number].append(spot)
            left = rest
    return Matched(
        tuple((entry, tuple(found[entry.number])) for entry in entries),
        tuple((spot, candidates[spot][0]) for spot in left),
        tuple(spot for spot, its in candidates.items() if not its),
    )


def spots_in(
    findings: Iterable[Finding], path: str, lines: Sequence[str], definitions: Definitions | None
) -> list[Spot]:
    """Where the findings of one file are; without ``definitions``, it is not said in which definition."""
    spots = []
    for finding in findings:
        row = finding.start.row
        line = lines[row - 1] if 0 < row <= len(lines) else ""
        inside = "" if definitions is None else definitions.around(row)
        spots.append(Spot(finding, path, inside, digest(normalised(line.strip()))))
    return spots


def relative(shown: str, base: str) -> str:
    """A file's path as entries have it: from the list's directory, with slashes, and nothing that is no UTF-8."""
    path = os.path.relpath(absolute_path(shown), base).replace(os.sep, "/")
    return path.encode("utf-8", "backslashreplace").decode()


def too_much(entry: Entry, count: int) -> str:
    """What is said of an entry that allows more than there is."""
    if not count:
        return f"{entry.name} stands for nothing: {entry.code} is not found in {entry.target}"
    return f"{entry.name} allows {entry.count}, of which {count} can be found"


def expired(entry: Entry) -> str:
    """What is said of an entry whose last day is over."""
    return f"{entry.name} has expired: it counted until {entry.expires}"


def incomplete(entry: Entry) -> str:
    """What is said of an entry that nobody has filled in."""
    return f"{entry.name} allows nothing: {' and '.join(entry.missing)} missing"


def excess(finding: Finding, entry: Entry, where: str) -> str:
    """The message of a finding that is more than an entry allows."""
    return f"{finding.message} (not allowed: {where} allows {entry.count} of {entry.code} in {entry.target})"


def _is_for(entry: Entry, spot: Spot) -> bool:
    return entry.target.matches(spot.path) and entry.target.covers(spot.inside)
