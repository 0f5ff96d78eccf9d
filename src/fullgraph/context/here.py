"""Where a handler looks: the file, and the scope of the node in it."""

from __future__ import annotations

from dataclasses import dataclass

from fullgraph.semantic.model import FileModel
from fullgraph.semantic.scopes import DEFS, DefNode, Scope


@dataclass(slots=True)
class Here:
    """What all that a handler asks is about; the scope is another one at each node."""

    model: FileModel
    scope: Scope

    @property
    def function(self) -> DefNode | None:
        """The ``def`` that is looked at; None at module or class level."""
        around = self.scope.function
        return around.node if around is not None and isinstance(around.node, DEFS) else None
