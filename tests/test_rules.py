"""Every rule against its own page and cases. No rule is named here; a new rule is tested by being there."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.finding import Finding
from fullgraph.engine.page import hot_of, marked_lines
from fullgraph.engine.registry import CATEGORIES, RegisteredRule, registry
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion

TARGET = TorchRange.only(TorchVersion(2, 13))
RULES = [pytest.param(rule, id=code) for code, rule in registry().items()]


def examples(rule: RegisteredRule) -> Iterator[tuple[str, str]]:
    for number, block in enumerate(rule.page.blocks):
        yield f"{rule.code}-{block.kind}-{number}", block.source
    for number, case in enumerate(rule.cases.split("---\n") if rule.cases else ()):
        yield f"{rule.code}-case-{number}", case


EXAMPLES = [pytest.param(rule.code, source, id=name) for rule in registry().values() for name, source in examples(rule)]


def findings(source: str, code: str) -> list[Finding]:
    return check_source(source.encode(), "example.py", Settings(TARGET, frozenset({code})), hot=hot_of(source))


def places(source: str, code: str) -> list[tuple[int, str]]:
    return [(finding.start.row, finding.code) for finding in findings(source, code)]


@pytest.mark.parametrize(("code", "source"), EXAMPLES)
def test_markers_are_the_findings(code: str, source: str) -> None:
    assert places(source, code) == list(marked_lines(source))


@pytest.mark.parametrize("rule", RULES)
def test_page_has_what_a_page_needs(rule: RegisteredRule) -> None:
    page = rule.page
    assert page.title.endswith("."), "the first line says in a sentence what is reported"
    kinds = {block.kind for block in page.blocks}
    assert "bad" in kinds
    assert kinds & {"good", "fixed"}, "a page shows what to write instead"
    for block in page.blocks:
        assert bool(block.marked) == (block.kind == "bad"), f"markers belong into bad blocks only:\n{block.source}"
    for heading in ("## What is wrong", "## What to do", "## How this is known"):
        assert heading in page.text


@pytest.mark.parametrize("rule", RULES)
def test_declaration(rule: RegisteredRule) -> None:
    assert re.fullmatch(r"TFG[1-9]\d\d", rule.code)
    assert rule.code.startswith(CATEGORIES[rule.category])
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.rule.triggers
    assert re.fullmatch(r"\d+\.\d+", rule.since)
    assert rule.cases, "near misses belong into CASES"


@pytest.mark.parametrize("rule", RULES)
def test_near_misses_are_tested(rule: RegisteredRule) -> None:
    silent = [case for case in rule.cases.split("---\n") if not marked_lines(case)]
    assert silent, "at least one case must be silent"


@pytest.mark.parametrize(("code", "source"), EXAMPLES)
def test_messages_are_complete(code: str, source: str) -> None:
    for finding in findings(source, code):
        assert "{" not in re.sub(r"`[^`]*`", "", finding.text)
        assert "  " not in finding.text
        assert "\n" not in finding.text
        assert not finding.text.endswith((".", " "))
        assert len(finding.text) < 400


@pytest.mark.parametrize(("code", "source"), EXAMPLES)
def test_import_alias_changes_nothing(code: str, source: str) -> None:
    if not re.search(r"^import torch$", source, re.MULTILINE):
        pytest.skip("torch is imported in another way")
    renamed = re.sub(r"^import torch$", "import torch as th", source, flags=re.MULTILINE)
    renamed = re.sub(r"(?<![\w.\"'])torch(?=[.,)\]])", "th", renamed)
    renamed = re.sub(r"from th(?=[. ])", "from torch", renamed)
    renamed = re.sub(r"^import th(?=\.)(.*)$", r"import torch\1", renamed, flags=re.MULTILINE)
    assert places(renamed, code) == list(marked_lines(source))


@pytest.mark.parametrize(("code", "source"), EXAMPLES)
def test_nesting_changes_nothing(code: str, source: str) -> None:
    nested = "if True:\n" + textwrap.indent(source, "    ")
    try:
        ast.parse(nested)
    except SyntaxError:
        pytest.skip("the example does not nest")
    assert places(nested, code) == [(row + 1, marker) for row, marker in marked_lines(source)]


@pytest.mark.parametrize(("code", "source"), EXAMPLES)
def test_without_torch_nothing_is_said(code: str, source: str) -> None:
    without = re.sub(r"^(\s*)(import|from) torch\b.*$", r"\1pass", source, flags=re.MULTILINE)
    without = re.sub(r"^(\s*)from \.torch\b.*$", r"\1pass", without, flags=re.MULTILINE)
    assert places(without, code) == []


@pytest.mark.parametrize(("code", "source"), EXAMPLES)
def test_noqa_silences_each_marked_line(code: str, source: str) -> None:
    marked = {row for row, _ in marked_lines(source)}
    lines = [f"{line}  # noqa: {code}" if row in marked else line for row, line in enumerate(source.splitlines(), 1)]
    assert places("\n".join(lines), code) == []
