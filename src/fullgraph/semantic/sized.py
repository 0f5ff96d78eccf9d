"""Whether what a loop passes surely has another size at every turn, by what stands there."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeAlias

from fullgraph.semantic.turns import Turn

NamesOf: TypeAlias = Callable[[ast.expr], tuple[str, ...]]
"""Gives the dotted paths that an expression may stand for."""
_JOINS = frozenset({"torch.cat", "torch.concat", "torch.concatenate", "torch.hstack", "torch.vstack"})
_MAKERS = frozenset(f"torch.{name}" for name in ("arange", "empty", "full", "ones", "rand", "randn", "zeros"))


def has_other_size(argument: ast.expr, turn: Turn, names_of: NamesOf) -> bool:
    """Whether an argument surely has another size at every turn."""
    match argument:
        case ast.Subscript(slice=ast.Tuple(elts=parts)):
            return any(_is_counted_slice(part, turn) for part in parts)
        case ast.Subscript(slice=part):
            return _is_counted_slice(part, turn)
        case ast.Call(func=func, args=sizes) if not _MAKERS.isdisjoint(names_of(func)):
            first = sizes[0] if sizes else None
            parts = first.elts if isinstance(first, (ast.Tuple, ast.List)) else sizes
            is_one = names_of(func) in (("torch.arange",), ("torch.full",)) and parts is sizes
            return any(isinstance(part, ast.Name) and turn.counts(part.id) for part in (parts[:1] if is_one else parts))
        case ast.Name(id=name):
            return turn.may_be_many and _is_joined(turn.change_of(name), name, names_of)
        case _:
            return False


def _is_counted_slice(part: ast.expr, turn: Turn) -> bool:
    """Whether one end of a slice is what the loop counts, and the other is fixed."""
    match part:
        case ast.Slice(lower=None, upper=ast.expr() as end, step=None):
            pass
        case ast.Slice(lower=ast.expr() as end, upper=None, step=None):
            pass
        case _:
            return False
    match end:
        case ast.Name(id=name) | ast.BinOp(left=ast.Name(id=name), op=ast.Add(), right=ast.Constant()):
            return turn.counts(name)
        case _:
            return False


def _is_joined(change: ast.stmt | None, name: str, names_of: NamesOf) -> bool:
    """Whether a statement is ``name = torch.cat([name, ...])``."""
    match change:
        case ast.Assign(value=ast.Call(func=func, args=[ast.List(elts=parts) | ast.Tuple(elts=parts), *_])):
            is_part = any(isinstance(part, ast.Name) and part.id == name for part in parts)
            return is_part and len(parts) > 1 and not _JOINS.isdisjoint(names_of(func))
        case _:
            return False
