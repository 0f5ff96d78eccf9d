"""What a run says: findings, their place, their severity and how surely the code is traced."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fullgraph.api import Severity
from fullgraph.intents import Intent
from fullgraph.semantic.positions import Position
from fullgraph.semantic.traced import ChainStep, Traced, TracedBy

__all__ = ["ChainStep", "Finding", "FixSummary", "Position", "Severity", "Traced", "TracedBy"]


DYNAMO_ID = re.compile(r"\bGB(\d{4})\b")
"""What Dynamo calls a kind of graph break, as in its messages since torch 2.9."""


def dynamo_page(identifier: re.Match[str]) -> str:
    """Address of torch's page about a kind of graph break, as Dynamo gives it in its messages."""
    return f"https://meta-pytorch.github.io/compile-graph-break-site/gb/gb{identifier[1]}.html"


@dataclass(frozen=True, slots=True)
class FixSummary:
    """What a fix would do, and how safe it is: ``safe``, ``unsafe`` or ``display``.

    ``intents`` is for `fullgraph.fix`, which applies them.
    """

    applicability: str
    message: str
    intents: tuple[Intent, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule says of one place.

    Attributes:
        filename: the path as the caller gave it.
        start: the first character.
        end: just behind the last character.
        code: the rule's code.
        name: the rule's name.
        message: what is wrong and what it costs.
        severity: how much it weighs.
        remedy: what to do about it; may be empty.
        reach: in words, how surely the code is traced, for rules to which that matters.
        traced: the same as data, with the chain.
        url: where the rule's page is in the documentation.
        fix: what a fix would do; None if there is none.
        is_refused: whether `fullgraph=True` refuses what is there.
        hops: the places, across files, by which it follows.
    """

    filename: str
    start: Position
    end: Position
    code: str
    name: str
    message: str
    severity: Severity = Severity.WARNING
    remedy: str = ""
    reach: str = ""
    traced: TracedBy = field(default_factory=TracedBy)
    url: str = ""
    fix: FixSummary | None = None
    is_refused: bool = False
    hops: tuple[ChainStep, ...] = ()

    @property
    def text(self) -> str:
        """All of it in one line: what is wrong, what it costs, what to do, and how surely the code is traced."""
        said = f"{self.message}; {self.remedy}" if self.remedy else self.message
        notes = [each for each in (self.reach, self.way) if each]
        return f"{said} [{'; '.join(notes)}]" if notes else said

    @property
    def way(self) -> str:
        """The places by which it follows, in one line."""
        steps = " -> ".join(f"{step.name} ({step.filename}:{step.row})" for step in self.hops)
        return f"by way of {steps}" if steps else ""

    def sort_key(self) -> tuple[str, Position, str, str]:
        """Order of findings in every output: by file, place, code and text."""
        return self.filename, self.start, self.code, self.message
