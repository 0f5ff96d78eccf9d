"""Which files of a project run together: those that imports connect, in whatever direction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from fullgraph.semantic.project import Modules, ProjectFile
from fullgraph.semantic.summary import FileSummary


def settings_by_file(files: Sequence[ProjectFile], modules: Modules) -> list[frozenset[str]]:
    """What is turned on of Dynamo's settings where the code of each file runs.

    A setting is global to a process; scripts that share no import are processes of their own.
    """
    if not any(file.summary.settings for file in files):
        return [frozenset()] * len(files)
    programs = _programs(files, modules)
    found: dict[int, set[str]] = defaultdict(set)
    for index, file in enumerate(files):
        found[programs[index]].update(file.summary.settings)
    return [frozenset(found[program]) for program in programs]


def _programs(files: Sequence[ProjectFile], modules: Modules) -> list[int]:
    """A number for each file, the same for those that imports connect."""
    parents = list(range(len(files)))

    def program(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for index, file in enumerate(files):
        for path in imports_of(file.summary):
            absolute = modules.absolute(path, index)
            if absolute and modules.is_known(absolute):
                imported, _ = modules.split(absolute, index)
                if imported is not None:
                    parents[program(index)] = program(imported)
    return [program(index) for index in range(len(files))]


def imports_of(summary: FileSummary) -> Iterator[str]:
    """What a file imports."""
    for refs in summary.names:
        yield from (str(ref[1]) for ref in refs if ref and ref[0] == "i")
    yield from summary.stars
