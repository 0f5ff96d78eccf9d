"""Names and attributes of one file that hold modules and functions which nothing there compiles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.compiled import Compiled, compiled_argument
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Binding, DefNode, Scope
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.walk import AttributeAssignment, Walked

_DEPTH = 6
_MOST_FUNCTIONS = 50
"""How many functions are looked at that what is held leads to."""
_KEEPS = frozenset(
    {"bfloat16", "cpu", "cuda", "double", "eval", "float", "half", "requires_grad_", "to", "to_empty", "train", "type"}
)
"""Methods of a module that return it."""
_HARMLESS = frozenset({"builtins.staticmethod", "torch.inference_mode", "torch.no_grad", "torch.enable_grad"})
_COPIES = frozenset({"copy.copy", "copy.deepcopy"})
_OTHER_COMPILERS = ("re.", "regex.", "builtins.compile", "torch.compiler.is_", "torch.compiler.reset")
_KEEPS_AS_IT_IS = ("builtins.", "torch.", "copy.", "typing.")
_WELL_KNOWN = ("torch.", "collections.", "copy.", "functools.", "itertools.", "logging.", "math.", "numpy.", "time.")
_COMPILES = re.compile(r"^(?!is_).*compil(?!ed)", re.IGNORECASE)
"""Names of what may compile something."""

Holder: TypeAlias = tuple[Scope | ast.ClassDef, str]
"""A name of a scope, or an attribute of a class."""


@dataclass(slots=True)
class Held:
    """What a name or attribute surely holds, one of several.

    Attributes:
        functions: functions of the file that calling it enters: functions, methods, and ``forward`` of modules.
        holders: every name and attribute that it went through.
        of_torch: whether some of it is torch's own.
        is_module: whether some of it is a module, so that a call may compile it in place.
    """

    functions: list[DefNode] = field(default_factory=list)
    holders: set[Holder] = field(default_factory=set)
    of_torch: bool = False
    is_module: bool = False


class Uncompiled:
    """Answers for one walked file. What is not known is not said to be uncompiled."""

    def __init__(self, walked: Walked, names: Names, classes: Classes, compiled: Compiled) -> None:
        self._walked = walked
        self._names = names
        self._classes = classes
        self._compiled = compiled

    def held(self, target: ast.expr, scope: Scope) -> Held | None:
        """What a name or ``self.attribute`` holds, whichever assignment ran last; None if that may be compiled."""
        found = Held()
        if not self._holds(target, scope, found, _DEPTH) or not (found.functions or found.of_torch):
            return None
        reached = self.reached(found.functions)
        if reached is None or any(map(self._is_special, reached)) or self._leads_elsewhere(reached):
            return None
        return None if self._is_compiled_somewhere(found, reached) else found

    def calls(self, target: ast.expr, scope: Scope) -> Iterator[tuple[ast.Call, Scope]]:
        """Calls of what a name or ``self.attribute`` holds, with the scopes that they stand in."""
        mine = self._holder(target, scope)
        last = mine[1] if mine is not None else ""
        for call, where in self._walked.calls_of({last}):
            if mine is not None and self._holder(call.func, where) == mine:
                yield call, where

    def is_unwrapped(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether an expression surely is a module that ``torch.compile`` did not return, by all that made it."""
        return self._is_made(expr, scope, set(), _DEPTH)

    def _is_made(self, expr: Binding, scope: Scope, seen: set[Holder], depth: int) -> bool:
        match expr:
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _KEEPS:
                return depth > 0 and self._is_made(inner, scope, seen, depth - 1)
            case ast.Call(func=func, args=[inner]) if not _COPIES.isdisjoint(self._names.of(func)):
                return depth > 0 and self._is_made(inner, scope, seen, depth - 1)
            case ast.Call(func=func):
                paths = self._names.imported(func) or ()
                return bool(self._classes.classes_of(func)) or (bool(paths) and all(map(_is_class_name, paths)))
            case ast.AnnAssign(value=ast.expr() as value):
                return self._is_made(value, scope, seen, depth)
            case ast.Name(ctx=ast.Load()) | ast.Attribute() if depth > 0:
                holder = self._holder(expr, scope)
                if holder is None or holder in seen:
                    return holder is not None
                bound = self._bound(holder)
                return bool(bound) and all(
                    self._is_made(item, where, {*seen, holder}, depth - 1) for item, where in bound
                )
            case _:
                return False

    def reached(self, functions: Iterable[DefNode]) -> tuple[DefNode, ...] | None:
        """Functions of the file that these lead to, themselves first; None if those are too many."""
        found: dict[DefNode, None] = {}
        todo = list(functions)
        while todo:
            function = todo.pop(0)
            if function in found:
                continue
            found[function] = None
            if len(found) > _MOST_FUNCTIONS:
                return None
            scope = self._walked.functions[function].scope
            for part in ast.walk(function):
                if isinstance(part, ast.Call):
                    todo += self._classes.functions_of(part.func, scope)
        return tuple(found)

    # What is held

    def _holder(self, expr: ast.expr, scope: Scope) -> Holder | None:
        match expr:
            case ast.Name(id=name):
                found = self._walked.name_scope.get(expr, scope).lookup(name)
                return None if found is None else (found[0], name)
            case ast.Attribute(value=base, attr=attr):
                owner = self._classes.owner_of_self(base, scope)
                return None if owner is None else (owner, attr)
            case _:
                return None

    def _holds(self, expr: ast.expr, scope: Scope, found: Held, depth: int) -> bool:
        """Whether an expression surely is a module or function that it is known what calling it enters."""
        if depth <= 0:
            return False
        match expr:
            case ast.Call():
                return self._returns(expr, scope, found, depth)
            case ast.Name() | ast.Attribute() if (holder := self._holder(expr, scope)) is not None:
                if holder in found.holders:
                    return True
                found.holders.add(holder)
                bound = self._bound(holder)
                return bool(bound) and all(self._binds(item, where, found, depth) for item, where in bound)
            case _:
                return False

    def _bound(self, holder: Holder) -> Sequence[tuple[Binding, Scope]]:
        """All that a name or attribute is bound to; empty where it may be bound to something else."""
        owner, name = holder
        if isinstance(owner, Scope):
            return [(item, owner) for item in owner.bindings.get(name, ())]
        if (method := self._classes.method(owner, name)) is not None:
            return () if self._is_assigned(name) else [(method, self._walked.classes[owner].scope)]
        if not self._is_known(owner) or self._classes.declared(owner, name):
            return ()
        held = self._classes.held(owner, name)
        others = [item for item in self._walked.attributes if item.target.attr == name and item not in held]
        if any(item.value is None for item in held) or not all(self._is_apart(item, owner) for item in others):
            return ()
        return [(item.value, item.scope) for item in held if item.value is not None]

    def _binds(self, item: Binding, scope: Scope, found: Held, depth: int) -> bool:
        match item:
            case ast.FunctionDef():
                found.functions.append(item)
                return not self._is_special(item)
            case ast.Constant(value=None):
                return True
            case ast.AnnAssign(value=ast.expr() as value):
                return self._holds(value, scope, found, depth - 1)
            case ast.Call() | ast.Name(ctx=ast.Load()) | ast.Attribute():
                return self._holds(item, scope, found, depth - 1)
            case _:
                return False

    def _returns(self, call: ast.Call, scope: Scope, found: Held, depth: int) -> bool:
        """Whether a call surely gives such a thing: a new module, or one that it is given."""
        match call:
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _KEEPS:
                return self._holds(inner, scope, found, depth - 1) and found.is_module
            case ast.Call(func=func, args=[inner]) if not _COPIES.isdisjoint(self._names.of(func)):
                return self._holds(inner, scope, found, depth - 1)
            case ast.Call(func=func):
                return self._makes(func, found)

    def _makes(self, func: ast.expr, found: Held) -> bool:
        """Whether calling ``func`` makes a module: one of torch's own, or of a class of this file."""
        paths = self._names.imported(func)
        if paths is not None:
            found.of_torch = found.is_module = True
            return all(path.startswith("torch.nn.") and path[path.rfind(".") + 1].isupper() for path in paths)
        made = self._classes.classes_of(func)
        for cls in made:
            forward = self._classes.method(cls, "forward")
            if forward is None or not self._is_plain_module(cls):
                return False
            found.functions.append(forward)
        found.is_module = True
        return bool(made)

    def _is_plain_module(self, node: ast.ClassDef) -> bool:
        """Whether instances of a class are modules that do no more than they say when they are made and called."""
        if self._classes.is_module(node) is not ModuleClass.YES or not self._is_known(node):
            return False
        if any(self._classes.method(node, name) for name in ("__call__", "__new__", "compile")):
            return False
        lineage = self._classes.lineage(node)
        return not any("compil" in cls.name.lower() for cls in lineage)

    def _is_known(self, node: ast.ClassDef) -> bool:
        """Whether a class and all that it inherits from stand in this file, or are torch's."""
        for cls in self._classes.lineage(node):
            if cls.decorator_list or cls.keywords:
                return False
            for base in cls.bases:
                paths = self._names.of(base)
                is_of_torch = bool(paths) and all(path.startswith(("torch.nn.", "builtins.object")) for path in paths)
                if not is_of_torch and not self._classes.classes_of(base):
                    return False
        return True

    def _is_apart(self, item: AttributeAssignment, owner: ast.ClassDef) -> bool:
        """Whether an assignment is to an attribute of ``self`` in a class that has nothing to do with ``owner``."""
        other = self._classes.owner_of_self(item.target.value, item.scope)
        return other is not None and owner not in self._classes.lineage(other)

    def _is_assigned(self, attribute: str) -> bool:
        return any(item.target.attr == attribute for item in self._walked.attributes)

    # What compiles it

    def _leads_elsewhere(self, reached: Iterable[DefNode]) -> bool:
        """Whether what runs may call code of other files of the project, which may be compiled there."""
        owners = {owner for each in reached if (owner := self._walked.functions[each].owner) is not None}
        lineages = (self._classes.lineage(owner) for owner in owners)
        held = (items for lineage in lineages for cls in lineage for items in self._classes.assigned(cls).values())
        values = (item.value for items in held for item in items if item.value is not None)
        return any(
            not path.startswith(_WELL_KNOWN)
            for node in (*reached, *values)
            for part in ast.walk(node)
            if isinstance(part, ast.Call)
            for path in self._names.imported(part.func) or ()
        )

    def _is_special(self, function: DefNode) -> bool:
        """Whether a decorator may put something compiled in a function's place."""
        for decorator in function.decorator_list:
            func = decorator.func if isinstance(decorator, ast.Call) else decorator
            paths = self._names.of(func)
            if not paths or not _HARMLESS.issuperset(paths):
                return True
        return False

    def _is_compiled_somewhere(self, found: Held, reached: Sequence[DefNode]) -> bool:
        """Whether a call of the file may compile what is held, or a part of it."""
        for call, scope in self._walked.calls:
            if self._compiles(call, scope, reached, found.holders):
                return True
            if found.is_module and self._is_given_away(call, scope, found.holders):
                return True
        return False

    def _compiles(self, call: ast.Call, scope: Scope, reached: Sequence[DefNode], holders: Iterable[Holder]) -> bool:
        """Whether a call may compile one of these functions, or what one of these names holds."""
        name = _last_name(call.func)
        if name is None or not _COMPILES.match(name) or call in self._decorators:
            return False
        paths = self._names.of(call.func)
        if paths and all(path.startswith(_OTHER_COMPILERS) for path in paths):
            return False
        given: ast.expr | None = None
        if self._compiled.compiles(call):
            given = compiled_argument(call)
        elif isinstance(call.func, ast.Attribute) and name == "compile" and not paths:
            given = call.func.value
        if isinstance(given, ast.Lambda):
            used = {_last_name(part) for part in ast.walk(given.body)}
            return not used.isdisjoint([*(name for _, name in holders), *(each.name for each in reached)])
        others = self._classes.functions_of(given, scope) if given is not None else []
        return not others or not set(others).isdisjoint(reached)

    @cached_property
    def _decorators(self) -> frozenset[ast.expr]:
        return frozenset(each for info in self._walked.functions.values() for each in info.node.decorator_list)

    def _is_given_away(self, call: ast.Call, scope: Scope, holders: set[Holder]) -> bool:
        """Whether a call of code that is not known is given one of these modules itself."""
        given = (*call.args, *(item.value for item in call.keywords))
        if not any(self._holder(each, scope) in holders for each in given):
            return False
        paths = self._names.of(call.func)
        if paths and all(path.startswith(_KEEPS_AS_IT_IS) for path in paths):
            return False
        return not (self._classes.functions_of(call.func, scope) or self._classes.classes_of(call.func))


def _is_class_name(path: str) -> bool:
    """Whether a dotted path is spelled as those of classes are, and of one that does not say that it compiles."""
    last = path.rpartition(".")[2]
    return last[:1].isupper() and not last.isupper() and "compil" not in last.lower()


def _last_name(expr: ast.AST) -> str | None:
    match expr:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None
