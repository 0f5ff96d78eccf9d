"""Characters as a terminal shows them: their width, and a harmless stand-in where one would not show or play tricks."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_TAB = "    "
_JOINERS = frozenset("\u200c\u200d")


class Cell(NamedTuple):
    """One character of a line as it is shown, and the columns that it takes."""

    text: str
    width: int


def cells(line: str, encoding: str) -> list[Cell]:
    """Turn a line into cells, one for each character, so that columns of the source become columns of the screen."""
    if line.isascii() and line.isprintable():
        return [Cell(character, 1) for character in line]
    return [_cell(character, encoding) for character in line]


def visible(text: str, encoding: str) -> str:
    """Make a text safe for a terminal: nothing in it moves the cursor, turns the direction or cannot be written."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(cell.text for cell in cells(text, encoding))


def _cell(character: str, encoding: str) -> Cell:
    if character == "\t":
        return Cell(_TAB, len(_TAB))
    category = unicodedata.category(character)
    hidden = category[0] == "C" and character not in _JOINERS and category != "Co"
    if hidden or category in {"Zl", "Zp"} or not _writable(character, encoding):
        escaped = character.encode("unicode_escape", "surrogatepass").decode("ascii")
        return Cell(escaped, len(escaped))
    if category in {"Mn", "Me"} or character in _JOINERS:
        return Cell(character, 0)
    return Cell(character, 2 if unicodedata.east_asian_width(character) in "WF" else 1)


def _writable(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
