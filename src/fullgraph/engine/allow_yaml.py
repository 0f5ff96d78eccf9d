"""Allow-lists in YAML, which PyYAML reads; nothing that a file says is ever built or run."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fullgraph.engine.allow_layout import Field, Item, Layout, Value, literal, newline_of
from fullgraph.tomlfile import ConfigError

_BETWEEN = re.compile(r"\s*:\s*")
_TOP = ("version", "allow")
_HEAD = "allow:"
_MOST_NESTED = 5000
"""libyaml has no limit of its own and breaks down with the whole process."""


class Yaml:
    """YAML with the list under ``allow``."""

    def layout(self, text: str, shown: str) -> Layout:
        """Find the items.

        Raises:
            ConfigError: there is no PyYAML, it is not YAML, or the list is none.

        """
        return _Reader(text, shown).layout()

    def pair(self, key: str, value: Value) -> str:
        """Write a key with its value."""
        return f"{key}: {literal(value)}"

    def flow_pair(self, key: str, value: Value) -> str:
        """Write a further key with its value into an item in braces."""
        return f", {self.pair(key, value)}"

    def item(self, values: Mapping[str, Value], comments: Iterable[str], like: Item | None, newline: str) -> str:
        """Write an item, indented as the one in front of it."""
        indent = "    " if like is None else like.indent
        dash = f"{indent[:-2]}- "
        if like is not None and like.is_flow:
            return f"{dash}{{{', '.join(self.pair(key, value) for key, value in values.items())}}}{newline}"
        first, *rest = [self.pair(key, value) for key, value in values.items()]
        lines = [*(f"# {comment}" for comment in comments), *rest]
        return f"{dash}{first}{newline}" + "".join(f"{indent}{line}{newline}" for line in lines)

    def added(self, layout: Layout, new: str, newline: str) -> str:
        """The text with new items behind the last one, else below ``allow``."""
        text = layout.text
        if layout.items:
            place = _line_end(text, layout.items[-1].end)
        else:
            head = re.search(r"^allow:[ \t]*(?:\[[ \t]*\]|null|~)?", text, re.MULTILINE)
            if head is None:
                start = newline if text and not text.endswith("\n") else ""
                return f"{text}{start}{_HEAD}{newline}{new}"
            text = f"{text[: head.start()]}{_HEAD}{text[head.end() :]}"
            place = _line_end(text, head.start())
        if place and text[place - 1] != "\n":
            new = newline_of(text) + new
        return text[:place] + new + text[place:]


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found + 1


class _Reader:
    """Walks the nodes of one file."""

    def __init__(self, text: str, shown: str) -> None:
        self.text = text
        self.shown = shown

    def layout(self) -> Layout:
        root = self.composed()
        if root is None:
            return Layout(self.text)
        keys = self.pairs(root, f"an allow-list has {' and '.join(map(repr, _TOP))}")
        for name, (key, _) in keys.items():
            if name not in _TOP:
                raise self.error(key, f"unknown key {name!r}; an allow-list has {' and '.join(map(repr, _TOP))}")
        version = keys.get("version")
        if version is not None and getattr(version[1], "value", "") != "1":
            raise self.error(version[1], "this version is not known; this is 1")
        if "allow" not in keys:
            return Layout(self.text)
        key, listed = keys["allow"]
        if _is_empty(listed):
            return Layout(self.text, row=key.start_mark.line + 1)
        if listed.id != "sequence":
            raise self.error(key, "'allow' must be a list, one '- path: ...' for each entry")
        items = tuple(self.item(node, in_line=listed.flow_style) for node in listed.value)
        return Layout(self.text, items, key.start_mark.line + 1)

    def composed(self) -> Any:
        try:
            yaml = importlib.import_module("yaml")
        except ImportError as error:
            raise ConfigError(self.shown, "to read YAML, install PyYAML: pip install 'fullgraph[yaml]'") from error
        try:
            nested = sum(map(self.text.count, ("[", "{", "- "))) > _MOST_NESTED
            loader = yaml.SafeLoader if nested else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            return yaml.compose(self.text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f"{self.shown}:{mark.line + 1}:{mark.column + 1}" if mark is not None else self.shown
            said = " ".join(part for part in (error.context, error.problem) if part)
            raise ConfigError(place, f"invalid YAML: {said}") from error
        except yaml.YAMLError as error:
            raise ConfigError(self.shown, f"invalid YAML: {' '.join(str(error).split())}") from error
        except (RecursionError, ValueError) as error:
            raise ConfigError(self.shown, "invalid YAML: it cannot be read") from error

    def item(self, node: Any, *, in_line: bool) -> Item:
        keys = self.pairs(node, "an entry is written as '- path: ...'")
        fields = {name: self.field(name, key, value) for name, (key, value) in keys.items()}
        if not keys:
            raise self.error(node, "an empty entry")
        row = node.start_mark.line + 1
        start = node.start_mark.index
        line = max(self.text.rfind("\n", 0, start), self.text.rfind("\r", 0, start)) + 1
        lead = self.text[line:start]
        ends = [field.end for field in fields.values()]
        own = not in_line and re.fullmatch(r"[ \t]*-[ \t]+", lead) is not None and min(ends) >= 0
        end = node.end_mark.index if node.flow_style else max(ends)
        if not own:
            return Item(row, fields)
        return Item(row, fields, line, end, " " * len(lead), is_flow=node.flow_style)

    def field(self, name: str, key: Any, node: Any) -> Field:
        """A value with its place; that of an alias is elsewhere, and it is not to be edited."""
        row = key.start_mark.line + 1
        start, end = node.start_mark.index, node.end_mark.index
        end = start + len(self.text[start:end].rstrip())
        is_elsewhere = not _BETWEEN.fullmatch(self.text, key.end_mark.index, start)
        if is_elsewhere or self.text.startswith(("&", "!"), start):
            start = end = -1
        return Field(self.value(name, node), row, start, end)

    def value(self, name: str, node: Any) -> object:
        """What an entry goes by: text as it is written, whatever YAML takes it for, and numbers for counts."""
        if _is_empty(node):
            return None
        if node.id == "sequence":
            return [self.value(name, each) for each in node.value]
        if node.id != "scalar":
            return {}
        if name == "count" and node.tag.endswith(":int") and node.value.isdecimal():
            return int(node.value)
        return node.value

    def pairs(self, node: Any, expected: str) -> dict[str, tuple[Any, Any]]:
        """The keys and values of a mapping; a key that is there twice is an error."""
        if node.id != "mapping":
            raise self.error(node, expected)
        found: dict[str, tuple[Any, Any]] = {}
        for key, value in node.value:
            name = key.value if key.id == "scalar" else ""
            if name in found:
                first = found[name][0].start_mark.line + 1
                raise self.error(key, f"the key {name!r} is there already, at line {first}")
            found[name] = key, value
        return found

    def error(self, node: Any, message: str) -> ConfigError:
        return ConfigError(f"{self.shown}:{node.start_mark.line + 1}:{node.start_mark.column + 1}", message)


def _is_empty(node: Any) -> bool:
    return node.id == "scalar" and bool(node.tag.endswith(":null"))
