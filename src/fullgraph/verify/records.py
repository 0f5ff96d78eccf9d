"""What the examples of every rule's page did on each release of torch, as recorded with the package.

One file for each release, `recorded/2.13.json`. Nothing here needs torch: `fullgraph verify --rules --record` and
`tools/record_evidence.py` write the files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fullgraph.api import Effect
from fullgraph.engine.check import check_source
from fullgraph.engine.page import Block, hot_of
from fullgraph.engine.registry import RegisteredRule
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion
from fullgraph.verify.blocks import block_ids

DIRECTORY = Path(__file__).parent / "recorded"

Data = Mapping[str, Any]
"""What one example did: `as_claimed`, and what was seen, without what is empty."""

_LINES: Mapping[Effect, tuple[str, ...]] = MappingProxyType(
    {
        Effect.MISSING_NAME: ("error_lines",),
        Effect.INTERNAL_ERROR: ("failed_lines",),
        Effect.DEPRECATION: ("warned_lines",),
        Effect.GRAPH_BREAK: ("break_lines",),
        Effect.RECOMPILATION: ("recompile_lines", "list_lines"),
        Effect.DEVICE_MOVE: ("move_lines", "break_lines"),
    }
)
"""Where a record says at which lines an effect was seen; for others it says only whether all was as claimed."""
_RAISES = frozenset({Effect.INTERNAL_ERROR, Effect.MISSING_NAME, Effect.RAISED_LATER})
"""Effects that are errors."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was seen on one release of torch: its version, the Python, and by rule and example what was seen."""

    torch: str
    python: str
    rules: Mapping[str, Mapping[str, Data]]

    @property
    def release(self) -> TorchVersion:
        """The release without what its patches and builds add."""
        return TorchVersion.parse(self.torch)

    def of(self, rule: RegisteredRule) -> dict[str, Data]:
        """What was seen of the examples of a rule that have not changed since, by their names, in the page's order."""
        known = self.rules.get(rule.code, {})
        return {name: known[name] for name in block_ids(rule) if name in known}

    def missing(self, rules: Iterable[RegisteredRule]) -> list[str]:
        """The examples that are not recorded as they are now, since they are new or have changed."""
        return [f"{rule.code} {name}" for rule in rules for name in block_ids(rule) if name not in self.of(rule)]

    def with_rules(self, rules: Mapping[str, Mapping[str, Data]], known: Iterable[str]) -> Record:
        """The same with some rules anew, and without those that are not known any more."""
        kept = {code: blocks for code, blocks in {**self.rules, **rules}.items() if code in set(known)}
        return replace(self, rules=dict(sorted(kept.items())))

    def dumped(self) -> str:
        """JSON with one line for each example, so that a change is easy to see."""
        rules = ",\n".join(
            f"  {json.dumps(code)}: {{\n"
            + ",\n".join(f"   {json.dumps(name)}: {json.dumps(data)}" for name, data in blocks.items())
            + "\n  }"
            for code, blocks in self.rules.items()
        )
        head = f' "torch": {json.dumps(self.torch)},\n "python": {json.dumps(self.python)},\n'
        return f'{{\n{head} "rules": {{\n{rules}\n }}\n}}\n'


def path_of(release: TorchVersion) -> Path:
    """Where a release is recorded."""
    return DIRECTORY / f"{release}.json"


def loaded(text: str) -> Record:
    """Read the text of a file."""
    return Record(**json.loads(text))


@cache
def records() -> tuple[Record, ...]:
    """All that is recorded, the oldest release first."""
    found = [loaded(path.read_text(encoding="utf-8")) for path in DIRECTORY.glob("*.json")]
    return tuple(sorted(found, key=lambda record: record.release))


def seen_on(rule: RegisteredRule) -> dict[TorchVersion, bool]:
    """On which releases every bad example misbehaved just as the page says; those not recorded are left out."""
    bad = [name for name in block_ids(rule) if name.startswith("bad-")]
    known = {record.release: record.of(rule) for record in records()}
    return {
        release: all(of[name]["as_claimed"] for name in bad)
        for release, of in known.items()
        if all(name in of for name in bad)
    }


def disagreements(rule: RegisteredRule, record: Record) -> list[str]:
    """Say where the linter, aiming at a release, says anything else than what was seen on it.

    It must report no line where nothing was seen, and be silent on no example that was as claimed. What cannot run on
    a release says nothing about it.
    """
    known = record.of(rule)
    wrong: list[str] = []
    for name, block in zip(block_ids(rule), rule.page.blocks, strict=True):
        if block.kind == "bad" and name in known:
            told = told_lines(rule, block, record.release)
            wrong += [f"torch {record.release}: {name}: {fault}" for fault in _faults(rule, block, told, known[name])]
    return wrong


def told_lines(rule: RegisteredRule, block: Block, release: TorchVersion) -> frozenset[int]:
    """The lines of an example that the rule reports where that release is aimed at."""
    settings = Settings(TorchRange.only(release), frozenset({rule.code}))
    found = check_source(block.source.encode(), "block.py", settings, hot=hot_of(block.source))
    return frozenset(finding.start.row for finding in found if finding.code == rule.code)


def seen_lines(rule: RegisteredRule, data: Data) -> frozenset[int] | None:
    """The lines of an example where the effect of the rule was seen; None where a record does not say that."""
    fields = _LINES.get(rule.effect) if rule.effect is not None else None
    return None if fields is None else frozenset(row for field in fields for row in data.get(field, ()))


def _faults(rule: RegisteredRule, block: Block, told: frozenset[int], data: Data) -> list[str]:
    marked = frozenset(row for row, code in block.marked if code == rule.code)
    if data["as_claimed"]:
        return [f"seen at {_rows(marked - told)}, and not reported"] if marked - told else []
    if data.get("errors") and rule.effect not in _RAISES:
        return []
    seen = seen_lines(rule, data)
    if seen is None:
        return ["reported, and not seen"] if told and told >= marked else []
    return [f"reported at {_rows(told - seen)}, where nothing was seen"] if told - seen else []


def _rows(rows: Iterable[int]) -> str:
    return ", ".join(f"line {row}" for row in sorted(rows))
