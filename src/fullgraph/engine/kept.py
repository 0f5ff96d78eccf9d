"""Files that were looked at before their project was linked, kept open for the second look as far as memory allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from fullgraph.engine.checker import Checker

_MOST_CHARACTERS = 3_000_000
"""So much source text of timm, opened, took 145 MB; 4 million characters took 200."""


@dataclass(slots=True)
class Kept:
    """Open files by the names that findings give them."""

    most: int = _MOST_CHARACTERS
    _files: dict[str, Checker] = field(default_factory=dict)
    _size: int = 0

    def has_room_for(self, text: str) -> bool:
        """Whether a file with this text should be kept: there is room, and something in it may well be traced."""
        return self._size + len(text) <= self.most and ("def forward" in text or "compile" in text)

    def put(self, filename: str, text: str, checker: Checker) -> None:
        """Keep a file."""
        self._files[filename] = checker
        self._size += len(text)

    def take(self, filename: str) -> Checker | None:
        """Hand a file over, if it was kept."""
        return self._files.pop(filename, None)

    def clear(self) -> None:
        """Close the files that nobody took."""
        for checker in self._files.values():
            checker.model.release()
        self._files.clear()
        self._size = 0
