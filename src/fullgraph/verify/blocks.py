"""The names of the examples of a rule's page."""

from __future__ import annotations

import hashlib

from fullgraph.engine.registry import RegisteredRule


def block_ids(rule: RegisteredRule) -> tuple[str, ...]:
    """Name every block of a page, in order: its kind, its number among those of that kind, and a hash of its source."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for block in rule.page.blocks:
        number = seen[block.kind] = seen.get(block.kind, -1) + 1
        digest = hashlib.sha256(block.source.encode()).hexdigest()[:12]
        names.append(f"{block.kind}-{number}-{digest}")
    return tuple(names)


def called(name: str) -> str:
    """Name an example for readers: ``bad-0-92452af751cb`` is the first bad example."""
    kind, number, _ = name.split("-")
    return f"{kind} example {int(number) + 1}"
