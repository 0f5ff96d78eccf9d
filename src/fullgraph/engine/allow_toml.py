"""Allow-lists in TOML: ``[[tool.fullgraph.allow]]`` of a configuration, or ``[[allow]]`` of a file of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from fullgraph.engine.allow_layout import Field, Item, Layout, Value, literal, newline_of
from fullgraph.tomlfile import ConfigError, key_line, parse_toml

_TOKEN = re.compile(
    r"""(?P<string>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<comment>\#[^\n]*)
    |(?P<newline>\r?\n)
    |(?P<open>[\[{])
    |(?P<close>[\]}])
    |(?P<blank>[ \t\r]+)
    |(?P<other>[^\s"'\#\[\]{}]+|.)""",
    re.DOTALL | re.VERBOSE,
)
_NAME = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TABLES = re.compile(rf"\[\[\s*({_DOTTED})\s*\]\]")
_TABLE = re.compile(r"\[")
_KEY = re.compile(rf"({_NAME})\s*=\s*")
_PART = re.compile(_NAME)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A key with its value, or a header, by the characters between which it stands."""

    row: int
    start: int
    end: int
    text: str

    def begins(self, path: tuple[str, ...]) -> bool:
        """Whether it begins another table of the list at a path."""
        found = _TABLES.fullmatch(self.text)
        return found is not None and tuple(part.strip("\"'") for part in _PART.findall(found[1])) == path

    @property
    def is_header(self) -> bool:
        return _TABLE.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class Toml:
    """TOML with the list at ``path``; a file of its own holds nothing else."""

    path: tuple[str, ...]
    is_alone: bool

    def layout(self, text: str, shown: str) -> Layout:
        """Find the tables.

        Raises:
            ConfigError: it is not TOML, or the list is none.

        """
        document: object = parse_toml(text, shown)
        if self.is_alone:
            _check_alone(cast("dict[str, object]", document), text, shown)
        for key in self.path:
            document = document.get(key, []) if isinstance(document, dict) else []
        row = key_line(text, self.path)
        if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
            raise ConfigError(f"{shown}:{row}", f"'allow' must be a list of tables, [[{'.'.join(self.path)}]]")
        tables = cast("list[dict[str, object]]", document)
        blocks = list(self._blocks(text))
        if len(blocks) != len(tables):  # not written as [[...]]
            items = [Item(row, {key: Field(value, row) for key, value in table.items()}) for table in tables]
        else:
            items = [_item(text, block, table) for block, table in zip(blocks, tables, strict=True)]
        return Layout(text, tuple(items), row)

    def _blocks(self, text: str) -> Iterator[list[_Statement]]:
        block: list[_Statement] | None = None
        for statement in _statements(text):
            if not statement.is_header:
                if block is not None:
                    block.append(statement)
                continue
            if block is not None:
                yield block
            block = [statement] if statement.begins(self.path) else None
        if block is not None:
            yield block

    def pair(self, key: str, value: Value) -> str:
        """Write a key with its value."""
        return f"{key} = {literal(value)}"

    def flow_pair(self, key: str, value: Value) -> str:
        """Write a further key with its value into an inline table."""
        return f", {self.pair(key, value)}"

    def item(self, values: Mapping[str, Value], comments: Iterable[str], like: Item | None, newline: str) -> str:
        """Write a table, behind an empty line."""
        indent = "" if like is None else like.indent
        first, *rest = [self.pair(key, value) for key, value in values.items()]
        lines = [f"[[{'.'.join(self.path)}]]", first, *(f"# {comment}" for comment in comments), *rest]
        return newline + "".join(f"{indent}{line}{newline}" for line in lines)

    def added(self, layout: Layout, new: str, newline: str) -> str:
        """The text with new tables behind the last one, else at its end."""
        text = layout.text
        place = len(text)
        if layout.items and layout.items[-1].is_editable:
            found = text.find("\n", layout.items[-1].end)
            place = len(text) if found < 0 else found + 1
        if place == 0:
            new = new.removeprefix(newline)
        elif text[place - 1] != "\n":
            new = newline_of(text) + new
        return text[:place] + new + text[place:]


def _check_alone(document: dict[str, object], text: str, shown: str) -> None:
    for key, value in document.items():
        if key == "version" and value != 1:
            raise ConfigError(f"{shown}:{key_line(text, (key,))}", f"version {value!r} is not known; this is 1")
        if key not in {"version", "allow"}:
            raise ConfigError(
                f"{shown}:{key_line(text, (key,))}", f"unknown key {key!r}; an allow-list has 'version' and [[allow]]"
            )


def _item(text: str, block: list[_Statement], table: Mapping[str, object]) -> Item:
    header, *rest = block
    fields = {}
    for statement in rest:
        found = _KEY.match(statement.text)
        if found is not None:
            key = found[1].strip("\"'")
            fields[key] = Field(table.get(key), statement.row, statement.start + found.end(), statement.end)
    for key, value in table.items():  # dotted keys, and those of tables below this one
        fields.setdefault(key, Field(value, header.row))
    line = text.rfind("\n", 0, header.start) + 1
    return Item(header.row, fields, line, block[-1].end, text[line : header.start])


def _statements(text: str) -> Iterator[_Statement]:
    """Every header and every key with its value; the text is known to be TOML."""
    start = end = -1
    row = first = 1
    depth = 0
    for token in _TOKEN.finditer(text):
        here, row = row, row + token[0].count("\n")
        match token.lastgroup:
            case "newline" if depth == 0:
                if start >= 0:
                    yield _Statement(first, start, end, text[start:end])
                start = -1
                continue
            case "newline" | "comment" | "blank":
                continue
            case "open":
                depth += 1
            case "close":
                depth -= 1
        if start < 0:
            start, first = token.start(), here
        end = token.end()
    if start >= 0:
        yield _Statement(first, start, end, text[start:end])
