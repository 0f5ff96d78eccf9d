"""Where a graph break costs the whole frame: Dynamo resumes behind a break only where no block is open around it."""

from __future__ import annotations

import ast

from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS
from fullgraph.semantic.walk import Walked

_LEAVES = (ast.Break, ast.Return, ast.Raise)
"""A loop that ends so is none."""
_FUNCTIONS = (*DEFS, ast.Lambda, ast.ClassDef, ast.Module)
_OF_A_RUN = frozenset({"BaseException", "Exception", "OutOfMemoryError", "RuntimeError"})
"""What computing raises, and whatever else; Dynamo does not compute while it traces."""


def block_around(node: ast.AST, parents: Parents, walked: Walked, *, generators: bool) -> str | None:
    """The kind of block around a node that Dynamo cannot resume in: a loop, a ``try``, a context manager of the file.

    None where it resumes, or where that is not known. Measured on torch 2.4 to 2.15: nothing of the function is
    captured then. With ``generators`` that is so within a context manager made by a generator, too: from 2.9 on.
    """
    child, parent = node, parents.get(node)
    returns = False
    while parent is not None and not isinstance(parent, _FUNCTIONS):
        match parent:
            case ast.For(body=body) | ast.AsyncFor(body=body) | ast.While(body=body) if child in body:
                if not isinstance(body[-1], _LEAVES) and not returns:
                    return "a loop"
            case ast.Try(body=body, handlers=handlers) if child in body or child in handlers:
                return "a `try`"
            case ast.With(items=items) if child not in items and any(
                _is_of_file(item, walked, generators=generators) for item in items
            ):
                return "a context manager of the project"
            case ast.If(body=body, orelse=orelse):
                returns = returns or any(_returns_after(child, part) for part in (body, orelse))
            case ast.With(body=body):
                returns = returns or _returns_after(child, body)
            case _:
                pass
        child, parent = parent, parents.get(parent)
    return None


def _returns_after(child: ast.AST, body: list[ast.stmt]) -> bool:
    return child in body and isinstance(body[-1], ast.Return)


def handles_a_run(node: ast.AST, parents: Parents) -> bool:
    """Whether a node stands where an ``except`` handles what only computing raises, so that it is not traced.

    What is raised by the code within the ``try`` itself, and by Python's own look-ups, Dynamo comes to.
    """
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, _FUNCTIONS):
        if isinstance(child, ast.ExceptHandler) and isinstance(parent, ast.Try) and _is_of_a_run(child.type):
            return not any(isinstance(part, ast.Raise) for each in parent.body for part in ast.walk(each))
        child, parent = parent, parents.get(parent)
    return False


def _is_of_a_run(types: ast.expr | None) -> bool:
    match types:
        case None:
            return True
        case ast.Tuple(elts=elts):
            return all(_is_of_a_run(item) for item in elts)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _OF_A_RUN
        case _:
            return False


def _is_of_file(item: ast.withitem, walked: Walked, *, generators: bool) -> bool:
    """Whether a context manager is made by a function or class of the file."""
    match item.context_expr:
        case ast.Call(func=ast.Name(id=name) as callee) if callee in walked.name_scope:
            found = walked.name_scope[callee].lookup(name)
            makers = (*DEFS, ast.ClassDef) if generators else (ast.ClassDef,)
            return found is not None and all(isinstance(each, makers) for each in found[1])
        case _:
            return False
