"""What one file says of its functions and attributes to the files that use them: what surely is a tensor, or holds one.

An annotation says it without any work. The few functions of which one would want to know more are interpreted, with
what their parameters are for all callers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from fullgraph.semantic.barriers import Barriers
from fullgraph.semantic.classes import Classes
from fullgraph.semantic.evaluate import SPLITTERS
from fullgraph.semantic.flow.annotations import Annotations, alias_of
from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.flow.parameters import ONLY_OF_TENSORS
from fullgraph.semantic.flow.value import TENSOR, UNKNOWN, Either, Instance, Record, Tensor, Value, join_all
from fullgraph.semantic.flow.written import Written, written
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import DEFS, Binding, DefNode, Scope
from fullgraph.semantic.summary import NO_RESULTS, Results
from fullgraph.semantic.walk import FunctionInfo, Walked, base_name

_PLAIN = frozenset({"None", "bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"})
"""Annotations that promise no tensor."""
_MASKS = re.compile("mask|valid|keep|select|flag|(^|_)(is|has)_")
"""What functions may be called that return boolean tensors, so that it is worth looking inside."""
_LONGEST = 30
"""Longer functions, in rows, are not interpreted for others."""
_LONGEST_METHOD = 10
"""Longer methods without annotation are not, since there are many and most return what nobody knows."""
_NESTED = 3
"""How deep fields of fields are said."""
_SHORT = 4
"""Functions of so few rows are interpreted though nothing of torch stands in them."""
_KEEPS = (
    "builtins.classmethod",
    "builtins.staticmethod",
    "functools.cache",
    "functools.lru_cache",
    "functools.wraps",
    "torch.",
    "typing.",
    "typing_extensions.",
)
"""Decorators that leave what a function returns as it is; among them"""
_CHANGES = ("torch.func.", "torch.vmap")
"""are some that do not."""
_TENSOR = written(TENSOR) or ()
_PARAMETERS = frozenset({"torch.nn.Buffer", "torch.nn.Parameter"})


def results_of(walked: Walked, names: Names, classes: Classes, barriers: Barriers) -> Results:
    """What a file says of its functions and of the attributes of its classes."""
    doubtful = tuple(sorted(_doubtful(walked, names)))
    torch = _names_of_torch(walked)
    if not torch:
        return NO_RESULTS._replace(doubtful=doubtful)
    found = _Results(walked, names, classes, barriers, torch)
    results = found.all(doubtful)
    if "flow" in vars(found):
        found.flow.release()
    return results


class _Results:
    def __init__(
        self, walked: Walked, names: Names, classes: Classes, barriers: Barriers, torch: Iterable[str]
    ) -> None:
        self.torch = torch
        self.walked = walked
        self.names = names
        self.classes = classes
        self.barriers = barriers
        self.annotations = Annotations(walked, names, classes, _nothing_of_others)

    @cached_property
    def using(self) -> frozenset[Scope | None]:
        """Functions that use something of torch by its name."""
        chains, scopes = self.walked.chains, self.walked.name_scope
        return frozenset(scopes[base_name(chain)].function for name in self.torch for chain in chains.get(name, ()))

    @cached_property
    def flow(self) -> Flow:
        """An interpreter of its own: what one says depends on what it was asked before, as far as it is bounded."""
        return Flow(self.walked, self.names, self.classes)

    @cached_property
    def returning(self) -> frozenset[Scope | None]:
        """Functions that return something computed."""
        found = self.walked.buckets[ast.Return]
        computed = (scope for node, scope in found if not isinstance(node.value, (ast.Constant, type(None))))  # type: ignore[attr-defined]
        return frozenset(scope.function for scope in computed)

    def all(self, doubtful: tuple[str, ...]) -> Results:
        """Everything that the file says."""
        functions: dict[int, Written] = {}
        given_tensors: dict[int, tuple[tuple[tuple[str, int], ...], Written]] = {}
        for index, info in enumerate(self.walked.functions.values()):
            if self.tells_nothing(info) or not self.is_for_others(info):
                continue
            promise = self.annotations.of(info.node.returns)
            told = _TENSOR if promise is TENSOR else None if promise is UNKNOWN else written(self.as_record(promise))
            if self.is_worth_looking_at(info, promise):
                inside = self.interpreted(info.node, {})
                told = written(inside) or told
                if inside is UNKNOWN and info.node.returns is None and info.owner is None:
                    self.with_tensors(index, info.node, given_tensors)
            if told is not None:
                functions[index] = told
        releases = self.barriers.releases
        flags, asked = dict(releases.flags()), tuple(dict.fromkeys(releases.asked()))
        return Results(functions, given_tensors, dict(self.attributes()), doubtful, dict(self.types()), flags, asked)

    # Functions

    def tells_nothing(self, info: FunctionInfo) -> bool:
        """Whether a look at a function's head is enough to know that nothing is to be said of it."""
        match info.node.returns:
            case None:
                return info.scope not in self.returning or (info.owner is not None and _is_special(info.node.name))
            case ast.Constant(value=None):
                return True
            case ast.Name(id=name):
                return name in _PLAIN
            case _:
                return False

    def is_for_others(self, info: FunctionInfo) -> bool:
        """Whether a function stands at the top level or in a class there, for good, and returns what it returns."""
        if info.owner is not None:
            if len(self.walked.classes[info.owner].scope.bindings[info.node.name]) != 1:
                return False
        elif info.scope.parent is not self.walked.root:
            return False
        if self.barriers.any_skipped and self.barriers.is_skipped(info.node.lineno):
            return False
        if isinstance(info.node, ast.AsyncFunctionDef) or Flow.changes_result(info.node):
            return False
        return all(self.keeps_result(decorator) for decorator in info.node.decorator_list)

    def keeps_result(self, decorator: ast.expr) -> bool:
        """Whether a function below this decorator surely returns what it returns without."""
        paths = self.names.of(decorator.func if isinstance(decorator, ast.Call) else decorator)
        return paths != () and all(path.startswith(_KEEPS) and not path.startswith(_CHANGES) for path in paths)

    def is_worth_looking_at(self, info: FunctionInfo, promise: Value) -> bool:
        """Whether a function may well return a tensor of which its annotation does not say enough."""
        node = info.node
        if node.returns is not None:
            is_mask = info.owner is None and isinstance(promise, Tensor) and _MASKS.search(node.name)
            if not is_mask or info.scope not in self.returning:
                return False
        rows = (node.end_lineno or node.lineno) - node.lineno
        if info.owner is not None:
            return rows < _LONGEST_METHOD and (info.scope in self.using or _asks_a_parameter(node))
        return rows < _SHORT or (rows < _LONGEST and info.scope in self.using)

    def interpreted(self, node: DefNode, assumed: dict[str, Value]) -> Value:
        """What a function returns, whatever callers pass beyond what is assumed."""
        return self.flow.result_for_all(node, assumed)

    def with_tensors(
        self, index: int, node: DefNode, found: dict[int, tuple[tuple[tuple[str, int], ...], Written]]
    ) -> None:
        """Note what a function returns if what its parameters leave open are tensors."""
        args = node.args
        required = [*args.posonlyargs, *args.args][: len(args.posonlyargs) + len(args.args) - len(args.defaults)]
        left_open = [(arg.arg, place) for place, arg in enumerate(required) if arg.annotation is None]
        for some in dict.fromkeys((tuple(left_open[:1]), tuple(left_open))):
            assumed: dict[str, Value] = {name: TENSOR for name, _ in some}
            if assumed and (told := written(self.interpreted(node, assumed))) is not None:
                found[index] = some, told
                return

    # Types

    def types(self) -> Iterator[tuple[str, Written]]:
        """Names of the module that stand for a type with a tensor in it, be it a class that declares such fields."""
        for name, bindings in self.walked.root.bindings.items():
            match bindings:
                case [ast.ClassDef() as cls] if (told := written(self.as_record(Instance(cls)))) is not None:
                    yield name, told
                    continue
                case _:
                    pass
            alias = alias_of(bindings[0]) if len(bindings) == 1 else None
            if alias is not None and (told := written(self.annotations.of(alias))) is not None:
                yield name, told

    def as_record(self, value: Value, depth: int = _NESTED) -> Value:
        """An instance of a class of the file as other files see it: by what its class declares of its fields."""
        match value:
            case Instance(node=cls) if depth > 0:
                declared = [item for item in cls.body if isinstance(item, ast.AnnAssign)]
                named = [(item.target.id, item.annotation) for item in declared if isinstance(item.target, ast.Name)]
                read = ((name, self.as_record(self.annotations.of(each), depth - 1)) for name, each in named)
                fields = tuple((name, each) for name, each in read if written(each) is not None)
                return Record(fields) if fields else UNKNOWN
            case Either(choices=choices):
                return join_all(self.as_record(each, depth) for each in choices)
            case _:
                return value

    # Attributes

    def attributes(self) -> Iterator[tuple[int, dict[str, Written]]]:
        """Buffers and parameters of each class."""
        registered: dict[ast.AST, dict[str, Written]] = {}
        for call, scope in self.classes.registering:
            match call:
                case ast.Call(
                    func=ast.Attribute(value=base, attr="register_buffer" | "register_parameter"),
                    args=[ast.Constant(value=str(name)), value, *_],
                ) if (owner := self.classes.owner_of_self(base, scope)) is not None:
                    if (each := self.registered(owner, name, value)) is not None:
                        registered.setdefault(owner, {})[name] = each
                case _:
                    continue
        for index, cls in enumerate(self.walked.classes):
            if isinstance(cls, ast.ClassDef) and self.walked.classes[cls].scope.parent is self.walked.root:
                told = {**dict.fromkeys(self.parameters(cls), _TENSOR), **registered.get(cls, {})}
                if told:
                    yield index, told

    def registered(self, cls: ast.ClassDef, name: str, value: ast.expr) -> Written | None:
        """What a buffer or parameter is; nobody asks what it exactly is that is called like no mask."""
        if isinstance(value, ast.Call) and not _MASKS.search(name):
            return _TENSOR
        return None if isinstance(value, ast.Constant) else written(self.flow.attribute(Instance(cls), cls, name))

    def parameters(self, cls: ast.ClassDef) -> Iterator[str]:
        """Attributes that hold parameters or buffers by assignment."""
        for name, held in self.classes.assigned(cls).items():
            call = held[0].value if len(held) == 1 else None
            if isinstance(call, ast.Call) and not _PARAMETERS.isdisjoint(self.names.of(call.func)):
                yield name


