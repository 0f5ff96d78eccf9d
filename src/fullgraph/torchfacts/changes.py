"""Which public names of torch every known release has, and none warns of: of these no other table has anything to say.

Source of the table (``changes.txt``): the tables of names and of deprecations, from which
``tools/generate_torchfacts.py`` derives it. It lists, by their owner, the public names that some release lacks or
warns of, and is small, so that a file that uses only lasting names of torch costs no look into the others.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path


@cache
def _table() -> dict[str, str]:
    """Return the names that change, with a space around each, by their owner."""
    lines = Path(__file__).with_name("changes.txt").read_text(encoding="ascii").splitlines()
    return {owner: f" {names} " for owner, _, names in (line.partition(" ") for line in lines)}


@lru_cache(maxsize=20_000)
def may_change(path: str) -> bool:
    """Whether some release may lack or warn of this torch name, or of what it stands in; True for private names.

    False says that the tables of names and of deprecations know of no such release.
    """
    table = _table()
    owner, *names = path.split(".")
    for name in names:
        if (name.startswith("_") and name != "__version__") or f" {name} " in table.get(owner, ""):
            return True
        owner = f"{owner}.{name}"
    return False
