"""``fullgraph clean``: remove the cache."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fullgraph.cli import terminal
from fullgraph.paths import absolute_path, display_path
from fullgraph.project import is_root


@click.command(short_help="Remove the cache.")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
def clean(paths: tuple[str, ...]) -> int:
    """Remove the caches of the projects that PATHS belong to; that of the working directory if none is given."""
    from fullgraph.engine.places import Roots  # noqa: PLC0415
    from fullgraph.engine.store import DIRECTORY  # noqa: PLC0415
    from fullgraph.engine.store import clean as remove  # noqa: PLC0415

    given = [absolute_path(path) for path in paths or (os.curdir,)]
    roots = Roots(given, is_root)
    found = (roots.of(str(Path(path, "any.py")) if Path(path).is_dir() else path) for path in given)
    removed = [Path(root, DIRECTORY) for root in dict.fromkeys(found) if root and remove(Path(root, DIRECTORY))]
    terminal.write("".join(f"Removed {display_path(each)}.\n" for each in removed) or "There is no cache.\n")
    return 0
