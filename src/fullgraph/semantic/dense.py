"""Conditions on the layout of a tensor whose answer is known while Dynamo traces, since it traces no sparse tensors."""

from __future__ import annotations

import ast

from fullgraph.semantic.names import Names

_SPARSE = frozenset({f"torch.sparse_{name}" for name in ("bsc", "bsr", "coo", "csc", "csr")})
"""Layouts of tensors for which Dynamo leaves a function to eager code."""


def has_layout(test: ast.Compare, names: Names) -> bool | None:
    """The truth of ``x.layout == torch.sparse_coo`` and its like in traced code; None of any other comparison."""
    match test:
        case ast.Compare(left=ast.Attribute(attr="layout"), ops=[op], comparators=[layout]):
            paths = names.of(layout)
            return _answer(op) if paths and _SPARSE.issuperset(paths) else None
        case _:
            return None


def _answer(op: ast.cmpop) -> bool | None:
    match op:
        case ast.Eq() | ast.Is():
            return False
        case ast.NotEq() | ast.IsNot():
            return True
        case _:
            return None
