"""TOML files as people write them: what stands in them, on which line, and what is wrong with them."""

from __future__ import annotations

import importlib
import re
import sys
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from fullgraph.paths import display_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_TOML = "tomllib" if sys.version_info >= (3, 11) else "tomli"
_LIKE_ENOUGH = 0.5
_TOML_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)")
_PART = re.compile(r'"([^"]*)"|\'([^\']*)\'|([\w-]+)')
_DOTTED = r"""(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*"""
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


class ConfigError(Exception):
    """A setting that cannot be used: where it was given (``pyproject.toml:7``, ``--select``) and what is wrong."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


def read_toml(path: Path) -> str:
    """Read the text of a TOML file.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.

    """
    shown = display_path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(shown, f"cannot read the configuration file: {error.strerror or error}") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown}:{line}", "invalid TOML: not UTF-8") from error


def parse_toml(text: str, shown: str) -> dict[str, object]:
    """Parse TOML.

    Raises:
        ConfigError: not TOML; names the line and, where the parser says it, the column.

    """
    try:
        document: dict[str, object] = importlib.import_module(_TOML).loads(text)
    except ValueError as error:
        reason = str(error)
        place = _TOML_PLACE.search(reason)
        where = f"{shown}:{place[1]}:{place[2]}" if place else f"{shown}:{text.rstrip().count(chr(10)) + 1}"
        raise ConfigError(where, f"invalid TOML: {_TOML_PLACE.sub('', reason)}") from error
    except RecursionError as error:
        raise ConfigError(f"{shown}:1", "invalid TOML: nested too deeply") from error
    return document


def table_of(document: Mapping[str, object]) -> object | None:
    """Take the value at ``[tool.fullgraph]`` of a TOML document."""
    match document:
        case {"tool": {"fullgraph": table}}:
            return cast("object", table)
        case _:
            return None


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Find the valid word that a misspelt one most likely stands for; of two, the one that begins more like it."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only on the way to an error

    def likeness(each: str) -> tuple[float, int]:
        ours, theirs = word.casefold(), each.casefold()
        same = takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False))
        return SequenceMatcher(None, ours, theirs).ratio(), sum(1 for _ in same)

    best = max(valid, key=likeness, default="")
    return best if likeness(best)[0] >= _LIKE_ENOUGH else None


def key_line(text: str, path: tuple[str, ...]) -> int:
    """Line of a TOML document that sets a key; if that cannot be told, the line of the nearest table that holds it."""
    here: tuple[str, ...] = ()
    best, depth = 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            here = full = _parts(header[1])
        elif key := _KEY.match(line):
            full = here + _parts(key[1])
        else:
            continue
        if len(full) > depth and path[: len(full)] == full:
            best, depth = number, len(full)
    return best


def value_line(text: str, path: tuple[str, ...], value: str) -> int:
    """Line of a string in the list that a key holds; if that cannot be told, the key's own line."""
    start = key_line(text, path)
    lines = text.split("\n")
    for number, line in enumerate(lines[start - 1 :], start):
        if number > start and (_HEADER.match(line) or _KEY.match(line)):
            break
        if f'"{value}"' in line or f"'{value}'" in line:
            return number
    return start


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(next(group for group in part.groups() if group is not None) for part in _PART.finditer(dotted))
