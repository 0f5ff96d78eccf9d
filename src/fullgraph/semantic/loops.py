"""What loops of one file go through, and what calls add to lists and dicts that have a name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fullgraph.semantic.relevance import HOOKS, PAIR_VIEWS, REGISTERS
from fullgraph.semantic.scopes import Binding, Scope
from fullgraph.semantic.walk import Walked

_PUTS = HOOKS | REGISTERS | {"append", "extend", "insert"}


class Loops:
    """The loops of one walked file."""

    def __init__(self, walked: Walked) -> None:
        self._targets = dict(_targets(walked))
        self.rows = dict(_rows(walked))
        """First and last rows of the body of each loop, by what its target's names are bound to."""

    def around(self, name: ast.Name, bindings: Iterable[Binding]) -> Binding | None:
        """Of several bindings of a name, the innermost loop over it that the use stands in."""
        found: Binding | None = None
        for item in bindings:
            rows = self.rows.get(item)
            if rows is not None and rows[0] <= name.lineno <= rows[1]:
                found = item
        return found

    def iterated(self, name: ast.Name) -> tuple[ast.expr, Scope] | None:
        """What a name in a loop's tuple target is an element of: what ``enumerate`` or ``zip`` goes through."""
        found = self._targets.get(name)
        if found is None:
            return None
        iterable, scope, path = found
        for place in path:
            match iterable:
                case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]) if place == 1:
                    iterable = inner
                case ast.Call(func=ast.Name(id="zip"), args=parts) if place < len(parts):
                    iterable = parts[place]
                case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if place == 1 and attr in PAIR_VIEWS:
                    iterable = inner
                case _:
                    return None
        return iterable, scope


def loops_around(
    walked: Walked, node: ast.expr | ast.stmt, function: Scope | None
) -> tuple[ast.For | ast.AsyncFor, ...]:
    """The ``for`` loops of a function that a node in it stands in, innermost first."""
    begin, end = (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)
    found = []
    for kind in (ast.For, ast.AsyncFor):
        for loop, scope in walked.buckets[kind]:
            if scope.function is function and isinstance(loop, (ast.For, ast.AsyncFor)):
                last = loop.end_lineno or 0, loop.end_col_offset or 0
                if (loop.lineno, loop.col_offset) <= begin and end <= last:
                    found.append(loop)
    return tuple(sorted(found, key=lambda loop: (-loop.lineno, -loop.col_offset)))


def _targets(walked: Walked) -> Iterator[tuple[ast.Name, tuple[ast.expr, Scope, tuple[int, ...]]]]:
    """Names in a loop's tuple target, with what is looped over and their place in each element."""
    for kind in (ast.For, ast.AsyncFor, ast.comprehension):
        for node, scope in walked.buckets[kind]:
            target, iterable = getattr(node, "target", None), getattr(node, "iter", None)
            if isinstance(target, (ast.Tuple, ast.List)) and isinstance(iterable, ast.expr):
                for name, path in places(target):
                    yield name, (iterable, scope, path)


def _rows(walked: Walked) -> Iterator[tuple[Binding, tuple[int, int]]]:
    for kind in (ast.For, ast.AsyncFor):
        for node, _ in walked.buckets[kind]:
            if isinstance(node, (ast.For, ast.AsyncFor)):
                rows = node.body[0].lineno, node.body[-1].end_lineno or 0
                yield node, rows
                for name, _ in places(node.target):
                    yield name, rows


def places(target: ast.expr, path: tuple[int, ...] = ()) -> Iterator[tuple[ast.Name, tuple[int, ...]]]:
    """The names in a tuple target, with the indices that lead to them."""
    match target:
        case ast.Name():
            yield target, path
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for index, item in enumerate(items):
                yield from places(item, (*path, index))
        case _:
            return


def notable_calls(walked: Walked) -> list[tuple[ast.Call, Scope]]:
    """Calls of functions and methods that put something somewhere."""
    return [each for each in walked.calls_of(_PUTS | {"setattr"}) if _is_notable(each[0].func)]


def _is_notable(func: ast.expr) -> bool:
    match func:
        case ast.Attribute(attr=attr):
            return attr in _PUTS
        case ast.Name(id=name):
            return name == "setattr"
        case _:
            return False


def growths(
    walked: Walked, notable: Iterable[tuple[ast.Call, Scope]]
) -> dict[tuple[Scope, str], list[tuple[ast.expr, Scope, bool]]]:
    """What ``append``, ``extend`` and ``insert`` add, by the name and the scope that binds it."""
    found: dict[tuple[Scope, str], list[tuple[ast.expr, Scope, bool]]] = {}
    for call, scope in notable:
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="append" | "insert" | "extend" as method),
                args=[*_, added],
            ):
                home = scope.lookup(name)
                if home is not None:
                    found.setdefault((home[0], name), []).append((added, scope, method == "extend"))
            case _:
                continue
    for target, value, scope in walked.items:
        if isinstance(target.value, ast.Name) and (home := scope.lookup(target.value.id)) is not None:
            found.setdefault((home[0], target.value.id), []).append((value, scope, False))
    return found
