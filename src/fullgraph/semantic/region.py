"""The traced region as one file's rules ask for it: by scope and row."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fullgraph.semantic.barriers import Barriers
from fullgraph.semantic.references import function_nodes
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.traced import FileRegion, ModuleClass, Traced, TracedBy
from fullgraph.semantic.walk import Walked


class Region:
    """Which functions of one walked file Dynamo traces, as linking its project found."""

    def __init__(self, walked: Walked, barriers: Barriers, linked: FileRegion) -> None:
        self._walked = walked
        self._barriers = barriers
        self._linked = linked
        self._functions = {node: index for index, node in enumerate(function_nodes(walked))}
        self._classes = {node: index for index, node in enumerate(walked.classes)}

    def traced_by(self, scope: Scope, row: int) -> TracedBy:
        """How surely code at ``row`` in ``scope`` is traced, with the shortest chain.

        A nested function goes with the function around it; a branch that the compiler does not take is not traced.
        """
        if self._barriers.is_skipped(row):
            return TracedBy()
        return self._linked.traced_in(self.functions_around(scope))

    def degree(self, scope: Scope) -> Traced:
        """How surely code in a scope is traced, apart from rows that the compiler does not come to."""
        return self._linked.traced_in(self.functions_around(scope)).degree

    def is_skipped(self, row: int) -> bool:
        """Whether the compiler does not come to this row, whatever the project says."""
        return self._barriers.is_skipped(row)

    def functions_around(self, scope: Scope) -> Iterator[int]:
        """The numbers of the functions that a scope lies in, up to the next class, the innermost first."""
        current: Scope | None = scope
        while current is not None and not current.is_class:
            index = self._functions.get(current.node)
            if index is not None:
                yield index
            current = current.parent

    def lifts(self, unless: Iterable[str], scope: Scope) -> bool:
        """Whether one of the conditions holds under which code in ``scope`` does no harm (`FileRegion.lifts`)."""
        return self._linked.lifts(unless, self.functions_around(scope))

    def number_of(self, node: ast.AST) -> int | None:
        """The number of a function of this file."""
        return self._functions.get(node)

    def is_root(self, node: ast.AST) -> bool:
        """Whether tracing begins at this function, so that its arguments come from eager code."""
        return self._functions.get(node) in self._linked.roots

    @property
    def has_certain_roots(self) -> bool:
        """Whether something in this file is certainly compiled."""
        return any(degree is Traced.CERTAIN for degree, _ in self._linked.traced.values())

    def is_disabled(self, scope: Scope) -> bool:
        """Whether the code's function, or one around it, is kept out of the compiler."""
        current: Scope | None = scope
        while current is not None:
            if self._functions.get(current.node) in self._linked.disabled:
                return True
            current = current.parent
        return False

    def is_module(self, node: ast.ClassDef) -> ModuleClass:
        """Whether a class of this file is an ``nn.Module``, as far as the project tells."""
        return self._linked.modules.get(self._classes.get(node, -1), ModuleClass.NO)
