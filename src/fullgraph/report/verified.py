"""What Dynamo did with a function that was run, beside what the linter says: as text and as JSON."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fullgraph.report.as_json import finding_data, seen_data, unforeseen_data
from fullgraph.report.as_text import header, unforeseen_lines

if TYPE_CHECKING:
    from fullgraph.engine.finding import Finding
    from fullgraph.engine.seen import Seen, Unforeseen
    from fullgraph.report.model import Style

_NAMES = {"Break": "graph break", "Recompilation": "recompilation", "Limit": "recompile limit met"}


class Outcome(enum.Enum):
    """What a run says of a finding."""

    CONFIRMED = "confirmed"
    NOT_SEEN = "not seen"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding, what the run says of it, and what was seen there or in its function."""

    finding: Finding
    outcome: Outcome
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome of a run: on which torch, how many calls and graphs, what Dynamo did how often, and the findings."""

    torch: str
    calls: int
    graphs: int
    counts: Mapping[str, int]
    verdicts: tuple[Verdict, ...]
    unforeseen: tuple[Unforeseen, ...]

    @property
    def guilty(self) -> bool:
        """Whether Dynamo did what costs."""
        confirmed = any(verdict.outcome is Outcome.CONFIRMED for verdict in self.verdicts)
        return confirmed or bool(self.unforeseen or self.counts["Break"] or self.counts["Limit"])

    def count(self, outcome: Outcome) -> int:
        """How many findings came out so."""
        return sum(verdict.outcome is outcome for verdict in self.verdicts)


def as_text(verified: Verified, style: Style) -> str:
    """Write what was confirmed, what was not seen, and what no finding says; what was not reached is only counted."""
    reached = [verdict for verdict in verified.verdicts if verdict.outcome is not Outcome.NOT_REACHED]
    blocks = [f"{header(each.finding, each.finding.message, style)}\n    {_said(each, style)}\n\n" for each in reached]
    listed = unforeseen_lines(verified.unforeseen, style)
    did = ", ".join(_counted(count, _NAMES[name]) for name, count in verified.counts.items() if count)
    outcomes = ", ".join(f"{verified.count(outcome)} {outcome.value}" for outcome in Outcome)
    more = f"; {len(verified.unforeseen)} seen that no rule foresaw" if verified.unforeseen else ""
    nothing = "no graph break and no recompilation"
    if not verified.graphs:
        nothing += ", but nothing was captured either"
    summary = (
        f"torch {verified.torch}, {_counted(verified.calls, 'call')}, {_counted(verified.graphs, 'graph')}: "
        f"{did or nothing}.\nFindings: {outcomes}{more}.\n"
    )
    return "".join(blocks) + (f"{listed}\n" if listed else "") + summary


def as_json(verified: Verified, _style: Style) -> str:
    """Write everything as one object."""
    findings = [
        {**finding_data(each.finding), "outcome": each.outcome.value, "run_time": seen_data(each.seen)}
        for each in verified.verdicts
    ]
    data = {
        "torch": verified.torch,
        "calls": verified.calls,
        "graphs": verified.graphs,
        "graph_breaks": verified.counts["Break"],
        "recompilations": verified.counts["Recompilation"],
        "recompile_limits": verified.counts["Limit"],
        "findings": findings,
        "unforeseen": [unforeseen_data(each) for each in verified.unforeseen],
    }
    return json.dumps(data, indent=2) + "\n"


def _said(verdict: Verdict, style: Style) -> str:
    match verdict.outcome:
        case Outcome.CONFIRMED:
            return f"{style.paint('confirmed', 1, 31)}: {verdict.seen}"
        case _:
            more = f"; {verdict.seen}" if verdict.seen is not None else ""
            return f"{style.paint('not seen', 1, 36)}: Dynamo came to this line and did nothing of the kind{more}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
