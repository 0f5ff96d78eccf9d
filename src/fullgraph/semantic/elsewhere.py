"""What a file is told of other files, as its expressions ask for it."""

from __future__ import annotations

import ast

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.flow.torch_calls import Arguments
from fullgraph.semantic.flow.value import UNKNOWN, Inherited, Made, Record, Value
from fullgraph.semantic.flow.written import value_of
from fullgraph.semantic.foreign import NOTHING, Foreign
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.traced import ChainStep
from fullgraph.semantic.walk import Walked


class Elsewhere:
    """Answers for one walked file. A name counts only where nothing but imports binds it."""

    def __init__(self, walked: Walked, names: Names, classes: Classes, told: Foreign = NOTHING) -> None:
        self._names = names
        self._classes = classes
        self._told = told
        self._numbers: dict[ast.AST, int] = {}
        self._made = frozenset(path.partition("()")[0] for path in told.results if "()" in path)
        if told.methods or told.supers or told.attributes or told.disabled_methods:
            self._numbers = {node: index for index, node in enumerate(walked.classes)}

    # Values

    def called(self, node: ast.Call, path: str, given: Arguments) -> Value:
        """What a call of something imported gives."""
        told = self._told
        if path in self._made and self._is_imported(node.func):
            return Made(path)
        if told.types.get(path, ("",))[0] == "record" and self._is_imported(node.func):
            return value_of(told.types[path])
        if (path not in told.results and path not in told.given_tensors) or not self._is_imported(node.func):
            return UNKNOWN
        if path in told.results:
            return value_of(told.results[path])
        assumed, result = told.given_tensors[path]
        return value_of(result) if _are_tensors(assumed, given) else UNKNOWN

    def tells_of(self, path: str) -> bool:
        """Whether something is known of what a call of something imported gives."""
        told = self._told
        return path in told.results or path in told.given_tensors or path in self._made or path in told.types

    def entered(self, path: str) -> Value:
        """What calling an instance of an imported class gives."""
        result = self._told.results.get(f"{path}()")
        return UNKNOWN if result is None else value_of(result)

    def alias(self, path: str) -> Value:
        """What an annotation promises that names something imported."""
        return value_of(self._told.types[path]) if path in self._told.types else UNKNOWN

    def method_of(self, path: str, name: str) -> Value:
        """What a method of an instance of an imported class gives."""
        result = self._told.results.get(f"{path}().{name}")
        return UNKNOWN if result is None else value_of(result)

    def field_of(self, path: str, name: str) -> Value:
        """What a field of an instance of an imported class holds, as the class declares it."""
        match self.alias(path):
            case Record() as record:
                return record.field(name)
            case _:
                return UNKNOWN

    def by_super(self, cls: ast.ClassDef, name: str) -> Value:
        """A method of another file that ``super()`` leads to in a class."""
        result = self._told.supers.get((self._numbers.get(cls, -1), name))
        return UNKNOWN if result is None else Inherited(value_of(result))

    def inherited(self, cls: ast.ClassDef, name: str) -> Value:
        """A method, or what an attribute holds, that a class inherits from another file."""
        key = self._numbers.get(cls, -1), name
        if key in self._told.methods:
            return Inherited(value_of(self._told.methods[key]))
        return value_of(self._told.attributes[key]) if key in self._told.attributes else UNKNOWN

    def _is_imported(self, func: ast.expr) -> bool:
        return self._names.imported(func) is not None

    # Disabled functions

    def disabled(self, call: ast.Call, scope: Scope) -> ChainStep | None:
        """Where the function is defined that a call surely enters, and that Dynamo is kept out of."""
        told = self._told
        if not told.mentions:
            return None
        if (paths := self._names.imported(call.func)) is not None:
            return self._agreed(paths)
        match call.func:
            case ast.Attribute(value=base, attr=name):
                owner = self._classes.owner_of_self(base, scope)
                return None if owner is None else self._of_self(owner, name)
            case _:
                return None

    def _of_self(self, owner: ast.ClassDef, name: str) -> ChainStep | None:
        """The same for ``self.name(...)``: an inherited method, or a module of a class of another file."""
        if self._classes.method(owner, name) is not None or self._classes.declared(owner, name):
            return None
        match self._classes.held(owner, name):
            case ():
                return self._told.disabled_methods.get((self._numbers.get(owner, -1), name))
            case (item,) if isinstance(item.value, ast.Call):
                paths = self._names.imported(item.value.func) or ()
                return self._agreed(tuple(f"{path}()" for path in paths))
            case _:
                return None

    def _agreed(self, paths: tuple[str, ...]) -> ChainStep | None:
        """The first of several functions, if all are disabled."""
        found = [self._told.disabled.get(path) for path in paths]
        return None if None in found else next(iter(found), None)


def _are_tensors(assumed: tuple[tuple[str, int], ...], given: Arguments) -> bool:
    """Whether a call surely gives tensors for these parameters."""
    if given.open:
        return False
    for name, place in assumed:
        value = given.named.get(name)
        if value is None:
            value = given.positional[place] if place < len(given.positional) else UNKNOWN
        tensor = value.surely_tensor
        if tensor is None or tensor.static or tensor.drawn:
            return False
    return True
