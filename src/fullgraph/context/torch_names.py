"""What a handler may ask about names of torch, on the releases that are aimed at."""

from __future__ import annotations

import ast
from dataclasses import replace

from fullgraph.context.here import Here
from fullgraph.intents import Fix
from fullgraph.semantic.renames import rename
from fullgraph.semantic.renames import replace as replace_call
from fullgraph.semantic.walk import base_name
from fullgraph.torchfacts import (
    Deprecation,
    TorchRange,
    deprecation,
    is_private,
    may_change,
    private_name,
    replacement,
)
from fullgraph.uses import MissingName, PrivateUse, missing_in


class TorchNames:
    """Which names of torch are private, missing or deprecated, what guards their use, and what to write instead."""

    __slots__ = ("_here", "_releases")

    def __init__(self, here: Here, releases: TorchRange) -> None:
        self._here = here
        self._releases = releases

    def private_use(self, expr: ast.expr) -> PrivateUse | None:
        """What is known of the private torch name that ``expr`` stands for; None if it stands for none."""
        path = next((path for path in self._here.model.names.of(expr) if is_private(path)), None)
        if path is None:
            return None
        known = private_name(path)
        owner = path
        while known is None and is_private(owner := owner.rpartition(".")[0]):
            known = private_name(owner)
        if known is None:
            return PrivateUse(path, None, None)
        public = known.public_at(self._releases.oldest)
        if public is not None and known.name != path:
            public = replace(public, name=public.name + path[len(known.name) :])
        return PrivateUse(path, known, public)

    def missing_in(self, path: str) -> MissingName | None:
        """The part of ``path`` that surely does not exist in some of the releases aimed at.

        None where every release has it, or the tables do not tell.
        """
        return missing_in(path, self._releases)

    def deprecation(self, path: str) -> Deprecation | None:
        """What is known of the deprecated ``path``, if it warns in each of the releases aimed at."""
        known = deprecation(path) if may_change(path) else None
        return known if known is not None and all(map(known.warns_at, self._releases.releases())) else None

    def is_guarded(self, node: ast.AST, path: str, *, broad: bool = True) -> bool:
        """Whether the use of ``path`` at ``node`` is prepared for a torch without it, or is not evaluated at all.

        It is where the file asks for one of its names, and inside or after what catches the error or is about versions.
        Without ``broad``, a handler that catches every ``Exception`` is not made for that.
        """
        return self._here.model.guards.covers(node, path, broad=broad)

    def rename(self, node: ast.expr, use: PrivateUse) -> Fix | None:
        """How to use the public name at ``node``; None if there is none.

        The fix is safe where both names are surely the same for this very call or value, and is only shown, with the
        reason, where the file does not say enough or the public name does not take what the private one is given.
        """
        if use.known is None or use.public is None:
            return None
        return rename(self._here.model, node, use.path, use.known, use.public, self._releases)

    def replacement(self, node: ast.expr, path: str) -> Fix | None:
        """How to call what stands in for the deprecated ``path``, which ``node`` calls or decorates with.

        None where the table has nothing that is known to do the same.
        """
        known = replacement(path)
        return None if known is None else replace_call(self._here.model, node, known, self._releases)

    def uses_beside(self, path: str, node: ast.AST) -> bool:
        """Whether the function around ``node`` also uses ``path``; at module level, the ``if`` or ``try`` around it."""
        function = self._here.scope.function
        rows = None if function is not None else self._branch_rows(node)
        if function is None and rows is None:
            return False
        names, walked = self._here.model.names, self._here.model.walked
        for name in names.bound_names((path.partition(".")[0],)):
            for chain in walked.chains.get(name, ()):
                if path in names.of(chain):
                    if rows is None:
                        near = walked.name_scope[base_name(chain)].function is function
                    else:
                        near = rows[0] <= chain.lineno <= rows[1]
                    if near:
                        return True
        return False

    def is_fallback(self, node: ast.AST, use: PrivateUse) -> bool:
        """Whether the public name, which a later release aimed at has, is used beside the private one at ``node``."""
        known = use.known
        if known is None or known.public is None or known.public.since > self._releases.newest:
            return False
        return self.uses_beside(known.public.name + use.path[len(known.name) :], node)

    def _branch_rows(self, node: ast.AST) -> tuple[int, int] | None:
        """First and last row of the outermost ``if`` or ``try`` around ``node``."""
        found: tuple[int, int] | None = None
        parents = self._here.model.parents
        current = parents.get(node)
        while current is not None:
            if isinstance(current, (ast.If, ast.Try, ast.IfExp)):
                found = current.lineno, current.end_lineno or current.lineno
            current = parents.get(current)
        return found
