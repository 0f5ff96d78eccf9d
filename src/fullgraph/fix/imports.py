"""The imports of a file: which statement binds a name, and whether it has run before a use."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fullgraph.fix.edits import Span
from fullgraph.semantic.positions import span
from fullgraph.semantic.renames import is_public_part
from fullgraph.semantic.walk import base_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fullgraph.semantic.model import FileModel
    from fullgraph.semantic.scopes import Scope


@dataclass(frozen=True, slots=True)
class Site:
    """One name that one import statement binds."""

    statement: ast.Import | ast.ImportFrom
    index: int
    scope: Scope
    """The scope that the name is bound in."""
    local: str
    path: str
    """What the name stands for."""

    @property
    def alias(self) -> ast.alias:
        """The name as it stands in the statement."""
        return self.statement.names[self.index]


@dataclass(frozen=True, slots=True)
class Use:
    """One expression that is to be spelled differently."""

    chain: ast.expr
    scope: Scope

    @property
    def base(self) -> ast.Name:
        """The name that it begins with."""
        return base_name(self.chain)


class Imports:
    """What one file imports."""

    def __init__(self, model: FileModel) -> None:
        self._model = model

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every imported name, in the order of the file."""
        buckets = self._model.walked.buckets
        found = [(node, scope) for kind in (ast.Import, ast.ImportFrom) for node, scope in buckets[kind]]
        found.sort(key=lambda item: (getattr(item[0], "lineno", 0), getattr(item[0], "col_offset", 0)))
        return tuple(site for node, scope in found for site in _sites_of(node, scope))

    def of(self, home: Scope, name: str) -> list[Site]:
        """The imports that bind a name in a scope."""
        return [site for site in self.sites if site.scope is home and site.local == name]

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        return Span(*span(node, self._model.lines))

    def reaches(self, site: Site, use: Use) -> bool:
        """Whether the import has surely run when the use does."""
        statement = site.statement
        deeper = use.scope.function is not None and use.scope.function is not site.scope.function
        if statement.lineno >= use.chain.lineno and not deeper:
            return False
        return self._model.parents.get(statement) is site.scope.node

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements that a statement stands among."""
        parent = self._model.parents.get(statement, self._model.tree)
        bodies = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
        return next((body for body in bodies if isinstance(body, list) and statement in body), [])

    def neighbours(self, site: Site) -> list[ast.ImportFrom]:
        """The ``from`` imports right before and behind an import."""
        block = self.block(site.statement)
        index = block.index(site.statement)
        return [each for each in block[max(index - 1, 0) : index + 2] if isinstance(each, ast.ImportFrom)]

    def reachable(self, use: Use, path: str, beside: list[Site]) -> Iterator[tuple[str, str]]:
        """Names in sight of a use, with what they stand for, that ``path`` can be spelled from; best first.

        ``beside`` are the imports that the use relies on now: what is imported in the same block is there as well.
        """
        found: dict[str, str] = {}
        blocks = [self.block(site.statement) for site in beside]
        scope: Scope | None = use.scope
        while scope is not None:
            for name, bindings in scope.bindings.items():
                if name in found or not bindings or any(item != bindings[0] for item in bindings):
                    continue
                if not isinstance(bindings[0], str) or not is_public_part(bindings[0], path):
                    continue
                seen = use.scope.lookup(name)
                if seen is None or seen[0] is not scope:
                    continue
                sites = self.of(scope, name)
                near = any(site.statement in block for site in sites for block in blocks)
                if near or any(self.reaches(site, use) for site in sites):
                    found[name] = bindings[0]
            scope = scope.parent
        yield from sorted(
            found.items(), key=lambda item: (item != ("torch", "torch"), item[1] != "torch", -len(item[1]))
        )

    def loads(self, module: str, use: Use) -> bool:
        """Whether some import before the use loads a module, or something inside it."""
        return any(f"{_loaded(site)}.".startswith(f"{module}.") and self.reaches(site, use) for site in self.sites)

    def uses_of(self, home: Scope, name: str) -> list[ast.expr]:
        """Every expression that begins with what a name stands for in a scope."""
        walked = self._model.walked
        found = []
        for chain in walked.chains.get(name, ()):
            seen = walked.name_scope[base_name(chain)].lookup(name)
            if seen is not None and seen[0] is home:
                found.append(chain)
        return found

    def is_bound_anywhere(self, name: str) -> bool:
        """Whether any scope of the file binds a name, or the file uses it without binding it."""
        walked = self._model.walked
        functions, classes = walked.functions.values(), walked.classes.values()
        scopes = [walked.root, *(info.scope for info in functions), *(info.scope for info in classes)]
        if name in walked.chains or any(name in scope.bindings for scope in scopes):
            return True
        # lambdas and comprehensions keep their scopes to themselves
        return any(node.arg == name for node in ast.walk(self._model.tree) if isinstance(node, ast.arg)) or any(
            node.id == name for node in ast.walk(self._model.tree) if isinstance(node, ast.Name)
        )

    @cached_property
    def strings(self) -> str:
        """All strings of the file that may hold an annotation or a name; docstrings do not."""
        nodes = list(ast.walk(self._model.tree))
        alone = {node.value for node in nodes if isinstance(node, ast.Expr)}
        constants = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in alone]
        return "\n".join(value for value in constants if isinstance(value, str))


def _loaded(site: Site) -> str:
    """The module that an import surely loads."""
    if isinstance(site.statement, ast.Import):
        return site.alias.name
    return "." * site.statement.level + (site.statement.module or "")


def _sites_of(node: ast.AST, scope: Scope) -> Iterator[Site]:
    match node:
        case ast.Import(names=names):
            for index, alias in enumerate(names):
                local = alias.asname or alias.name.partition(".")[0]
                path = alias.name if alias.asname else local
                yield Site(node, index, _home(scope, local), local, path)
        case ast.ImportFrom(names=names, module=module, level=level):
            for index, alias in enumerate(names):
                local = alias.asname or alias.name
                yield Site(node, index, _home(scope, local), local, f"{'.' * level}{module or ''}.{alias.name}")
        case _:
            return


def _home(scope: Scope, name: str) -> Scope:
    return scope.elsewhere.get(name, scope)
