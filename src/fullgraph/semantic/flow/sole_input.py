"""The one parameter of a compiled function that can be a tensor only, as there would be nothing to compile otherwise.

`x` in ``@torch.compile def f(x): return x + 1 if x > 0 else x`` may be a Python number, but then the function computes
no tensor at all: it has no other parameter, and reads nothing from outside that could be one.
"""

from __future__ import annotations

import ast
import itertools
import sys

from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import DefNode, Scope
from fullgraph.semantic.walk import Walked

_COMPILES = ("torch.compile",)
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def compiled_functions(walked: Walked, names: Names) -> frozenset[ast.AST]:
    """Functions of the file that are decorated with ``torch.compile``, or that a call by their name compiles."""
    found: set[ast.AST] = set()
    named_so = {"", "compile", *names.bound_names(("torch",))}
    for call, scope in walked.calls_of(named_so):
        match call.args:
            case [ast.Name(id=name)] if names.of(call.func) == _COMPILES:
                home = scope.lookup(name)
                found.update(item for item in (home[1] if home else ()) if isinstance(item, ast.FunctionDef))
            case _:
                continue
    for node in walked.functions:
        for decorator in getattr(node, "decorator_list", ()):
            if names.of(decorator.func if isinstance(decorator, ast.Call) else decorator) == _COMPILES:
                found.add(node)
    return frozenset(found)


def sole_input(node: DefNode, scope: Scope, walked: Walked, names: Names) -> str | None:
    """The parameter without annotation and default that all tensors of a function must come from, if it is one."""
    match node.args:
        case ast.arguments(
            posonlyargs=[],
            args=[ast.arg(arg=name, annotation=None)],
            vararg=None,
            kwonlyargs=[],
            kwarg=None,
            defaults=[],
        ) if walked.functions[node].owner is None:
            pass
        case _:
            return None
    calculates = multiplies = no_list = False
    for part in ast.walk(ast.Module(node.body, [])):
        match part:
            case ast.Name(ctx=ast.Load()) if not _is_no_tensor(part, scope, walked, names):
                return None
            case ast.BinOp() | ast.UnaryOp() | ast.Compare():
                calculates = calculates or _calculates(part, name)
                multiplies = multiplies or _multiplies(part, name)
            case ast.Attribute(value=ast.Name(id=base), attr=attr) if base == name:
                no_list = no_list or not (hasattr(list, attr) or hasattr(str, attr))
            case ast.Call(func=ast.Name(id="isinstance" | "type")):
                return None
            case _:
                continue
    return name if (calculates or (multiplies and no_list)) and _stays(name, scope) else None


def _stays(name: str, scope: Scope) -> bool:
    """Whether what a parameter is assigned, if anything, is computed from it."""
    return all(
        isinstance(item, ast.arg) or (isinstance(item, ast.BinOp) and any(_is(part, name) for part in ast.walk(item)))
        for item in scope.bindings.get(name, ())
    )


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_no_tensor(name: ast.Name, scope: Scope, walked: Walked, names: Names) -> bool:
    """Whether a name is the function's own, or stands for what Python itself brings."""
    home = walked.name_scope.get(name)
    found = home.lookup(name.id) if home is not None else scope.lookup(name.id)
    if found is not None and (found[0] is scope or found[0].function is scope):
        return True
    paths = names.of(name)
    return bool(paths) and all(path.partition(".")[0] in sys.stdlib_module_names for path in paths)


def _calculates(part: ast.BinOp | ast.UnaryOp | ast.Compare, name: str) -> bool:
    """Whether an operation can be done with tensors and numbers only, no list and no text."""
    match part:
        case ast.UnaryOp(op=ast.USub() | ast.Invert(), operand=operand):
            return _is(operand, name)
        case ast.BinOp(op=ast.Mult()):
            return _is_float(_other(part, name))
        case ast.BinOp(op=op) if not isinstance(op, ast.Mod):
            return _is_number(_other(part, name))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            parts = [left, *comparators]
            return all(isinstance(op, _ORDERS) for op in ops) and any(
                (_is(one, name) and _is_number(two)) or (_is(two, name) and _is_number(one))
                for one, two in itertools.pairwise(parts)
            )
        case _:
            return False


def _multiplies(part: ast.expr, name: str) -> bool:
    """Whether an operation multiplies the parameter by an integer, which repeats a list or a text."""
    return isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult) and _is_number(_other(part, name))


def _other(operation: ast.BinOp, name: str) -> ast.expr | None:
    """What the parameter is combined with."""
    if _is(operation.left, name):
        return operation.right
    return operation.left if _is(operation.right, name) else None


def _is_number(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_float(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is float
