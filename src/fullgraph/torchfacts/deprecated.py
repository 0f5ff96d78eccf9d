"""Names of torch that warn of their deprecation, and what torch says to use instead.

Source of the table (``deprecated.json``): the Python files in the wheels of torch
2.0 to 2.15, read by ``tools/generate_torchfacts.py``. A name is in it only if using
it surely warns: it has the decorator ``@deprecated``, or the body of the function
(of ``__init__``, of the module) warns on every path. Warnings about an argument or
under a condition do not count, nor do those that only the documentation gives.
The replacement is the one existing public name that torch's own text names. It
may take other arguments: what torch says is there to be read.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache

from fullgraph.torchfacts._data import load
from fullgraph.torchfacts.versions import TorchVersion


class Trigger(enum.Enum):
    """How torch comes to warn."""

    DECORATOR = "decorator"
    """The decorator ``@deprecated``: calling the function or creating the object warns."""

    CALL = "call"
    """The body of the function, or of the constructor, warns."""

    IMPORT = "import"
    """Importing the module warns."""

    ACCESS = "access"
    """Looking the name up in its module warns."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A name of torch that warns of its deprecation."""

    path: str
    """Dotted path, such as ``torch.cuda.amp.autocast``."""
    since: TorchVersion
    """First release that warns; 2.0 means 2.0 or earlier."""
    until: TorchVersion | None
    """Last release that has the name and warns; None: the newest known release does."""
    replacement: str
    """The public name that torch says to use, or the empty string."""
    category: str
    """``FutureWarning``, ``DeprecationWarning`` or ``UserWarning``, in the last release that warns."""
    trigger: Trigger
    """How torch comes to warn."""
    says: str
    """The text of the warning, of the last release that gives it."""

    def warns_at(self, target: TorchVersion) -> bool:
        """Whether release ``target`` warns; the newest known release speaks for later ones."""
        return self.since <= target and (self.until is None or target <= self.until)


@cache
def _table() -> dict[str, list[str | None]]:
    table: dict[str, list[str | None]] = load("deprecated.json")
    return table


def deprecation(path: str) -> Deprecation | None:
    """Return what is known of the deprecated name with exactly this dotted path."""
    row = _table().get(path)
    if row is None:
        return None
    since, until, *texts = row
    replacement, category, trigger, says = (text or "" for text in texts)
    first = TorchVersion.parse(since or "")
    last = None if until is None else TorchVersion.parse(until)
    return Deprecation(path, first, last, replacement, category, Trigger(trigger), says)


def deprecated_names() -> tuple[str, ...]:
    """Return the dotted paths of all names in the table, sorted."""
    return tuple(_table())
