"""Packages that are not the project's own and are linked with it all the same: where their code lies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fullgraph.engine.places import Place, place, scan

_ENVIRONMENTS = (".venv", "venv", "env")
"""Where a project keeps a virtual environment."""


def followed(packages: Iterable[str], root: str) -> tuple[list[Place], list[str]]:
    """The files of installed packages, and those packages that are not there.

    They are looked for in the active virtual environment, in that of the project, and where fullgraph itself runs; what
    is found first counts. Nothing is imported.

    Raises:
        TooLargeError: a package has too many files.
    """
    places: dict[str, Place] = {}
    missing: list[str] = []
    directories = list(dict.fromkeys(_directories(root)))
    for package in packages:
        found = next((path for each in directories if (path := _located(each, package)) is not None), None)
        if found is None:
            missing.append(package)
        elif found.is_dir():
            places.update((each.path, _placed(root, each)) for each in scan(str(found)))
        else:
            places[str(found)] = _placed(root, place(root, str(found), found.stat(), {}))
    return list(places.values()), missing


def _placed(root: str, found: Place) -> Place:
    """A file of a package, named as seen from the project."""
    return replace(found, name=os.path.relpath(found.path, root).replace(os.sep, "/"), is_own=False)


def _directories(root: str) -> Iterator[Path]:
    """Directories that hold installed packages, those that count first before the others."""
    active = os.environ.get("VIRTUAL_ENV")
    for environment in (*([Path(active)] if active else []), *(Path(root, name) for name in _ENVIRONMENTS)):
        yield from sorted(environment.glob("lib/python*/site-packages"))
        yield environment / "Lib" / "site-packages"
    yield from (Path(entry) for entry in sys.path if entry and Path(entry).name in ("site-packages", "dist-packages"))


def _located(directory: Path, package: str) -> Path | None:
    """The directory of a package, or the file of a module."""
    path = directory.joinpath(*package.split("."))
    if path.is_dir():
        return path
    module = path.with_name(f"{path.name}.py")
    return module if module.is_file() else None
