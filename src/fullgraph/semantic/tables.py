"""Dicts in which tensors are kept, and dicts whose keys are tuples, by how they are declared and made."""

from __future__ import annotations

import ast
from typing import Protocol

from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.traced import Traced, TracedBy

_CONTAINERS = frozenset({"builtins", "collections", "typing", "typing_extensions"})
_TUPLES = frozenset({"builtins.tuple", "typing.Tuple"})


class Asked(Protocol):
    """What must be known of the function that an expression stands in."""

    def names(self, expr: ast.expr, /) -> tuple[str, ...]:
        """The dotted paths that an expression may stand for."""
        ...

    def kind(self, expr: ast.expr, /) -> Kind:
        """What an expression is."""
        ...

    def annotated_kind(self, annotation: ast.expr, /) -> Kind:
        """What an annotation promises."""
        ...

    def annotations(self, expr: ast.expr, /) -> tuple[ast.expr, ...]:
        """The annotations of a name or an attribute."""
        ...

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name or an attribute."""
        ...

    def parent(self, node: ast.AST, /) -> ast.AST | None:
        """The node that a node is a part of."""
        ...

    def traced(self, node: ast.AST, /) -> TracedBy:
        """How surely a node is traced."""
        ...


def maps_tuples(annotation: ast.expr, asked: Asked) -> bool:
    """Whether an annotation, or a part of it, is of a dict whose keys are tuples."""
    todo = [annotation]
    while todo:
        part = todo.pop()
        match part:
            case ast.Name() | ast.Constant():
                continue
            case ast.Subscript(slice=inner):
                if isinstance(inner, ast.Tuple) and len(inner.elts) == 2 and _is_keyed(part, inner.elts[0], asked):
                    return True
                todo.append(inner)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                todo += parts
            case _:
                todo += (each for each in ast.iter_child_nodes(part) if isinstance(each, ast.expr))
    return False


def promises_tensors(annotation: ast.expr, asked: Asked) -> bool:
    """Whether an annotation is of a tensor, or of a container that holds some: not of a function that takes one."""
    todo = [annotation]
    while todo:
        match todo.pop():
            case (ast.Name() | ast.Attribute()) as part:
                if asked.annotated_kind(part) is Kind.TENSOR:
                    return True
            case ast.Subscript(value=owner, slice=inner):
                if _holds(owner, asked):
                    todo.append(inner)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                todo += parts
            case ast.BinOp(left=left, right=right):
                todo += (left, right)
            case _:
                continue
    return False


def _holds(owner: ast.expr, asked: Asked) -> bool:
    """Whether ``owner[X]`` holds what ``X`` says: a container or option of Python's own."""
    names = asked.names(owner)
    return any(path.partition(".")[0] in _CONTAINERS and not path.endswith("Callable") for path in names)


def is_used_as_dict(node: ast.AST, container: ast.expr, asked: Asked) -> bool:
    """Whether ``container`` is surely a dict, and holds tensors or is used in traced code."""
    values = [item.value if isinstance(item, ast.AnnAssign) else item for item in asked.bindings(container)]
    expressions = [value for value in values if isinstance(value, ast.expr)]
    annotations = asked.annotations(container)
    if not all(_is_dict(value, asked) for value in expressions):
        return False
    if not expressions and not any(asked.annotated_kind(item) is Kind.DICT for item in annotations):
        return False
    if asked.traced(node).degree is Traced.CERTAIN:
        return True
    is_written = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
    stored = _stored_value(node, asked) if is_written else None
    if stored is not None and asked.kind(stored) is Kind.TENSOR:
        return True
    return any(promises_tensors(item, asked) for item in annotations) or any(
        _makes_tensors(v, asked) for v in expressions
    )


def _is_keyed(annotation: ast.Subscript, key: ast.expr, asked: Asked) -> bool:
    """Whether ``X[key, value]`` is of a dict whose keys are tuples, and not only of devices, dtypes and flags."""
    owner = key.value if isinstance(key, ast.Subscript) else key
    parts = key.slice.elts if isinstance(key, ast.Subscript) and isinstance(key.slice, ast.Tuple) else []
    if isinstance(key, ast.Subscript) and _are_few(parts or [key.slice], asked):
        return False
    return not _TUPLES.isdisjoint(asked.names(owner)) and asked.annotated_kind(annotation) is Kind.DICT


def _are_few(parts: list[ast.expr], asked: Asked) -> bool:
    """Whether a program has few values of all of these types."""
    return all(
        asked.annotated_kind(part) in (Kind.DEVICE, Kind.DTYPE) or "builtins.bool" in asked.names(part)
        for part in parts
    )


def _is_dict(value: ast.expr, asked: Asked) -> bool:
    match value:
        case ast.Call(func=func, keywords=keywords) if "dataclasses.field" in asked.names(func):
            factories = [item.value for item in keywords if item.arg == "default_factory"]
            return any("builtins.dict" in asked.names(item) for item in factories)
        case _:
            return asked.kind(value) is Kind.DICT


def _makes_tensors(value: ast.expr, asked: Asked) -> bool:
    """Whether a dict expression surely holds tensors."""
    match value:
        case ast.Dict(values=values):
            return any(asked.kind(item) is Kind.TENSOR for item in values)
        case ast.DictComp(value=item):
            return asked.kind(item) is Kind.TENSOR
        case ast.Call(func=func, args=[ast.Lambda(body=body), *_]) if "collections.defaultdict" in asked.names(func):
            return asked.kind(body) is Kind.TENSOR
        case _:
            return False


def _stored_value(node: ast.AST, asked: Asked) -> ast.expr | None:
    match asked.parent(node):
        case ast.Assign(targets=targets, value=value) if node in targets:
            return value
        case ast.AugAssign(target=target, value=value) if target is node:
            return value
        case _:
            return None
