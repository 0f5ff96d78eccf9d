"""Deprecated callables that can be renamed: what to call instead, and with which arguments.

Source of the table (``replacements.json``): the sources of torch 2.0 to 2.15, in each of which the
deprecated callable does nothing but warn and call the other one with what it was given, and the running
torch 2.13, on which the tests compare both. A replacement that takes anything else is not in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from fullgraph.torchfacts._data import load
from fullgraph.torchfacts.call_shapes import CallShapes, Parameters


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands in for a deprecated callable."""

    name: str
    """Dotted path of the callable to use, such as ``torch.amp.GradScaler``."""
    shapes: CallShapes | None
    """The parameters of both, without the added one; None: whatever the deprecated one is given is passed on."""
    added: str
    """An argument that the other one is to be given besides: ``"cuda"`` in front, or a keyword with its value."""
    doubt: str
    """In which case both are not the same, or the empty string."""


@cache
def _table() -> dict[str, list[str | None]]:
    table: dict[str, list[str | None]] = load("replacements.json")
    return table


def replacement(path: str) -> Replacement | None:
    """Return what stands in for the deprecated callable with exactly this path, if that is known to do the same."""
    row = _table().get(path)
    if row is None:
        return None
    name, old, new, added, doubt = row
    shapes = None if old is None or new is None else CallShapes(Parameters.parse(old), Parameters.parse(new), {})
    return Replacement(name or "", shapes, added or "", doubt or "")


def replaced_names() -> tuple[str, ...]:
    """Return the dotted paths of all deprecated callables in the table, sorted."""
    return tuple(_table())
