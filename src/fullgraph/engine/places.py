"""Which project a file belongs to, which files a project has, and what they are called as modules."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fullgraph.paths import absolute_path
from fullgraph.semantic.project import module_name

MOST_FILES = 10_000
MOST_BYTES = 160_000_000
SKIPPED = frozenset({
    ".bzr", ".direnv", ".eggs", ".fullgraph_cache", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache",
    ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode",
    "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv",
})  # fmt: skip
"""Directories that hold no code of the project, or copies of it."""
_WILD = frozenset("*?[]!\\")


@dataclass(frozen=True, slots=True)
class Place:
    """A Python file of a project.

    Attributes:
        path: where it is.
        name: its path below the project's root, with slashes.
        module: its dotted name.
        is_package: whether it is an ``__init__.py``.
        stamp: size, time of the last change and inode, which tell cheaply that it is the same; none for an overlay.
        is_own: False for a file of a package that the project only uses.
    """

    path: str
    name: str
    module: str
    is_package: bool
    stamp: tuple[int, int, int] | None
    is_own: bool = True


class TooLargeError(Exception):
    """A directory holds more files than can be linked."""


class Roots:
    """Finds the root of the project that a file belongs to: its repository, else what packaging metadata says.

    A linted directory outside of any project, or one that its project leaves out, such as a package of a virtual
    environment, is a project by itself; a file of that kind belongs to none.
    """

    def __init__(self, linted: Iterable[str], is_root: Callable[[Path], bool]) -> None:
        """``is_root`` says whether a directory has packaging metadata."""
        self._is_root = is_root
        paths = sorted({absolute_path(path) for path in linted}, key=len, reverse=True)
        self._directories = [path for path in paths if Path(path).is_dir()]
        self._above: dict[str, tuple[str | None, str | None]] = {}
        """The nearest repository and the nearest packaging metadata above a directory, itself included."""
        self._ignored: dict[str, frozenset[str]] = {}
        self._found: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """The root of a file's project, if it has one."""
        directory = os.path.dirname(path)  # noqa: PTH120 - asked for each file
        if directory not in self._found:
            self._found[directory] = self._root_of(path)
        return self._found[directory]

    def _root_of(self, path: str) -> str | None:
        repository, packaged = self._roots_above(os.path.dirname(path))  # noqa: PTH120
        root = repository or packaged
        for each in ([] if root is None else [root], self._directories):
            for candidate in each:
                if path.startswith(candidate.rstrip(os.sep) + os.sep) and not self._leaves_out(candidate, path):
                    return candidate
        return None

    def _roots_above(self, directory: str) -> tuple[str | None, str | None]:
        if directory not in self._above:
            parent = os.path.dirname(directory)  # noqa: PTH120
            repository, packaged = (None, None) if parent == directory else self._roots_above(parent)
            here = Path(directory)
            if (here / ".git").exists():
                repository = directory
            if self._is_root(here):
                packaged = directory
            self._above[directory] = repository, packaged
        return self._above[directory]

    def _leaves_out(self, root: str, path: str) -> bool:
        """Whether a directory on the way from the root to a path is skipped."""
        if root not in self._ignored:
            self._ignored[root] = ignored_directories(root)
        ignored = self._ignored[root] | SKIPPED
        parts = Path(path).relative_to(root).parts[:-1]
        return any("/".join(parts[: end + 1]) in ignored or parts[end] in ignored for end in range(len(parts)))


def scan(root: str) -> list[Place]:
    """The Python files of a project in the order of their names.

    Directories that git ignores by their plain name, virtual environments and links are left out. What the settings
    exclude from linting is not: it may still be what traced code calls.

    Raises:
        TooLargeError: there are more than `MOST_FILES`, or more than `MOST_BYTES` in them.
    """
    ignored = ignored_directories(root)
    found: list[tuple[str, os.stat_result]] = []
    pending = [root]
    size = 0
    while pending:
        directory = pending.pop()
        entries = _entries(directory)
        if directory != root and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below = entry.path[len(root) :].lstrip(os.sep).replace(os.sep, "/")
                if entry.name not in SKIPPED and entry.name not in ignored and below not in ignored:
                    pending.append(entry.path)
            elif entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                found.append((entry.path, status))
                size += status.st_size
        if len(found) > MOST_FILES or size > MOST_BYTES or len(pending) > MOST_FILES:
            raise TooLargeError(root)
    packages: dict[str, bool] = {}
    return [place(root, path, status, packages) for path, status in sorted(found, key=lambda each: each[0])]


def place(root: str, path: str, status: os.stat_result | None, packages: dict[str, bool]) -> Place:
    """A file's place in a project; without a status, for a file whose contents come from elsewhere.

    ``packages`` remembers which directories are packages.
    """
    stamp = None if status is None else (status.st_size, status.st_mtime_ns, status.st_ino)
    name = name_below(root, path)
    directory, base = os.path.split(path)
    parts = [base]
    while _is_package(directory, packages):
        directory, above = os.path.split(directory)
        parts.insert(0, above)
    return Place(path, name, *module_name(parts), stamp)


def name_below(root: str, path: str) -> str:
    """A path as it is below a directory, with slashes."""
    above = root.rstrip(os.sep) + os.sep
    below = path[len(above) :] if path.startswith(above) else os.path.relpath(path, root)
    return below.replace(os.sep, "/")


def _is_package(directory: str, packages: dict[str, bool]) -> bool:
    if directory not in packages:
        packages[directory] = (Path(directory) / "__init__.py").is_file() and bool(Path(directory).name)
    return packages[directory]


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as listing:
            return list(listing)
    except OSError:
        return []


def ignored_directories(root: str) -> frozenset[str]:
    """Names and paths in a project's ``.gitignore`` that are spelled out; patterns are left to those who lint."""
    return frozenset(_plain_lines(Path(root, ".gitignore")))


def _plain_lines(path: Path) -> Iterator[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    if any(line.startswith("!") for line in lines):
        return
    for line in lines:
        plain = line.strip().strip("/")
        if plain and not plain.startswith("#") and _WILD.isdisjoint(plain):
            yield plain
