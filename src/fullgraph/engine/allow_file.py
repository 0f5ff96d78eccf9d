"""The allow-list of a project: where it is kept, whether it is as it should be, and what it says of files."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn, TypeAlias

from fullgraph.api import Severity
from fullgraph.config import Config, Source
from fullgraph.engine import allow
from fullgraph.engine.allow import Entry, Matched, Spot, Target, TargetError
from fullgraph.engine.allow_layout import Change, Format, Item, Layout, changed
from fullgraph.engine.allow_toml import Toml
from fullgraph.engine.finding import Finding, Position
from fullgraph.engine.fingerprint import Definitions
from fullgraph.engine.registry import INTERNAL_CODES
from fullgraph.engine.selection import Catalogue, catalogue, never_allowed
from fullgraph.paths import absolute_path, display_path
from fullgraph.semantic.source import SourceError, decode, parse, split_lines
from fullgraph.tomlfile import ConfigError, nearest

URL = "docs/allow-list.md"
OUTDATED, INCOMPLETE = "TFG005", "TFG006"
KEYS = ("path", "code", "count", "owner", "reason", "expires", "hash")
_NEEDED = ("path", "code", "reason")
_YAML = (".yaml", ".yml")
LooksUp: TypeAlias = Callable[[str, bytes], Definitions]
"""Finds the definitions of a file, given as it is shown, with its bytes; raises SourceError where it cannot."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list is kept, and the directory from which its paths count."""

    path: Path
    shown: str
    base: str
    kind: Format

    @classmethod
    def of(cls, config: Config, home: Path | None) -> Place | None:
        """Find out where the settings say that the list is; None if nothing is said.

        Raises:
            ConfigError: there are two lists, or the file is of no known kind.

        """
        base = absolute_path(home or Path.cwd())
        source = config.source if config.source is not None and config.source.has_allow else None
        if config.allow_file is None:
            return None if source is None else cls.in_settings(source, base)
        origin = config.origin("allow_file", config.allow_file)
        if source is not None:
            both = f"{display_path(source.file)} and in {config.allow_file}"
            raise ConfigError(origin.where, f"allow entries stand in {both}; keep them in one")
        path = Path(absolute_path(Path(origin.directory, config.allow_file)))
        kind = _format_of(path)
        if kind is None:
            raise ConfigError(origin.where, f"bad allow-file {config.allow_file!r}; it ends in .toml, .yaml or .yml")
        return cls(path, display_path(path), base, kind)

    @classmethod
    def in_settings(cls, source: Source, base: str) -> Place:
        """The place of entries in a configuration."""
        kind = Toml((*source.table, "allow"), is_alone=False)
        return cls(Path(source.file), display_path(source.file), base, kind)


