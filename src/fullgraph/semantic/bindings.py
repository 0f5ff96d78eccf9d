"""What callers pass for the parameters that matter: those that are called, compiled, or kept in an attribute."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from fullgraph.semantic.evaluate import CONTAINERS, GIVES_BACK, Evaluator, Frame, mentions_parameter
from fullgraph.semantic.summary import CallSite, Ref
from fullgraph.semantic.values import Class, ClassId, External, Function, Value

_ROUNDS = 4
"""How often all calls are looked at: what is passed through more functions than that is unknown."""
_ALIASES = 3
_COMPILES = frozenset({"compile", "export"})
_ENTERS = frozenset({"__call__", "compile", "forward"})
_NO_PARAMETER = frozenset({"f", "c", "s", "S", "i", "*", "="})
"""References that lead to no parameter."""

Key = tuple[int, int]
"""A function: the index of its file, and its index there."""


@dataclass(eq=False, slots=True)
class _Call:
    """A call that may pass something for a parameter that matters."""

    site: CallSite
    frame: Frame
    is_settled: bool = False
    """Whether what it enters and passes does not depend on what callers pass for parameters."""
    targets: tuple[Key, ...] = ()
    """What it enters."""
    wanted: int = 0
    """How many parameters of that mattered when it was last looked at."""


class Binder:
    """Binds parameters of one project.

    Attributes:
        wanted: parameters that matter, by the function.
        names: names of functions and classes of which calls were looked at.
        called: attributes of ``self`` that are called somewhere, and in how many files.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.wanted: dict[Key, set[str]] = defaultdict(set)
        self.names: frozenset[str] = frozenset()
        self.called: Mapping[str, int] = {}
        self.calls: list[_Call] = []
        """Calls that may pass more once more is known of parameters."""
        self.used: dict[int, list[list[Ref]]] = {}
        """What the functions of each file enter or compile."""
        self.leads: dict[int, dict[int, tuple[tuple[int, str], ...]]] = defaultdict(dict)
        self.sites: dict[str | None, list[tuple[int, int, int | None, CallSite]]] = defaultdict(list)
        """Calls that pass something, numbered, with file and function, by the name of what they call (`name_of`)."""

    def run(self) -> None:
        """Bind until nothing changes, or for a few rounds."""
        self.called = Counter(name for file in range(len(self.evaluator.files)) for name in self.called_in(file))
        for file in range(len(self.evaluator.files)):
            self.want(file)
        self.bind_decorated()
        self.evaluator.forget_bound()
        self.collect_sites()
        constructors = self.constructors()
        for _ in range(_ROUNDS):
            fresh = self.fresh_calls(frozenset(self.wanted_names(constructors)))
            found = [self.bind(call) for call in (*self.calls, *fresh)]
            self.calls += [call for call in fresh if _may_grow(call.site)]
            if not any(found):
                return
            self.evaluator.forget_bound()

    def constructors(self) -> list[tuple[str, Key]]:
        """The name of each class with what constructing it enters."""
        found = []
        for cls in self.evaluator.all_classes():
            init = self.evaluator.method(cls, "__init__")
            if init is not None:
                found.append((self.evaluator.class_(cls).name, (init.file, init.number)))
        return found

    def wanted_names(self, constructors: Iterable[tuple[str, Key]]) -> Iterator[str]:
        """What the functions of which a parameter matters are called; for constructors, their classes."""
        for file, index in self.wanted:
            yield self.evaluator.files[file].summary.functions[index].name.rpartition(".")[2]
        yield from (name for name, init in constructors if init in self.wanted)

    # Which parameters matter

    def want(self, file: int) -> None:
        """Note the parameters of a file's functions that are called, compiled or kept."""
        for ref in self.entered_in(file):
            self.note(file, ref)

    def entered_in(self, file: int) -> Iterator[Ref]:
        """What a file calls, compiles or keeps in an attribute that is called."""
        summary = self.evaluator.files[file].summary
        for function, used in zip(summary.functions, self.used_in(file), strict=True):
            for ref in used:
                if ref and ref[0] not in _NO_PARAMETER:
                    yield ref
            for ref in function.returns:
                if ref[0] in ("()", "["):
                    yield ref
        yield from _used(summary.calls)
        for cls in summary.classes:
            for name, refs in cls.attributes.items():
                yield from refs if name in self.called or name == "*" else ()

    def wished_in(self, file: int) -> frozenset[tuple[int, str]]:
        """Parameters of a file's functions that it calls, compiles or keeps, whatever annotations say of them."""
        return frozenset(each for ref in self.entered_in(file) for each in self.parameters(file, ref, _ALIASES))

    def held(self) -> frozenset[str]:
        """Attributes for which it matters whether they are called: these are, or they hold what leads to parameters."""
        found: set[str] = set()
        for file, each in enumerate(self.evaluator.files):
            for cls in each.summary.classes:
                for name, refs in cls.attributes.items():
                    if name not in found and (
                        name in self.called or any(next(self.parameters(file, ref, _ALIASES), None) for ref in refs)
                    ):
                        found.add(name)
        return frozenset(found)

    def used_in(self, file: int) -> list[list[Ref]]:
        """What the functions of a file enter or compile."""
        if file not in self.used:
            functions = self.evaluator.files[file].summary.functions
            self.used[file] = [_used((*function.calls, *function.skipped_calls)) for function in functions]
        return self.used[file]

    def called_in(self, file: int) -> set[str]:
        """Attributes of ``self`` that a file calls, or of which it calls an element or a method."""
        found: set[str] = set()
        summary = self.evaluator.files[file].summary
        names = summary.names
        for function, used in zip(summary.functions, self.used_in(file), strict=True):
            for site in (*function.calls, *function.skipped_calls):
                callee = site.callee
                if callee[0] == ".":
                    if callee[1][0] == "s":
                        found.add(callee[2])
                    else:
                        _add_attributes(callee, names, _ALIASES, found)
            for ref in used:
                _add_attributes(ref, names, _ALIASES, found)
        return found

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

    def collect_sites(self) -> None:
        """Sort all calls that pass something by the name of what they call."""
        count = 0
        for file, each in enumerate(self.evaluator.files):
            groups: list[tuple[int | None, tuple[CallSite, ...]]] = [(None, each.summary.calls)]
            groups += [(index, (*item.calls, *item.skipped_calls)) for index, item in enumerate(each.summary.functions)]
            for index, sites in groups:
                for site in sites:
                    if site.arguments or site.keywords:
                        self.sites[self.name_of(file, site.callee)].append((count, file, index, site))
                        count += 1

    def name_of(self, file: int, callee: Ref) -> str | None:
        """The last name of what is called; empty for what no parameter matters of, None if there is no name."""
        tag = callee[0]
        if tag in (".", "*"):
            return str(callee[-1])
        if tag == "i":
            return str(callee[1]).rpartition(".")[2]
        if tag in ("f", "c"):
            summary = self.evaluator.files[file].summary
            definition = summary.functions[callee[1]] if tag == "f" else summary.classes[callee[1]]
            return definition.name.rpartition(".")[2]
        return "" if tag in ("s", "S") else None

    def fresh_calls(self, names: frozenset[str]) -> list[_Call]:
        """Calls, in the order of the files, of functions with names that were not asked for before.

        What is called by no name, as after an assignment, is looked at once.
        """
        new: list[str | None] = [*(names - self.names)]
        if names and not self.names:
            new.append(None)
        self.names |= names
        found = sorted((item for name in new for item in self.sites.pop(name, ())), key=itemgetter(0))
        evaluator = self.evaluator
        return [
            _Call(site, evaluator.frame(file, evaluator.class_around(file, index))) for _, file, index, site in found
        ]

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

    def bind(self, call: _Call) -> bool:
        """Bind the arguments of one call, and say whether any of them is new."""
        if call.is_settled and call.wanted == sum(len(self.wanted.get(key, ())) for key in call.targets):
            return False
        evaluator, site, frame = self.evaluator, call.site, call.frame
        is_new = False
        evaluator.watch()
        targets: dict[Key, None] = {}
        for value in evaluator.values(site.callee, frame):
            target = self.target(value)
            if target is None:
                continue
            key = target.file, target.number
            targets[key] = None
            wanted = self.wanted.get(key)
            if wanted is None:
                continue
            for name, ref in evaluator.matched(target, site.arguments, dict(site.keywords)):
                if name in wanted:
                    is_new |= evaluator.bind(target, name, evaluator.values(ref, frame))
                    before = len(self.wanted)
                    self.note(frame.file, ref)
                    is_new |= len(self.wanted) > before
        call.is_settled = not evaluator.depends_on_bound
        call.targets = tuple(targets)
        call.wanted = sum(len(self.wanted.get(key, ())) for key in call.targets)
        return is_new


