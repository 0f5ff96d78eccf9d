"""What is known of torch's private names, and of their public equivalents.

Source of the table (``private_names.json``): the wheels of torch 2.0 to 2.15
for the releases a name occurs in, and the running torch 2.13 for how a private
name relates to its public equivalent. Equivalents that first appear after 2.13
(``torch.foreach``, ``torch.compiler.nonstrict_trace``) were read in the source
of 2.15. A pair whose equivalence could not be shown is not in the table.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from typing import Any

from fullgraph.torchfacts._data import load
from fullgraph.torchfacts.versions import TorchVersion


class Relation(enum.Enum):
    """How a private name relates to its public equivalent."""

    SAME_OBJECT = "same_object"
    """Both names hold the very same object."""

    WRAPPER = "wrapper"
    """One of the two calls the other, or both call one function, with the same
    arguments; the public one may prepare more (initialize CUDA, say)."""

    SAME_SETTING = "same_setting"
    """Both are one configuration setting: what is assigned to one name is read
    from the other."""

    SUBCLASS = "subclass"
    """The private class is a subclass of the public one and adds nothing."""

    @property
    def phrase(self) -> str:
        """A phrase for messages; it stands between the private and the public name."""
        return _PHRASES[self]


_PHRASES = {
    Relation.SAME_OBJECT: "is the same object as",
    Relation.WRAPPER: "does the same as",
    Relation.SAME_SETTING: "is the same setting as",
    Relation.SUBCLASS: "is an empty subclass of",
}


@dataclass(frozen=True, slots=True)
class PublicEquivalent:
    """A public name that can stand in for a private one."""

    name: str
    """Dotted path, such as ``torch.compiler.disable``."""
    since: TorchVersion
    """First release that has the public name; 2.0 means 2.0 or earlier."""
    relation: Relation
    """How the private name relates to this one."""
    note: str
    """A caveat about using the public name, or the empty string."""
    dropped_keywords: tuple[str, ...]
    """Keywords that the private callable takes and the public one does not."""


@dataclass(frozen=True, slots=True)
class PrivateName:
    """A private name of torch."""

    name: str
    """Dotted path, such as ``torch._dynamo.disable``."""
    since: TorchVersion | None
    """First release seen to have the name; 2.0 means 2.0 or earlier; None: unknown."""
    until: TorchVersion | None
    """Last release that has the name; None: the newest known release has it."""
    public: PublicEquivalent | None
    """The public equivalent; None: there is none up to the newest known release."""

    def public_at(self, target: TorchVersion) -> PublicEquivalent | None:
        """Return the public equivalent, if release ``target`` already has it."""
        if self.public is None or self.public.since > target:
            return None
        return self.public


@cache
def _table() -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = load("private_names.json")
    return table


@cache
def _documented() -> frozenset[str]:
    return frozenset(load("documented.json"))


def _version(text: str | None) -> TorchVersion | None:
    return None if text is None else TorchVersion.parse(text)


def _public(name: str, since: str, relation: str, note: str, dropped: list[str]) -> PublicEquivalent:
    return PublicEquivalent(name, TorchVersion.parse(since), Relation(relation), note, tuple(dropped))


def private_name(path: str) -> PrivateName | None:
    """Return what is known of the private name with exactly this dotted path.

    None says only that nothing is known: neither that the name is public nor
    that it has no public equivalent.
    """
    row = _table().get(path)
    if row is None:
        return None
    since, until, *public = row
    return PrivateName(path, _version(since), _version(until), _public(*public) if public else None)


def private_names() -> tuple[str, ...]:
    """Return the dotted paths of all private names in the table, sorted."""
    return tuple(_table())


def is_private(path: str) -> bool:
    """Whether ``path`` is private by its spelling.

    True for a dotted path under ``torch`` in which a segment starts with an
    underscore and is not a dunder such as ``__version__``.
    """
    root, *rest = path.split(".")
    return root == "torch" and any(part.startswith("_") and not _is_dunder(part) for part in rest)


def _is_dunder(part: str) -> bool:
    return len(part) > 4 and part.startswith("__") and part.endswith("__")


def is_documented(path: str) -> bool:
    """Whether torch documents this name for users although it is private by spelling.

    Source: the API reference and the user guides at docs.pytorch.org.
    """
    return path in _documented()


def documented_names() -> frozenset[str]:
    """Return the private-looking names that torch documents for users."""
    return _documented()
