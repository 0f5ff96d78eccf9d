"""What must hold after a round, whatever was planned: nothing else changed, and no comment is lost."""

from __future__ import annotations

import io
import tokenize
from collections import Counter
from typing import TYPE_CHECKING

from fullgraph.semantic.source import split_lines

if TYPE_CHECKING:
    from fullgraph.fix.edits import Edits


def damage(before: str, after: str, edits: Edits) -> str:
    """What a round changed that it must not change; empty if it is as it must be."""
    kept = [line for row, line in enumerate(split_lines(before), 1) if row not in edits.touched_rows]
    found = iter(split_lines(after))
    if not all(any(line == other for other in found) for line in kept):
        return "the result would differ in other lines as well"
    if comments(before) - comments(after):
        return "a comment would be lost"
    return ""


def comments(text: str) -> Counter[str]:
    """How often each comment stands in a text."""
    reader = io.StringIO("\n".join(split_lines(text)) + "\n").readline
    found: Counter[str] = Counter()
    try:
        found.update(token.string for token in tokenize.generate_tokens(reader) if token.type == tokenize.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        return found
    return found
