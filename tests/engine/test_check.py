"""Dispatch: who is asked about what, what becomes of hits, and what of rules that fail."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from fullgraph.api import COLD, TRACED, Context, Hit, Kind, Rule, Severity, Traced
from fullgraph.engine import plan
from fullgraph.engine.check import check_source, check_tree
from fullgraph.engine.faults import invalid_file
from fullgraph.engine.finding import Finding, Position
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion

TARGET = TorchRange.only(TorchVersion(2, 13))
Run = Callable[..., list[Finding]]


def registered(rule: Rule, category: str = "private_api") -> RegisteredRule:
    return RegisteredRule(rule, f"rule-{rule.code.lower()}", category, "made.up", "Title.\n\nText.", "")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run made-up rules over a source."""

    def go(source: str, *rules: Rule, category: str = "private_api") -> list[Finding]:
        known: Mapping[str, RegisteredRule] = {rule.code: registered(rule, category) for rule in rules}
        monkeypatch.setattr(plan, "registry", lambda: known)
        plan.plan_for.cache_clear()
        plan.codes_at.cache_clear()
        plan.codes_in.cache_clear()
        return check_source(source.encode(), "file.py", Settings(TARGET, frozenset(known)))

    yield go
    plan.plan_for.cache_clear()
    plan.codes_at.cache_clear()
    plan.codes_in.cache_clear()


def rows(findings: list[Finding]) -> list[tuple[int, str]]:
    return [(item.start.row, item.code) for item in findings]


