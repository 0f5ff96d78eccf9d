"""Where the variables of a file are read."""

from __future__ import annotations

import ast

from fullgraph.semantic.scopes import DefNode, Scope
from fullgraph.semantic.surely import Surely
from fullgraph.semantic.walk import Walked, base_name


def is_loaded(name: ast.Name, scope: Scope, walked: Walked, *, after: ast.AST | None) -> bool:
    """Whether the variable that ``name`` is a store of in a scope is read anywhere in the file.

    With ``after``: whether that is further down than this node, or in another function.
    """
    home = scope.lookup(name.id)
    if home is None:
        return True
    loads = [base_name(chain) for chain in walked.chains.get(name.id, ())]
    mine = [load for load in loads if walked.name_scope[load].lookup(name.id) == home]
    end = (getattr(after, "end_lineno", 0), getattr(after, "end_col_offset", 0)) if after is not None else (0, 0)
    return any(
        (load.lineno, load.col_offset) >= end or walked.name_scope[load].function is not scope.function for load in mine
    )


def is_first_use(name: ast.Name, function: DefNode, surely: Surely) -> bool:
    """Whether each call of a function surely comes to ``name``, and no use of it stands before."""
    uses = [
        part
        for statement in function.body
        for part in ast.walk(statement)
        if isinstance(part, ast.Name) and part.id == name.id
    ]
    if min(uses, key=lambda part: (part.lineno, part.col_offset)) is not name:
        return False
    return any(part is name for place in surely.places(function) for part in ast.walk(place))
