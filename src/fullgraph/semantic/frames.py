"""Where a graph break costs the whole frame: Dynamo resumes behind a break only where no block is open around it."""

from __future__ import annotations

import ast

from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS
from fullgraph.semantic.walk import Walked

_LEAVES = (ast.Break, ast.Return, ast.Raise)
"""A loop that ends so is none."""
_FUNCTIONS = (*DEFS, ast.Lambda, ast.ClassDef, ast.Module)


def block_around(node: ast.AST, parents: Parents, walked: Walked) -> str | None:
    """The kind of block around a node that Dynamo cannot resume in: a loop, a ``try``, a context manager of the file.

    None where it resumes, or where that is not known. Measured on torch 2.13: nothing of the function is captured then.
    """
    child, parent = node, parents.get(node)
    while parent is not None and not isinstance(parent, _FUNCTIONS):
        match parent:
            case ast.For(body=body) | ast.AsyncFor(body=body) | ast.While(body=body) if child in body:
                if not isinstance(body[-1], _LEAVES):
                    return "a loop"
            case ast.Try(body=body, handlers=handlers) if child in body or child in handlers:
                return "a `try`"
            case ast.With(items=items) if child not in items and any(_is_of_file(item, walked) for item in items):
                return "a context manager of the project"
            case _:
                pass
        child, parent = parent, parents.get(parent)
    return None


def _is_of_file(item: ast.withitem, walked: Walked) -> bool:
    """Whether a context manager is made by a function or class of the file."""
    match item.context_expr:
        case ast.Call(func=ast.Name(id=name) as callee) if callee in walked.name_scope:
            found = walked.name_scope[callee].lookup(name)
            return found is not None and all(isinstance(each, (*DEFS, ast.ClassDef)) for each in found[1])
        case _:
            return False
