"""What must hold of every fix, on the rules' own pages and on generated code."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fix, text

from fullgraph.engine.check import check_source
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.fix import fix_source
from fullgraph.torchfacts import TorchRange, TorchVersion

TARGET = TorchRange.only(TorchVersion(2, 13))
FIXED = [
    pytest.param(code, bad.source, fixed.source, id=f"{code}-{number}")
    for code, rule in registry().items()
    for number, (bad, fixed) in enumerate(
        zip(
            (block for block in rule.page.blocks if block.kind == "bad"),
            (block for block in rule.page.blocks if block.kind == "fixed"),
            strict=False,
        )
    )
]


def unmarked(source: str) -> str:
    return re.sub(r"  # TFG\d{3}$", "", source, flags=re.MULTILINE)


def test_some_page_shows_a_fix() -> None:
    assert FIXED


@pytest.mark.parametrize(("code", "bad", "fixed"), FIXED)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_fixed_block_is_what_the_fix_makes_of_the_bad_one(code: str, bad: str, fixed: str, newline: str) -> None:
    rules = Settings(TARGET, frozenset({code}))
    before = unmarked(bad).replace("\n", newline).encode()
    outcome = fix_source(before, "page.py", rules)
    assert outcome.data.decode() == fixed.replace("\n", newline)
    assert outcome.remaining == ()
    assert outcome.fixed == len(check_source(before, "page.py", rules))
    assert fix_source(outcome.data, "page.py", rules).data == outcome.data


@pytest.mark.parametrize(("code", "bad", "fixed"), FIXED)
def test_nesting_and_aliases_change_nothing(code: str, bad: str, fixed: str) -> None:
    rules = Settings(TARGET, frozenset({code}))
    for change in (
        lambda source: "if True:\n" + textwrap.indent(source, "    "),
        lambda source: "class A:\n    def f(self):\n" + textwrap.indent(source, "        "),
        lambda source: re.sub(r"\btorch\b", "th", source).replace("import th", "import torch as th"),
    ):
        outcome = fix_source(change(unmarked(bad)).encode(), "page.py", rules)
        assert outcome.data.decode() == change(fixed)


USES = {
    "torch._dynamo.reset()": "torch.compiler.reset()",
    "dynamo.is_compiling()": "torch.compiler.is_compiling()",
    "disable(f)": "disable(f)",
    "off(f, recursive=False)": "off(f, recursive=False)",
    "torch._foreach_norm(ts, 2)": "torch.foreach.norm(ts, ord=2)",
    "torch._dynamo.disable(f, wrapping=False)": "torch._dynamo.disable(f, wrapping=False)",
    "torch._dynamo.mark_dynamic(x, 0)": "torch._dynamo.mark_dynamic(x, 0)",
    "torch._C.Size([torch._dynamo.is_compiling()])": "torch.Size([torch.compiler.is_compiling()])",
}
PLACES = [
    "x = {}",
    "if y: x = {}  # a comment",
    "def g(a={}):\n    return [a for a in {}]",
    "class A({}): x = lambda: ({})",
    "for i in {}:\n\tpass",
    "s = f'é {{{}}}'",
    "print(\n    {},  # first\n    é, ({})\n)",
    "@{}\ndef h(): ...",
    "try: {}\nfinally: pass",
    "with {} as w: y = '''\n  ''', {}",
    "x = 1; {}; y = 2",
]
LINES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.lists(st.sampled_from(sorted(USES)), min_size=2, max_size=2)), max_size=8
)
IMPORTS = (
    "import torch\nimport torch._dynamo as dynamo\nfrom torch._dynamo import disable  # noqa: E402\n"
    "from torch._dynamo import disable as off\n\nf = ts = x = é = y = 0\n"
)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_generated_code_is_fixed_and_nothing_else_is_touched(lines: list[tuple[str, list[str]]]) -> None:
    body = "\n".join(place.format(*uses) for place, uses in lines)
    expected = "\n".join(place.format(*(USES[use] for use in uses)) for place, uses in lines)
    after = text(fix(f"{IMPORTS}{body}\n"))
    ast.parse(after)
    head, _, rest = after.partition("f = ts = x = é = y = 0\n")
    assert rest == f"{expected}\n"
    assert ("import torch._dynamo as dynamo" in head) == ("dynamo." not in body.replace("._dynamo.", ""))
    for name, module in (("disable", "disable  # noqa: E402"), ("off", "disable as off")):
        is_used = re.search(rf"(?<![.\w]){name}\(", body) is not None
        assert (f"from torch.compiler import {module}" in head) == is_used, name


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab =()'\"#\n\t\\é:{}[]\f", max_size=60))
def test_whatever_stands_around_stays(noise: str) -> None:
    before = f"import torch\ntorch._dynamo.reset()  # c\n{noise}\n"
    after = text(fix(before))
    assert after in (before, before.replace("torch._dynamo", "torch.compiler", 1))
