"""Which dotted paths an expression may stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cached_property

from fullgraph.semantic.scopes import Binding, Scope
from fullgraph.semantic.walk import Walked

_DEPTH = 8
"""How many aliases are followed; a longer chain of aliases is unknown."""
_STEPS = 2000
"""How many expressions one question may look at; what takes more (names rebound by each other) is unknown."""
MANY = 100
"""How many bindings of one name are looked at: what is bound more often may be anything."""
_REVISITS = 2
"""How often one name may occur in a chain of aliases: twice, so that ``x = a; x = x.b`` may be ``a.b``."""

_ALIASING = frozenset({ast.Attribute, ast.BoolOp, ast.Call, ast.IfExp, ast.Name})
"""Expressions that may stand for what another name stands for."""
_NONE: frozenset[str] = frozenset()


class Names:
    """Resolves expressions of one walked file to dotted paths, and remembers what it found."""

    def __init__(self, walked: Walked) -> None:
        self._walked = walked
        self._known: dict[ast.expr, tuple[str, ...]] = {}
        self._bound: dict[frozenset[str], frozenset[str]] = {}
        self._open: dict[tuple[Scope, str], int] = {}
        self._steps = 0

    def of(self, expr: ast.expr) -> tuple[str, ...]:
        """Every dotted path that ``expr`` may stand for, in the order of the file; empty when unknown.

        Imports at any scope, ``try``/``except`` and conditional imports, aliases of aliases, ``getattr`` with a literal
        name and ``a if c else b`` are followed; parameters, loop variables and definitions shadow. A name bound nowhere
        is ``builtins.name``, unless a star import may bind it. A relative import keeps its leading dots.
        """
        if (known := self._known.get(expr)) is None:
            if (known := self.imported(expr)) is None:
                self._steps = _STEPS
                paths = self._resolve(expr, _DEPTH)
                known = paths if self._steps > 0 else ()
            self._known[expr] = known
        return known

    def imported(self, expr: ast.expr) -> tuple[str, ...] | None:
        """What `of` gives for a dotted expression whose name only imports bind, as most are; None for any other."""
        tail = ""
        base = expr
        while isinstance(base, ast.Attribute):
            tail = f".{base.attr}{tail}"
            base = base.value
        if not isinstance(base, ast.Name) or (scope := self._walked.name_scope.get(base)) is None:
            return None
        found = scope.lookup(base.id)
        if found is None:
            return None
        paths = []
        for binding in found[1]:
            if not isinstance(binding, str):
                return None
            paths.append(binding + tail)
        return tuple(paths) if len(paths) == 1 else _unique(paths)

    def only_value(self, name: ast.Name) -> ast.expr | None:
        """The expression that is all that a name is ever assigned; None if it is bound in any other way."""
        scope = self._walked.name_scope.get(name)
        found = None if scope is None else scope.lookup(name.id)
        match None if found is None else found[1]:
            case [ast.expr() as value] if not isinstance(value, ast.Name):
                return value
            case _:
                return None

    def bound_names(self, packages: Iterable[str]) -> frozenset[str]:
        """Names that, in some scope, may stand for one of these packages or something inside them."""
        tops = frozenset(packages)
        if tops not in self._bound:
            self._bound[tops] = self._bound_to(tops)
        return self._bound[tops]

    def _bound_to(self, tops: frozenset[str]) -> frozenset[str]:
        found: set[str] = set()
        for scope in self._importing():
            for name, bindings in scope.bindings.items():
                for item in bindings:
                    if item.__class__ is str and item.lstrip(".").partition(".")[0] in tops:
                        found.add(name)
        if not found:
            return frozenset()
        todo = list(found)
        while todo:
            more = self._aliases.get(todo.pop(), _NONE) - found
            found |= more
            todo += more
        return frozenset(found)

    @cached_property
    def _aliases(self) -> dict[str, set[str]]:
        """Names by a name that something assigned to them may begin with."""
        aliases: dict[str, set[str]] = {}
        for target, value in self._walked.aliases:
            if value.__class__ in _ALIASING:
                for head in _heads(value):
                    aliases.setdefault(head, set()).add(target.id)
        return aliases

    def _importing(self) -> Iterable[Scope]:
        """Scopes in which imports may bind names."""
        buckets = self._walked.buckets
        if ast.Import not in buckets or ast.ImportFrom not in buckets:
            return self._scopes()
        scopes = (scope for kind in (ast.Import, ast.ImportFrom) for _, scope in buckets[kind])
        return dict.fromkeys(home for scope in scopes for home in (scope, *scope.elsewhere.values()))

    def _scopes(self) -> list[Scope]:
        functions, classes = self._walked.functions.values(), self._walked.classes.values()
        return [self._walked.root, *(info.scope for info in functions), *(info.scope for info in classes)]

    def _resolve(self, expr: ast.expr, depth: int) -> tuple[str, ...]:
        self._steps -= 1
        if depth <= 0 or self._steps <= 0:
            return ()
        suffix: list[str] = []
        base = expr
        while isinstance(base, ast.Attribute):
            suffix.append(base.attr)
            base = base.value
        paths = self._resolve_base(base, depth)
        if suffix:
            tail = "." + ".".join(reversed(suffix))
            paths = tuple(path + tail for path in paths)
        return paths

    def _resolve_base(self, base: ast.expr, depth: int) -> tuple[str, ...]:
        match base:
            case ast.Name():
                return self._resolve_name(base, depth)
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str(name)), *_]):
                return tuple(f"{path}.{name}" for path in self._resolve(owner, depth - 1))
            case ast.IfExp(body=body, orelse=orelse):
                return _unique((*self._resolve(body, depth - 1), *self._resolve(orelse, depth - 1)))
            case ast.BoolOp(values=values):
                return _unique(path for value in values for path in self._resolve(value, depth - 1))
            case _:
                return ()

    def _resolve_name(self, name: ast.Name, depth: int) -> tuple[str, ...]:
        scope = self._walked.name_scope.get(name)
        if scope is None:
            return ()
        found = scope.lookup(name.id)
        if found is None:
            return () if scope.root().stars else (f"builtins.{name.id}",)
        key = found[0], name.id
        entered = self._open.get(key, 0)
        if entered >= _REVISITS or len(found[1]) > MANY:
            return ()
        self._open[key] = entered + 1
        paths = _unique(path for binding in found[1] for path in self._resolve_binding(binding, name, depth))
        self._open[key] = entered
        return paths

    def _resolve_binding(self, binding: Binding, user: ast.Name, depth: int) -> tuple[str, ...]:
        match binding:
            case str():
                return (binding,)
            case ast.AnnAssign(value=ast.expr() as value):
                return self._resolve(value, depth - 1)
            case ast.Name(ctx=ast.Load()) | ast.Attribute() | ast.Call() | ast.IfExp() | ast.BoolOp():
                return self._resolve(binding, depth - 1) if binding is not user else ()
            case _:
                return ()


def _heads(expr: ast.expr) -> list[str]:
    """Names that an alias may begin with."""
    heads: list[str] = []
    todo = [expr]
    while todo:
        part = todo.pop()
        while isinstance(part, ast.Attribute):
            part = part.value
        if isinstance(part, ast.Name):
            heads.append(part.id)
        elif isinstance(part, ast.Call):
            if isinstance(part.func, ast.Name) and part.func.id == "getattr" and part.args:
                todo.append(part.args[0])
        elif isinstance(part, ast.IfExp):
            todo += (part.body, part.orelse)
        elif isinstance(part, ast.BoolOp):
            todo += part.values
    return heads


def _unique(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths))
