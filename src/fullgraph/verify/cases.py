"""The further cases of rules on the installed torch: which of their marked lines misbehave, and which others do.

A case says in comments, which the linter does not see, how it is run: `# run: torch.compile(Net())(torch.ones(3))`,
each after a reset of Dynamo; `# beside utils.py: a = 1; b = 2` is a file that it imports, and `# not run: ...` says why
it cannot be. A line that misbehaves although no rule is to say so is marked `# unreported`.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fullgraph.api import Effect
from fullgraph.engine.check import check_source
from fullgraph.engine.page import hot_of
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion
from fullgraph.verify.child import ChildEndedError, child
from fullgraph.verify.made_calls import made_calls
from fullgraph.verify.observation import Observation
from fullgraph.verify.observe import observe

CASE_SECONDS = 120.0
"""How long one case may take, the import of torch included."""
SEEN_AT_LINES = frozenset({Effect.GRAPH_BREAK, Effect.INTERNAL_ERROR})
"""The effects that torch tells line by line, so that a case may hold many of them."""

_NOT_RUN = re.compile(r"^# not run: (?P<why>.+)$", re.MULTILINE)
_RUN = re.compile(r"^# run: (?P<call>.+)$", re.MULTILINE)
_BESIDE = re.compile(r"^# beside (?P<name>[\w./]+): (?P<source>.+)$", re.MULTILINE)
_UNREPORTED = re.compile(r"#.*\bunreported$")
_RAISED = "Observed exception"
"""What torch says where an exception leaves a function."""
_AROUND = """
import types
import torch
def _afresh(run):
    torch._dynamo.reset()
    return run()
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One of the cases of a rule, with its number among them."""

    code: str
    number: int
    source: str

    @property
    def name(self) -> str:
        """What it is called: by the rule and its number."""
        return f"{self.code}-case-{self.number}"

    @property
    def calls(self) -> tuple[str, ...]:
        """The expressions that run it: those that it says, else such as can be made up."""
        said = tuple(found["call"] for found in _RUN.finditer(self.source))
        return said or made_calls(self.source)

    @property
    def why_not(self) -> str:
        """Why it cannot be run, as it says itself; empty where it does not."""
        found = _NOT_RUN.search(self.source)
        return "" if found is None else found["why"]

    @property
    def beside(self) -> dict[str, str]:
        """The files that lie beside it, with their source."""
        files: dict[str, str] = {}
        for found in _BESIDE.finditer(self.source):
            files[found["name"]] = files.get(found["name"], "") + found["source"].replace("; ", "\n") + "\n"
        return files

    @property
    def unreported(self) -> frozenset[int]:
        """The rows that are known to misbehave, and not to be reported."""
        return frozenset(row for row, line in enumerate(self.source.splitlines(), 1) if _UNREPORTED.search(line))

    @property
    def block(self) -> str:
        """Its source, and the calls."""
        calls = "".join(f"(lambda: {call},), " for call in self.calls)
        return f"{self.source}\n{_AROUND}CALLS = _afresh, [{calls}]\n"


def cases_of(rule: RegisteredRule) -> tuple[Case, ...]:
    """Every case of a rule, in order."""
    parts = rule.cases.split("---\n") if rule.cases else ()
    return tuple(Case(rule.code, number, source) for number, source in enumerate(parts))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case. Rows are those of its source.

    Attributes:
        confirmed: they are reported, and misbehave.
        refuted: they are reported; Dynamo traced them, and nothing happened.
        raising: they are reported, and Dynamo raises there what the operation raises while it is traced.
        doubtful: of those that misbehave, where torch breaks less often than rules report.
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


def try_case(case: Case) -> Outcome:
    """Run a case on the installed torch, in a directory of its own, and hold it against what the rule says of it."""
    if case.why_not:
        return Outcome(unable=case.why_not)
    if not case.calls:
        return Outcome(unable="it does not say how it is called")
    with _elsewhere():
        seen = observe(case.block, beside=case.beside)
    failed = seen.failed_lines
    bad = failed if registry()[case.code].effect is Effect.INTERNAL_ERROR else failed | seen.break_lines
    reached = seen.traced_lines | bad
    found = _reported(case, seen)
    reported = frozenset(row for row, code in found.elements() if code == case.code)
    if not reached and (reported or seen.errors):
        return Outcome(errors=seen.errors, unable=_first(seen.errors) or "Dynamo traced nothing")
    all_reported = Counter(row for row, _ in found.elements())
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
        errors=tuple(dict.fromkeys(seen.errors)),
    )


def _rows(rows: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(rows))


def _first(errors: Sequence[str]) -> str:
    return errors[0] if errors else ""


def _reported(case: Case, seen: Observation) -> Counter[tuple[int, str]]:
    """How often which row is reported with which code, of rules with such an effect, at the torch that ran the case."""
    codes = frozenset(code for code, rule in registry().items() if rule.effect in SEEN_AT_LINES)
    settings = Settings(TorchRange.only(TorchVersion.parse(seen.torch)), codes)
    found = check_source(case.source.encode(), "case.py", settings, hot=hot_of(case.source))
    return Counter((each.start.row, each.code) for each in found)


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """Work in a directory that nobody needs, for a while."""
    here = os.getcwd()  # noqa: PTH109 - this is about the process, not a path
    with tempfile.TemporaryDirectory(prefix="fullgraph-case-") as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def main(request: Any, answer: Callable[[object], None]) -> None:
    """Be the child process: try the cases of the request, and answer what became of each."""
    for data in request["cases"]:
        case = Case(**data)
        try:
            outcome = try_case(_with_one_call(case) if request["one_call"] else case)
        except Exception as error:  # an oracle that fails on one case has an answer for the others
            outcome = Outcome(unable=f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
        answer(asdict(outcome))


def _with_one_call(case: Case) -> Case:
    """A case that makes only the first of its calls which returns something when nothing is compiled; else none."""
    with _elsewhere():
        results = observe(case.block, compiled=False, beside=case.beside).result
    calls = zip(case.calls, results if isinstance(results, list) else (), strict=False)
    works = next((call for call, result in calls if result is not None), None)
    source = _RUN.sub("", case.source)
    return replace(
        case, source=f"{source}# not run: none of the calls works\n" if works is None else f"{source}# run: {works}\n"
    )


def try_cases(cases: Iterable[Case], *, one_call: bool = False) -> Iterator[tuple[Case, Outcome]]:
    """Try cases in processes that may crash or hang; with `one_call`, make only the first call of each that works."""
    left = list(cases)
    while left:
        with child("cases", {"cases": [asdict(case) for case in left], "one_call": one_call}) as process:
            while left:
                case = left.pop(0)
                try:
                    yield case, Outcome(**process.answer(CASE_SECONDS))
                except ChildEndedError as error:
                    yield case, Outcome(unable=f"it {error}")
                    break
