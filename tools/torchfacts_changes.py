"""The table of public names that some release lacks or warns of, which follows from those of names and deprecations.

A line has a module or class and, behind it, the names in it that are concerned. What stands in something that is itself
concerned is left out, as are private names: of these the other tables have to say.
"""

from __future__ import annotations

from collections.abc import Iterable

from torchfacts_merge import Table
from torchfacts_reader import ABSENT
from torchfacts_survey import is_private


def changing(table: Table, deprecated: Iterable[str]) -> set[str]:
    """Return the public paths that some release lacks or warns of, without those whose owner is one of them."""
    lacking = {path for patterns in (table.modules, table.classes) for path in patterns if ABSENT in patterns[path]}
    for owners in (table.names, table.members):
        for owner, names in owners.items():
            lacking.update(f"{owner}.{name}" for name, pattern in names.items() if ABSENT in pattern)
    found = {path for path in (*lacking, *deprecated) if not is_private(path)}
    return {path for path in found if found.isdisjoint(_owners(path))}


def _owners(path: str) -> list[str]:
    names = path.split(".")
    return [".".join(names[:count]) for count in range(1, len(names))]


def dump(paths: Iterable[str]) -> str:
    """Return the text of the shipped table."""
    by_owner: dict[str, list[str]] = {}
    for path in sorted(paths):
        owner, _, name = path.rpartition(".")
        by_owner.setdefault(owner, []).append(name)
    return "".join(f"{owner} {' '.join(names)}\n" for owner, names in sorted(by_owner.items()))
