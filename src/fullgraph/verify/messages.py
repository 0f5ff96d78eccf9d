"""Torch's words about graph breaks and recompilations, as data. They are the same in its log and in its trace.

Written against torch 2.4 to 2.15. Nothing here needs torch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BREAK = re.compile(r"Graph break\b[^\n]* in user code at (.+):(\d+)$", re.MULTILINE)
_TRACE = re.compile(r"(?:User code traceback|from user code at|from user code):\s*\n")
_FRAME = re.compile(
    r'^ *(?:- +)?File "([^"\n]+)", line (\d+), in [^\n]*(?:\n *(?:- +)?(?! *File ")(\S[^\n]*))?', re.MULTILINE
)
_SITE = re.compile(r"\b[Gg][Bb](\d{4})\b")
_EXPLAINED = re.compile(r"^[ \t]*(\S[^\n]*)\n[ \t]+Explanation:", re.MULTILINE)
_REASON = re.compile(r"^(?:(?:Graph Break )?Reason: *|torch\._dynamo\.exc\.\w+: )([^\n]+)$", re.MULTILINE)
_PREAMBLES = re.compile(r"^(?:Graph Break Reason: |Reason: |Unsupported: |torch\._dynamo\.exc\.\w+: )+")
_RECOMPILE = re.compile(r"Recompiling function (\S+) in (.+):(\d+)$", re.MULTILINE)
_GUARD = re.compile(r"#[^\n]*# (\S+):(\d+) in ")
_FAILURE = re.compile(r"^ *- (?:\d+/\d+: )?([^\n]+?) *(?:  #|$)", re.MULTILINE)
_LIMIT = re.compile(r"hit config\.\w+ \(\d+\)\s+function: '(.*)' \((.+):(\d+)\)")
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file as torch names it: by an absolute or shortened path, and with its source, if that is told."""

    path: str
    row: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """One graph break: where, innermost line of user code first, why, and Dynamo's own number for that, if told."""

    places: tuple[Place, ...]
    reason: str
    number: str = ""

    @property
    def why(self) -> str:
        """The reason with Dynamo's number."""
        return f"{self.reason} ({self.number})" if self.number else self.reason


@dataclass(frozen=True, slots=True)
class Recompilation:
    """A function that was compiled again: where it begins, if told, and the lines and words of failed guards."""

    function: Place | None
    guards: tuple[Place, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A function that met the recompile limit, and where it begins: from then on it runs eagerly."""

    function: Place
    name: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What is seen in captured graphs and no message tells: where, innermost line first, what, and the details."""

    places: tuple[Place, ...]
    what: str
    why: str


MOVE = "move to another device"
RECOMPILATION = "recompilation"

Event = Break | Recompilation | Limit | Noted


def break_of(message: str) -> Break | None:
    """Read a message about a graph break; None if it says no place in words that are known."""
    headline = _BREAK.search(message)
    first = [Place(headline[1], int(headline[2]))] if headline is not None else []
    trace = _TRACE.split(message)[-1].partition("\nTraceback (most recent call last)")[0]
    frames = [Place(*_frame(found)) for found in _FRAME.finditer(trace)][::-1]
    if first and frames and _same(first[0], frames[0]):
        first = []
    places = (*first, *frames)
    return Break(places, *why_of(message)) if places else None


def why_of(message: str) -> tuple[str, str]:
    """The reason in a message about a graph break, and Dynamo's number for it, as far as they are told."""
    number = _SITE.search(message)
    return _reason(message), f"GB{number[1]}" if number else ""


def recompilation_of(message: str) -> Recompilation | None:
    """Read a message about a recompilation; None if it says no place in words that are known."""
    found = _RECOMPILE.search(message)
    if found is None:
        return None
    return Recompilation(Place(found[2], int(found[3])), guards_of(message), _failed(message[found.end() :]))


def guards_of(message: str) -> tuple[Place, ...]:
    """Find the lines that a message names for guards that failed."""
    frames = [Place(*_frame(found)) for found in _FRAME.finditer(message)]
    guards = [Place(path, int(row)) for path, row in _GUARD.findall(message)]
    return tuple(dict.fromkeys(frames + guards))


def limit_of(message: str) -> Limit | None:
    """Read a message about the recompile limit; None if it says no place in words that are known."""
    found = _LIMIT.search(message)
    return None if found is None else Limit(Place(found[2], int(found[3])), found[1])


def is_about_limit(message: str) -> bool:
    """Whether a message tells of a function that met the recompile limit."""
    return "hit config." in message and "limit" in message


def _frame(found: re.Match[str]) -> tuple[str, int, str]:
    return found[1], int(found[2]), (found[3] or "").strip()


def _same(headline: Place, frame: Place) -> bool:
    return (headline.path, headline.row) == (frame.path, frame.row)


def _reason(message: str) -> str:
    """The line that says what was not traced, without what stands before it in some releases."""
    found = _EXPLAINED.search(message) or _REASON.search(message)
    return _short(_PREAMBLES.sub("", found[1])) if found is not None else ""


def _failed(message: str) -> str:
    found = _FAILURE.search(message)
    return _short(found[1]) if found is not None else ""


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
