"""What the annotations of one file promise."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, Protocol

from fullgraph.semantic.relevance import (
    A_TENSOR,
    CONTAINERS,
    MAPPINGS,
    TENSORS,
    WRAPPERS,
    is_abstract,
    is_irrelevant,
)
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.summary import UNKNOWN, Ref


class Translator(Protocol):
    """What says which value an expression stands for."""

    def ref(self, expr: Any, scope: Scope, depth: int) -> Ref:
        """What an expression stands for."""
        ...


def promise(expr: ast.expr, scope: Scope, translator: Translator, depth: int) -> Ref:
    """What an annotation promises: an instance, or a container of instances."""
    kind: Any = expr.__class__
    if kind is ast.Name or kind is ast.Attribute:
        return _named(expr, scope, translator, depth)
    if depth <= 0:
        return UNKNOWN
    match expr:
        case ast.Constant(value=str(text)):
            try:
                parsed = ast.parse(text, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return UNKNOWN
            return promise(parsed, scope, translator, depth - 1)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _promised((left, right), scope, translator, depth)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name) as origin, slice=inner):
            return _generic((name, origin), inner, scope, translator, depth)
        case _:
            return UNKNOWN


def _named(expr: ast.expr, scope: Scope, translator: Translator, depth: int) -> Ref:
    ref = translator.ref(expr, scope, depth - 1) if depth > 0 else UNKNOWN
    if ref and ref[0] == "i" and ref[1] in TENSORS:
        return A_TENSOR
    return UNKNOWN if not ref or is_irrelevant(ref) or is_abstract(ref) else ("@", ref)


def _generic(origin: tuple[str, ast.expr], inner: ast.expr, scope: Scope, translator: Translator, depth: int) -> Ref:
    """What ``Origin[inner]`` promises."""
    name, node = origin
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name in WRAPPERS:
        return _promised(parts[:1] if name == "Annotated" else parts, scope, translator, depth)
    if name in CONTAINERS or name in MAPPINGS:
        promised = _promised(parts[1:] if name in MAPPINGS else parts, scope, translator, depth)
        return ("[", (promised,)) if promised else UNKNOWN
    if name in ("type", "Type"):
        promised = _promised(parts, scope, translator, depth)
        return promised[1] if promised and promised[0] == "@" else UNKNOWN
    return promise(node, scope, translator, depth - 1)


def _promised(parts: Iterable[ast.expr], scope: Scope, translator: Translator, depth: int) -> Ref:
    """One of several promises."""
    refs = [promise(part, scope, translator, depth - 1) for part in parts]
    known = tuple(dict.fromkeys(ref for ref in refs if ref))
    return UNKNOWN if not known else known[0] if len(known) == 1 else ("|", known)