def _may_grow(site: CallSite) -> bool:
    """Whether a call may pass more once more is known of parameters, which ``self`` may hold."""
    passed = (*site.arguments, *(ref for _, ref in site.keywords))
    return mentions_parameter(site.callee) or any(ref and (ref[0] == "." or mentions_parameter(ref)) for ref in passed)


def _add_attributes(ref: Ref, names: Sequence[tuple[Ref, ...]], depth: int, found: set[str]) -> None:
    """Add the attributes of ``self`` that a callee goes through."""
    while ref:
        tag = ref[0]
        if tag == ".":
            if ref[1] and ref[1][0] == "s":
                found.add(ref[2])
        elif tag == "n" and depth:
            for each in names[ref[1]]:
                _add_attributes(each, names, depth - 1, found)
            return
        elif tag != "[]":
            return
        ref = ref[1]


def _used(sites: Iterable[CallSite]) -> list[Ref]:
    """The parts of calls whose values are entered or compiled there."""
    found: list[Ref] = []
    for _, callee, arguments, keywords in sites:
        tag = callee[0]
        if tag == ".":
            name = callee[2]
            if name in _ENTERS:
                found.append(callee[1])
        elif tag == "i":
            name = callee[1].rpartition(".")[2]
        else:
            found.append(callee)
            continue
        if name in _COMPILES:
            found += arguments[:1]
            found += [ref for keyword, ref in keywords if keyword in ("model", "mod", "f")]
    return found
