"""What one file switches on of Dynamo's own settings."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fullgraph.semantic.names import Names
from fullgraph.semantic.walk import Walked

_OWNERS = ("torch._dynamo.config.", "torch.compiler.config.")
_GROWS = frozenset({"add", "append", "extend", "update"})
_PATCHES = frozenset({f"{owner}patch" for owner in _OWNERS})


def settings_of(walked: Walked, names: Names) -> tuple[str, ...]:
    """The settings that a file turns on, wherever that stands.

    As ``allow_rnn``, or, of a setting that lists functions, ``reorderable_logging_functions:builtins.print``.
    """
    return tuple(sorted({*_assigned(walked, names), *_called(walked, names)}))


def _assigned(walked: Walked, names: Names) -> Iterator[str]:
    """``torch._dynamo.config.capture_scalar_outputs = True``."""
    for item in walked.attributes:
        base = item.target.value
        if item.value is None or (isinstance(base, ast.Name) and base.id == "self"):
            continue
        name = _setting(names.of(item.target))
        if name is not None:
            yield from _turned_on(name, item.value, names)


def _called(walked: Walked, names: Names) -> Iterator[str]:
    """``torch._dynamo.config.patch(...)``, and functions that are added to a setting."""
    for call, _ in walked.calls_of(_GROWS | {"patch"}):
        match call.func:
            case ast.Attribute(attr="patch"):
                if not _PATCHES.isdisjoint(names.of(call.func)):
                    yield from _patched(call, names)
            case ast.Attribute(value=ast.Attribute() as owner):
                name = _setting(names.of(owner))
                if name is not None:
                    yield from _listed(name, call.args, names)
            case _:
                continue


def _patched(call: ast.Call, names: Names) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield from _turned_on(keyword.arg, keyword.value, names)
    match call.args:
        case [ast.Constant(value=str(name)), value]:
            yield from _turned_on(name, value, names)
        case [ast.Dict(keys=keys, values=values)]:
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _turned_on(key.value, value, names)
        case _:
            return


def _turned_on(name: str, value: ast.expr, names: Names) -> Iterator[str]:
    match value:
        case ast.Constant(value=True):
            yield name
        case ast.Set() | ast.List() | ast.Tuple() | ast.Call():
            yield from _listed(name, [value], names)
        case _:
            return


def _listed(name: str, values: Iterable[ast.expr], names: Names) -> Iterator[str]:
    """Functions that are given to a setting, by themselves or in displays; ``*`` stands for one that is not known."""
    for value in values:
        match value:
            case ast.Set(elts=items) | ast.List(elts=items) | ast.Tuple(elts=items) | ast.Call(args=items):
                yield from _listed(name, items, names)
            case _:
                yield from (f"{name}:{path}" for path in names.of(value) or ("*",))


def _setting(paths: Iterable[str]) -> str | None:
    """The name of the setting that a path leads to."""
    for path in paths:
        for owner in _OWNERS:
            if path.startswith(owner):
                return path.removeprefix(owner).partition(".")[0]
    return None
