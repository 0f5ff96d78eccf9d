"""Uses of private names of a package, each reported where it is spelled."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fullgraph.semantic.model import FileModel
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import base_name
from fullgraph.torchfacts import is_private, may_change

_ASKING = frozenset({"getattr", "hasattr"})
_OPERATORS = ("torch.ops.",)
"""Registered operators are no Python API: an underscore belongs to the operator's name."""


def references(
    model: FileModel, package: str, candidates: frozenset[str], *, changing: bool = False
) -> Iterator[tuple[ast.expr, Scope]]:
    """Outermost expressions that stand for something of ``package``, with their scope.

    A bare name that an assignment in the file binds is left to that assignment. ``changing`` leaves out names of torch
    that every release has and none warns of.
    """
    below = f"{package}."
    for name in sorted(candidates):
        for chain in model.walked.chains.get(name, ()):
            for path in model.names.of(chain):
                if (path.startswith(below) or path == package) and not (changing and not may_change(path)):
                    break
            else:
                continue
            base = base_name(chain)
            scope = model.walked.name_scope[base]
            if chain is not base or not _assigned_values(base, scope):
                yield chain, scope


def private_references(model: FileModel, package: str, candidates: frozenset[str]) -> Iterator[tuple[ast.expr, Scope]]:
    """Outermost expressions that stand for a private name of ``package``, in the order of the file, with their scope.

    ``candidates`` are the names that may begin such an expression. A bare name that an assignment in the file binds is
    left to that assignment, and an assignment whose alias is only walked through is left to those uses.
    """
    found: dict[ast.expr, Scope] = {}
    walked_through: set[ast.expr] = set()
    asked = _asked_by_name(model)
    for name in candidates:
        for chain in model.walked.chains.get(name, ()):
            use = asked.get(chain, chain) if asked else chain
            if use is None or not _is_private_use(model, use, package):
                continue
            base = base_name(chain)
            scope = model.walked.name_scope[base]
            assigned = _assigned_values(base, scope)
            if use is base and any(model.names.of(value) for value in assigned):
                continue
            found[use] = scope
            walked_through |= assigned
    for chain, scope in sorted(found.items(), key=lambda item: (item[0].lineno, item[0].col_offset)):
        if chain not in walked_through and not _is_fallback(model, chain, package):
            yield chain, scope


def _asked_by_name(model: FileModel) -> dict[ast.expr, ast.Call | None]:
    """Owners in ``getattr(owner, "name")`` with that call, which is the whole use; in ``hasattr``, which is none."""
    asked: dict[ast.expr, ast.Call | None] = {}
    for call, _ in model.walked.calls_of(_ASKING):
        match call:
            case ast.Call(func=ast.Name(id="hasattr"), args=[owner, _]):
                asked[owner] = None
            case ast.Call(func=ast.Name(id="getattr"), args=[owner, ast.Constant(value=str()), *_]):
                asked[owner] = call
            case _:
                continue
    return asked


def _assigned_values(name: ast.Name, scope: Scope) -> set[ast.expr]:
    found = scope.lookup(name.id)
    return {item for item in found[1] if isinstance(item, ast.expr)} if found is not None else set()


def _is_private_use(model: FileModel, chain: ast.expr, package: str) -> bool:
    paths = model.names.of(chain)
    if not any("._" in path for path in paths):
        return False
    paths = tuple(path for path in paths if path == package or path.startswith(package + "."))
    if any(path.startswith(_OPERATORS) for path in paths):
        return False
    return bool(paths) and all(is_private(path) for path in paths)


def _is_fallback(model: FileModel, value: ast.expr, package: str) -> bool:
    """Whether ``value`` is assigned to a name that may also be something public of the package."""
    target = model.targets.get(value)
    if not isinstance(target, ast.Name):
        return False
    scopes = (model.walked.root, *(info.scope for info in model.walked.functions.values()))
    bound = (scope.bindings.get(target.id, ()) for scope in scopes)
    home = next((bindings for bindings in bound if any(item is value for item in bindings)), ())
    return any(_is_public(model, item, package) for item in home if item is not value)


def _is_public(model: FileModel, binding: object, package: str) -> bool:
    match binding:
        case str(path):
            paths: tuple[str, ...] = (path,)
        case ast.expr():
            paths = model.names.of(binding)
        case _:
            return False
    return any(path.startswith(package + ".") and not is_private(path) for path in paths)
