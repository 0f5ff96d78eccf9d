"""Every rule's page on real torch: what is marked as bad must misbehave there, and what is called good must not.

No rule is named here. What counts as evidence follows from its category (``fullgraph.verify.evidence``); a rule of
a category without evidence has no proof, and fails.
"""

from __future__ import annotations

import pytest

from fullgraph.engine.page import Block
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.verify.evidence import evidence

BLOCKS = [
    pytest.param(rule, block, id=f"{rule.code}-{block.kind}-{number}")
    for rule in registry().values()
    for number, block in enumerate(rule.page.blocks)
]


@pytest.mark.parametrize(("rule", "block"), BLOCKS)
def test_torch_agrees_with_the_page(rule: RegisteredRule, block: Block) -> None:
    found = evidence(rule, block)
    assert found.as_claimed, (found.contradictions, found.seen.reports)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=code) for code, rule in registry().items()])
def test_a_wrong_page_is_refused(rule: RegisteredRule) -> None:
    bad = next(block for block in rule.page.blocks if block.kind == "bad")
    rows = bad.source.splitlines()
    marked = next(row for row, _ in bad.marked) - 1
    moved = [*rows]
    moved[marked] = moved[marked].partition("  # TFG")[0]
    moved[0] += f"  # {rule.code}"
    assert not evidence(rule, Block("bad", "\n".join(moved) + "\n")).as_claimed
    assert not evidence(rule, Block("good", bad.source)).as_claimed or rule.category == "private_api"
