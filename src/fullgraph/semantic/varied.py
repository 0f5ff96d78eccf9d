"""What loops pass to functions of the same file, and what of it is another value at every turn."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator, Sequence
from functools import cached_property

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.compiled import Compiled, compiled_argument
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DefNode, Scope
from fullgraph.semantic.sized import has_other_size
from fullgraph.semantic.turns import Loop, Turn
from fullgraph.semantic.walk import Walked


class Variety(enum.Enum):
    """In what way a value is another one at every turn of a loop."""

    NUMBER = "number"
    TEXT = "text"
    LIST = "list"
    """It is the same list, and longer."""
    DICT = "dict"
    """It is the same dict, with another key."""
    SIZE = "size"
    """It is a tensor of another size."""


class Varied:
    """Answers for the functions of one walked file."""

    def __init__(self, walked: Walked, names: Names, classes: Classes, compiled: Compiled, parents: Parents) -> None:
        self._walked = walked
        self._names = names
        self._classes = classes
        self._compiled = compiled
        self._parents = parents

    def loop_over(self, function: DefNode, parameter: str, variety: Variety = Variety.NUMBER) -> Loop | None:
        """A loop of the file that calls ``function`` with another value for ``parameter`` at each turn."""
        for call, scope in self._calls_in_loops.get(function, ()):
            argument = self._argument(call, function, parameter)
            loop = None if argument is None else self.varying_in(call, argument, scope, variety)
            if loop is not None:
                return loop
        return None

    def varying_in(self, call: ast.Call, argument: ast.expr, scope: Scope, variety: Variety) -> Loop | None:
        """The innermost loop around a call at each turn of which its argument is another value."""
        return next((loop for loop in self.loops_around(call) if self.varies(argument, loop, scope, variety)), None)

    def has_other_size(self, argument: ast.expr, turn: Turn) -> bool:
        """Whether an argument surely has another size at every turn."""
        return has_other_size(argument, turn, self._names.of)

    def compiled_by(self, call: ast.Call, scope: Scope) -> ast.Call | None:
        """The ``torch.compile(x)`` of this file whose outcome a call calls."""
        return self._compiled.call_behind(call.func, scope)

    def given(self, parameter: ast.arg) -> tuple[ast.expr, ...]:
        """What the calls in this file pass for a parameter, by the name of its function; empty if one is not clear."""
        function = self._parents.get(self._parents.get(parameter) or parameter)
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return ()
        is_method = self._walked.functions[function].owner is not None
        found: list[ast.expr] = []
        for call, _ in self._walked.calls_of({function.name}):
            match call.func:
                case (ast.Name(id=name) | ast.Attribute(attr=name)) as func if name == function.name:
                    if is_method is isinstance(func, ast.Name):
                        continue
                    argument = self._argument(call, function, parameter.arg)
                    if argument is None:
                        return ()
                    found.append(argument)
                case _:
                    continue
        return tuple(found)

    def loops_of(self, node: ast.AST, scope: Scope) -> Iterator[Turn]:
        """The loops of a scope's function that a node stands in the body of, innermost first."""
        return (self._turn(loop, scope) for loop in self.loops_around(node))

    def compiled_calls(self, within: ast.AST) -> Iterator[tuple[ast.Call, ast.expr | None, DefNode]]:
        """Calls that enter a compiled function of this file, with what was given to ``torch.compile``, if it was."""
        inside = {part for part in ast.walk(within) if isinstance(part, ast.Call)}
        for call, scope in self._walked.calls:
            if call not in inside:
                continue
            behind = self._compiled.call_behind(call.func, scope)
            given = None if behind is None else compiled_argument(behind)
            for function in self.entered(call, scope):
                if given is not None or self._compiled.is_decorated(function):
                    yield call, given, function

    def turns(self, compiled: ast.Call) -> Iterator[tuple[ast.Call, Turn]]:
        """Calls in loops of what a ``torch.compile(...)`` returned, also as a decorator, with the loops around them."""
        decorated = self._parents.get(compiled)
        for call, scope in self._looped:
            behind = self._compiled.call_behind(call.func, scope)
            if behind is compiled or (behind is None and decorated in self._classes.functions_of(call.func, scope)):
                yield from ((call, turn) for turn in self.loops_of(call, scope))

    @cached_property
    def _looped(self) -> list[tuple[ast.Call, Scope]]:
        """Calls that stand in some loop."""
        return [each for each in self._walked.calls if next(self.loops_around(each[0]), None) is not None]

    @cached_property
    def _calls_in_loops(self) -> dict[DefNode, list[tuple[ast.Call, Scope]]]:
        """The same by the functions that they enter."""
        found: dict[DefNode, list[tuple[ast.Call, Scope]]] = {}
        for call, scope in self._looped:
            for function in dict.fromkeys(self.entered(call, scope)):
                found.setdefault(function, []).append((call, scope))
        return found

    def entered(self, call: ast.Call, scope: Scope) -> list[DefNode]:
        """Functions that a call enters, also through ``torch.compile``."""
        behind = self._compiled.call_behind(call.func, scope)
        given = None if behind is None else compiled_argument(behind)
        return [
            *self._classes.functions_of(call.func, scope),
            *(self._classes.functions_of(given, scope) if given is not None else ()),
        ]

    def loops_around(self, node: ast.AST) -> Iterator[Loop]:
        """The loops of the function that a node stands in the body of, innermost first."""
        child, parent = node, self._parents.get(node)
        while parent is not None and not isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if isinstance(parent, (ast.For, ast.While)) and child in parent.body:
                yield parent
            child, parent = parent, self._parents.get(parent)

    def varies(self, argument: ast.expr, loop: Loop, scope: Scope, variety: Variety) -> bool:
        """Whether an argument is another value at each turn of a loop."""
        turn = self._turn(loop, scope)
        match variety:
            case Variety.NUMBER:
                return isinstance(argument, ast.Name) and turn.counts(argument.id)
            case Variety.TEXT:
                return turn.names_text(argument, self._walked.root.bindings)
            case Variety.LIST:
                return isinstance(argument, ast.Name) and turn.grows_list(argument.id)
            case Variety.DICT:
                return isinstance(argument, ast.Name) and turn.grows_dict(argument.id)
            case Variety.SIZE:
                return self.has_other_size(argument, turn)

    def _turn(self, loop: Loop, scope: Scope) -> Turn:
        home = self._walked.root if scope.function is None else scope.function

        def bindings(name: str) -> Sequence[object]:
            return () if name in home.elsewhere else home.bindings.get(name, ())

        return Turn(loop, home.node, bindings)

    def _argument(self, call: ast.Call, function: DefNode, parameter: str) -> ast.expr | None:
        for keyword in call.keywords:
            if keyword.arg == parameter:
                return keyword.value
        names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        if self._walked.functions[function].owner is not None:
            names = names[1:]
        if parameter not in names or any(isinstance(each, ast.Starred) for each in call.args):
            return None
        place = names.index(parameter)
        return call.args[place] if place < len(call.args) else None
