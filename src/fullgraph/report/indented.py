"""JSON over many lines: what ``json.dumps(value, indent=2)`` gives, in less time."""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any

_PLAIN: dict[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    int: str,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}


def indented(value: object, newline: str = "\n") -> str:
    """A value of lists, dictionaries with names, and plain values; ``newline`` is where its lines begin."""
    inner = newline + "  "
    parts: list[str] = []
    if isinstance(value, dict):
        for name, each in value.items():
            write = _PLAIN.get(each.__class__)
            written = indented(each, inner) if write is None else write(each)
            parts.append(f"{encode_basestring_ascii(name)}: {written}")
        return f"{{{inner}{f',{inner}'.join(parts)}{newline}}}" if parts else "{}"
    if isinstance(value, list):
        for each in value:
            write = _PLAIN.get(each.__class__)
            parts.append(indented(each, inner) if write is None else write(each))
        return f"[{inner}{f',{inner}'.join(parts)}{newline}]" if parts else "[]"
    return json.dumps(value)
