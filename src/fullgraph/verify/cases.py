"""The further cases of rules: what they say in comments, which the linter does not see, of how they run on torch.

`# run: torch.compile(Net())(torch.ones(3))` is an expression that runs a case, each after a reset of Dynamo; `# beside
utils.py: a = 1; b = 2` is a file that it imports, and `# not run: ...` says why it cannot be run. A line that
misbehaves although no rule is to say so is marked `# unreported`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fullgraph.engine.registry import RegisteredRule
from fullgraph.verify.made_calls import made_calls

_NOT_RUN = re.compile(r"^# not run: (?P<why>.+)$", re.MULTILINE)
_RUN = re.compile(r"^# run: (?P<call>.+)$", re.MULTILINE)
_BESIDE = re.compile(r"^# beside (?P<name>[\w./]+): (?P<source>.+)$", re.MULTILINE)
_UNREPORTED = re.compile(r"#.*\bunreported$")
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

    def running(self, call: str) -> Case:
        """The same case, run by one call."""
        return Case(self.code, self.number, f"{_RUN.sub('', self.source)}# run: {call}\n")

    def refusing(self, why: str) -> Case:
        """The same case, not run."""
        return Case(self.code, self.number, f"{self.source}# not run: {why}\n")

    @property
    def block(self) -> str:
        """Its source, and the calls."""
        calls = "".join(f"(lambda: ({call}),), " for call in self.calls)
        return f"{self.source}\n{_AROUND}CALLS = _afresh, [{calls}]\n"


def cases_of(rule: RegisteredRule) -> tuple[Case, ...]:
    """Every case of a rule, in order."""
    parts = rule.cases.split("---\n") if rule.cases else ()
    return tuple(Case(rule.code, number, source) for number, source in enumerate(parts))
