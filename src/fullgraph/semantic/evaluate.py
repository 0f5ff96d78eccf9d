"""What a reference stands for: names, attributes and calls followed through the files of a project."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fullgraph.semantic.hierarchy import WIDTH, Hierarchy
from fullgraph.semantic.project import Modules, ProjectFile
from fullgraph.semantic.summary import NO_OWNER, Ref
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.values import Class, ClassId, Elements, External, Function, Instance, Module, Value

COMPILE = "torch.compile"
DISABLERS = frozenset({"torch.compiler.disable", "torch._dynamo.disable", "torch._disable_dynamo"})
SPLITTERS = frozenset({"torch.compiler.disable", "torch._dynamo.disable"})
"""Functions that keep Dynamo out of what they are given, so that a call of that splits the graph."""
_DEPTH = 14
"""How many steps a value is followed; what is farther away is unknown."""
_NESTED = 6
"""How many questions may wait for each other's answers."""
_MANY = 8
"""How many things callers may pass for one parameter; of one that is given more, nothing is known."""
_ALIASES = 4
"""How many assignments are followed from what a function returns to its parameter."""
_STEPS = 1500
"""How many references one question may go through; what takes more is unknown."""
_RETURNS_SELF = frozenset(
    {"cpu", "cuda", "double", "eval", "float", "half", "requires_grad_", "share_memory", "to", "train", "type"}
)
_BUILDS = frozenset({"from_config", "from_pretrained", "load_from_checkpoint"})
"""Class methods of well-known libraries that give an instance."""
CONTAINERS = frozenset({"torch.nn.ModuleList", "torch.nn.ModuleDict"})
_SEQUENTIAL = frozenset({"torch.nn.Sequential", "torch.nn.modules.container.Sequential"})
GIVES_BACK = frozenset(
    {
        COMPILE,
        "functools.partial",
        "copy.copy",
        "copy.deepcopy",
        "functools.wraps",
        "torch.vmap",
        "torch.func.vmap",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jacfwd",
        "torch.func.jacrev",
        "torch.func.functionalize",
        "torch.nn.DataParallel",
        "torch.nn.parallel.DistributedDataParallel",
        "torch.compiler.nested_compile_region",
    }
)
"""Functions whose result is, or calls, their first argument."""


@dataclass(eq=False, slots=True)
class Frame:
    """Where a reference stands: its file, and what ``self`` is. There is one for each such pair (`Evaluator.frame`)."""

    file: int
    receiver: ClassId | None
    plain: Frame | None = None
    """The frame of the same file where nothing is known of ``self``; None if this is it."""
    answers: dict[Ref, tuple[tuple[Value, ...], int]] = field(default_factory=dict)
    """What references stand for here, and until when that is so."""


_FOR_GOOD = 0
_BEING_SOUGHT = -1
_FREE = frozenset({"i", "c", "p", "*"})
"""References that stand for the same whatever ``self`` is."""


