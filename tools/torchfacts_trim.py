"""Leave out of the shipped table what says no more than the rest of it, and put it back to extend the table.

Two kinds of entries are left out. First, names that users hardly write (private
ones below the first level, the inside of ``torch._C``, attributes of classes
outside the packages in ``NEAR``) and that exist wherever their module or class
does: they tell nothing that it does not. Second, names that no release surely
has: a lookup says "nothing known" instead of "unknown". A table that was trimmed
is no basis for dating what a new release adds or lacks; ``restore`` makes it one
again with the survey of a release that is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torchfacts_merge import OPEN, ROOTS, Table, merge, shown_members
from torchfacts_reader import ABSENT, EXISTS, MAYBE
from torchfacts_survey import Survey, is_private

# Packages whose public classes keep all their attributes, as do the classes of torch itself.
NEAR = ("torch.cuda.", "torch.distributed.", "torch.nn.", "torch.optim.", "torch.utils.data.")
CONFIGS = "config"


def trim(table: Table) -> Table:
    """Return the table without what its shipped form leaves out."""
    names = {module: _without(found, partial(is_implied, table, module)) for module, found in table.names.items()}
    members = {path: _without(found, partial(is_implied_member, table, path)) for path, found in table.members.items()}
    return Table(table.releases, table.modules, names, table.classes, members, table.roots)


def _without(found: Mapping[str, str], left_out: Callable[[str, str], bool]) -> dict[str, str]:
    return {name: states for name, states in found.items() if not left_out(name, states)}


def present(owner: str) -> str:
    """Return the pattern of what exists wherever its owner does."""
    return owner.replace(OPEN, EXISTS)


def doubtful(owner: str) -> str:
    """Return the pattern of what may exist wherever its owner does."""
    return present(owner).replace(EXISTS, MAYBE)


def is_far(module: str, name: str) -> bool:
    """Whether users hardly write this name of a module."""
    if module.rpartition(".")[2] == CONFIGS:
        return False
    deep = module.count(".") >= 2 and (is_private(module) or name.startswith("_"))
    return deep or module == "torch._C" or module.startswith("torch._C.")


def is_implied(table: Table, module: str, name: str, states: str) -> bool:
    """Whether the table needs no entry for a name of a module."""
    owner = table.modules[module]
    if f"{module}.{name}" in table.classes:  # a class needs its name
        return False
    # what may exist in a module that may have more names is what a name is taken for that is not listed
    return (is_far(module, name) and states == present(owner)) or (EXISTS not in owner and states == doubtful(owner))


def is_implied_member(table: Table, path: str, name: str, states: str) -> bool:
    """Whether the table needs no entry for an attribute of a class."""
    if path in ROOTS or name in table.members.get(table.roots.get(path, ""), {}):
        return False
    if EXISTS not in states:
        return True
    near = path.startswith(NEAR) or path.count(".") == 1
    return not near and states == present(table.classes[path])


def restore(table: Table, survey: Survey) -> Table:
    """Return the table with what ``trim`` left out of it, as far as a release that is in it has it.

    A name that exists in this release and is not listed exists wherever its
    module does. An attribute that may exist is unknown wherever its class exists.
    """
    alone = merge([survey])
    names = {
        module: _with(
            found,
            table.modules[module],
            alone.names.get(module, {}),
            partial(is_implied, table, module),
        )
        for module, found in table.names.items()
    }
    members = {
        path: _with(
            found,
            table.classes[path],
            shown_members(survey, path),
            partial(is_implied_member, table, path),
        )
        for path, found in table.members.items()
    }
    return Table(table.releases, table.modules, names, table.classes, members, table.roots)


def _with(
    listed: dict[str, str], owner: str, found: dict[str, str], left_out: Callable[[str, str], bool]
) -> dict[str, str]:
    lost = {name: _lost(owner, state) for name, state in found.items() if state != ABSENT and name not in listed}
    return dict(sorted({**{name: lost[name] for name in lost if left_out(name, lost[name])}, **listed}.items()))


def _lost(owner: str, state: str) -> str:
    return present(owner) if state == EXISTS else doubtful(owner)
