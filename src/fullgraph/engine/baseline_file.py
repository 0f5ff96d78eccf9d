"""The file that a baseline is kept in: TOML, made to be read and to have owners and reasons written into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from fullgraph.engine.baseline import Entry, Key
from fullgraph.engine.selection import Catalogue, catalogue
from fullgraph.tomlfile import ConfigError, nearest, parse_toml

_VERSION = 1
_HEAD = f"""\
# Findings that fullgraph lets pass. `fullgraph baseline update` takes out what is gone and never adds by itself.
# owner, reason and until are yours to fill in (until = 2027-01-31 is the last day an entry counts); they are kept.
version = {_VERSION}
"""
_TYPES: Mapping[str, tuple[type, str]] = {
    "path": (str, "a string"),
    "in": (str, "a string"),
    "code": (str, "a string"),
    "snippet": (str, "a string"),
    "hash": (str, "a string"),
    "count": (int, "a number from 1 up"),
    "owner": (str, "a string"),
    "reason": (str, "a string"),
    "until": (date, "a date as in 2027-01-31"),
}
_NEEDED = ("path", "code", "hash")
_HEADER = re.compile(r"\s*\[\[\s*entry\s*\]\]")
_KEY = re.compile(r"\s*(?:\"([^\"]*)\"|'([^']*)'|([\w-]+))\s*=")


def write(entries: Iterable[Entry]) -> str:
    """Lay out the file; the same entries always give the same text."""
    return _HEAD + "".join(f"\n{_entry(entry)}" for entry in sorted(entries, key=lambda entry: entry.key))


def read(text: str, shown: str) -> list[Entry]:
    """Read the file.

    Raises:
        ConfigError: it is not as it should be; names the line.

    """
    document = parse_toml(text, shown)
    headers = [row for row, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]
    reader = _Reader(text, shown, (0, *headers), catalogue())
    match document.pop("version", None):
        case 1:
            pass
        case None:
            raise reader.error(1, f"no version; a baseline says 'version = {_VERSION}'")
        case version:
            raise reader.error(reader.line(0, "version"), f"version {version!r} is not known; this is {_VERSION}")
    tables = document.pop("entry", [])
    for key in document:
        raise reader.error(reader.line(0, key), f"unknown key {key!r}; a baseline has 'version' and [[entry]]")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise reader.error(reader.line(0, "entry"), "'entry' must be a list of tables, [[entry]]")
    return list(reader.entries(cast("list[dict[str, Any]]", tables)))


def _entry(entry: Entry) -> str:
    values: dict[str, object] = {"path": entry.path, "in": entry.inside, "code": entry.code, "snippet": entry.snippet}
    values |= {"hash": entry.hash, "count": entry.count, "owner": entry.owner, "reason": entry.reason}
    lines = [f"{key} = {_value(value)}" for key, value in values.items()]
    if entry.until is not None:
        lines.append(f"until = {entry.until}")
    return "\n".join(("[[entry]]", *lines)) + "\n"


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns tables into entries, and knows the lines for the errors."""

    text: str
    shown: str
    headers: Sequence[int]
    """Lines of the entries, behind a 0 for what stands in front of them."""
    known: Catalogue

    def entries(self, tables: Iterable[dict[str, Any]]) -> Iterator[Entry]:
        """Give the entries, each once."""
        rows: dict[Key, int] = {}
        for number, table in enumerate(tables, 1):
            entry = self.entry(number, table)
            first = rows.setdefault(entry.key, entry.row)
            if first != entry.row:
                raise self.error(entry.row, f"the same path, in, code and hash as at line {first}; add up their counts")
            yield entry

    def entry(self, number: int, table: dict[str, Any]) -> Entry:
        """Check one table."""
        row = self.headers[number] if number < len(self.headers) else 1
        for key, value in table.items():
            self.check(number, key, value)
        for key in _NEEDED:
            if not table.get(key):
                raise self.error(row, f"this entry has no {key!r}")
        known = self.known
        code = known.code_of(table["code"])
        if code is None or code in known.internal:
            near = None if code is not None else known.nearest_rule(table["code"])
            hint = f"did you mean {near!r}?" if near else "only findings of rules can be let pass"
            raise self.error(self.line(number, "code"), f"unknown rule {table['code']!r}; {hint}")
        values = {key: table[key] for key in ("path", "snippet", "hash", "count", "owner", "reason") if key in table}
        until = table.get("until")
        until = date.fromisoformat(until) if isinstance(until, str) else until
        return Entry(**{"snippet": "", **values}, code=code, inside=table.get("in", ""), until=until, row=row)

    def check(self, number: int, key: str, value: object) -> None:
        """Complain about a key that there is not, or a value that does not fit."""
        if key not in _TYPES:
            near = nearest(key, _TYPES)
            hint = f"did you mean {near!r}?" if near else f"the keys are {', '.join(_TYPES)}"
            raise self.error(self.line(number, key), f"unknown key {key!r}; {hint}")
        kind, expected = _TYPES[key]
        fits = isinstance(value, kind) and not isinstance(value, (bool, datetime))
        if kind is date and isinstance(value, str):
            fits = _is_date(value)
        if not fits or (isinstance(value, int) and value < 1):
            raise self.error(self.line(number, key), f"{key!r} must be {expected}, found {value!r}")

    def line(self, number: int, key: str) -> int:
        """Line of a key of the entry with this number (from 1; 0 is the top of the file), or of the entry itself."""
        if number >= len(self.headers):  # not written as [[entry]]
            return 1
        first = self.headers[number]
        for row, line in enumerate(self.text.split("\n")[first:], first + 1):
            if _HEADER.match(line):
                break
            if (found := _KEY.match(line)) and key in found.groups():
                return row
        return max(first, 1)

    def error(self, row: int, message: str) -> ConfigError:
        """An error with its place."""
        return ConfigError(f"{self.shown}:{row}", message)


def _is_date(text: str) -> bool:
    try:
        return str(date.fromisoformat(text)) == text
    except ValueError:
        return False
