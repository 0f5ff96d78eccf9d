"""What one round changes, as data: the planner makes it, the rewriter carries it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fullgraph.engine.finding import Finding
    from fullgraph.semantic.positions import Position


class Span(NamedTuple):
    """Where a node stands: its first character, and just behind its last."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Respelling:
    """One expression that gets a new dotted name, and what changes in the arguments where it is called."""

    span: Span
    text: str
    keywords: tuple[tuple[int, str], ...]
    unnamed: tuple[str, ...]
    added: str = ""

    @property
    def changes_call(self) -> bool:
        """Whether more changes than the name."""
        return bool(self.keywords or self.unnamed or self.added)


class Moved(NamedTuple):
    """What an imported name becomes: ``from module import name as asname``."""

    module: str
    name: str
    asname: str | None


@dataclass(slots=True)
class ImportEdit:
    """What becomes of one import statement."""

    drop: set[int] = field(default_factory=set)
    """Imported names, by index, that go."""
    move: dict[int, Moved] = field(default_factory=dict)
    """Imported names, by index, that are imported from somewhere else."""
    add: list[str] = field(default_factory=list)
    """Modules that an ``import`` statement beside this one brings."""


@dataclass(slots=True)
class Edits:
    """Everything that one round does to a file."""

    respellings: list[Respelling] = field(default_factory=list)
    made_there: set[Span] = field(default_factory=set)
    """Calls ``maker(...).to(device)`` that become ``maker(..., device=device)``."""
    imports: dict[Position, ImportEdit] = field(default_factory=dict)
    """By the place of the import statement."""
    touched_rows: set[int] = field(default_factory=set)
    """Every other row stays as it is."""
    applied: list[Finding] = field(default_factory=list)
    refused: list[tuple[Finding, str]] = field(default_factory=list)

    def at(self, place: Position) -> ImportEdit:
        """The edit of the import statement that stands there."""
        return self.imports.setdefault(place, ImportEdit())
