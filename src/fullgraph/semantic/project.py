"""The files of a project, and what a dotted path means in each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from fullgraph.semantic.summary import FileSummary
from fullgraph.semantic.traced import ChainStep

_TESTS = frozenset({"test", "tests", "testing", "bench", "benchmark", "benchmarks"})


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """One file of a project.

    Attributes:
        filename: as findings and chains name it.
        module: its dotted name, such as ``pkg.models.net``; of a package, that of the package.
        is_package: whether it is an ``__init__.py``.
        summary: what linking knows of it.
        is_own: False for a file of a package that the project only uses: nothing is compiled there by itself.
    """

    filename: str
    module: str
    is_package: bool
    summary: FileSummary
    is_own: bool = True

    @classmethod
    def alone(cls, filename: str, summary: FileSummary) -> ProjectFile:
        """A file that is a project by itself."""
        return cls(filename, PurePath(filename).stem, is_package=False, summary=summary)

    @property
    def is_test(self) -> bool:
        """Whether it tests or measures other files, by its name: how often that compiles costs nobody anything."""
        *folders, name = PurePath(self.filename).parts
        is_named_so = name.startswith(("test_", "bench_", "conftest")) or name.endswith(("_test.py", "_bench.py"))
        return is_named_so or not _TESTS.isdisjoint(folders)

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
    """Which file of the project a dotted path leads to.

    By the names of modules in their packages, where directories below a package need not be packages themselves. For
    other directories that are none, as Python finds them from the importer's directory or one above it: one of these is
    where the program was started.
    """

    def __init__(self, files: Sequence[ProjectFile]) -> None:
        self._files = files
        self._by_name: dict[str, list[int]] = defaultdict(list)
        self._by_place: dict[str, int] = {}
        for index, file in enumerate(files):
            self._by_name[file.module].append(index)
            self._by_place[file.filename.removesuffix(".py").removesuffix("/__init__")] = index
        self._packages = [_package(file) for file in files]
        self._absolute: dict[tuple[tuple[str, ...], str], str | None] = {}
        self._tops = {name.partition(".")[0] for name in self._by_name} - {""}
        several = {name for name, found in self._by_name.items() if len(found) > 1}
        self._plain = self._plain_directories()
        self._relative = {name.partition(".")[0] for name in several} | self._plain

    def _plain_directories(self) -> frozenset[str]:
        """Names of directories that are no packages and hold Python files, themselves or below."""
        packages = {file.filename.rpartition("/")[0] for file in self._files if file.is_package}
        directories = {file.filename.rpartition("/")[0] for file in self._files}
        for directory in tuple(directories):
            above = directory
            while above:
                above = above.rpartition("/")[0]
                directories.add(above)
        return frozenset(each.rpartition("/")[2] for each in directories - packages) - {""}

    def seen_from(self, path: str, importer: int) -> tuple[str, str]:
        """What an absolute path is known by: it may lead elsewhere from another directory."""
        if path.partition(".")[0] not in self._relative:
            return path, ""
        return path, self._files[importer].filename.rpartition("/")[0]

    def absolute(self, path: str, importer: int) -> str | None:
        """A path with leading dots, as seen from a file, without them; None if it leads out of the project."""
        key = self._packages[importer], path
        if key not in self._absolute:
            self._absolute[key] = _absolute(*key)
        return self._absolute[key]

    def split(self, path: str, importer: int) -> tuple[int | None, list[str]]:
        """The file of the longest module that an absolute path begins with, and the names that follow it."""
        names = path.split(".")
        by_place = self._by_directory(names, importer) if names[0] in self._plain else None
        for count in range(len(names), 0, -1):
            if by_place is not None and by_place[1] > count:
                break
            found = self._by_name.get(".".join(names[:count]))
            if found:
                return self._within(self._nearest(found, importer), names[count:])
        return (None, names) if by_place is None else (by_place[0], names[by_place[1] :])

    def _within(self, file: int, names: list[str]) -> tuple[int, list[str]]:
        """Where names lead from a package: directories below it need not be packages."""
        if len(names) > 1 and names[0] in self._plain and self._files[file].is_package:
            directory = self._files[file].filename.rpartition("/")[0]
            for count in range(len(names), 1, -1):
                found = self._by_place.get("/".join((directory, *names[:count])))
                if found is not None:
                    return found, names[count:]
        return file, names

    def _by_directory(self, names: Sequence[str], importer: int) -> tuple[int, int] | None:
        """The file that some of the names lead to from the importer's directory or one above, and how many do."""
        directory = self._files[importer].filename
        while directory:
            directory = directory.rpartition("/")[0]
            for count in range(len(names), 1, -1):
                found = self._by_place.get(
                    "/".join((directory, *names[:count])) if directory else "/".join(names[:count])
                )
                if found is not None:
                    return found, count
        return None

    def is_known(self, path: str) -> bool:
        """Whether the first name of an absolute path may be a module or namespace of the project."""
        top = path.partition(".")[0]
        return top in self._tops or top in self._plain

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


def _package(file: ProjectFile) -> tuple[str, ...]:
    """The package of a file, as names; of one that is in none, its directory, if it can be imported by that."""
    names = tuple(file.module.split(".") if file.module else ())
    if file.is_package:
        return names
    directory = tuple(file.filename.split("/")[:-1])
    return names[:-1] or (directory if all(part.isidentifier() for part in directory) else ())


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