class Evaluator(Hierarchy):
    """Evaluates references of a project's files. Every question is bounded in depth and width, and answered once."""

    def __init__(self, files: Sequence[ProjectFile]) -> None:
        super().__init__(files)
        self.modules = Modules(files)
        self.bound: dict[tuple[int, int, str], dict[Value, None]] = defaultdict(dict)
        """What callers pass for parameters, as far as it was asked for."""
        self._too_many: set[tuple[int, int, str]] = set()
        self._frames: dict[tuple[int, ClassId | None], Frame] = {}
        # An answer is good for ever, or, if it depends on what callers pass, until that has grown, or, if it comes from
        # inside a circle, until the question that led into the circle is answered. The latter two go by stamps.
        self._stamps = 1
        self._bound_stamp = 1
        self._question = 1
        self._sought = 0
        self._steps = 0
        self._nested = 0
        self._was_cut = False
        self._is_bound = False
        self._gives_back: dict[tuple[int, int], frozenset[str]] = {}
        self._refs_held: dict[tuple[ClassId, str], list[tuple[Ref, Frame]]] = {}
        self._paths: dict[tuple[str, str], tuple[Value, ...]] = {}
        self._about_self: dict[tuple[int, int], bool] = {}

    # References

    def frame(self, file: int, receiver: ClassId | None = None) -> Frame:
        """The frame of a file's code, in a method with what ``self`` is there."""
        key = file, receiver
        found = self._frames.get(key)
        if found is None:
            plain = None if receiver is None else self.frame(file)
            found = self._frames[key] = Frame(file, receiver, plain)
        return found

    def values(self, ref: Ref, frame: Frame, depth: int = _DEPTH) -> tuple[Value, ...]:
        """Everything that a reference may stand for, as far as it is known."""
        if not ref:
            return ()
        if frame.plain is not None and ref[0] in _FREE:
            frame = frame.plain
        answer = frame.answers.get(ref)
        if answer is not None:
            found, until = answer
            if until == _FOR_GOOD:
                return found
            if until == self._bound_stamp:
                self._is_bound = True
                return found
            if until in (self._question, _BEING_SOUGHT):
                self._was_cut = True
                return found
        if depth <= 0 or self._steps <= 0:
            if self._sought:
                self._was_cut = True
                return ()
            self._begin()
        return self._sought_anew(ref, frame, depth)

    def _begin(self) -> None:
        """Begin a question that no other one led to."""
        self._stamps += 1
        self._question = self._stamps
        self._steps = _STEPS

    def _sought_anew(self, ref: Ref, frame: Frame, depth: int) -> tuple[Value, ...]:
        """Evaluate a reference, and remember the answer."""
        if not self._sought:
            self._begin()
        outer = self._was_cut, self._is_bound
        self._was_cut = self._is_bound = False
        self._steps -= 1
        self._sought += 1
        frame.answers[ref] = (), _BEING_SOUGHT
        found = self._evaluate(ref, frame, depth)
        self._sought -= 1
        for_good = self._bound_stamp if self._is_bound else _FOR_GOOD
        until = self._question if self._was_cut and self._sought else for_good
        frame.answers[ref] = found, until
        self._was_cut |= outer[0]
        self._is_bound |= outer[1]
        return found

    def _asked_anew(self, ref: Ref, frame: Frame) -> tuple[Value, ...]:
        """Evaluate a reference as a question of its own, whatever led here: its answer is kept for good."""
        if self._nested >= _NESTED:
            return ()
        state = self._sought, self._steps, self._question, self._was_cut, self._is_bound
        self._sought = 0
        self._nested += 1
        try:
            return self.values(ref, frame)
        finally:
            self._nested -= 1
            self._sought, self._steps, self._question, self._was_cut, self._is_bound = state

    def base_values(self, ref: Ref, file: int) -> tuple[Value, ...]:
        """What a base of a class of this file stands for."""
        return self._asked_anew(ref, self.frame(file))

    def bind(self, function: Function, name: str, values: Iterable[Value]) -> bool:
        """Remember what is passed for a parameter, and say whether that is new."""
        key = function.file, function.number, name
        if key in self._too_many:
            return False
        held = self.bound[key]
        new = [value for value in values if value not in held and not isinstance(value, External)]
        held.update(dict.fromkeys(new))
        if len(held) > _MANY:
            self._too_many.add(key)
            held.clear()
        return bool(new)

    def watch(self) -> None:
        """From here on, `depends_on_bound` says whether answers did."""
        self._is_bound = False

    @property
    def depends_on_bound(self) -> bool:
        """Whether an answer since `watch` depends on what callers pass for parameters."""
        return self._is_bound

    def forget_bound(self) -> None:
        """Answers that depend on parameters are out of date."""
        self._stamps += 1
        self._bound_stamp = self._stamps

    def _evaluate(self, ref: Ref, frame: Frame, depth: int) -> tuple[Value, ...]:
        tag = ref[0]
        if tag == ".":
            if ref[1][0] == "S":
                return self._inherited(ref[1][1], ref[2], frame)
            owners = self.values(ref[1], frame, depth - 1)
            if len(owners) == 1:
                return self.attribute(owners[0], ref[2], depth - 1)
            return _joined([self.attribute(owner, ref[2], depth - 1) for owner in owners])
        if tag == "n":
            refs = self.files[frame.file].summary.names[ref[1]]
            if len(refs) == 1:
                return self.values(refs[0], frame, depth - 1)
            return _joined([self.values(each, frame, depth - 1) for each in refs])
        if tag == "()":
            return self.call(ref[1], ref[2], dict(ref[3]), frame, depth)
        if tag == "i":
            return self.path(ref[1], frame.file, depth)
        if tag == "f":
            return (Function(frame.file, ref[1], self._receiver_of(frame, ref[1])),)
        if tag == "c":
            return (Class(ClassId(frame.file, ref[1])),)
        if tag == "s":
            return (Instance(self._self(frame, ref[1])),)
        return self._evaluate_rare(ref, frame, depth)

    def _evaluate_rare(self, ref: Ref, frame: Frame, depth: int) -> tuple[Value, ...]:
        match ref:
            case ("*", name):
                return self._star(frame.file, name, depth)
            case ("p", function, name):
                return self._parameter(frame, function, name, depth)
            case ("[]", base):
                return _joined([self.elements(value, depth - 1) for value in self.values(base, frame, depth - 1)])
            case ("[", refs):
                return (Elements(_joined([self.values(each, frame, depth - 1) for each in refs])),)
            case ("|", refs):
                return _joined([self.values(each, frame, depth - 1) for each in refs])
            case ("d", inner):
                return self.values(inner, frame, depth - 1)
            case ("C", cls):
                return (Class(self._self(frame, cls)),)
            case ("@", inner):
                return self._promised(self.values(inner, frame, depth - 1))
            case _:
                return ()

    def _self(self, frame: Frame, index: int) -> ClassId:
        own = ClassId(frame.file, index)
        receiver = frame.receiver
        return receiver if receiver is not None and own in self.lineage(receiver) else own

    def is_about_self(self, file: int, ref: Ref) -> bool:
        """Whether what a reference stands for may depend on what ``self`` is."""
        if not ref:
            return False
        tag = ref[0]
        if tag in ("s", "S", "C"):
            return True
        if tag == "f":
            return self.files[file].summary.functions[ref[1]].around != NO_OWNER
        if tag in (".", "[]", "@", "d"):
            return self.is_about_self(file, ref[1])
        if tag in ("[", "|"):
            return any(self.is_about_self(file, each) for each in ref[1])
        if tag == "()":
            parts = (ref[1], *ref[2], *(each for _, each in ref[3]))
            return any(self.is_about_self(file, each) for each in parts)
        if tag != "n":
            return False
        key = file, ref[1]
        if key not in self._about_self:
            self._about_self[key] = False  # as far as it leads back to itself
            refs = self.files[file].summary.names[ref[1]]
            self._about_self[key] = any(self.is_about_self(file, each) for each in refs)
        return self._about_self[key]

    def _receiver_of(self, frame: Frame, function: int) -> ClassId | None:
        """A nested function keeps the ``self`` of the method around it."""
        summary = self.files[frame.file].summary.functions[function]
        return frame.receiver if summary.around != NO_OWNER else None

    def _parameter(self, frame: Frame, function: int, name: str, depth: int) -> tuple[Value, ...]:
        key = frame.file, function, name
        self._is_bound = True
        summary = self.files[frame.file].summary.functions[function]
        promised = next((ref for own, ref in summary.parameters if own == name), ())
        here = self.frame(frame.file)
        return _joined((tuple(self.bound.get(key, ())), self.values(promised, here, depth - 1) if promised else ()))

    def _promised(self, classes: Iterable[Value]) -> tuple[Value, ...]:
        """Instances of annotated classes; of a protocol, those of the classes that implement it."""
        found: list[Value] = []
        for value in classes:
            if isinstance(value, Class):
                implementing = self.implementing(value.id)
                found += [Instance(cls, exact=False) for cls in (implementing or (value.id,))]
        return tuple(dict.fromkeys(found))[:WIDTH]

    # Paths

    def path(self, path: str, importer: int, depth: int = _DEPTH) -> tuple[Value, ...]:
        """What an imported dotted path leads to, through packages and re-exports."""
        absolute = self.modules.absolute(path, importer) if path[0] == "." else path
        if absolute is None:
            return ()
        key = self.modules.seen_from(absolute, importer)
        if (known := self._paths.get(key)) is not None:
            return known
        if absolute.partition(".")[0] == "torch" or not self.modules.is_known(absolute):
            found: tuple[Value, ...] = (External(absolute),)
        else:
            file, names = self.modules.split(absolute, importer)
            found = (External(absolute),) if file is None else self._members((Module(file),), names, depth)
        if found:
            self._paths[key] = found
        return found

    def _members(self, values: tuple[Value, ...], names: Sequence[str], depth: int) -> tuple[Value, ...]:
        for name in names:
            values = _joined(self.attribute(value, name, depth - 1) for value in values)
        return values

    def _star(self, file: int, name: str, depth: int) -> tuple[Value, ...]:
        """What a star import binds a name to; failing that, the builtin."""
        for module in self.files[file].summary.stars:
            found = self.path(f"{module}{'' if module.endswith('.') else '.'}{name}", file, depth - 1)
            if found and not all(isinstance(value, External) for value in found):
                return found
        return ()

    def export(self, file: int, name: str, depth: int) -> tuple[Value, ...]:
        """What a module binds a name to, or its submodule of that name."""
        if depth <= 0:
            return ()
        self.asked.add(name)
        summary = self.files[file].summary
        key = summary.exports.get(name)
        found = self.values(("n", key), self.frame(file), depth - 1) if key is not None else ()
        if found:
            return found
        submodule = self.modules.of(f"{self.files[file].module}.{name}", file)
        if submodule is not None and submodule != file:
            return (Module(submodule),)
        return self._star(file, name, depth - 1) if summary.stars else ()

    # Attributes and elements

    def attribute(self, owner: Value, name: str, depth: int = _DEPTH) -> tuple[Value, ...]:
        """What an attribute of a value may be."""
        if depth <= 0:
            return ()
        if isinstance(owner, Instance):
            return self._instance_attribute(owner.of, name, depth, exact=owner.exact)
        if isinstance(owner, External):
            return (External(f"{owner.path}.{name}"),)
        if isinstance(owner, Module):
            return self.export(owner.file, name, depth)
        return self._class_attribute(owner.id, name, depth) if isinstance(owner, Class) else ()

    def _class_attribute(self, cls: ClassId, name: str, depth: int) -> tuple[Value, ...]:
        method = self.method(cls, name)
        if method is not None:
            return (Function(method.file, method.number, cls),)
        if name == "apply" and self.is_autograd_function(cls):
            forward = self.method(cls, "forward")
            return () if forward is None else (forward,)
        held = self._held(cls, name, depth)
        return (Class(cls),) if not held and name in _BUILDS and self.external_bases(cls) else held

    def _instance_attribute(self, cls: ClassId, name: str, depth: int, *, exact: bool) -> tuple[Value, ...]:
        method = self.method(cls, name)
        if method is None and name == "__call__":
            return (Instance(cls, exact),)
        held = self._held(cls, name, depth)
        if method is None:
            return held
        if name in self.class_(ClassId(method.file, self.function(method).owner)).properties:
            return self._returned(Function(method.file, method.number, cls), depth)
        bound: list[Value] = [Function(method.file, method.number, cls)]
        if not exact:
            bound += self._overriding(cls, name)
        return tuple(dict.fromkeys([*bound, *(value for value in held if isinstance(value, Function))]))[:WIDTH]

    def _overriding(self, cls: ClassId, name: str) -> Iterator[Value]:
        for sub in self.subclasses(cls):
            method = self.method(sub, name)
            if method is not None:
                yield Function(method.file, method.number, sub)

    def _held(self, cls: ClassId, name: str, depth: int) -> tuple[Value, ...]:
        """What instances of a class hold in an attribute, by assignments in its methods and bodies, and its bases'."""
        key = cls, name
        refs = self._refs_held.get(key)
        if refs is None:
            self.asked.add(name)
            refs = [
                (ref, self.frame(each.file, cls))
                for each in self.lineage(cls)
                for attributes in (self.class_(each).attributes,)
                for ref in attributes.get(name) or attributes.get("*", ())
            ]
            if not self.is_looking_for_bases(cls):
                self._refs_held[key] = refs
        if len(refs) == 1:
            return self.values(*refs[0], depth - 1)
        return _joined([self.values(ref, frame, depth - 1) for ref, frame in refs])

    def _inherited(self, index: int, name: str, frame: Frame) -> tuple[Value, ...]:
        """``super().name``: what stands behind this class in the receiver's line."""
        own = ClassId(frame.file, index)
        receiver = self._self(frame, index)
        line = self.lineage(receiver)
        self.asked.add(name)
        for cls in line[line.index(own) + 1 :] if own in line else ():
            method = self.class_(cls).methods.get(name)
            if method is not None:
                return (Function(cls.file, method, receiver),)
        forward = self.method(receiver, "forward") if name == "__call__" else None
        if forward is None or self.is_module(receiver) is ModuleClass.NO:
            return ()
        return (Function(forward.file, forward.number, receiver),)

    def elements(self, value: Value, depth: int = _DEPTH) -> tuple[Value, ...]:
        """What subscripting a value, or a loop over it, gives."""
        match value:
            case Elements(values):
                return values
            case Instance(cls):
                if self.external_bases(cls) & (CONTAINERS | _SEQUENTIAL):
                    return self._constructed_with(cls, depth)
                getter = self.method(cls, "__getitem__") or self.method(cls, "__iter__")
                return self._returned(Function(getter.file, getter.number, cls), depth) if getter else ()
            case _:
                return ()

    def _constructed_with(self, cls: ClassId, depth: int) -> tuple[Value, ...]:
        """What a class that is a container of modules passes to ``super().__init__``, or appends to itself."""
        found: list[tuple[Value, ...]] = []
        for each in self.lineage(cls):
            for index in self.class_(each).methods.values():
                for site in self.files[each.file].summary.functions[index].calls:
                    match site.callee:
                        case (".", ("S" | "s", _), "__init__" | "append" | "add_module" | "extend" | "insert"):
                            frame = self.frame(each.file, cls)
                            found += [self._flat(self.values(ref, frame, depth - 1)) for ref in site.arguments]
                        case _:
                            continue
            held, frame = self.class_(each).attributes.get("*", ()), self.frame(each.file, cls)
            found += [self.values(ref, frame, depth - 1) for ref in held]
        return _joined(found)

    def _flat(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        return _joined(self._flat(value.values) if isinstance(value, Elements) else (value,) for value in values)

    # Calls

    def call(
        self, callee: Ref, arguments: Sequence[Ref], keywords: Mapping[str, Ref], frame: Frame, depth: int = _DEPTH
    ) -> tuple[Value, ...]:
        """What a call may return."""
        if callee[0] == "." and callee[2] in _RETURNS_SELF:
            owners = self.values(callee[1], frame, depth - 1)
            kept = tuple(owner for owner in owners if isinstance(owner, (Instance, Elements)))
            if kept:
                return kept
        found: list[tuple[Value, ...]] = []
        for value in self.values(callee, frame, depth - 1):
            match value:
                case Class(cls):
                    found.append((Instance(cls),))
                case Function():
                    given = self.gives_back(value)
                    passed = self.matched(value, arguments, keywords) if given else ()
                    known = {name: ref for name, ref in passed if name in given}
                    found.append(self._returned(value, depth, known))
                    found += [self.values(each, frame, depth - 1) for each in known.values()]
                case External(path):
                    found.append(self._external_call(path, arguments, keywords, frame, depth))
                case Instance(cls):
                    entry = self.method(cls, "__call__")
                    if entry is not None:
                        found.append(self._returned(Function(entry.file, entry.number, cls), depth))
                case _:
                    continue
        return _joined(found)

    def _external_call(
        self, path: str, arguments: Sequence[Ref], keywords: Mapping[str, Ref], frame: Frame, depth: int
    ) -> tuple[Value, ...]:
        if path == COMPILE and not arguments and "model" not in keywords:
            return (External(COMPILE),)  # configured, and still to be given what it compiles
        if path in GIVES_BACK:
            first = arguments[0] if arguments else next(iter(keywords.values()), ())
            return self.values(first, frame, depth - 1)
        if path in CONTAINERS or path in _SEQUENTIAL:
            given = (*arguments, *keywords.values())
            inside = _joined(self._flat(self.values(each, frame, depth - 1)) for each in given)
            return (Elements(inside, path in _SEQUENTIAL),)
        return ()

    def gives_back(self, function: Function) -> frozenset[str]:
        """The parameters that a function may return, themselves or compiled."""
        own = function.file, function.number
        known = self._gives_back.get(own)
        if known is None:
            self._gives_back[own] = frozenset()
            self.asked_returns.add(own)
            frame = self.frame(function.file, function.receiver)
            found = (self._given(ref, frame, function.number, _ALIASES) for ref in self.function(function).returns)
            known = self._gives_back[own] = frozenset(name for names in found for name in names)
        return known

    def given_back(self, callee: Ref, frame: Frame) -> frozenset[Value]:
        """What is passed anywhere for the parameters that a function gives back."""
        return frozenset(
            passed
            for value in self.values(callee, frame)
            if isinstance(value, Function)
            for name in self.gives_back(value)
            for passed in self.bound.get((value.file, value.number, name), ())
        )

    def _given(self, ref: Ref, frame: Frame, function: int, depth: int) -> Iterator[str]:
        match ref:
            case ("p", index, name) if index == function:
                yield name
            case ("|", refs) if depth:
                for each in refs:
                    yield from self._given(each, frame, function, depth - 1)
            case ("n", key) if depth:
                for each in self.files[frame.file].summary.names[key]:
                    yield from self._given(each, frame, function, depth - 1)
            case ("()", callee, (first, *_), _) if depth and mentions_parameter(first):
                for value in self.values(callee, frame, _ALIASES):
                    if isinstance(value, External) and value.path in GIVES_BACK:
                        yield from self._given(first, frame, function, depth - 1)
            case _:
                return

    def matched(
        self, function: Function, arguments: Sequence[Ref], keywords: Mapping[str, Ref]
    ) -> Iterator[tuple[str, Ref]]:
        """The parameters of a function with the arguments that a call passes for them."""
        names = [name for name, _ in self.function(function).parameters]
        if function.receiver is not None and self.function(function).owner != NO_OWNER:
            names = names[1:]
        yield from ((name, ref) for name, ref in zip(names, arguments, strict=False) if ref)
        yield from ((name, ref) for name, ref in keywords.items() if name in names and ref)

    def _returned(self, function: Function, depth: int, known: Collection[str] = ()) -> tuple[Value, ...]:
        """What a function returns, apart from those of its parameters of which a call tells more."""
        self.asked_returns.add((function.file, function.number))
        returns = self.function(function).returns
        if not returns:
            return ()
        frame = self.frame(function.file, function.receiver)
        own = [("p", function.number, name) for name in known]
        return _joined([self.values(ref, frame, depth - 1) for ref in returns if ref not in own])


def mentions_parameter(ref: Ref) -> bool:
    """Whether a reference leads to a parameter, or to a name that may."""
    todo: list[object] = [ref]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple) and item:
            if item[0] in ("p", "n"):
                return True
            todo += item[1:]
    return False


def _joined(groups: Iterable[tuple[Value, ...]]) -> tuple[Value, ...]:
    groups = [group for group in groups if group]
    if not groups:
        return ()
    if len(groups) == 1:
        return groups[0][:WIDTH]
    return tuple(dict.fromkeys(value for group in groups for value in group))[:WIDTH]
