"""Trying the cases of rules on the installed torch, in child processes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from fullgraph.verify.case_outcome import Outcome, judged
from fullgraph.verify.cases import Case
from fullgraph.verify.child import ChildEndedError, child
from fullgraph.verify.observe import observe

CASE_SECONDS = 120.0
"""How long one case may take, the import of torch included."""


def try_case(case: Case) -> Outcome:
    """Run a case on the installed torch, in a directory of its own, and hold it against what the rule says of it."""
    if case.why_not:
        return Outcome(unable=case.why_not)
    if not case.calls:
        return Outcome(unable="it does not say how it is called")
    with _elsewhere():
        seen = observe(case.block, beside=case.beside)
    return judged(case, seen)


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
    return case.running(works) if works is not None else case.refusing("none of the calls works")


def try_cases(cases: Iterable[Case], *, one_call: bool = False) -> Iterator[tuple[Case, Outcome]]:
    """Try cases in processes that may crash or hang; with `one_call`, make only the first call of each that works."""
    left = list(cases)
    while left:
        with child("case_worker", {"cases": [asdict(case) for case in left], "one_call": one_call}) as process:
            while left:
                case = left.pop(0)
                try:
                    yield case, Outcome(**process.answer(CASE_SECONDS))
                except ChildEndedError as error:
                    yield case, Outcome(unable=f"it {error}")
                    break
