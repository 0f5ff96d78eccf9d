"""What callers pass for the parameters that matter: those that are called, compiled, or kept in an attribute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from fullgraph.semantic.evaluate import Evaluator, Frame
from fullgraph.semantic.summary import CallSite, Ref
from fullgraph.semantic.values import Class, ClassId, External, Function, Value

_ROUNDS = 4
"""How often all calls are looked at: what is passed through more functions than that is unknown."""
_ALIASES = 3
_COMPILES = frozenset({"compile", "export"})

Key = tuple[int, int]
"""A function: the index of its file, and its index there."""


def bind_parameters(evaluator: Evaluator) -> None:
    """Find what calls and decorators pass for such parameters, anywhere in the project."""
    _Binder(evaluator).run()


class _Binder:
    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.wanted: dict[Key, set[str]] = defaultdict(set)
        self.leads: list[dict[int, tuple[tuple[int, str], ...]]] = [{} for _ in evaluator.files]

    def run(self) -> None:
        """Bind until nothing changes, or for a few rounds."""
        for file in range(len(self.evaluator.files)):
            self.want(file)
        self.bind_decorated()
        for _ in range(_ROUNDS):
            self.evaluator.forget_bound()
            if not self.wanted:
                return
            news = [self.bind_calls(file) for file in range(len(self.evaluator.files))]
            if not any(news):
                return

    # Which parameters matter

    def want(self, file: int) -> None:
        """Note the parameters of a file's functions that are called, compiled or kept."""
        summary = self.evaluator.files[file].summary
        for function in summary.functions:
            for site in (*function.calls, *function.skipped_calls):
                for ref in _used(site):
                    self.note(file, ref)
        for site in summary.calls:
            for ref in _used(site):
                self.note(file, ref)
        for cls in summary.classes:
            for refs in cls.attributes.values():
                for ref in refs:
                    self.note(file, ref)

    def note(self, file: int, ref: Ref) -> None:
        """Note the parameters that a reference leads to."""
        functions = self.evaluator.files[file].summary.functions
        for function, name in self.parameters(file, ref, _ALIASES):
            promises = (ref for own, ref in functions[function].parameters if own == name and ref and ref[0] != "d")
            if name not in self.wanted[file, function] and not any(self.is_kept(file, ref) for ref in promises):
                self.wanted[file, function].add(name)

    def is_kept(self, file: int, promise: Ref) -> bool:
        """Whether an annotation says what is passed: a class of the project, or a tensor; ``nn.Module`` does not."""
        if promise[0] == "=" or (promise[0] == "|" and any(each[0] == "=" for each in promise[1])):
            return True
        return any(not isinstance(value, External) for value in self.evaluator.values(promise, Frame(file)))

    def parameters(self, file: int, ref: Ref, depth: int) -> Iterator[tuple[int, str]]:
        """The parameters that a value may come from, unchanged or as a part of it."""
        match ref:
            case ("p", function, name):
                yield function, name
            case (".", base, _) | ("[]", base):
                yield from self.parameters(file, base, depth)
            case ("|", refs) | ("[", refs):
                for each in refs:
                    yield from self.parameters(file, each, depth)
            case ("()", _, arguments, _) if depth:
                for each in arguments:
                    yield from self.parameters(file, each, depth - 1)
            case ("n", key) if depth:
                if key not in self.leads[file]:
                    self.leads[file][key] = ()
                    refs = self.evaluator.files[file].summary.names[key]
                    found = (item for each in refs for item in self.parameters(file, each, depth - 1))
                    self.leads[file][key] = tuple(dict.fromkeys(found))
                yield from self.leads[file][key]
            case _:
                return

    # What is passed for them

    def bind_decorated(self) -> None:
        """A decorator of the project is given the function or class below it."""
        for file, each in enumerate(self.evaluator.files):
            for index, function in enumerate(each.summary.functions):
                for decorator in function.decorators:
                    receiver = self.evaluator.class_around(file, index)
                    self.bind_decorator(file, decorator.call, Function(file, index, receiver))
            for index, cls in enumerate(each.summary.classes):
                for decorator in cls.decorators:
                    self.bind_decorator(file, decorator.call, Class(ClassId(file, index)))

    def bind_decorator(self, file: int, decorator: Ref, below: Value) -> None:
        """Bind what stands below a decorator to its first parameter."""
        for value in self.evaluator.values(decorator, Frame(file)):
            if isinstance(value, Function):
                first = next(iter(self.evaluator.matched(value, (decorator,), {})), None)
                if first is not None:
                    self.evaluator.bind(value, first[0], [below])

    def bind_calls(self, file: int) -> bool:
        """Bind what the calls in a file pass, and say whether any of it is new."""
        summary = self.evaluator.files[file].summary
        is_new = self.bind_sites(file, None, summary.calls)
        for index, function in enumerate(summary.functions):
            is_new |= self.bind_sites(file, index, (*function.calls, *function.skipped_calls))
        return is_new

    def bind_sites(self, file: int, index: int | None, sites: Iterable[CallSite]) -> bool:
        """Bind what the calls of one function pass."""
        is_new = False
        frame: Frame | None = None
        for site in sites:
            if not (site.arguments or site.keywords) or not self.may_matter(file, site.callee):
                continue
            if frame is None:
                frame = Frame(file, self.evaluator.class_around(file, index))
            for value in self.evaluator.values(site.callee, frame):
                target = self.target(value)
                if target is not None and (target.file, target.index) in self.wanted:
                    is_new |= self.bind(target, site, frame)
        return is_new

    def may_matter(self, file: int, callee: Ref) -> bool:
        """A cheap test: whether a function of this very file is called of which no parameter matters."""
        match callee:
            case ("f", index):
                return (file, index) in self.wanted
            case ("i", path):
                return not str(path).startswith(("torch.", "builtins."))
            case _:
                return True

    def target(self, value: Value) -> Function | None:
        """The function that a call enters with its arguments."""
        match value:
            case Function():
                return value
            case Class(cls):
                return self.method(cls, "__init__")
            case _:
                return None

    def method(self, cls: ClassId, name: str) -> Function | None:
        """A method as it is called on an instance."""
        found = self.evaluator.method(cls, name)
        return Function(found.file, found.index, cls) if found is not None else None

    def bind(self, target: Function, site: CallSite, frame: Frame) -> bool:
        """Bind the arguments of one call."""
        is_new = False
        wanted = self.wanted[target.file, target.index]
        for name, ref in self.evaluator.matched(target, site.arguments, dict(site.keywords)):
            if name in wanted:
                is_new |= self.evaluator.bind(target, name, self.evaluator.values(ref, frame))
                before = len(self.wanted)
                self.note(frame.file, ref)
                is_new |= len(self.wanted) > before
        return is_new


def _used(site: CallSite) -> Iterator[Ref]:
    """The parts of a call whose values are entered or compiled there."""
    if site.callee[0] in ("p", "n", ".", "[]", "()"):
        yield site.callee
    last = site.callee[2] if site.callee[0] == "." else str(site.callee[-1]).rpartition(".")[2]
    if last in _COMPILES or site.callee[0] == "i":
        yield from site.arguments[:1]
        yield from (ref for name, ref in site.keywords if name in ("model", "mod", "f"))