@dataclass(frozen=True, slots=True)
class AllowList:
    """A list as it was read."""

    place: Place
    data: bytes
    layout: Layout
    entries: tuple[Entry, ...]

    @classmethod
    def read(cls, place: Place, config: Config, *, must_exist: bool = True) -> AllowList:
        """Read a list.

        Raises:
            ConfigError: it is not there, or not as it should be; names the place.

        """
        try:
            data = place.path.read_bytes()
        except FileNotFoundError as error:
            if not must_exist:
                return cls(place, b"", Layout(""), ())
            where = config.origin("allow_file", config.allow_file or "").where
            hint = "`fullgraph allow --generate` writes one"
            raise ConfigError(where, f"no allow-list {place.shown}; {hint}") from error
        except OSError as error:
            raise ConfigError(place.shown, f"cannot read it: {error.strerror or error}") from error
        layout = place.kind.layout(_text(data, place.shown), place.shown)
        return cls(place, data, layout, tuple(_entries(layout, place.shown, config)))

    def where(self, entry: Entry) -> str:
        """Where an entry stands."""
        return f"{self.place.shown}:{entry.row}"

    def about(self, entry: Entry, code: str, said: str, remedy: str) -> Finding:
        """A finding about an entry, at its place."""
        return _about(self.place.shown, entry.row, code, said, remedy)

    def rewritten(self, text: str, config: Config) -> AllowList:
        """The list with another text, which is read anew.

        Raises:
            ConfigError: it is not as it should be.

        """
        layout = self.place.kind.layout(text, self.place.shown)
        return replace(self, layout=layout, entries=tuple(_entries(layout, self.place.shown, config)))

    def edited(self, changes: Mapping[int, Change]) -> str:
        """The text with some items changed."""
        return changed(self.layout, changes, self.place.kind)

    def matched(self, files: Iterable[tuple[str, bytes, Sequence[Finding]]], looks_up: LooksUp) -> Matched:
        """Find out which entry stands for which of the findings of files, each given as it is shown."""
        return allow.match(self.entries, [spot for each in files for spot in self._spots(*each, looks_up)])

    def _spots(self, shown: str, data: bytes, findings: Sequence[Finding], looks_up: LooksUp) -> list[Spot]:
        """Where the findings of a file are that some entry may be for."""
        path = allow.relative(shown, self.place.base)
        entries = self.concerning(path)
        codes = {entry.code for entry in entries}
        concerned = [finding for finding in findings if finding.code in codes]
        deep = any(entry.target.inside is not None for entry in entries)
        return _spots(concerned, shown, path, data, looks_up if deep else None)

    def allowed(self, shown: str, data: bytes, findings: Sequence[Finding]) -> Collection[Finding]:
        """The findings of one file that are allowed, as far as other files do not matter."""
        return self.matched([(shown, data, findings)], lambda _, data: definitions_of(data)).allowed.keys()

    def all_spots(self, shown: str, data: bytes, findings: Sequence[Finding], looks_up: LooksUp) -> list[Spot]:
        """Where all findings of rules in a file are."""
        path = allow.relative(shown, self.place.base)
        return _spots([each for each in findings if each.code not in INTERNAL_CODES], shown, path, data, looks_up)

    def concerning(self, path: str) -> list[Entry]:
        """The entries that may be for something in a file."""
        return [entry for entry in self.entries if entry.target.matches(path)]

    def in_file(self, findings: list[Finding], tree: ast.Module, lines: Sequence[str], filename: str) -> list[Finding]:
        """What is left of one file's findings, where nothing is known of other files; what is wrong is said at its top.

        Only entries for just this file are judged. One for several files allows its count in each of them.
        """
        path = allow.relative(filename, self.place.base)
        entries = self.concerning(path)
        if not entries:
            return findings
        plain = [line.rstrip("\r\n") for line in lines]
        spots = allow.spots_in(findings, path, plain, Definitions(tree) if findings else None)
        matched = allow.match(entries, spots)
        failed = any(finding.code == "TFG001" for finding in findings)
        about = [
            _about(filename, 1, code, f"{self.place.shown}:{entry.row}: {said}", remedy)
            for entry, code, said, remedy in judgements(matched, lambda entry: entry.target.path == path and not failed)
        ]
        return sorted((*self.left(findings, matched), *about), key=Finding.sort_key)

    def left(self, findings: Iterable[Finding], matched: Matched) -> list[Finding]:
        """The findings that are not allowed; those that are too many say so."""
        over = {spot.finding: entry for spot, entry in matched.over if entry.holds}
        allowed = matched.allowed
        return [
            replace(finding, message=allow.excess(finding, over[finding], self.where(over[finding])))
            if finding in over
            else finding
            for finding in findings
            if finding not in allowed
        ]


def judgements(matched: Matched, judged: Callable[[Entry], bool]) -> Iterator[tuple[Entry, str, str, str]]:
    """What is wrong with entries, with the code and the remedy: nothing found, too little, expired, not filled in."""
    lacking = {entry.number: count for entry, count in matched.lacking(judged)}
    for entry, _ in matched.found:
        if entry.number in lacking:
            count = lacking[entry.number]
            remedy = "`fullgraph allow --update --prune` takes it out" if not count else f"let it say {count}"
            yield entry, OUTDATED, allow.too_much(entry, count), remedy
        elif entry.missing:
            yield entry, INCOMPLETE, allow.incomplete(entry), "write it into the list"
        elif entry.is_expired:
            yield entry, OUTDATED, allow.expired(entry), "renew it or mend the code"


def _about(shown: str, row: int, code: str, said: str, remedy: str) -> Finding:
    start = Position(row, 1)
    return Finding(shown, start, start, code, INTERNAL_CODES[code], said, Severity.ERROR, remedy, url=URL)


def definitions_of(data: bytes) -> Definitions:
    """The definitions of a file with these bytes.

    Raises:
        SourceError: it cannot be parsed.

    """
    return Definitions(parse(decode(data)))


def _spots(findings: Sequence[Finding], shown: str, path: str, data: bytes, looks_up: LooksUp | None) -> list[Spot]:
    if not findings:
        return []
    try:
        definitions = None if looks_up is None else looks_up(shown, data)
        lines = split_lines(decode(data))
    except SourceError:  # the file was read once more, or is not what it was
        return []
    return allow.spots_in(findings, path, lines, definitions)


