"""The section of a rule's page that says on which releases of torch its examples ran, and what they did there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from fullgraph.engine.registry import RegisteredRule
from fullgraph.verify.blocks import block_ids, called
from fullgraph.verify.records import Data, Record, records, seen_on

_MOST_WORDS = 3


def seen_section(rule: RegisteredRule) -> str:
    """The section in Markdown, from what is recorded; a release without the examples as they are now is left out."""
    rows = [(record, known) for record in records() if (known := record.of(rule))]
    columns = [column for column in _COLUMNS if any(_COLUMNS[column](known) for _, known in rows)]
    head = ["torch", "Python", "Examples as claimed", *columns]
    lines = ["## Seen on", "", _summary(rule), "", _row(head), _row(["---"] * len(head))]
    for record, known in rows:
        right = sum(data["as_claimed"] for data in known.values())
        cells = [_COLUMNS[column](known) for column in columns]
        lines.append(_row([record.torch, record.python, f"{right} of {len(block_ids(rule))}", *cells]))
    otherwise = [line for record, known in rows for line in _otherwise(record, known)]
    return "\n".join([*lines, *(["", "Otherwise:", "", *otherwise] if otherwise else [])]) + "\n"


def _summary(rule: RegisteredRule) -> str:
    seen = seen_on(rule)
    on = ", ".join(str(release) for release, found in seen.items() if found)
    off = ", ".join(str(release) for release, found in seen.items() if not found)
    said = f"Just as this page says on torch {on}" if on else "Nowhere just as this page says"
    return f"{said}{f'; otherwise on {off}' if off else ''}. Each row is what happened when the examples ran there."


def _otherwise(record: Record, known: Mapping[str, Data]) -> Iterator[str]:
    for name, data in known.items():
        if not data["as_claimed"]:
            yield f"* torch {record.release}, {called(name)}: {_safe('; '.join(data['contradictions']))}"


def _breaks(known: Mapping[str, Data]) -> str:
    return _sum(known, "breaks")


def _recompilations(known: Mapping[str, Data]) -> str:
    return _sum(known, "recompilations")


def _words(known: Mapping[str, Data]) -> str:
    words = list(dict.fromkeys(word for name, data in _bad(known) for word in data.get("says", ())))
    more = f"; and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return _safe("; ".join(words[:_MOST_WORDS]) + more)


_COLUMNS: Mapping[str, Callable[[Mapping[str, Data]], str]] = MappingProxyType(
    {"Graph breaks": _breaks, "Recompilations": _recompilations, "What Dynamo says": _words}
)


def _sum(known: Mapping[str, Data], field: str) -> str:
    """How many there were in all bad examples; empty where there were none."""
    return str(sum(data.get(field, 0) for _, data in _bad(known)) or "")


def _bad(known: Mapping[str, Data]) -> list[tuple[str, Data]]:
    return [(name, data) for name, data in known.items() if name.startswith("bad-")]


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
