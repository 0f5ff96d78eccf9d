"""The files of a project, and what a dotted path means in each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from fullgraph.semantic.summary import FileSummary
from fullgraph.semantic.traced import ChainStep


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """One file of a project.

    Attributes:
        filename: as findings and chains name it.
        module: its dotted name, such as ``pkg.models.net``; of a package, that of the package.
        is_package: whether it is an ``__init__.py``.
        summary: what linking knows of it.
    """

    filename: str
    module: str
    is_package: bool
    summary: FileSummary

    @classmethod
    def alone(cls, filename: str, summary: FileSummary) -> ProjectFile:
        """A file that is a project by itself."""
        return cls(filename, PurePath(filename).stem, is_package=False, summary=summary)

    def step(self, row: int, name: str) -> ChainStep:
        """A step of a chain, at a row as the summary counts them."""
        return ChainStep(self.filename, self.summary.rows[row], name)


def module_name(parts: Sequence[str]) -> tuple[str, bool]:
    """The dotted name of a file whose path below its import root has these parts, and whether it is a package."""
    stem = PurePath(parts[-1]).stem
    is_package = stem == "__init__"
    names = [*parts[:-1]] if is_package else [*parts[:-1], stem]
    return ".".join(names), is_package


class Modules:
    """Which file of the project a dotted path leads to."""

    def __init__(self, files: Sequence[ProjectFile]) -> None:
        self._files = files
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for index, file in enumerate(files):
            self._by_name[file.module].append(index)
        self._packages = [
            tuple(file.module.split(".") if file.module else ())[: None if file.is_package else -1] for file in files
        ]
        self._absolute: dict[tuple[tuple[str, ...], str], str | None] = {}
        self._tops = {name.partition(".")[0] for name in self._by_name} - {""}

    def absolute(self, path: str, importer: int) -> str | None:
        """A path with leading dots, as seen from a file, without them; None if it leads out of the project."""
        key = self._packages[importer], path
        if key not in self._absolute:
            self._absolute[key] = _absolute(*key)
        return self._absolute[key]

    def split(self, path: str, importer: int) -> tuple[int | None, list[str]]:
        """The file of the longest module that an absolute path begins with, and the names that follow it."""
        names = path.split(".")
        for count in range(len(names), 0, -1):
            found = self._by_name.get(".".join(names[:count]))
            if found:
                return self._nearest(found, importer), names[count:]
        return None, names

    def is_known(self, path: str) -> bool:
        """Whether the first name of an absolute path is a module or namespace of the project."""
        return path.partition(".")[0] in self._tops

    def of(self, name: str, importer: int) -> int | None:
        """The file of the module with exactly this name."""
        found = self._by_name.get(name)
        return self._nearest(found, importer) if found else None

    def _nearest(self, found: list[int], importer: int) -> int:
        """Of several modules with one name, that whose path has most in common with the importer's."""
        if len(found) == 1:
            return found[0]
        own = PurePath(self._files[importer].filename).parts
        return min(found, key=lambda index: (-_common(self._files[index].filename, own), self._files[index].filename))


def _absolute(package: tuple[str, ...], path: str) -> str | None:
    rest = path.lstrip(".")
    level = len(path) - len(rest)
    if not level:
        return path
    if level - 1 > len(package):
        return None
    base = package[: len(package) - (level - 1)]
    return ".".join((*base, rest) if rest else base)


def _common(filename: str, own: Sequence[str]) -> int:
    """How many folders two paths begin with alike."""
    parts = PurePath(filename).parts
    return next((place for place, pair in enumerate(zip(parts, own, strict=False)) if pair[0] != pair[1]), len(parts))
