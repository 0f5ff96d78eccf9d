"""What callers pass for the parameters that matter: those that are called, compiled, or kept in an attribute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from fullgraph.semantic.evaluate import CONTAINERS, GIVES_BACK, Evaluator, Frame, mentions_parameter
from fullgraph.semantic.summary import CallSite, Ref
from fullgraph.semantic.values import Class, ClassId, External, Function, Value

_ROUNDS = 4
"""How often all calls are looked at: what is passed through more functions than that is unknown."""
_ALIASES = 3
_COMPILES = frozenset({"compile", "export"})
_ENTERS = frozenset({"__call__", "compile", "forward"})

Key = tuple[int, int]
"""A function: the index of its file, and its index there."""


def bind_parameters(evaluator: Evaluator) -> None:
    """Find what calls and decorators pass for such parameters, anywhere in the project."""
    _Binder(evaluator).run()


class _Binder:
    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.wanted: dict[Key, set[str]] = defaultdict(set)
        self.names: frozenset[str] = frozenset()
        self.sites: list[tuple[CallSite, Frame]] = []
        """Calls that may pass more once more is known of parameters."""
        self.fresh: list[tuple[CallSite, Frame]] = []
        """Calls that were not looked at yet."""
        self.called: frozenset[str] = frozenset()
        self.leads: list[dict[int, tuple[tuple[int, str], ...]]] = [{} for _ in evaluator.files]

    def run(self) -> None:
        """Bind until nothing changes, or for a few rounds."""
        files = range(len(self.evaluator.files))
        self.called = frozenset(name for file in files for name in self.called_attributes(file))
        for file in files:
            self.want(file)
        self.bind_decorated()
        self.evaluator.forget_bound()
        for _ in range(_ROUNDS):
            names = frozenset(self.wanted_names())
            for file in files if names - self.names else ():
                self.find_sites(file, names - self.names)
            self.names |= names
            found = [self.bind(site) for site in (*self.sites, *self.fresh)]
            self.sites += [site for site in self.fresh if _may_grow(site[0])]
            self.fresh.clear()
            if not any(found):
                return
            self.evaluator.forget_bound()

    def wanted_names(self) -> Iterator[str]:
        """What the functions of which a parameter matters are called; for constructors, their classes."""
        for file, index in self.wanted:
            yield self.evaluator.files[file].summary.functions[index].name.rpartition(".")[2]
        for cls in self.evaluator.all_classes():
            init = self.evaluator.method(cls, "__init__")
            if init is not None and (init.file, init.number) in self.wanted:
                yield self.evaluator.class_(cls).name

    # Which parameters matter

    def want(self, file: int) -> None:
        """Note the parameters of a file's functions that are called, compiled or kept."""
        summary = self.evaluator.files[file].summary
        for function in summary.functions:
            for site in (*function.calls, *function.skipped_calls):
                for ref in _used(site):
                    self.note(file, ref)
            for ref in function.returns:
                if ref[0] in ("()", "["):
                    self.note(file, ref)
        for site in summary.calls:
            for ref in _used(site):
                self.note(file, ref)
        for cls in summary.classes:
            for name, refs in cls.attributes.items():
                for ref in refs if name in self.called or name == "*" else ():
                    self.note(file, ref)

    def called_attributes(self, file: int) -> Iterator[str]:
        """Attributes of ``self`` that are called, or of which an element or a method is."""
        summary = self.evaluator.files[file].summary
        for function in summary.functions:
            for site in (*function.calls, *function.skipped_calls):
                for ref in (site.callee, *_used(site)):
                    yield from _attributes(ref, summary.names, _ALIASES)

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
        return any(
            not isinstance(value, External) for value in self.evaluator.values(promise, self.evaluator.frame(file))
        )

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
            case ("()", ("i", path), (first, *_), _) if depth and path in GIVES_BACK | CONTAINERS:
                yield from self.parameters(file, first, depth - 1)
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
        for value in self.evaluator.values(decorator, self.evaluator.frame(file)):
            if isinstance(value, Function):
                first = next(iter(self.evaluator.matched(value, (decorator,), {})), None)
                if first is not None:
                    self.evaluator.bind(value, first[0], [below])

    def find_sites(self, file: int, names: frozenset[str]) -> None:
        """Find the calls in a file of functions with one of these names."""
        summary = self.evaluator.files[file].summary
        self.find_among(file, None, summary.calls, names)
        for index, function in enumerate(summary.functions):
            if function.calls or function.skipped_calls:
                self.find_among(file, index, (*function.calls, *function.skipped_calls), names)

    def find_among(self, file: int, index: int | None, sites: Iterable[CallSite], names: frozenset[str]) -> None:
        """Find such calls among those of one function."""
        frame: Frame | None = None
        for site in sites:
            if (site.arguments or site.keywords) and self.may_matter(file, site.callee, names):
                if frame is None:
                    frame = self.evaluator.frame(file, self.evaluator.class_around(file, index))
                self.fresh.append((site, frame))

    def may_matter(self, file: int, callee: Ref, names: frozenset[str]) -> bool:
        """A cheap test by the last name of what is called; what an assignment renames is looked at in one round."""
        match callee:
            case ("i", path):
                return str(path).rpartition(".")[2] in names
            case (".", _, name) | ("*", name):
                return name in names
            case ("f", index):
                return self.evaluator.files[file].summary.functions[index].name.rpartition(".")[2] in names
            case ("c", index):
                return self.evaluator.files[file].summary.classes[index].name in names
            case ("s" | "S", _):
                return False
            case _:
                return not self.names

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
        return Function(found.file, found.number, cls) if found is not None else None

    def bind(self, item: tuple[CallSite, Frame]) -> bool:
        """Bind the arguments of one call, and say whether any of them is new."""
        site, frame = item
        is_new = False
        for value in self.evaluator.values(site.callee, frame):
            target = self.target(value)
            wanted = self.wanted.get((target.file, target.number)) if target is not None else None
            if target is None or wanted is None:
                continue
            for name, ref in self.evaluator.matched(target, site.arguments, dict(site.keywords)):
                if name in wanted:
                    is_new |= self.evaluator.bind(target, name, self.evaluator.values(ref, frame))
                    before = len(self.wanted)
                    self.note(frame.file, ref)
                    is_new |= len(self.wanted) > before
        return is_new


def _may_grow(site: CallSite) -> bool:
    """Whether a call may pass more once more is known of parameters, which ``self`` may hold."""
    passed = (*site.arguments, *(ref for _, ref in site.keywords))
    return mentions_parameter(site.callee) or any(ref and (ref[0] == "." or mentions_parameter(ref)) for ref in passed)


def _attributes(ref: Ref, names: Sequence[tuple[Ref, ...]], depth: int) -> Iterator[str]:
    """Attributes of ``self`` that a callee goes through."""
    match ref:
        case (".", ("s", _), name):
            yield name
        case (".", base, _) | ("[]", base):
            yield from _attributes(base, names, depth)
        case ("n", key) if depth:
            for each in names[key]:
                yield from _attributes(each, names, depth - 1)
        case _:
            return


def _used(site: CallSite) -> Iterator[Ref]:
    """The parts of a call whose values are entered or compiled there."""
    match site.callee:
        case (".", base, name):
            if name in _ENTERS:
                yield base
            is_compiler = name in _COMPILES
        case ("i", path):
            is_compiler = str(path).rpartition(".")[2] in _COMPILES
        case callee:
            yield callee
            is_compiler = False
    if is_compiler:
        yield from site.arguments[:1]
        yield from (ref for name, ref in site.keywords if name in ("model", "mod", "f"))
