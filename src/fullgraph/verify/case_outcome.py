"""What became of a case that ran on torch: which of the lines that rules report misbehave, and which others do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fullgraph.api import Effect
from fullgraph.engine.check import check_source
from fullgraph.engine.page import hot_of
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion
from fullgraph.verify.cases import Case
from fullgraph.verify.observation import Observation
from fullgraph.verify.runtime import functions_in

BREAKING = frozenset({Effect.GRAPH_BREAK, Effect.INTERNAL_ERROR})
"""The effects that torch tells line by line, so that a case may hold many of them."""
SEEN_AT_LINES = BREAKING | {Effect.RECOMPILATION}
"""The effects that cases can be tried for: recompilations are told of lines or of whole functions."""

_RAISED = "Observed exception"
"""What torch says where an exception leaves a function."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case. Rows are those of its source.

    Attributes:
        confirmed: they are reported, and misbehave.
        refuted: they are reported; Dynamo traced them, and nothing happened.
        raising: they are reported, and Dynamo raises there what the operation raises while it is traced.
        doubtful: of those that misbehave, where torch breaks less often than rules report; or the function is compiled
            again and again, and torch names other lines.
        unreached: they are reported, and Dynamo did not come to them.
        unreported: they misbehave, no rule says so, and the case does not say that it is known.
        reasons: what torch says of each row that misbehaves.
        errors: what the calls raised.
        unable: why the case could not be run; empty where it was.
    """

    confirmed: tuple[int, ...] = ()
    refuted: tuple[int, ...] = ()
    raising: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    unreached: tuple[int, ...] = ()
    unreported: tuple[int, ...] = ()
    reasons: tuple[tuple[int, str], ...] = ()
    errors: tuple[str, ...] = ()
    unable: str = ""

    @property
    def verdict(self) -> str:
        """In a word or two, what it comes to."""
        if self.unable:
            return "not run"
        if self.refuted:
            return "false alarm"
        if self.unreported:
            return "missed alarm"
        return "agrees in part" if self.unreached or self.doubtful or self.raising else "agrees"


def judged(case: Case, seen: Observation) -> Outcome:
    """Hold what was seen of a case against what rules say of it."""
    rule = registry()[case.code]
    found = _reported(case, seen)
    reported = frozenset(row for row, code in found.elements() if code == case.code)
    if rule.effect is Effect.RECOMPILATION:
        outcome = _of_recompilations(case, seen, reported)
    else:
        outcome = _of_breaks(case, seen, reported, Counter(row for row, _ in found.elements()))
    if not (seen.traced_lines or outcome.confirmed) and (reported or seen.errors):
        return Outcome(errors=seen.errors, unable=next(iter(seen.errors), "Dynamo traced nothing"))
    return replace(outcome, errors=tuple(dict.fromkeys(seen.errors)))


def _of_breaks(case: Case, seen: Observation, reported: frozenset[int], all_reported: Counter[int]) -> Outcome:
    failed = seen.failed_lines
    bad = failed if registry()[case.code].effect is Effect.INTERNAL_ERROR else failed | seen.break_lines
    reached = seen.traced_lines | bad
    often = Counter([*(row for row, _ in seen.break_reasons), *failed])
    leaving = {row for row, _ in seen.break_reasons} - {row for row, why in seen.break_reasons if _RAISED not in why}
    last = case.source.count("\n")
    return Outcome(
        confirmed=_rows(reported & bad),
        refuted=_rows((reported & reached) - bad - seen.raised_lines),
        raising=_rows(reported & seen.raised_lines - bad),
        doubtful=_rows(row for row in reported & bad if often[row] < all_reported[row]),
        unreached=_rows(reported - reached),
        unreported=_rows(row for row in bad - leaving - all_reported.keys() - case.unreported if row <= last),
        reasons=tuple((row, why) for row, why in sorted(set(seen.break_reasons)) if row <= last),
    )


def _of_recompilations(case: Case, seen: Observation, reported: frozenset[int]) -> Outcome:
    """Judge by the lines that failed guards name, and where they name none, by the functions that met the limit."""
    named = seen.recompile_lines | seen.list_lines
    functions = [range(first, last + 1) for first, last in functions_in(case.source)]
    limited = [rows for rows in functions if not seen.limit_lines.isdisjoint(rows)]  # what is resumed begins within one
    within = {row for rows in limited for row in rows}
    confirmed = reported & named if limited else frozenset()
    elsewhere = reported & (seen.traced_lines | named) - within
    left = [rows for rows in limited if not (elsewhere or (reported | case.unreported).intersection(rows))]
    return Outcome(
        confirmed=_rows(confirmed),
        refuted=() if limited else _rows(reported & seen.traced_lines),
        doubtful=_rows((reported & seen.traced_lines) - confirmed) if limited else (),
        unreached=_rows(reported - seen.traced_lines - confirmed),
        unreported=_rows(rows.start for rows in left),
    )


def _rows(rows: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(rows))


def _reported(case: Case, seen: Observation) -> Counter[tuple[int, str]]:
    """How often which row is reported with which code, of rules of the same kind, at the torch that ran the case."""
    own = registry()[case.code].effect
    effects = BREAKING if own in BREAKING else {own}
    codes = frozenset(code for code, rule in registry().items() if rule.effect in effects)
    settings = Settings(TorchRange.only(TorchVersion.parse(seen.torch)), codes)
    found = check_source(case.source.encode(), "case.py", settings, hot=hot_of(case.source))
    return Counter((each.start.row, each.code) for each in found)
