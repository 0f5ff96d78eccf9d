"""Scopes and what their names are bound to."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
DefNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
TYPE_PARAMETERS = tuple(getattr(ast, name) for name in ("TypeVar", "ParamSpec", "TypeVarTuple") if hasattr(ast, name))

Binding: TypeAlias = str | ast.AST
"""What a name is bound to: the dotted path of an import, or the node that binds it.

The node is the assigned expression for ``x = expression``; the definition for ``def`` and ``class``; the ``ast.arg`` of
a parameter; the ``ast.For``, ``ast.comprehension``, ``ast.withitem``, ``ast.AnnAssign`` or ``ast.AugAssign`` that holds
the target; and the stored ``ast.Name`` itself where no more is known.
"""


@dataclass(init=False, eq=False, slots=True)
class Scope:
    """One scope of a file, and the names bound in it.

    A module, class, function, lambda or comprehension; or, around a generic definition, the scope that holds its type
    parameters, whose node is the first of them.
    """

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]]
    elsewhere: dict[str, Scope]
    """Names declared ``global`` or ``nonlocal`` here, with the scope they live in."""
    stars: list[str]
    """Modules whose every name is imported here."""
    function: Scope | None
    """The innermost scope of a ``def`` that this scope lies in, itself included; None at module or class level."""
    is_class: bool
    """Whether this is a class body, which functions inside it do not see."""

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.bindings = {}
        self.elsewhere = {}
        self.stars = []
        self.is_class = node.__class__ is ast.ClassDef
        if node.__class__ in DEFS:
            self.function = self
        else:
            self.function = None if parent is None or self.is_class else parent.function

    def bind(self, name: str, binding: Binding) -> None:
        """Record one more thing that ``name`` may be."""
        home = self.elsewhere.get(name, self) if self.elsewhere else self
        home.bindings.setdefault(name, []).append(binding)

    def lookup(self, name: str) -> tuple[Scope, list[Binding]] | None:
        """The scope in which a load of ``name`` finds it, and its bindings there; None if no scope binds it."""
        found = self.bindings.get(name)
        if found is not None and not self.elsewhere:  # as is so most often
            return self, found
        scope: Scope | None = self
        sees_class = True
        while scope is not None:
            if sees_class or not scope.is_class:
                home = scope.elsewhere.get(name, scope) if scope.elsewhere else scope
                found = home.bindings.get(name)
                if found is not None:
                    return home, found
                if home is not scope:
                    return None
            if sees_class and not isinstance(scope.node, TYPE_PARAMETERS):
                sees_class = False
            scope = scope.parent
        return None

    def enclosing_home(self, name: str) -> Scope | None:
        """The scope of an enclosing function that ``nonlocal name`` in this scope means."""
        scope = self.parent
        while scope is not None and scope.parent is not None:
            if not scope.is_class:
                if (home := scope.elsewhere.get(name)) is not None:
                    return home
                if name in scope.bindings:
                    return scope
            scope = scope.parent
        return None

    def assignment_home(self) -> Scope:
        """The scope that a walrus inside this one binds in: comprehensions pass it outwards."""
        scope = self
        while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        return scope

    def root(self) -> Scope:
        """The module's scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope
