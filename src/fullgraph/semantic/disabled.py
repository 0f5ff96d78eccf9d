"""Functions that Dynamo is kept out of: by a decorator, or since something else stands in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fullgraph.semantic.evaluate import DISABLERS, SPLITTERS, Evaluator
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import CallSite, FunctionSummary, Ref
from fullgraph.semantic.values import ClassId, External, Function, Value

OPAQUE = DISABLERS | {
    "torch.compiler.allow_in_graph",
    "torch._dynamo.allow_in_graph",
    "torch._dynamo.nonstrict_trace",
    "torch.compiler.nonstrict_trace",
    "torch._dynamo.assume_constant_result",
    "torch.compiler.assume_constant_result",
    "torch.library.custom_op",
    "torch.library.triton_op",
}
"""Decorators that keep Dynamo out of a function."""
_ALLOWS = frozenset({path for path in OPAQUE if path.endswith(("allow_in_graph", "assume_constant_result"))})
"""Those that mark the function itself, so that a call without a new name is enough."""
_SAYS_OPERATOR = re.compile(r"(^|_)custom_op(_|$)")
"""Names of decorators that make an operator in ways of their own: libraries wrap ``torch.library``."""


class Disabled:
    """What Dynamo is kept out of in one project.

    Attributes:
        functions: those that it does not enter, by file and number.
        skipped: whether it does not enter what these call either.
        splits: those of them that surely split the graph of what calls them.
    """

    def __init__(self, files: Sequence[ProjectFile], evaluator: Evaluator) -> None:
        self.files = files
        self.evaluator = evaluator
        self.functions: set[tuple[int, int]] = set()
        self.skipped: dict[tuple[int, int], bool] = {}
        self.splits: set[tuple[int, int]] = set()

    def find(self) -> None:
        """Functions with a decorator that keeps Dynamo out, or that are replaced by what it must not enter."""
        for file, each in enumerate(self.files):
            for index, function in enumerate(each.summary.functions):
                if function.decorators and (kept := self.keeps_out(file, function)) is not None:
                    self.functions.add((file, index))
                    self.skipped[file, index] = kept
                    if self.surely_splits(file, function):
                        self.splits.add((file, index))
            for names in each.summary.names:
                self.disable_replaced(file, names, None)
            for index, cls in enumerate(each.summary.classes):
                for refs in cls.attributes.values():
                    self.disable_replaced(file, refs, ClassId(file, index))
            for site in each.summary.calls:
                self.allow_called(file, site)

    def keeps_out(self, file: int, function: FunctionSummary) -> bool | None:
        """Whether a decorator keeps Dynamo out: True of all that it calls, False only of itself, None if none does."""
        for decorator in function.decorators:
            values = self.evaluator.values(decorator.name, self.evaluator.frame(file))
            if any(isinstance(value, External) and value.path in OPAQUE for value in values):
                keywords = dict(decorator.call[3]) if decorator.call and decorator.call[0] == "()" else {}
                return keywords.get("recursive") != ("=", False)
            if any(map(self.makes_operator, values)):
                return True
            kept = [self.returns_disabled(value) for value in values if isinstance(value, Function)]
            if decorator.name == decorator.call and any(each is not None for each in kept):
                return any(kept)
        return None

    def makes_operator(self, decorator: Value) -> bool:
        """Whether a decorator says by its name that it makes a custom operator."""
        match decorator:
            case Function():
                name = self.evaluator.function(decorator).name
            case External(path):
                name = path
            case _:
                return False
        return _SAYS_OPERATOR.search(name.rpartition(".")[2]) is not None

    def surely_splits(self, file: int, function: FunctionSummary) -> bool:
        """Whether a decorator surely is one of those that split the graph where the function is called."""
        frame = self.evaluator.frame(file)
        found = (self.evaluator.values(decorator.name, frame) for decorator in function.decorators)
        return any(
            values and all(isinstance(value, External) and value.path in SPLITTERS for value in values)
            for values in found
        )

    def returns_disabled(self, decorator: Function) -> bool | None:
        """Whether a function of the project returns its argument disabled, as in `keeps_out`."""
        frame = self.evaluator.frame(decorator.file, decorator.receiver)
        names = self.files[decorator.file].summary.names
        self.evaluator.asked_returns.add((decorator.file, decorator.number))
        for ref in self.evaluator.function(decorator).returns:
            for each in names[ref[1]] if ref[0] == "n" else (ref,):
                match each:
                    case ("()", callee, (("p", index, _), *_), keywords) if index == decorator.number:
                        values = self.evaluator.values(callee, frame)
                        if any(isinstance(value, External) and value.path in OPAQUE for value in values):
                            return dict(keywords).get("recursive") != ("=", False)
                    case _:
                        continue
        return None

    def allow_called(self, file: int, site: CallSite) -> None:
        """``torch.compiler.allow_in_graph(f)``."""
        if not self.is_allowing(site):
            return
        for value in (
            value for ref in site.arguments for value in self.evaluator.values(ref, self.evaluator.frame(file))
        ):
            if isinstance(value, Function):
                self.keep_out(value, whole=True)

    def is_allowing(self, site: CallSite) -> bool:
        """Whether a call marks what it is given as what Dynamo does not look into."""
        return bool(site.callee[0] == "i" and site.callee[1] in _ALLOWS)

    def keep_out(self, function: Function, *, whole: bool) -> None:
        """Note that Dynamo does not enter a function, nor, if ``whole``, what it calls."""
        self.functions.add((function.file, function.number))
        self.skipped[function.file, function.number] = whole

    def disable_replaced(self, file: int, refs: Iterable[Ref], cls: ClassId | None) -> None:
        """``f = torch.compiler.disable(f)`` and ``self.f = torch.compiler.disable(self.f)``."""
        for ref in refs:
            if ref[0] != "()":
                continue
            match ref:
                case ("()", ("i", path), (inner, *_), keywords) if path in DISABLERS:
                    values = self.evaluator.values(inner, self.evaluator.frame(file, cls))
                    replaced = [value for value in values if isinstance(value, Function)]
                    mine = refs if cls is None else [(".", ("s", cls.number), inner[-1])]
                    if cls is None and not any(("f", v.number) in refs for v in replaced if v.file == file):
                        continue
                    if cls is not None and inner not in mine:
                        continue
                    for value in replaced:
                        self.keep_out(value, whole=dict(keywords).get("recursive") != ("=", False))
                case _:
                    continue


def may_keep_out(ref: Ref) -> bool:
    """Whether a name that is bound to this may stand for something that Dynamo is kept out of."""
    match ref:
        case ("()", ("i", path), *_):
            return path in DISABLERS
        case _:
            return False
