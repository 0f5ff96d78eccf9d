"""What loops pass to compiled functions of other files, another value at every turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fullgraph.semantic.evaluate import COMPILE, Evaluator
from fullgraph.semantic.holding import Holding, calls_in
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import NO_OWNER, Ref, Variation
from fullgraph.semantic.traced import ChainStep
from fullgraph.semantic.values import ClassId, External, Function, Instance, Module, Value

_DEPTH = 6
"""How many names and imports are followed."""
_SIZE = "size"
_ENTRIES = ("__call__", "forward")


@dataclass(frozen=True, slots=True)
class CompiledCallee:
    """What a call surely enters in its compiled form.

    Attributes:
        function: the function, if that is known.
        file: where it is compiled.
        holder: by what name its file has the outcome there: ``step``, ``Trainer.net``; empty where that is not known.
        is_static: whether it is compiled with ``dynamic=False``.
    """

    function: Function | None
    file: int = -1
    holder: str = ""
    is_static: bool = False


class Variations:
    """Answers for one linked project. A call counts if it surely is of what is compiled, and not of the original."""

    def __init__(
        self,
        files: Sequence[ProjectFile],
        evaluator: Evaluator,
        holding: Holding,
        is_traced: Callable[[int, int], bool],
    ) -> None:
        self._files = files
        self._evaluator = evaluator
        self._holding = holding
        self._is_traced = is_traced
        """Whether a function of a file is certainly traced, so that what it calls is part of its graph."""

    def varied(self, file: int) -> dict[tuple[int, str, str], ChainStep]:
        """Loops of other files, by the number of a function, which of its arguments varies, and how."""
        return self._found[0].get(file, {})

    def sized(self, file: int) -> dict[str, ChainStep]:
        """Loops of other files that pass other sizes to what a file compiles with ``dynamic=False``, by its name."""
        return self._found[1].get(file, {})

    @cached_property
    def _found(
        self,
    ) -> tuple[Mapping[int, dict[tuple[int, str, str], ChainStep]], Mapping[int, dict[str, ChainStep]]]:
        varied: dict[int, dict[tuple[int, str, str], ChainStep]] = defaultdict(dict)
        sized: dict[int, dict[str, ChainStep]] = defaultdict(dict)
        for file, each in enumerate(self._files):
            for variation in each.summary.variations if each.is_own and not each.is_test else ():
                if variation.function != NO_OWNER and self._is_traced(file, variation.function):
                    continue
                compiled = self._compiled(file, variation)
                if compiled is None:
                    continue
                step = each.step(variation.row, variation.text)
                if variation.variety != _SIZE:
                    function = compiled.function
                    if function is not None and function.file != file:
                        key = function.number, variation.argument, variation.variety
                        varied[function.file].setdefault(key, step)
                elif compiled.is_static and compiled.holder and compiled.file != file:
                    sized[compiled.file].setdefault(compiled.holder, step)
        return varied, sized

    def _compiled(self, file: int, variation: Variation) -> CompiledCallee | None:
        around = None if variation.function == NO_OWNER else variation.function
        receiver = self._evaluator.class_around(file, around)
        if variation.is_compiled:
            function = self._entered(self._evaluator.values(variation.callee, self._evaluator.frame(file, receiver)))
            return None if function is None else CompiledCallee(function, file)
        return self.behind(file, receiver, variation.callee)

    def behind(self, file: int, receiver: ClassId | None, ref: Ref) -> CompiledCallee | None:
        """What a reference of a file, where ``self`` is of some class, surely leads to that is compiled."""
        return self._behind(file, receiver, ref, _DEPTH)

    def _behind(self, file: int, receiver: ClassId | None, ref: Ref, depth: int) -> CompiledCallee | None:
        """What a reference surely leads to that is compiled."""
        match ref:
            case ("i", str(path)):
                return self._of_path(file, path, depth)
            case ("n", int(key)) if depth:
                refs = self._files[file].summary.names[key]
                found = self._behind(file, receiver, refs[0], depth - 1) if len(refs) == 1 else None
                return found or self._of_value(file, receiver, ref)
            case (".", owner, str(name)) if owner and owner[0] != "S":
                owners = self._evaluator.values(owner, self._evaluator.frame(file, receiver))
                if len(owners) != 1:
                    return None
                found = self._of_member(owners[0], name, depth)
                return found or self._of_value(file, receiver, ref)
            case ("()", *_):
                return self._of_value(file, receiver, ref)
            case _:
                return None

    def _of_path(self, importer: int, path: str, depth: int) -> CompiledCallee | None:
        """What an imported name surely leads to."""
        modules = self._evaluator.modules
        absolute = modules.absolute(path, importer) if path[0] == "." else path
        if absolute is None or depth <= 0 or not modules.is_known(absolute):
            return None
        file, names = modules.split(absolute, importer)
        if file is None or not 1 <= len(names) <= 2:
            return None
        if len(names) == 1:
            return self._exported(file, names[0], depth)
        owners = self._evaluator.export(file, names[0], depth)
        return self._of_member(owners[0], names[1], depth) if len(owners) == 1 else None

    def _of_member(self, owner: Value, name: str, depth: int) -> CompiledCallee | None:
        """What an attribute of a value surely is."""
        match owner:
            case Module(file):
                return self._exported(file, name, depth)
            case Instance(cls, exact):
                return self._held(cls, name) if exact or not self._is_overridden(cls, name) else None
            case _:
                return None

    def _is_overridden(self, cls: ClassId, name: str) -> bool:
        """Whether a class below has another method of a name."""
        method = self._evaluator.method(cls, name)
        return any(self._evaluator.method(below, name) != method for below in self._evaluator.subclasses(cls))

    def _exported(self, file: int, name: str, depth: int) -> CompiledCallee | None:
        """What a module surely binds a name to."""
        self._evaluator.asked.add(name)
        summary = self._files[file].summary
        place = summary.exports.get(name)
        refs = summary.names[place] if place is not None else ()
        if not refs:
            return None
        match refs[-1]:
            case ("i", str(path)) if len(refs) == 1:
                return self._of_path(file, path, depth - 1)
            case ("f", int(number)) if len(refs) == 1:
                return self._decorated(Function(file, number))
            case last:
                found = (self._made(file, None, made, name) for made in calls_in((last,)))
                return next((each for each in found if each is not None), None) or (
                    self._behind(file, None, last, depth - 1) if len(refs) == 1 and last[0] == "n" else None
                )

    def _held(self, cls: ClassId, name: str) -> CompiledCallee | None:
        """What instances of a class surely hold in an attribute, or have for a method."""
        method = self._evaluator.method(cls, name)
        if method is not None:
            return self._decorated(method)
        for holder in self._evaluator.lineage(cls):
            found = self._holding.compiled.get((holder, name))
            if found is not None:
                known, own = found[0], f"{self._evaluator.class_(holder).name}.{name}"
                is_elsewhere = bool(known.owner)  # in one instance of many
                return None if is_elsewhere else self._made(known.file, known.receiver, known.made, own)
        return None

    def _made(self, file: int, receiver: ClassId | None, made: Ref, holder: str) -> CompiledCallee | None:
        """What ``torch.compile(x)`` compiles; None for any other call."""
        _, callee, arguments, keywords = made
        frame = self._evaluator.frame(file, receiver)
        if not arguments or self._evaluator.values(callee, frame) != (External(COMPILE),):
            return None
        function = self._entered(self._evaluator.values(arguments[0], frame))
        return CompiledCallee(function, file, holder, _is_static(keywords))

    def _of_value(self, file: int, receiver: ClassId | None, ref: Ref) -> CompiledCallee | None:
        """What a value surely enters whose class compiles it, or that the file compiles in place."""
        values = self._evaluator.values(ref, self._evaluator.frame(file, receiver))
        function = self._entered(values) if len(values) == 1 and isinstance(values[0], Instance) else None
        if function is None:
            return None
        return self._decorated(function) or (
            CompiledCallee(function) if self._is_compiled_in_place(file, ref) else None
        )

    def _is_compiled_in_place(self, file: int, ref: Ref) -> bool:
        """Whether a file calls ``x.compile()`` of just this reference."""
        summary = self._files[file].summary
        sites = (*summary.calls, *(site for each in summary.functions for site in each.calls))
        return any(site.callee == (".", ref, "compile") for site in sites)

    def _decorated(self, function: Function) -> CompiledCallee | None:
        """A function that stands below ``@torch.compile``."""
        summary = self._evaluator.function(function)
        for decorator in summary.decorators:
            values = self._evaluator.values(decorator.call, self._evaluator.frame(function.file))
            if External(COMPILE) in values:
                keywords = decorator.call[3] if decorator.call[0] == "()" else ()
                return CompiledCallee(function, function.file, summary.name, _is_static(keywords))
        return None

    def _entered(self, values: Sequence[Value]) -> Function | None:
        """The function that calling one of these surely enters."""
        match values:
            case (Function() as function,):
                return function
            case (Instance(cls, exact),):
                if not exact and any(self._is_overridden(cls, name) for name in _ENTRIES):
                    return None
                found = (self._evaluator.method(cls, name) for name in _ENTRIES)
                return next((each for each in found if each is not None), None)
            case _:
                return None


def _is_static(keywords: Sequence[tuple[str, Ref]]) -> bool:
    return ("dynamic", ("=", False)) in keywords
