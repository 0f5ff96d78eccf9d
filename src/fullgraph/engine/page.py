"""A rule's page: the docstring of its module, whose fenced blocks are its examples and its proof."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^```python (?P<kind>bad|good|fixed)\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"#.*?\b(?P<codes>TFG\d{3}(?:, TFG\d{3})*)\s*$")

_HOT = re.compile(r"^\s*# pyproject\.toml: hot = \[(?P<patterns>.*)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One example of a page: ``bad``, ``good`` or ``fixed``, and its source."""

    kind: str
    source: str

    @property
    def marked(self) -> tuple[tuple[int, str], ...]:
        """Row and code of every marker, such as ``# TFG101`` at the end of a guilty line."""
        return marked_lines(self.source)


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's documentation: its first line, and the whole Markdown text below it."""

    title: str
    text: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The examples, in order."""
        return tuple(Block(found["kind"], found["source"]) for found in _FENCE.finditer(self.text))


def parse_page(docstring: str) -> Page:
    """Split a rule module's docstring into its title and its text."""
    title, _, text = docstring.strip().partition("\n")
    return Page(title.strip(), text.strip() + "\n")


def hot_of(source: str) -> tuple[str, ...]:
    """The functions that an example says are called hot in the settings, in a comment of its own."""
    found = _HOT.search(source)
    return () if found is None else tuple(re.findall(r'"([^"]*)"', found["patterns"]))


def marked_lines(source: str) -> tuple[tuple[int, str], ...]:
    """Row (from 1) and code of every marker in ``source``, in order."""
    found: list[tuple[int, str]] = []
    for row, line in enumerate(source.splitlines(), 1):
        if (marker := _MARKER.search(line)) is not None:
            found += [(row, code) for code in marker["codes"].split(", ")]
    return tuple(found)
