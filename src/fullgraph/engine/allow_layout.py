"""What stands where in the file of an allow-list, whatever its format: items, their values and their places."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Value: TypeAlias = "str | int | list[str] | Verbatim"


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A value that is written as it is, such as a date."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A value of an item: what it is, its row, and between which characters it stands if that is known."""

    value: object
    row: int
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as written, with the characters that it takes up if they are known, and how its keys are indented."""

    row: int
    fields: Mapping[str, Field]
    start: int = -1
    end: int = -1
    indent: str = ""
    is_flow: bool = False

    @property
    def is_editable(self) -> bool:
        """Whether its lines are its own."""
        return self.start >= 0


@dataclass(frozen=True, slots=True)
class Layout:
    """A file: its text and its items, and the path of the table that holds them."""

    text: str
    items: tuple[Item, ...] = ()
    row: int = 1
    """Where the items begin."""


class Format(Protocol):
    """What is different between the formats."""

    def layout(self, text: str, shown: str) -> Layout:
        """Find the items; every mistake of the format is a `ConfigError`."""
        ...

    def pair(self, key: str, value: Value) -> str:
        """Write a key with its value."""
        ...

    def flow_pair(self, key: str, value: Value) -> str:
        """Write a further key with its value into an item that stands in one line."""
        ...

    def item(self, values: Mapping[str, Value], comments: Iterable[str], like: Item | None, newline: str) -> str:
        """Write a new item, with its last newline; ``like`` is the one in front of it."""
        ...

    def added(self, layout: Layout, new: str, newline: str) -> str:
        """The text with new items behind all others."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one item: other values for some keys, and new items right behind it; or it is taken out."""

    values: Mapping[str, Value] = field(default_factory=dict)
    behind: tuple[Mapping[str, Value], ...] = ()
    is_removed: bool = False


def literal(value: Value) -> str:
    """A value as both TOML and YAML read it."""
    match value:
        case Verbatim(text):
            return text
        case str():
            return _quoted(value)
        case int():
            return str(value)
        case [only]:
            return _quoted(only)
        case _:
            return f"[{', '.join(map(_quoted, value))}]"


def changed(layout: Layout, changes: Mapping[int, Change], kind: Format) -> str:
    """The text with some items changed, by their index; everything else stays as it is, to the byte."""
    newline = newline_of(layout.text)
    pieces: list[tuple[int, int, str]] = []
    for index, change in changes.items():
        item = layout.items[index]
        if change.is_removed:
            pieces.append((*_removable(layout.text, item), ""))
            continue
        last = max(each.end for each in item.fields.values()) if item.is_flow else item.end
        for key, value in change.values.items():
            known = item.fields.get(key)
            if known is not None:
                pieces.append((known.start, known.end, literal(value)))
            elif item.is_flow:
                pieces.append((last, last, kind.flow_pair(key, value)))
            else:
                end = _line_end(layout.text, last)
                pieces.append((end, end, _lines(layout.text, end, f"{item.indent}{kind.pair(key, value)}{newline}")))
        if change.behind:
            end = _line_end(layout.text, item.end)
            new = "".join(kind.item(values, (), item, newline) for values in change.behind)
            pieces.append((end, end, _lines(layout.text, end, new)))
    text = layout.text
    for start, end, new in _last_first(pieces):
        text = text[:start] + new + text[end:]
    return text


def newline_of(text: str) -> str:
    """What ends the lines of a text."""
    return "\r\n" if "\r\n" in text else "\n"


def _last_first(pieces: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """From the end of the text to its beginning; what is put in at the same place keeps its order."""
    order = sorted(range(len(pieces)), key=lambda index: (pieces[index][0], index), reverse=True)
    return [pieces[index] for index in order]


def _removable(text: str, item: Item) -> tuple[int, int]:
    """The lines of an item, with one of the empty lines if there is one on either side."""
    end = _line_end(text, item.end)
    newline = newline_of(text)
    is_between = text.startswith(newline, end) and text[: item.start].endswith((newline * 2, "\n\n"))
    return item.start, end + len(newline) * is_between


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1


def _lines(text: str, offset: int, new: str) -> str:
    """New lines for a place behind a line, which at the end of the text may lack its newline."""
    if offset == 0 or text[offset - 1] == "\n":
        return new
    return newline_of(text) + new


def _quoted(text: str) -> str:
    characters = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else _escaped(each) for each in characters)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"
