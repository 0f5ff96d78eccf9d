"""What a handler may ask about loops, and about what comes from one call to the next."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from fullgraph.context.here import Here
from fullgraph.semantic.loops import loops_around
from fullgraph.semantic.scopes import DefNode
from fullgraph.semantic.traced import ChainStep
from fullgraph.semantic.turns import Turn
from fullgraph.semantic.varied import Variety


class Loops:
    """The loops around code, and what loops, in this file and in others, pass on to functions and compiled code."""

    __slots__ = ("_here",)

    def __init__(self, here: Here) -> None:
        self._here = here

    def around(self, node: ast.expr | ast.stmt) -> tuple[ast.For | ast.AsyncFor, ...]:
        """The ``for`` loops that ``node`` stands in, innermost first, in the function that is looked at."""
        return loops_around(self._here.model.walked, node, self._here.scope.function)

    def turns_around(self, node: ast.AST) -> Iterator[Turn]:
        """The loops of the function looked at that ``node`` stands in the body of, innermost first."""
        return self._here.model.varied.loops_of(node, self._here.scope)

    def varied_at(self, parameter: ast.arg, variety: Variety) -> str | None:
        """Where a loop calls the function looked at with another ``parameter`` at each turn.

        ``in line 12``, or, in another file of the project, ``at train.py:12``; None if no loop surely does.
        """
        function, model = self._here.function, self._here.model
        if function is None:
            return None
        loop = model.varied.loop_over(function, parameter.arg, variety)
        if loop is not None:
            return f"in line {loop.lineno}"
        step = model.passed_elsewhere(function, parameter.arg, variety)
        return None if step is None else f"at {step.filename}:{step.row}"

    def turns_of(self, compiled: ast.Call) -> Iterator[tuple[ast.Call, Turn]]:
        """Calls in loops of this file of what ``torch.compile(...)`` returned, also as a decorator, with the loops."""
        return self._here.model.varied.turns(compiled)

    def has_other_size(self, argument: ast.expr, turn: Turn) -> bool:
        """Whether an argument of a call surely is a tensor of another size at every turn of a loop."""
        return self._here.model.varied.has_other_size(argument, turn)

    def sized_at(self, compiled: ast.Call) -> tuple[str, str, str] | None:
        """Where a loop of another file passes tensors of other sizes to what ``torch.compile(...)`` returned.

        Its place, such as ``at train.py:12``, how it spells such a tensor, and what this file calls the outcome.
        """
        model, scope = self._here.model, self._here.scope
        step = model.sized_by(compiled, scope)
        if step is None:
            return None
        return f"at {step.filename}:{step.row}", step.name, model.holder_of(compiled, scope)

    def compiled_calls(self, within: ast.AST) -> Iterator[tuple[ast.Call, ast.expr | None, DefNode]]:
        """Calls in a part of this file that enter a compiled function of it, with that.

        And between them what ``torch.compile`` was given, where it is no decorator.
        """
        return self._here.model.varied.compiled_calls(within)

    def read_elsewhere(self, target: ast.expr) -> ChainStep | None:
        """Where a compiled function of another file, called beside it, reads what is assigned to ``target``."""
        if not isinstance(target, ast.Attribute):
            return None
        return self._here.model.read_by(target, self._here.scope)

    def growing_calls(self, name: ast.Name) -> tuple[ast.Call, ...]:
        """Calls of ``append``, ``extend`` and ``insert`` on a name, in the function that is looked at."""
        return tuple(self._here.model.growing_calls.get((name.id, self._here.scope.function), ()))
