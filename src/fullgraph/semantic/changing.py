"""Globals of other files that eager code sets beside calls, and globals that compiled code of this file reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.compiled import Compiled, compiled_argument
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DefNode, Scope
from fullgraph.semantic.surely import Surely
from fullgraph.semantic.turns import is_step
from fullgraph.semantic.varied import Varied
from fullgraph.semantic.walk import Walked

_KINDS = {int: "int", str: "str"}


class Changing(NamedTuple):
    """``module.name = n``, another value each time, in a block that calls something."""

    node: ast.stmt
    scope: Scope
    target: ast.Attribute
    kind: str
    calls: tuple[tuple[ast.Call, Scope], ...]


class Globals:
    """Answers for one walked file."""

    def __init__(
        self, walked: Walked, classes: Classes, compiled: Compiled, surely: Surely, parents: Parents, varied: Varied
    ) -> None:
        self._walked = walked
        self._classes = classes
        self._compiled = compiled
        self._surely = surely
        self._parents = parents
        self._varied = varied

    # What this file changes

    def changing(self) -> Iterator[Changing]:
        """Statements that set what an import leads to, and the calls beside them."""
        for node, target, scope in self._candidates():
            block = self._parents.get(node)
            kind = self._kind(node, block, scope)
            if kind and isinstance(block, (ast.For, ast.While, ast.FunctionDef)) and node in block.body:
                first, last = block.body[0].lineno, block.body[-1].end_lineno or 0
                beside = (each for each in self._walked.calls if first <= each[0].lineno <= last)
                calls = tuple(each for each in beside if each[1].function is scope.function)
                if calls:
                    yield Changing(node, scope, target, kind, calls)

    def _candidates(self) -> Iterator[tuple[ast.stmt, ast.Attribute, Scope]]:
        for node, scope in self._walked.buckets[ast.AugAssign]:
            match node:
                case ast.AugAssign(target=ast.Attribute() as target) if is_step(node) and _is_imported(target, scope):
                    yield node, target, scope
                case _:
                    continue
        for target, value, _, scope in self._walked.attributes:
            if value is not None and _is_imported(target, scope):
                statement = self._parents.get(target)
                if isinstance(statement, ast.Assign) and statement.targets == [target]:
                    yield statement, target, scope

    def _kind(self, node: ast.stmt, block: ast.AST | None, scope: Scope) -> str:
        """What it is set to: another integer or string each time; empty where that is not sure."""
        turns = list(self._varied.loops_of(node, scope))
        if isinstance(node, ast.AugAssign):
            is_short = isinstance(block, (ast.For, ast.While)) and not all(turn.may_be_many for turn in turns)
            return "" if is_short else "int"
        value = node.value if isinstance(node, ast.Assign) else None
        turn = next((turn for turn in turns if turn.loop is block), None)
        if turn is None or value is None:
            return ""
        if isinstance(value, ast.Name):
            return "int" if turn.counts(value.id) else ""
        return "str" if turn.writes_another_text(value) else ""

    # What its compiled functions read

    def read(self) -> Iterator[tuple[ast.Name, DefNode, str]]:
        """Where each call of a compiled function surely reads a global of this file that starts as a constant."""
        kinds = dict(self._constants())
        if not kinds:
            return
        for function in dict.fromkeys(self._functions()):
            seen: set[str] = set()
            for place in self._surely.places(function):
                for part in ast.walk(place):
                    if isinstance(part, ast.Name) and part.id in kinds and part.id not in seen:
                        seen.add(part.id)
                        if self._is_global(part):
                            yield part, function, kinds[part.id]

    def _constants(self) -> Iterator[tuple[str, str]]:
        """Names that the module only ever binds to integers, or to strings."""
        root = self._walked.root
        for name, bindings in root.bindings.items():
            values = [each.value if isinstance(each, ast.AnnAssign) else each for each in bindings]
            kinds = {_KINDS.get(type(each.value), "") if isinstance(each, ast.Constant) else "" for each in values}
            if len(kinds) == 1 and (kind := kinds.pop()):
                yield name, kind

    def _functions(self) -> Iterator[DefNode]:
        """Functions of the module that it compiles."""
        for info in self._walked.functions.values():
            if info.node.decorator_list and info.owner is None and self._compiled.is_decorated(info.node):
                yield info.node
        for call, scope in self._walked.calls_of({"compile"}):
            given = compiled_argument(call) if self._compiled.compiles(call) else None
            if given is not None:
                yield from self._classes.functions_of(given, scope)

    def _is_global(self, name: ast.Name) -> bool:
        scope = self._walked.name_scope.get(name)
        found = None if scope is None else scope.lookup(name.id)
        return found is not None and found[0] is self._walked.root


def _is_imported(target: ast.Attribute, scope: Scope) -> bool:
    """Whether an attribute is one of what only imports bind."""
    base: ast.expr = target
    while isinstance(base, ast.Attribute):
        base = base.value
    if not isinstance(base, ast.Name) or base.id == "self":
        return False
    found = scope.lookup(base.id)
    return found is not None and all(isinstance(each, str) for each in found[1])
