"""Globals of one file that another sets anew beside calls of compiled code, which reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fullgraph.semantic.evaluate import Evaluator
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, Change
from fullgraph.semantic.traced import ChainStep
from fullgraph.semantic.variations import Variations


class Changes:
    """Answers for one linked project."""

    def __init__(
        self,
        files: Sequence[ProjectFile],
        evaluator: Evaluator,
        variations: Variations,
        is_traced: Callable[[int, int], bool],
    ) -> None:
        self._files = files
        self._evaluator = evaluator
        self._variations = variations
        self._is_traced = is_traced

    def in_file(self, file: int) -> dict[tuple[int, str], ChainStep]:
        """Where compiled code reads what the file sets, by the number of the function that does, and the target."""
        found: dict[tuple[int, str], ChainStep] = {}
        for change in self._files[file].summary.changes:
            if change.function != NO_OWNER and self._is_traced(file, change.function):
                continue
            if (read := next(self._reads(file, change), None)) is not None:
                found.setdefault((change.function, change.target), read)
        return found

    def _reads(self, file: int, change: Change) -> Iterator[ChainStep]:
        """Where functions that are called beside it surely read a global."""
        home = self._home(file, change.path)
        if home is None or home[0] == file:
            return
        owner, name = home
        around = None if change.function == NO_OWNER else change.function
        receiver = self._evaluator.class_around(file, around)
        for callee in change.callees:
            compiled = self._variations.behind(file, receiver, callee)
            if compiled is None or compiled.function is None or compiled.function.file != owner:
                continue
            key = compiled.function.number, name, change.kind
            for constant in self._files[owner].summary.constants if compiled.file == owner else ():
                if (constant.function, constant.name, constant.kind) == key:
                    function = self._evaluator.function(compiled.function)
                    yield self._files[owner].step(constant.row, function.name)

    def _home(self, file: int, path: str) -> tuple[int, str] | None:
        """The file and the global that a path leads to."""
        modules = self._evaluator.modules
        absolute = modules.absolute(path, file) if path[0] == "." else path
        if absolute is None or not modules.is_known(absolute):
            return None
        owner, names = modules.split(absolute, file)
        if owner is None or len(names) != 1:
            return None
        self._evaluator.asked.add(names[0])
        return owner, names[0]
