"""What loops count and pass to functions of the same file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.compiled import Compiled, compiled_argument
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DefNode, Scope
from fullgraph.semantic.walk import Walked

_LIMIT = 8


class Varied:
    """Answers for the functions of one walked file."""

    def __init__(self, walked: Walked, classes: Classes, compiled: Compiled, parents: Parents) -> None:
        self._walked = walked
        self._classes = classes
        self._compiled = compiled
        self._parents = parents

    def loop_over(self, function: DefNode, parameter: str) -> ast.For | None:
        """A loop of the file that calls ``function`` with another number for ``parameter`` at each turn."""
        for call, scope in self._walked.calls:
            if function in self._entered(call, scope):
                argument = self._argument(call, function, parameter)
                for loop in self._loops_around(call) if argument is not None else ():
                    if isinstance(argument, ast.Name) and _counts(loop, argument.id):
                        return loop
        return None

    def _entered(self, call: ast.Call, scope: Scope) -> list[DefNode]:
        """Functions that a call enters, also through ``torch.compile``."""
        behind = self._compiled.call_behind(call.func, scope)
        given = None if behind is None else compiled_argument(behind)
        return [
            *self._classes.functions_of(call.func, scope),
            *(self._classes.functions_of(given, scope) if given is not None else ()),
        ]

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

    def _loops_around(self, node: ast.AST) -> Iterator[ast.For]:
        parent = self._parents.get(node)
        while parent is not None and not isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if isinstance(parent, ast.For):
                yield parent
            parent = self._parents.get(parent)


def _counts(loop: ast.For, name: str) -> bool:
    """Whether a name is what a loop counts, and nothing else in there."""
    match loop:
        case ast.For(target=ast.Name(id=target), iter=ast.Call(func=ast.Name(id="range"), args=arguments)):
            if target != name or _is_short(arguments):
                return False
        case ast.For(target=ast.Tuple(elts=[ast.Name(id=target), _]), iter=ast.Call(func=ast.Name(id="enumerate"))):
            if target != name:
                return False
        case _:
            return False
    stores = (
        part
        for statement in loop.body
        for part in ast.walk(statement)
        if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store)
    )
    return next(stores, None) is None


def _is_short(arguments: list[ast.expr]) -> bool:
    """Whether a ``range`` of constants has no more numbers than there are compiled versions."""
    numbers = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, int)]
    return len(numbers) == len(arguments) and len(range(*numbers)) <= _LIMIT
