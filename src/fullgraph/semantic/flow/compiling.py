"""Conditions whose answer is known while Dynamo traces: they ask whether it does, or for what it never traces."""

from __future__ import annotations

import ast

from fullgraph.semantic.dense import has_layout
from fullgraph.semantic.names import Names

_TRUE = frozenset({"is_compiling", "is_dynamo_compiling", "is_torchdynamo_compiling", "is_tracing"})
"""Last names of functions that tell compiled code from eager code, torch's own and those of well-known libraries."""
_FALSE = frozenset({"torch.jit.is_scripting", "torch.jit.is_tracing", "torch.onnx.is_in_onnx_export"})
_NAMES = _TRUE | {"is_scripting", "is_in_onnx_export"}
_DEPTH = 8


def answer(test: ast.expr, names: Names, depth: int = _DEPTH) -> bool | None:
    """The truth of a condition while Dynamo traces; None if that is not known."""
    match test:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _NAMES:
            return _of_call(test, names)
        case ast.Constant(value=bool(value)):
            return value
        case ast.Compare():
            return has_layout(test, names)
        case ast.Name() if depth > 0:
            match names.only_value(test):
                case ast.Call() as call:
                    return answer(call, names, 0)
                case _:
                    return None
        case ast.UnaryOp(op=ast.Not(), operand=operand) if depth > 0:
            inner = answer(operand, names, depth - 1)
            return None if inner is None else not inner
        case ast.BoolOp(op=op, values=values) if depth > 0:
            decisive = isinstance(op, ast.Or)
            answers = [answer(value, names, depth - 1) for value in values]
            if decisive in answers:
                return decisive
            return None if None in answers else not decisive
        case _:
            return None


def _of_call(call: ast.Call, names: Names) -> bool | None:
    paths = names.of(call.func)
    if not _FALSE.isdisjoint(paths):
        return False
    return True if any(path.rpartition(".")[2] in _TRUE for path in paths) else None
