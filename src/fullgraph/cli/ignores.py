"""Which entries a walk leaves out: the exclusions of the settings, and what git ignores."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pathspec

from fullgraph.paths import absolute_path
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fullgraph.config import Config

DEFAULT_EXCLUDE = frozenset({
    ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d",
    ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__",
    "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns of one origin, relative to one directory."""

    base: str
    spec: pathspec.GitIgnoreSpec

    def verdict(self, path: str, *, is_directory: bool) -> bool | None:
        """Whether to leave a path out: yes, no (a pattern with ``!``), or nothing said of it."""
        relative = path[len(self.base) :].lstrip(os.sep).replace(os.sep, "/")
        return self.spec.check_file(f"{relative}/" if is_directory else relative).include

    def leaves_out(self, path: str) -> bool:
        """Whether a pattern matches a file, or a directory that it lies in; none does outside of their own."""
        if not is_below(path, self.base):
            return False
        relative = os.path.relpath(path, self.base).replace(os.sep, "/")
        return self.spec.match_file(relative)

    def covers(self, directory: str) -> bool:
        """Whether the directory itself, or one that it lies in, is to be left out."""
        relative = os.path.relpath(directory, self.base)
        parents = (relative, *map(str, Path(relative).parents))
        inside = [os.path.normpath(f"{self.base}{os.sep}{each}") for each in parents if each != os.curdir]
        return any(self.verdict(each, is_directory=True) for each in inside)

    def below(self, top: str) -> Patterns:
        """Give the patterns as they count below a directory that somebody asked for by name.

        They count from there if it does not lie below their own directory, or if they would leave it out itself.
        """
        outside = not is_below(top, self.base)
        return Patterns(top, self.spec) if outside or self.covers(top) else self


def excluded_by(config: Config) -> tuple[frozenset[str], tuple[Patterns, ...]]:
    """Give the names and the patterns that the settings leave out.

    Raises:
        ConfigError: a pattern that is none; names where it was given.

    """
    names = DEFAULT_EXCLUDE if config.exclude is None else frozenset[str]()
    by_base: dict[str, list[str]] = {}
    for name, values in (("exclude", config.exclude or ()), ("extend_exclude", config.extend_exclude)):
        for value in values:
            origin = config.origin(name, value)
            if _spec([value]) is None:
                raise ConfigError(origin.where, f"bad pattern {value!r}; write it as in a .gitignore file")
            patterns = by_base.setdefault(absolute_path(origin.directory), [])
            patterns.append(f"/{value[2:]}" if value.startswith("./") else value)
    specs = ((base, _spec(patterns)) for base, patterns in by_base.items())
    return names, tuple(Patterns(base, spec) for base, spec in specs if spec is not None)


def pattern_for(config: Config, name: str, value: str, text: str) -> Patterns:
    """Compile one pattern, ``text``, of a setting's value; it counts from where the value was given.

    Raises:
        ConfigError: a pattern that is none; names where it was given.

    """
    origin = config.origin(name, value)
    spec = _spec([f"/{text[2:]}" if text.startswith("./") else text])
    if spec is None:
        raise ConfigError(origin.where, f"bad pattern {text!r}; write it as in a .gitignore file")
    return Patterns(absolute_path(origin.directory), spec)


def gitignore(directory: str) -> Patterns | None:
    """Read the patterns of a directory's own ``.gitignore``."""
    return _patterns(directory, Path(directory, ".gitignore"))


def gitignores_above(top: str) -> tuple[Patterns, ...]:
    """Read what git ignores from above a directory: the repository's own list, and each ``.gitignore`` from its root.

    Nothing counts if there is no repository, or if git ignores the directory itself: somebody asked for it by name.
    """
    above = list(Path(top).parents)
    root = next((directory for directory in (Path(top), *above) if (directory / ".git").exists()), None)
    if root is None:
        return ()
    found = [_patterns(str(root), _info_exclude(root))]
    found += [gitignore(str(directory)) for directory in reversed(above) if directory.is_relative_to(root)]
    layers = tuple(each for each in found if each is not None)
    return () if any(each.covers(top) for each in layers) else layers


def is_below(path: str, directory: str) -> bool:
    """Whether a path is a directory or lies in it."""
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


def decide(layers: Sequence[Patterns], path: str, *, is_directory: bool) -> bool | None:
    """Ask the layers from the last to the first; the first that says something decides."""
    for layer in reversed(layers):
        verdict = layer.verdict(path, is_directory=is_directory)
        if verdict is not None:
            return verdict
    return None


def _info_exclude(root: Path) -> Path:
    """Find the repository's own list; in a work tree or a submodule, ``.git`` is a file that leads to it."""
    git = root / ".git"
    pointer = _text(git)
    if pointer is not None:
        git = root / pointer.removeprefix("gitdir:").strip()
    common = _text(git / "commondir")
    if common is not None:
        git /= common.strip()
    return git / "info" / "exclude"


def _patterns(base: str, path: Path) -> Patterns | None:
    text = _text(path)
    spec = None if text is None else _spec(text.splitlines())
    return None if spec is None else Patterns(base, spec)


def _spec(lines: Iterable[str]) -> pathspec.GitIgnoreSpec | None:
    """Compile patterns; one that is broken is left out, as git does. ``None`` if none is left."""
    good = list(_good(lines))
    return pathspec.GitIgnoreSpec.from_lines(good) if good else None


def _good(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        with contextlib.suppress(ValueError):
            if any(each.include is not None for each in pathspec.GitIgnoreSpec.from_lines([line]).patterns):
                yield line


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig", "surrogateescape") if path.is_file() else None
    except OSError:
        return None
