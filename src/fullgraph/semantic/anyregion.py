"""A region that is not known yet: it gives every answer in turn, and what follows from none of them is known now."""

from __future__ import annotations

import ast
from collections.abc import Hashable

from fullgraph.semantic.barriers import Barriers
from fullgraph.semantic.region import Region
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.traced import FileRegion, ModuleClass, Traced, TracedBy
from fullgraph.semantic.walk import Walked

_MOST_WORLDS = 40
_DEGREES = tuple(TracedBy(degree) for degree in Traced)
_TRUTHS = (False, True)


class TooManyWorldsError(Exception):
    """What is asked has too many combinations of answers."""


class AnyRegion(Region):
    """Stands for the region of a file whose project is linked later.

    Within one world it answers the same question in the same way; its worlds, from `restart` on, give every combination
    of answers to the questions that are asked.
    """

    def __init__(self, walked: Walked, barriers: Barriers) -> None:
        super().__init__(walked, barriers, FileRegion({}, frozenset(), frozenset(), {}))
        self._options: list[int] = []
        self._script: list[int] = []
        self._answers: dict[Hashable, int] = {}
        self._left = 0

    @property
    def was_asked(self) -> bool:
        """Whether a question was asked in this world."""
        return bool(self._answers)

    def restart(self) -> None:
        """Go to the first world."""
        if self._answers or self._script:
            self._options, self._script, self._answers = [], [], {}
        self._left = _MOST_WORLDS

    def next_world(self) -> bool:
        """Go to the next world, if there is one.

        Raises:
            TooManyWorldsError: there are too many to go through.
        """
        script = [*self._script, *[0] * len(self._options)][: len(self._options)]
        while script and script[-1] == self._options[len(script) - 1] - 1:
            script.pop()
        if not script:
            return False
        script[-1] += 1
        self._left -= 1
        if not self._left:
            raise TooManyWorldsError
        self._options, self._script, self._answers = [], script, {}
        return True

    def _choose(self, question: Hashable, options: int) -> int:
        if question not in self._answers:
            place = len(self._options)
            self._options.append(options)
            self._answers[question] = self._script[place] if place < len(self._script) else 0
        return self._answers[question]

    def traced_by(self, scope: Scope, row: int) -> TracedBy:
        """How surely code at ``row`` in ``scope`` is traced."""
        if self._barriers.is_skipped(row):
            return _DEGREES[0]
        return _DEGREES[self._choose(("traced", scope), len(_DEGREES))]

    def is_root(self, node: ast.AST) -> bool:
        """Whether tracing begins at this function."""
        return _TRUTHS[self._choose(("root", node), 2)]

    @property
    def has_certain_roots(self) -> bool:
        """Whether something in this file is certainly compiled."""
        return _TRUTHS[self._choose("certain", 2)]

    def is_disabled(self, scope: Scope) -> bool:
        """Whether the code's function, or one around it, is kept out of the compiler."""
        return _TRUTHS[self._choose(("disabled", scope), 2)]

    def is_module(self, node: ast.ClassDef) -> ModuleClass:
        """Whether a class of this file is an ``nn.Module``."""
        return tuple(ModuleClass)[self._choose(("module", node), len(ModuleClass))]
