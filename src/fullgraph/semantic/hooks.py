"""Which modules of one file surely get backward hooks while an instance is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked

_REGISTERS = frozenset({"register_backward_hook", "register_full_backward_hook", "register_full_backward_pre_hook"})
_ITSELF = ""
"""Stands for the instance among the names of its attributes."""
_ELEMENTS = "[]"
"""Behind the name of an attribute it stands for what that holds."""


class BackwardHooks:
    """Answers for one walked file."""

    def __init__(self, walked: Walked, classes: Classes, parents: Parents) -> None:
        self._walked = walked
        self._classes = classes
        self._parents = parents

    def on(self, callee: ast.expr, scope: Scope) -> bool:
        """Whether what is called surely is a module with a backward hook."""
        if not self._hooked:
            return False
        named = self._attribute(callee, scope)
        if named is not None and self._has(*named):
            return True
        owners = self._classes.instance_classes(callee, scope)
        is_self = self._classes.owner_of_self(callee, scope) is not None
        return len(owners) == 1 and not is_self and self._has(owners[0], _ITSELF)

    def _has(self, owner: ast.ClassDef, name: str) -> bool:
        attribute = name.removesuffix(_ELEMENTS)
        if attribute and len(self._classes.held(owner, attribute)) != 1:
            return False
        init = self._classes.method(owner, "__init__")
        return init is not None and any(name in self._hooked.get(cls, ()) for cls in self._classes.lineage(owner))

    @cached_property
    def _hooked(self) -> dict[ast.ClassDef, set[str]]:
        """Names of attributes that the ``__init__`` of a class gives a hook under no condition."""
        found: dict[ast.ClassDef, set[str]] = {}
        for call, scope in self._registrations():
            info = self._walked.functions.get(scope.function.node) if scope.function is not None else None
            if info is None or info.owner is None or info.node.name != "__init__":
                continue
            assert isinstance(call.func, ast.Attribute)
            named = self._attribute(call.func.value, scope)
            if named is not None and named[0] is info.owner:
                found.setdefault(info.owner, set()).add(named[1])
        return found

    def _registrations(self) -> Iterator[tuple[ast.Call, Scope]]:
        """Calls that register a hook which nothing here can remove."""
        for call, scope in self._walked.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in _REGISTERS and self._is_for_good(call):
                yield call, scope

    def _is_for_good(self, call: ast.Call) -> bool:
        """Whether a call is a statement of its function under no condition, so that nobody has its result."""
        around = self._parents.get(call)
        if not isinstance(around, ast.Expr):
            return False
        while isinstance(around, (ast.Expr, ast.For)):
            around = self._parents.get(around)
        return isinstance(around, ast.FunctionDef)

    def _attribute(self, expr: ast.expr, scope: Scope) -> tuple[ast.ClassDef, str] | None:
        """The class and the name of ``self.name``, of what it holds, or of ``self`` itself."""
        match expr:
            case ast.Name() if (owner := self._classes.owner_of_self(expr, scope)) is not None:
                return owner, _ITSELF
            case ast.Attribute(value=base, attr=name) if (
                owner := self._classes.owner_of_self(base, scope)
            ) is not None:
                return owner, name
            case ast.Subscript(value=ast.Attribute(value=base, attr=name)) if (
                owner := self._classes.owner_of_self(base, scope)
            ) is not None:
                return owner, f"{name}{_ELEMENTS}"
            case ast.Name(id=name) if (found := scope.lookup(name)) is not None:
                match found[1]:
                    case [ast.For(target=ast.Name(), iter=ast.Attribute() as held)]:
                        of = self._attribute(held, scope)
                        return None if of is None else (of[0], f"{of[1]}{_ELEMENTS}")
                    case _:
                        return None
            case _:
                return None
