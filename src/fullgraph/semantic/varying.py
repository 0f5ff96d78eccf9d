"""What the loops of one file pass, another value at every turn, to what other files may define.

Every file is asked, so what costs little comes first: most calls stand in no loop, and most arguments do not change.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from fullgraph.semantic.scopes import Binding, Scope
from fullgraph.semantic.turns import NAMED, Loop, may_be_long
from fullgraph.semantic.varied import Varied, Variety
from fullgraph.semantic.walk import Walked

_GROWS = ("append", "appendleft", "extend", "insert")
_MARKS = ("mark_dynamic", "mark_unbacked", "maybe_mark_dynamic")
"""Functions that make sizes dynamic again; where a file calls one, nothing is said of sizes."""
_JOINS = frozenset({"cat", "concat", "concatenate", "hstack", "vstack"})
_MAKERS = frozenset({"arange", "empty", "full", "ones", "rand", "randn", "zeros"})
_CONTAINERS = Variety.LIST, Variety.DICT
_LONGEST = 40


class VaryingArgument(NamedTuple):
    """An argument of a call that is another value at every turn of a loop around it."""

    call: ast.Call
    scope: Scope
    argument: str
    """The keyword, or the place among the positional ones."""
    variety: Variety
    loop: Loop
    text: str
    """How a size is spelled; empty for all else."""


class Varying:
    """Answers for one walked file."""

    def __init__(self, walked: Walked, varied: Varied, is_other: Callable[[ast.Call, Scope], bool]) -> None:
        self._walked = walked
        self._varied = varied
        self._is_other = is_other
        """Whether a call may be of something that another file defines."""

    def arguments(self) -> Iterator[VaryingArgument]:
        """What varies of the arguments of each call in a loop."""
        loops = self._loops
        for call, scope in self._walked.calls if loops else ():
            found = loops.get(scope.function)
            if found is None or not (call.args or call.keywords):
                continue
            row = call.lineno
            around = [loop for first, last, loop in found if first <= row <= last]
            if around and not _is_lazy(scope) and self._is_other(call, scope):
                yield from self._of_call(call, scope, around)

    def _of_call(self, call: ast.Call, scope: Scope, around: list[Loop]) -> Iterator[VaryingArgument]:
        given = [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg is not None]
        if not any(isinstance(each, ast.Starred) for each in call.args):
            given += [(str(place), each) for place, each in enumerate(call.args)]
        for key, argument in given:
            for variety in self._candidates(argument, scope, around):
                varies = (loop for loop in reversed(around) if self._varied.varies(argument, loop, scope, variety))
                if (loop := next(varies, None)) is not None:
                    text = ast.unparse(argument)[:_LONGEST] if variety is Variety.SIZE else ""
                    yield VaryingArgument(call, scope, key, variety, loop, text)

    def _candidates(self, argument: ast.expr, scope: Scope, around: list[Loop]) -> Iterator[Variety]:
        """In what ways an argument may vary, at a glance: most do in none."""
        match argument:
            case ast.Name(id=name):
                found = scope.lookup(name)
                if found is None or found[0].function is not scope.function:
                    return
                if (name, scope.function) in self._grown:
                    yield from _CONTAINERS
                first, last = around[0].lineno, around[0].end_lineno or 0
                inside = [item for item in found[1] if first <= getattr(item, "lineno", 0) <= last]
                yield from dict.fromkeys(each for item in inside for each in self._bound(item, around))
            case ast.JoinedStr() | ast.BinOp(op=ast.Mod()):
                yield Variety.TEXT
            case ast.Call(func=ast.Name(id="str")):
                yield Variety.TEXT
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _MAKERS:
                yield from self._sizes
            case ast.Subscript(slice=ast.Slice() | ast.Tuple()):
                yield from self._sizes
            case _:
                return

    def _bound(self, binding: Binding, around: list[Loop]) -> tuple[Variety, ...]:
        """In what ways a name may vary that a loop binds like this."""
        match binding:
            case ast.For(iter=ast.Call(func=ast.Name(id="range"))):
                return (Variety.NUMBER,)
            case ast.For(iter=ast.Name() | ast.List() | ast.Tuple() | ast.Dict()):
                return (Variety.TEXT,)
            case ast.Name() if any(map(_is_numbered, around)):
                return Variety.NUMBER, Variety.TEXT
            case ast.AugAssign(value=ast.Constant()) | ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant()):
                return (Variety.NUMBER,)
            case ast.JoinedStr() | ast.BinOp(op=ast.Mod()) | ast.Call(func=ast.Name(id="str")):
                return (Variety.TEXT,)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _JOINS:
                return self._sizes
            case _:
                return ()

    @cached_property
    def _sizes(self) -> tuple[Variety, ...]:
        return () if self._walked.calls_of(_MARKS) else (Variety.SIZE,)

    @cached_property
    def _loops(self) -> dict[Scope | None, list[tuple[int, int, Loop]]]:
        """The loops that may be long, with the rows of their bodies, outer ones first, by their functions."""
        found: dict[Scope | None, list[tuple[int, int, Loop]]] = defaultdict(list)
        for kind in (ast.For, ast.While):
            for loop, scope in self._walked.buckets[kind]:
                if isinstance(loop, (ast.For, ast.While)) and may_be_long(loop):
                    found[scope.function].append((loop.body[0].lineno, loop.body[-1].end_lineno or 0, loop))
        return {function: sorted(loops, key=lambda each: each[0]) for function, loops in found.items()}

    @cached_property
    def _grown(self) -> frozenset[tuple[str, Scope | None]]:
        """Names to which something is added, with the function in which that is done."""
        found: set[tuple[str, Scope | None]] = set()
        for call, scope in self._walked.calls_of(_GROWS):
            match call.func:
                case ast.Attribute(value=ast.Name(id=name)):
                    found.add((name, scope.function))
                case _:
                    continue
        for target, _, scope in self._walked.items:
            if isinstance(target.value, ast.Name):
                found.add((target.value.id, scope.function))
        return frozenset(found)


def _is_numbered(loop: Loop) -> bool:
    """Whether a loop gives pairs, of which the first is another number or string each time."""
    match loop:
        case ast.For(target=ast.Tuple(), iter=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name == "enumerate" or name in NAMED
        case _:
            return False


def _is_lazy(scope: Scope) -> bool:
    """Whether code is part of a ``lambda``, which runs when that is called."""
    current: Scope | None = scope
    while current is not None and current is not current.function:
        if isinstance(current.node, ast.Lambda):
            return True
        current = current.parent
    return False
