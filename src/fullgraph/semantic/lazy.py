"""What a module's ``__getattr__`` (PEP 562) imports when a name is first asked for, as far as literals say it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked

_OWN = frozenset({"__name__", "__package__"})
_MOST = 2000
"""How many names of a table are looked at."""


@dataclass(frozen=True, slots=True)
class Lazy:
    """What a module has besides what it binds.

    Attributes:
        names: the path that each name leads to.
        modules: modules that have further names.
    """

    names: dict[str, str]
    modules: tuple[str, ...] = ()


_NOTHING = Lazy({})


def lazy_imports(walked: Walked) -> Lazy:
    """What the module's ``__getattr__`` leads to: by a table, by imports in it, or all to another module."""
    match walked.root.bindings.get("__getattr__"):
        case [ast.FunctionDef(args=ast.arguments(args=[parameter])) as function]:
            scope = walked.functions[function].scope
        case _:
            return _NOTHING
    found = dict(_imported_inside(function, scope))
    modules: list[str] = []
    for call in ast.walk(function):
        match call:
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[spelled, *_]):
                before, rest = _prefix(spelled)
                if rest is None:
                    modules.append(before)
                else:
                    found.update(_by_tables(function, walked.root, before))
            case _:
                continue
    found.pop(parameter.arg, None)
    return Lazy({name: path for name, path in found.items() if name not in walked.root.bindings}, tuple(modules))


def _imported_inside(function: ast.FunctionDef, scope: Scope) -> Iterator[tuple[str, str]]:
    """Names that an import in the function binds, and that it compares with: ``if name == "Net": from .net import``."""
    texts = {
        node.value for node in ast.walk(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for name, bindings in scope.bindings.items():
        match bindings:
            case [str(path)] if name in texts:
                yield name, path
            case _:
                continue


def _prefix(spelled: ast.expr) -> tuple[str, ast.expr | None]:
    """What the name of an imported module begins with, and what follows it; None if nothing does."""
    match spelled:
        case ast.Constant(value=str(text)):
            return text, None
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add(), right=rest):
            return text, rest
        case ast.BinOp(left=ast.BinOp(left=ast.Name(id=own), right=ast.Constant(value=".")), right=rest) if own in _OWN:
            return ".", rest
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), ast.FormattedValue(value=rest)]):
            return text, rest
        case ast.JoinedStr(
            values=[ast.FormattedValue(value=ast.Name(id=own)), ast.Constant(value="."), ast.FormattedValue(value=rest)]
        ) if own in _OWN:
            return ".", rest
        case _:
            return "", spelled


def _by_tables(function: ast.FunctionDef, root: Scope, before: str) -> Iterator[tuple[str, str]]:
    """Names with the paths that the literal tables say which the function reads."""
    read = dict.fromkeys(node.id for node in ast.walk(function) if isinstance(node, ast.Name))
    for name in read:
        match root.bindings.get(name):
            case [ast.Dict() as table] | [ast.AnnAssign(value=ast.Dict() as table)]:
                yield from _of_table(table, before)
            case _:
                continue


def _of_table(table: ast.Dict, before: str) -> Iterator[tuple[str, str]]:
    """``{name: module}``, ``{name: (module, attribute)}`` or ``{module: [names]}``."""
    for key, value in [*zip(table.keys, table.values, strict=True)][:_MOST]:
        match key, value:
            case ast.Constant(value=str(name)), ast.Constant(value=str(module)):
                yield name, f"{before}{module}.{name}"
            case (
                ast.Constant(value=str(name)),
                ast.Tuple(elts=[ast.Constant(value=str(module)), ast.Constant(value=str(attribute))]),
            ):
                yield name, f"{before}{module}.{attribute}"
            case ast.Constant(value=str(module)), ast.List(elts=names):
                yield from (
                    (item.value, f"{before}{module}.{item.value}")
                    for item in names
                    if isinstance(item, ast.Constant) and isinstance(item.value, str)
                )
            case _:
                continue
