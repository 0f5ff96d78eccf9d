"""Old findings that are let pass: the entries of a baseline, which findings they stand for, and what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from fullgraph.engine.finding import Finding
from fullgraph.engine.fingerprint import Definitions, code_of, digest, normalised
from fullgraph.engine.registry import INTERNAL_CODES
from fullgraph.semantic.source import SourceError, decode, parse, split_lines

Key: TypeAlias = tuple[str, str, str, str]
_LONGEST_SNIPPET = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """Some equal findings in one definition.

    Attributes:
        path: the file, as seen from the baseline's directory, with slashes.
        inside: the definition, as in ``Class.method``; empty for the top of the module.
        code: the rule's code.
        snippet: the code that the findings are about, normalised, and cut if it is long.
        hash: digest of all of that code.
        count: how many findings it lets pass.
        owner: who answers for it.
        reason: why it is let pass; empty if nobody has said.
        until: the last day on which it counts; None if it counts for good.
        row: where it stands in the file, 0 if it does not stand there yet.

    """

    path: str
    inside: str
    code: str
    snippet: str
    hash: str
    count: int = 1
    owner: str = ""
    reason: str = ""
    until: date | None = None
    row: int = field(default=0, compare=False)

    @property
    def key(self) -> Key:
        """What its findings are recognised by."""
        return self.path, self.inside, self.code, self.hash

    @property
    def expired(self) -> bool:
        """Whether its last day is over."""
        return self.until is not None and date.today() > self.until


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding with the entry that would let just it pass."""

    finding: Finding
    entry: Entry


@dataclass(frozen=True, slots=True)
class Matched:
    """Which findings the entries of a baseline stand for.

    Attributes:
        found: each entry with its findings, which may be fewer than it allows, and may have moved.
        judged: the entries of which the run could tell whether there is something left of them.
        others: findings that no entry stands for.

    """

    found: tuple[tuple[Entry, tuple[Seen, ...]], ...]
    judged: frozenset[Key]
    others: tuple[Seen, ...]

    @property
    def passed(self) -> frozenset[Finding]:
        """Findings that are let pass."""
        return frozenset(seen.finding for entry, all_seen in self.found if not entry.expired for seen in all_seen)

    @property
    def moved(self) -> int:
        """How many entries stand for code that is elsewhere by now."""
        return sum(any(seen.entry.key != entry.key for seen in all_seen) for entry, all_seen in self.found)

    def outdated(self) -> list[tuple[Entry, str]]:
        """Entries that let pass more than there is, or count no longer; with what is to be said of them."""
        said = []
        for entry, all_seen in self.found:
            if entry.key in self.judged and len(all_seen) < entry.count:
                said.append((entry, _too_much(entry, len(all_seen))))
            elif entry.expired:
                said.append((entry, f"this entry counts no longer: {entry.code} was let pass until {entry.until}"))
        return said

    def updated(self, *, allow_new: bool) -> list[Entry]:
        """The entries as they should be: each for what is left of it and where that is now, none for more than before.

        With ``allow_new``, findings that nothing stands for get entries too.
        """
        entries: dict[Key, Entry] = {}
        for entry, all_seen in self.found:
            # what the run could not see stays, less what was found to have moved elsewhere
            if entry.key not in self.judged and entry.count > len(all_seen):
                _add(entries, replace(entry, count=entry.count - len(all_seen)))
            for seen in all_seen:
                _add(entries, replace(seen.entry, owner=entry.owner, reason=entry.reason, until=entry.until))
        for seen in self.others if allow_new else ():
            _add(entries, seen.entry)
        return sorted(entries.values(), key=lambda entry: entry.key)


def see(findings: Iterable[Finding], sources: Mapping[str, bytes], path_of: Callable[[str], str]) -> list[Seen]:
    """Recognise the findings of rules; those about files and comments are never let pass."""
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.code not in INTERNAL_CODES:
            by_file[finding.filename].append(finding)
    seen = []
    for filename, found in by_file.items():
        try:
            text = decode(sources[filename])
            definitions = Definitions(parse(text))
        except SourceError:  # the file was read once more, or is not what it was
            continue
        lines = split_lines(text)
        seen += [_seen(finding, path_of(filename), definitions, lines) for finding in found]
    return seen


def match(
    entries: Sequence[Entry], all_seen: Iterable[Seen], gone: Iterable[Entry], judged: Iterable[Entry]
) -> Matched:
    """Find out which entry stands for which finding.

    First those in the very place; then, with what is left, equal code elsewhere in the same file; then equal code in a
    definition of the same name in another file, for the entries whose own file is ``gone``.
    """
    followed = {entry.key for entry in gone}
    found: dict[Key, list[Seen]] = {entry.key: [] for entry in entries}
    left = list(all_seen)
    ways: tuple[Callable[[Entry], tuple[str, ...] | None], ...] = (
        lambda entry: entry.key,
        lambda entry: (entry.path, entry.code, entry.hash),
        lambda entry: (entry.inside, entry.code, entry.hash),
    )
    for number, way in enumerate(ways):
        open_entries: dict[tuple[str, ...] | None, list[Entry]] = defaultdict(list)
        for entry in entries:
            if len(found[entry.key]) < entry.count and (number < 2 or entry.key in followed):
                open_entries[way(entry)].append(entry)
        unmatched = []
        for seen in left:
            candidates = open_entries.get(way(seen.entry), [])
            if not candidates:
                unmatched.append(seen)
                continue
            entry = candidates[0]
            found[entry.key].append(seen)
            if len(found[entry.key]) >= entry.count:
                candidates.pop(0)
        left = unmatched
    return Matched(
        tuple((entry, tuple(found[entry.key])) for entry in entries),
        frozenset(entry.key for entry in judged),
        tuple(left),
    )


def _seen(finding: Finding, path: str, definitions: Definitions, lines: Sequence[str]) -> Seen:
    code = normalised(code_of(finding, lines))
    snippet = code if len(code) <= _LONGEST_SNIPPET else f"{code[:_LONGEST_SNIPPET]}..."
    inside = definitions.around(finding.start.row)
    return Seen(finding, Entry(path, inside, finding.code, snippet, digest(code)))


def _add(entries: dict[Key, Entry], entry: Entry) -> None:
    """Add an entry, or count it to one that stands for the same; nobody's words get lost."""
    present = entries.get(entry.key)
    if present is None:
        entries[entry.key] = replace(entry, row=0)
        return
    days = [day for day in (present.until, entry.until) if day is not None]
    entries[entry.key] = replace(
        present,
        count=present.count + entry.count,
        owner=_both(present.owner, entry.owner),
        reason=_both(present.reason, entry.reason),
        until=min(days, default=None),
    )


def _both(ours: str, theirs: str) -> str:
    return "; ".join(dict.fromkeys(each for each in (ours, theirs) if each))


def _too_much(entry: Entry, count: int) -> str:
    place = f"{entry.inside} of {entry.path}" if entry.inside else entry.path
    if not count:
        return f"this entry stands for nothing: {entry.code} is not found in {place} any more"
    return f"this entry lets pass {entry.count} of {entry.code} in {place}, of which {count} can be found"
