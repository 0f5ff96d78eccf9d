"""Every rule's page on real torch: what is marked as bad must misbehave there, and what is called good must not.

No rule is named here. What counts as evidence follows from the rule's category; a rule of a category without evidence
has no proof, and fails.
"""

from __future__ import annotations

import importlib
import inspect
import re
from functools import cache

import pytest
import torch

from fullgraph.engine.check import Settings, check_source
from fullgraph.engine.page import Block
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.torchfacts import TorchVersion, private_name
from fullgraph.verify import Observation, observe, same_result

INSTALLED = TorchVersion.parse(torch.__version__)


def blocks(kind: str) -> list[object]:
    return [
        pytest.param(rule, block, id=f"{rule.code}-{kind}-{number}")
        for rule in registry().values()
        for number, block in enumerate(block for block in rule.page.blocks if block.kind == kind)
    ]


@cache
def compiled(source: str) -> Observation:
    return observe(source)


@cache
def eager(source: str) -> Observation:
    return observe(source, compiled=False)


def marked_rows(block: Block) -> set[int]:
    return {row for row, _ in block.marked}


def graph_break_evidence(block: Block, seen: Observation) -> None:
    assert set(seen.break_lines) == marked_rows(block), seen.reports


def recompile_evidence(block: Block, seen: Observation) -> None:
    assert not seen.breaks, seen.reports
    assert seen.recompilations >= 7, seen.reports
    assert seen.limit_lines, "the page says that the limit is met"
    assert marked_rows(block) in (set(seen.recompile_lines), set(seen.list_lines)), seen.reports


def device_evidence(block: Block, seen: Observation) -> None:
    assert set(seen.move_lines | seen.break_lines) == marked_rows(block), seen.reports


def private_evidence(block: Block, seen: Observation) -> None:
    codes = frozenset(code for _, code in block.marked)
    found = check_source(block.source.encode(), "block.py", Settings(INSTALLED, codes))
    assert {finding.start.row for finding in found} == marked_rows(block)
    for finding in found:
        private, *others = re.findall(r"`(torch\.[\w.]+)`", finding.text)
        assert resolves(private)
        known = private_name(private)
        if known is not None and known.public_at(INSTALLED) is not None:
            assert resolves(others[0])
            assert lost_keywords(private, others[0]) == set(known.public.dropped_keywords)
        else:
            assert not any(resolves(other) for other in others), "the message promises these for a later release"


EVIDENCE = {
    "private_api": private_evidence,
    "graph_break": graph_break_evidence,
    "recompile": recompile_evidence,
    "device": device_evidence,
}


def resolve(path: str) -> object:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            value = getattr(value, part)
        return value
    raise AttributeError(path)


def resolves(path: str) -> bool:
    try:
        resolve(path)
    except AttributeError:
        return False
    return True


def keywords(value: object) -> set[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    assert callable(value)
    return {name for name, item in inspect.signature(value).parameters.items() if item.kind in kinds}


def lost_keywords(private: str, public: str) -> set[str]:
    return keywords(resolve(private)) - keywords(resolve(public))


@pytest.mark.parametrize(("rule", "block"), blocks("bad"))
def test_bad_block_misbehaves_at_the_marked_lines(rule: RegisteredRule, block: Block) -> None:
    seen = compiled(block.source)
    assert not seen.errors
    EVIDENCE[rule.category](block, seen)


@pytest.mark.parametrize(("rule", "block"), blocks("good"))
def test_good_block_does_not(rule: RegisteredRule, block: Block) -> None:
    seen = compiled(block.source)
    assert not seen.errors
    assert seen.clean, seen.reports


@pytest.mark.parametrize(("rule", "block"), blocks("bad"))
def test_bad_block_has_a_remedy_with_the_same_result(rule: RegisteredRule, block: Block) -> None:
    wanted = eager(block.source)
    assert not wanted.errors
    assert wanted.result is not None, "without CALL or CALLS nothing is compared"
    remedies = [eager(other.source) for other in rule.page.blocks if other.kind == "good"]
    assert any(same_result(wanted.result, remedy.result) for remedy in remedies if not remedy.errors)