def _nothing_of_others(path: str) -> Value:  # noqa: ARG001 - called as what tells of other files is
    return UNKNOWN


def _is_special(name: str) -> bool:
    """Whether Python calls a method by itself, and nobody by its name; apart from ``__call__``."""
    return name.startswith("__") and name.endswith("__") and name != "__call__"


def _asks_a_parameter(node: DefNode) -> bool:
    """Whether a short method calls a method of one of its parameters that only tensors have."""
    parameters = {arg.arg for arg in node.args.args}
    for statement in node.body:
        for part in ast.walk(statement):
            match part:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
                    if name in parameters and method in ONLY_OF_TENSORS:
                        return True
                case _:
                    continue
    return False


def _names_of_torch(walked: Walked) -> list[str]:
    """Names for which the module itself imports torch, or something of it."""
    return [
        name
        for name, bindings in walked.root.bindings.items()
        if any(item.__class__ is str and (item == "torch" or item.startswith("torch.")) for item in bindings)
    ]


def _doubtful(walked: Walked, names: Names) -> Iterator[str]:
    """Names of the module that something unknown is assigned to beside imports and definitions."""
    for name, bindings in walked.root.bindings.items():
        if len(bindings) > 1 and not all(_is_clear(item, walked, names) for item in bindings):
            yield name


def _is_clear(binding: Binding, walked: Walked, names: Names) -> bool:
    match binding:
        case str() | ast.ClassDef() | ast.Constant(value=None):
            return True
        case ast.Call(func=func, args=[ast.Name()]):
            is_for_good = any(isinstance(each, ast.Assign) and each.value is binding for each in walked.tree.body)
            return is_for_good and names.of(func) != () and SPLITTERS.issuperset(names.of(func))
        case _:
            return isinstance(binding, DEFS)