def reporter(code: str, *types: type[ast.AST], where: Traced = Traced.NONE) -> Rule:
    rule = Rule(code, "found `{what}`", "", since="0.1")

    def check(node: ast.AST, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(node, what=type(node).__name__)

    rule.node(*types, where=where)(check)
    return rule


def test_nodes_of_the_wanted_types(run: Run) -> None:
    found = run("import torch\nx = [1]\ny = {1: 2}\nz = (3,)\n", reporter("TFG901", ast.List, ast.Dict))
    assert [(item.start, item.end, item.code, item.message, item.filename) for item in found] == [
        (Position(2, 5), Position(2, 8), "TFG901", "found `List`", "file.py"),
        (Position(3, 5), Position(3, 11), "TFG901", "found `Dict`", "file.py"),
    ]


def test_nothing_without_torch(run: Run) -> None:
    assert run("x = [1]\n", reporter("TFG901", ast.List)) == []
    assert run("# torch\nx = [1]\n", reporter("TFG901", ast.List)) == []
    assert run("import numpy as torch\nx = [1]\n", reporter("TFG901", ast.List)) == []
    assert rows(run("def f():\n    import torch\nx = [1]\n", reporter("TFG901", ast.List))) == [(3, "TFG901")]
    assert rows(run("from torch.nn import Linear\nx = [1]\n", reporter("TFG901", ast.List))) == [(2, "TFG901")]


def test_findings_are_sorted_by_place_then_code(run: Run) -> None:
    found = run(
        "import torch\nx = [{}]\ny = [1]\n", reporter("TFG902", ast.Dict, ast.List), reporter("TFG901", ast.List)
    )
    assert rows(found) == [(2, "TFG901"), (2, "TFG902"), (2, "TFG902"), (3, "TFG901"), (3, "TFG902")]
    assert [item.start.column for item in found] == [5, 5, 6, 5, 5]


def test_calls_by_path(run: Run) -> None:
    rule = Rule("TFG901", "called", "", since="0.1")

    @rule.call("torch.stack", "builtins.print", "time.time")
    def check(call: ast.Call, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(call)

    source = (
        "import torch, time\nfrom torch import stack as s\ntorch.stack(x)\ns(x)\ntorch.cat(x)\nprint(1)\n"
        "time.time()\nx.stack()\ndef f(print): print()\nt = torch\nt.stack(x)\ngetattr(torch, 'stack')(x)\n"
    )
    assert [row for row, _ in rows(run(source, rule))] == [3, 4, 6, 7, 11]


def test_a_call_that_may_be_two_wanted_things_is_reported_once(run: Run) -> None:
    rule = Rule("TFG901", "called", "", since="0.1")

    @rule.call("torch.stack", "torch.cat")
    def check(call: ast.Call, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(call)

    assert len(run("import torch\nf = torch.stack if x else torch.cat\nf(y)\n", rule)) == 1


def test_methods_by_name_and_kind(run: Run) -> None:
    rule = Rule("TFG901", "{kind}", "", since="0.1")

    @rule.method("item", of=Kind.TENSOR)
    def of_tensors(call: ast.Call, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(call, kind="tensor")

    @rule.method("item", of=None)
    def of_anything(call: ast.Call, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(call, kind="any")

    found = run("import torch\ntorch.ones(3).item()\nx.item()\nx.items()\nitem()\n", rule)
    assert [(item.start.row, item.message) for item in found] == [(2, "any"), (2, "tensor"), (3, "any")]


REGION = """import torch
def eager(): [0]
class Net(torch.nn.Module):
    def forward(self, x): [1]
@torch.compile
def step(x): [2]
"""


@pytest.mark.parametrize(
    ("where", "found"), [(Traced.NONE, [2, 4, 6]), (Traced.POSSIBLE, [4, 6]), (Traced.CERTAIN, [6])]
)
def test_where_gates_on_the_region(run: Run, where: Traced, found: list[int]) -> None:
    assert [row for row, _ in rows(run(REGION, reporter("TFG901", ast.List, where=where)))] == found


@pytest.mark.parametrize(("unless", "seen"), [((), [6, 10]), ((TRACED,), [10]), ((TRACED, COLD), [])])
def test_code_where_all_is_harmless_is_not_looked_at(run: Run, unless: tuple[str, ...], seen: list[int]) -> None:
    looked_at = []
    rule = Rule("TFG901", "m", remedy="r", since="0.1", unless=unless)

    @rule.node(ast.Return)
    def check(node: ast.Return, ctx: Context) -> Iterator[Hit]:
        looked_at.append(node.lineno)
        yield ctx.at(node)

    source = """
import torch

@torch.compile
def traced(x):
    return x


def eager(x):
    return x
"""
    found = run(source, rule)
    assert looked_at == [finding.start.row for finding in found] == seen


def test_what_is_called_hot_is_known_when_the_project_is_linked() -> None:
    codes = frozenset({"TFG402", "TFG403"})
    assert plan.codes_in(codes, plan.Part.FIRST) == {"TFG402"}
    assert plan.codes_in(codes, plan.Part.SECOND) == {"TFG403"}


def test_severity_and_reach_follow_from_the_region(run: Run) -> None:
    found = run(REGION, reporter("TFG901", ast.List), category="recompile")
    assert [item.severity for item in found] == [Severity.NOTE, Severity.WARNING, Severity.ERROR]
    assert [item.traced.degree for item in found] == [Traced.NONE, Traced.POSSIBLE, Traced.CERTAIN]
    assert [step.name for step in found[2].traced.chain] == ["torch.compile", "step"]
    assert "torch.compile at line 5 via step" in found[2].text
    assert "Net.forward" in found[1].text


def test_private_api_does_not_speak_of_the_region(run: Run) -> None:
    for item in run(REGION, reporter("TFG901", ast.List)):
        assert item.traced.degree is Traced.NONE
        assert item.severity is Severity.WARNING
        assert "[" not in item.text


def test_a_hit_may_set_its_severity_and_a_rule_may_fix_it(run: Run) -> None:
    rule = Rule("TFG901", "x", "", since="0.1", severity=Severity.ERROR)

    @rule.node(ast.List)
    def check(node: ast.List, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(node, severity=Severity.NOTE if node.elts else None)

    assert [item.severity for item in run("import torch\n[]\n[1]\n", rule)] == [Severity.ERROR, Severity.NOTE]


def test_equal_causes_are_said_once_per_rule(run: Run) -> None:
    def same_cause(code: str) -> Rule:
        rule = Rule(code, "x", "", since="0.1")

        @rule.node(ast.List)
        def check(node: ast.List, ctx: Context) -> Iterator[Hit]:
            yield ctx.at(node, cause=len(node.elts))

        return rule

    found = run("import torch\n[]\n[]\n[1]\n[2]\n", same_cause("TFG901"), same_cause("TFG902"))
    assert rows(found) == [(2, "TFG901"), (2, "TFG902"), (4, "TFG901"), (4, "TFG902")]


def test_equal_findings_are_one(run: Run) -> None:
    rule = Rule("TFG901", "x", "", since="0.1")

    @rule.node(ast.List, ast.Dict)
    def check(node: ast.List | ast.Dict, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(ctx.parent(node) or node)
        yield ctx.at(ctx.parent(node) or node)

    assert len(run("import torch\nf([], {})\n", rule)) == 1


def faulty(code: str, error: BaseException, *, first: int = 0) -> Rule:
    """A rule that reports its first nodes and then fails."""
    rule = Rule(code, "fine", "", since="0.1")
    seen: list[ast.AST] = []

    @rule.node(ast.List)
    def check(node: ast.List, ctx: Context) -> Iterator[Hit]:
        seen.append(node)
        if len(seen) > first:
            raise error
        yield ctx.at(node)

    return rule


@pytest.mark.parametrize(
    "error", [ValueError("no\n  good " + "x" * 500), RecursionError(), KeyError("k"), AssertionError()]
)
def test_a_failing_rule_is_said_once_per_file_and_the_rest_stays(run: Run, error: Exception) -> None:
    found = run("import torch\n[1]\n[2]\n[3]\n[4]\n", faulty("TFG901", error, first=1), reporter("TFG902", ast.List))
    assert rows(found) == [(2, "TFG901"), (2, "TFG902"), (3, "TFG001"), (3, "TFG902"), (4, "TFG902"), (5, "TFG902")]
    (internal,) = (item for item in found if item.code == "TFG001")
    assert internal.name == "internal-error"
    assert internal.severity is Severity.ERROR
    assert "TFG901" in internal.message
    assert type(error).__name__ in internal.message
    assert "\n" not in internal.message
    assert len(internal.message) < 400


def test_two_failing_rules_are_two(run: Run) -> None:
    found = run("import torch\n[1]\n[2]\n", faulty("TFG901", ValueError()), faulty("TFG902", ValueError()))
    assert rows(found) == [(2, "TFG001"), (2, "TFG001")]


def test_hits_before_the_failure_stay(run: Run) -> None:
    rule = Rule("TFG901", "fine", "", since="0.1")

    @rule.node(ast.List)
    def check(node: ast.List, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(node, cause="one")
        raise ValueError

    assert rows(run("import torch\n[1]\n[2]\n", rule)) == [(2, "TFG001"), (2, "TFG901")]


def test_a_message_without_its_arguments_is_a_failure_of_the_rule(run: Run) -> None:
    rule = Rule("TFG901", "found {what}", "", since="0.1")

    @rule.node(ast.List)
    def check(node: ast.List, ctx: Context) -> Iterator[Hit]:
        yield ctx.at(node)

    assert rows(run("import torch\n[1]\n[2]\n", rule)) == [(2, "TFG001")]


def test_a_failure_is_per_file(run: Run) -> None:
    rule = faulty("TFG901", ValueError())
    for _ in range(2):
        assert rows(run("import torch\n[1]\n", rule)) == [(2, "TFG001")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_user_can_still_stop_it(run: Run, error: type[BaseException]) -> None:
    with pytest.raises(error):
        run("import torch\n[1]\n", faulty("TFG901", error()))


def test_a_failing_analysis_is_one_finding(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr("fullgraph.engine.checker.FileModel", broken)
    (found,) = run("import torch\n[1]\n", reporter("TFG901", ast.List))
    assert (found.code, found.start) == ("TFG001", Position(1, 1))
    assert "ZeroDivisionError: deep inside" in found.message


def test_noqa_silences_an_internal_error_too(run: Run) -> None:
    assert run("import torch\n[1]  # noqa: TFG001\n", faulty("TFG901", ValueError())) == []


def test_invalid_file() -> None:
    settings = Settings.with_defaults(TARGET)
    (found,) = check_source(b"x = 1\ny = (\n", "file.py", settings)
    assert (found.code, found.name, found.start, found.end) == (
        "TFG000",
        "invalid-file",
        Position(2, 5),
        Position(2, 5),
    )
    assert found.severity is Severity.ERROR
    assert found.message.startswith("syntax error: ")
    assert found == invalid_file("file.py", found.message, 2, 5)
    (found,) = check_source(b"x = 1  # noqa\ny = (\n# flake8: noqa\n", "file.py", settings)
    assert found.code == "TFG000"


def test_columns_are_characters_from_one(run: Run) -> None:
    (found,) = run("import torch\nx = 'é漢😀', [1]\n", reporter("TFG901", ast.List))
    assert (found.start, found.end) == (Position(2, 12), Position(2, 15))


def test_lines_may_have_their_ends(run: Run) -> None:
    source = "import torch\nx = 'é', torch._foreach_norm(y)\n"
    settings = Settings.with_defaults(TARGET)
    with_ends = check_tree(ast.parse(source), source.splitlines(keepends=True), "f.py", settings)
    without = check_tree(ast.parse(source), source.splitlines(), "f.py", settings)
    assert with_ends == without
    assert [item.start for item in without] == [Position(2, 10)]


def test_check_tree_knows_no_noqa() -> None:
    source = "# flake8: noqa\nimport torch\ntorch._foreach_norm(y)  # noqa\n"
    settings = Settings.with_defaults(TARGET)
    assert check_source(source.encode(), "f.py", settings) == []
    assert rows(check_tree(ast.parse(source), source.splitlines(), "f.py", settings)) == [(3, "TFG102")]


def test_the_tree_is_left_as_it_was() -> None:
    source = "\n".join(block.source for rule in registry().values() for block in rule.page.blocks)
    tree = ast.parse(source)
    before = ast.dump(tree, include_attributes=True)
    attributes = {node: set(vars(node)) for node in ast.walk(tree)}
    assert check_tree(tree, source.splitlines(), "f.py", Settings.with_everything(TARGET))
    assert ast.dump(tree, include_attributes=True) == before
    assert {node: set(vars(node)) for node in ast.walk(tree)} == attributes


def test_settings() -> None:
    everything, defaults = Settings.with_everything(TARGET), Settings.with_defaults(TARGET)
    assert everything.codes == frozenset(registry())
    assert defaults.codes == frozenset(code for code, rule in registry().items() if rule.default)
    assert check_source(b"import torch\ntorch._foreach_norm(x)\n", "f.py", Settings(TARGET, frozenset())) == []


def test_the_target_decides() -> None:
    def codes(target: TorchVersion) -> list[str]:
        source = b"import torch\ntorch._foreach_norm(x)\n"
        return [item.code for item in check_source(source, "f.py", Settings.with_everything(TorchRange.only(target)))]

    assert codes(TorchVersion(2, 14)) == ["TFG102"]
    assert codes(TorchVersion(2, 15)) == ["TFG101"]


@pytest.mark.parametrize(
    ("releases", "is_silent"),
    [("", False), (">=2.4,<2.13", True), (">=2.13,<2.14", False), (">=2.14", True), (">=2.2", False)],
)
def test_rule_about_other_releases_is_silent(run: Run, releases: str, is_silent: bool) -> None:
    rule = replace(reporter("TFG191", ast.If), torch=releases)
    assert bool(run("import torch\nif torch:\n    pass\n", rule)) is not is_silent


FAILING = """import torch

@torch.compile
def f(x):
    if x.shape[0]:
        x = x + 1
    if x.ndim:
        x = x + 1
        raise ValueError
    return x
"""


def test_graph_break_before_a_raise_is_a_note(run: Run) -> None:
    rule = reporter("TFG291", ast.Assign, where=Traced.POSSIBLE)
    found = run(FAILING, rule, category="graph_break")
    assert [(item.start.row, item.severity) for item in found] == [(6, Severity.ERROR), (8, Severity.NOTE)]
    others = run(FAILING, reporter("TFG391", ast.Assign, where=Traced.POSSIBLE), category="recompile")
    assert [item.severity for item in others] == [Severity.ERROR, Severity.ERROR]
