"""What made a value: the callables whose results a name or attribute of one file surely holds."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked

_DEPTH = 8
_SAME = frozenset(
    {"bfloat16", "cpu", "cuda", "double", "eval", "float", "half", "manual_seed", "requires_grad_", "to", "train"}
)
"""Methods that give their receiver back, or something of its class."""
_CONTAINERS = frozenset({"torch.nn.ModuleList", "torch.nn.ModuleDict", "builtins.list", "builtins.tuple"})


class Makers:
    """Answers for one walked file. Where one of several bindings is not understood, the answer is empty."""

    def __init__(self, walked: Walked, names: Names, classes: Classes) -> None:
        self._walked = walked
        self._names = names
        self._classes = classes

    def of(self, expr: ast.expr, scope: Scope) -> tuple[str, ...]:
        """Dotted paths of the callables one of which made what ``expr`` holds; None beside them is left out.

        An instance of a class of this file is made by what the class derives from outside.
        """
        return self._of(expr, scope, _DEPTH) or ()

    def _of(self, expr: ast.expr, scope: Scope, depth: int) -> tuple[str, ...] | None:
        """Like `of`; None where that is not known, so that it spoils what it is joined with."""
        if depth <= 0:
            return None
        match expr:
            case ast.Constant(value=None):
                return ()
            case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if attr in _SAME:
                return self._of(inner, scope, depth - 1)
            case ast.Call(func=func):
                return self._names.of(func) or self._bases(func, depth) or None
            case ast.IfExp(body=body, orelse=orelse):
                return self._joined((body, orelse), scope, depth)
            case ast.BoolOp(values=values):
                return self._joined(values, scope, depth)
            case ast.Name(id=name):
                home = self._walked.name_scope.get(expr, scope)
                found = home.lookup(name)
                return self._joined(found[1], found[0], depth) if found is not None else None
            case ast.Attribute(value=base, attr=attr):
                return self._joined(self._classes.bindings_of_attribute(base, attr, scope), scope, depth)
            case ast.Subscript(value=base):
                return self._elements(base, scope, depth - 1)
            case _:
                return None

    def _joined(self, bindings: Iterable[ast.AST | str], scope: Scope, depth: int) -> tuple[str, ...] | None:
        found: list[str] = []
        for binding in bindings:
            match binding:
                case ast.AnnAssign(value=ast.expr() as value):
                    paths = self._of(value, scope, depth - 1)
                case ast.For(iter=iterable):
                    paths = self._elements(iterable, scope, depth - 1)
                case ast.Name(ctx=ast.Store()) | ast.Name(ctx=ast.Del()):
                    return None
                case ast.expr():
                    paths = self._of(binding, scope, depth - 1)
                case _:
                    return None
            if paths is None:
                return None
            found += paths
        return tuple(dict.fromkeys(found))

    def _elements(self, expr: ast.expr, scope: Scope, depth: int) -> tuple[str, ...] | None:
        """What made the elements of a container of modules."""
        if depth <= 0:
            return None
        match expr:
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return self._joined(items, scope, depth)
            case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item):
                return self._of(item, scope, depth - 1)
            case ast.Call(func=func, args=[inner]) if not _CONTAINERS.isdisjoint(self._names.of(func)):
                return self._elements(inner, scope, depth - 1)
            case ast.Attribute(value=base, attr=attr):
                bindings = self._classes.bindings_of_attribute(base, attr, scope)
                if len(bindings) == 1 and isinstance(bindings[0], ast.expr):
                    return self._elements(bindings[0], scope, depth - 1)
                return None
            case _:
                return None

    def _bases(self, func: ast.expr, depth: int) -> tuple[str, ...]:
        """What a class of this file derives from outside of it."""
        found: list[str] = []
        for cls in self._classes.classes_of(func, depth):
            for each in self._classes.lineage(cls):
                for base in each.bases:
                    found += self._names.of(base)
        return tuple(found)
