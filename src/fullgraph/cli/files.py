"""Which files a run checks: those named, and those found in the directories named."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fullgraph.paths import absolute_path, display_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fullgraph.cli.ignores import Patterns
    from fullgraph.config import Config

STDIN = "-"
_SUFFIXES = (".py", ".pyi")


@dataclass(frozen=True, slots=True)
class File:
    """One file to check: where to read it (``-`` is stdin) and what to call it."""

    path: str
    shown: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A path that could not be followed, and why."""

    shown: str
    reason: str


@dataclass(slots=True)
class Collected:
    """What the paths of a command line came to."""

    files: list[File] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)
    walked: list[str] = field(default_factory=list)


def collect(paths: Sequence[str], config: Config, stdin_name: str | None) -> Collected:
    """Find the files to check, each once, in the order of their names.

    A file that is named is checked, whatever it is called and whatever excludes it. A directory that is named is
    walked, even if it is excluded itself; symbolic links to directories are not followed in it.

    Raises:
        ConfigError: an exclusion pattern that is none.

    """
    collected = Collected()
    found: dict[str, File] = {}
    linked: list[tuple[str, File]] = []
    for path in dict.fromkeys(paths):
        for key, file in _files_of(path, config, stdin_name, collected):
            if os.path.islink(file.path):  # noqa: PTH114 - asked for each file
                linked.append((key, file))
            else:
                found.setdefault(key, file)
    for key, file in linked:  # a file goes by its own name rather than by that of a link to it
        found.setdefault(key, file)
    collected.files = sorted(found.values(), key=lambda file: file.shown)
    return collected


def _files_of(path: str, config: Config, stdin_name: str | None, collected: Collected) -> Iterator[tuple[str, File]]:
    if path == STDIN:
        yield STDIN, File(STDIN, STDIN if stdin_name is None else display_path(stdin_name))
        return
    if not path:  # which pathlib takes for the working directory
        collected.missing.append("''")
        return
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        collected.missing.append(path)
    except (OSError, ValueError) as error:
        collected.unreadable.append(Problem(display_path(path), reason_of(error)))
    else:
        if stat.S_ISDIR(mode):
            collected.walked.append(path)
            yield from _directory(path, config, collected)
        else:
            yield os.path.realpath(path), File(path, display_path(path))


def _directory(path: str, config: Config, collected: Collected) -> Iterator[tuple[str, File]]:
    top = absolute_path(path)
    real_top = os.path.realpath(top)
    empty = True
    for found in _walk(top, config, collected.unreadable):
        empty = False
        is_link = os.path.islink(found)  # noqa: PTH114 - asked for each file
        key = os.path.realpath(found) if is_link else real_top + found[len(top) :]
        yield key, File(found, display_path(found))
    if empty:
        collected.empty.append(path)


def _walk(top: str, config: Config, unreadable: list[Problem]) -> Iterator[str]:
    """Find the Python files below a directory that nothing leaves out."""
    from fullgraph.cli import ignores  # noqa: PLC0415 - brings pathspec, which only a walk needs

    names, exclusions = ignores.excluded_by(config)
    excluded = tuple(each.below(top) for each in exclusions)
    pending: list[tuple[str, tuple[Patterns, ...]]] = [(top, ignores.gitignores_above(top))]
    while pending:
        directory, layers = pending.pop()
        try:
            with os.scandir(directory) as listing:
                entries = list(listing)
        except OSError as error:
            unreadable.append(Problem(display_path(directory), reason_of(error)))
            continue
        if directory != top and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        if any(entry.name == ".gitignore" for entry in entries) and (own := ignores.gitignore(directory)) is not None:
            layers = (*layers, own)
        for entry, is_directory in _interesting(entries):
            left_out = ignores.decide(excluded, entry.path, is_directory=is_directory)
            if left_out or (left_out is None and entry.name in names):
                continue
            if ignores.decide(layers, entry.path, is_directory=is_directory):
                continue
            if is_directory:
                pending.append((entry.path, layers))
            else:
                yield entry.path


def _interesting(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """Directories, and regular files with a Python suffix; a link that leads nowhere or in circles is neither."""
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield entry, True
        elif entry.name.endswith(_SUFFIXES) and _is_file(entry):
            yield entry, False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def read(file: File) -> bytes:
    """Read a file's bytes.

    Raises:
        OSError: it cannot be read.

    """
    if file.path != STDIN:
        with open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 - done for each file
            return opened.read()
    if sys.stdin is None:
        raise OSError("stdin is closed")
    return sys.stdin.buffer.read()


def reason_of(error: Exception) -> str:
    """Say in a few words why the system would not do something."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