def _format_of(path: Path) -> Format | None:
    match path.suffix.lower():
        case ".toml":
            return Toml(("allow",), is_alone=True)
        case suffix if suffix in _YAML:
            from fullgraph.engine.allow_yaml import Yaml  # noqa: PLC0415 - few lists are in YAML

            return Yaml()
        case _:
            return None


def _text(data: bytes, shown: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown}:{line}", "cannot read it: not UTF-8") from error


def _entries(layout: Layout, shown: str, config: Config) -> Iterator[Entry]:
    """Check every item, and that none is there twice.

    Raises:
        ConfigError: one is not as it should be; names the entry and its place.

    """
    if not layout.items:
        return
    known = catalogue()
    never = never_allowed(config, known)
    first: dict[tuple[str, str, tuple[str, ...]], Entry] = {}
    for number, item in enumerate(layout.items, 1):
        checked = _Item(number, item, shown, known)
        entry = checked.entry()
        if entry.code in never:
            checked.fail("code", f"{entry.code} may never be allowed, says never-allow at {never[entry.code]}")
        before = first.setdefault(entry.key, entry)
        if before is not entry:
            same = f"entry {before.number} at line {before.row}"
            checked.fail("path", f"the same path and code as {same}; add up their counts")
        yield entry


@dataclass(frozen=True, slots=True)
class _Item:
    """One item on its way to an entry."""

    number: int
    item: Item
    shown: str
    known: Catalogue

    def entry(self) -> Entry:
        """Check everything.

        Raises:
            ConfigError: something is not as it should be.

        """
        for key in self.item.fields:
            if key not in KEYS:
                near = nearest(key, KEYS)
                hint = f"did you mean {near!r}?" if near else f"the keys are {', '.join(KEYS)}"
                self.fail(key, f"unknown key {key!r}; {hint}")
        for key in _NEEDED:
            if key not in self.item.fields:
                self.fail(key, f"no {key!r}")
        owner, reason = self.text("owner", may_be_empty=True), self.text("reason", may_be_empty=True)
        words = (("owner", owner if "owner" in self.item.fields else "not asked for"), ("reason", reason))
        return Entry(
            self.number,
            self.item.row,
            self.target(),
            self.code(),
            self.count(),
            owner,
            reason,
            self.expires(),
            self.hashes(),
            tuple(word for word, text in words if not any(map(str.isalnum, text))),
        )

    def fail(self, key: str, message: str) -> NoReturn:
        """Complain about a key, at its place."""
        found = self.item.fields.get(key)
        row = self.item.row if found is None else found.row
        raise ConfigError(f"{self.shown}:{row}", f"allow entry {self.number}: {message}")

    def value(self, key: str) -> object:
        found = self.item.fields.get(key)
        return None if found is None else found.value

    def text(self, key: str, *, may_be_empty: bool = False) -> str:
        value = self.value(key)
        if value is None and may_be_empty:
            return ""
        if not isinstance(value, str) or not (value.strip() or may_be_empty):
            self.fail(key, f"{key!r} must be a text, found {value!r}")
        return value

    def target(self) -> Target:
        try:
            return Target.parse(self.text("path"))
        except TargetError as error:
            self.fail("path", str(error))

    def code(self) -> str:
        word = self.text("code")
        code = self.known.code_of(word)
        if code is None:
            names = {code: name for code, name in self.known.names.items() if code not in self.known.internal}
            near = nearest(word, (*names, *names.values()))
            hint = f"did you mean {near!r}?" if near else "codes look like 'TFG101'"
            self.fail("code", f"unknown rule {word!r}; {hint}")
        if code in self.known.internal:
            self.fail("code", f"{code} is no rule's finding and cannot be allowed")
        return code

    def count(self) -> int | None:
        if "count" not in self.item.fields:
            return 1
        value = self.value("count")
        if value == "any":
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.fail("count", f"'count' must be a number from 1 up, or \"any\", found {value!r}")
        return value

    def expires(self) -> date | None:
        if "expires" not in self.item.fields:
            return None
        value = self.value("expires")
        if isinstance(value, str):
            try:
                day = date.fromisoformat(value)
            except ValueError:
                day = None
            value = day if str(day) == value else value
        if not isinstance(value, date) or isinstance(value, datetime):
            self.fail("expires", f"'expires' must be a date as in 2027-01-31, found {str(value)!r}")
        return value

    def hashes(self) -> tuple[str, ...]:
        value = self.value("hash") if "hash" in self.item.fields else []
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) and text for text in texts):
            self.fail("hash", f"'hash' must be a text or a list of them, found {value!r}")
        return tuple(map(str, texts))


def by_file(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings of each file."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.filename].append(finding)
    return found
