"""What names are at the place where they stand."""

from __future__ import annotations

import ast
import time

import pytest
from values_of import asked, inside, model_of, text

CASES = {
    "a later assignment changes only what follows": (
        ["y = x", "ask(y)", "y = 3", "ask(y)"],
        ["tensor", "static int"],
    ),
    "branches are joined": (["if other:", "    y = x", "else:", "    y = 3", "ask(y)"], ["static int | tensor"]),
    "what returns is not joined": (["y = 3", "if other:", "    y = x", "    return", "ask(y)"], ["static int"]),
    "what raises is not joined": (
        ["if other:", "    y = other", "    raise E", "else:", "    y = x", "ask(y)"],
        ["tensor"],
    ),
    "none is excluded": (["if mask is None:", "    return", "ask(mask)"], ["tensor"]),
    "none is replaced": (["if mask is None:", "    mask = x > 0", "ask(mask)"], ["tensor"]),
    "none in a conjunction": (["ask(mask is not None and mask)"], ["static bool | tensor"]),
    "isinstance decides": (
        ["if isinstance(other, Tensor):", "    ask(other)", "elif isinstance(other, int):", "    ask(other)"],
        ["tensor", "static int"],
    ),
    "is_tensor decides": (["if not torch.is_tensor(other):", "    return", "ask(other)"], ["tensor"]),
    "an assertion decides": (["assert isinstance(other, Tensor)", "ask(other)"], ["tensor"]),
    "the truth of a name excludes none": (["if mask:", "    ask(mask)"], ["tensor"]),
    "a loop has a fixed point": (["y = 0", "for v in x:", "    ask(y)", "    y = y + v"], ["static int | tensor"]),
    "a loop that changes nothing": (["y = x", "for i in range(n):", "    y = y + 1", "ask(y)"], ["tensor"]),
    "while": (["y = n", "while y > 3:", "    y = y - 1", "ask(y)"], ["static int"]),
    "break": (["y = 3", "while True:", "    y = x", "    if other: break", "ask(y)"], ["tensor"]),
    "continue": (
        ["for i in range(3):", "    if other:", "        y = x", "        continue", "    y = 3", "ask(y)"],
        ["static int | tensor"],
    ),
    "unpacking rows": (["for t, h in x:", "    ask(t)", "    ask(h)"], ["tensor", "tensor"]),
    "unpacking a shape": (["b, *c = x.shape", "ask(b)", "ask(c)"], ["static int", "[static int*]"]),
    "enumerate and zip": (
        ["for i, (a, b) in enumerate(zip([x], [3])):", "    ask(i)", "    ask(a)", "    ask(b)"],
        ["static int", "tensor", "static int"],
    ),
    "append": (
        ["rows = []", "for v in x:", "    rows.append(v > 0)", "ask(rows)", "ask(rows[0])"],
        ["[tensor bool*]", "tensor bool"],
    ),
    "items": (["d = {}", "d['a'] = x", "ask(d['a'])"], ["tensor"]),
    "augmented": (["y = 1", "y += x", "ask(y)"], ["tensor"]),
    "walrus": (["if (y := x.sum()) is not None:", "    ask(y)"], ["tensor 0d"]),
    "with": (["with open('a') as y:", "    z = x", "ask(y)", "ask(z)"], ["unknown", "tensor"]),
    "try": (
        ["try:", "    y = x", "except ValueError:", "    y = 3", "else:", "    z = n", "ask(y)"],
        ["static int | tensor"],
    ),
    "try that fails between": (
        ["y = 3", "try:", "    y = x", "    g()", "except ValueError:", "    ask(y)"],
        ["static int | tensor"],
    ),
    "finally": (["try:", "    y = x", "finally:", "    z = 3", "ask(y)", "ask(z)"], ["tensor", "static int"]),
    "match": (
        ["match other:", "    case 1:", "        y = x", "    case _:", "        y = x > 0", "ask(y)"],
        ["tensor"],
    ),
    "comprehensions do not leak": (["y = 3", "z = [y for y in x]", "ask(y)", "ask(z)"], ["static int", "[tensor*]"]),
    "unreached": (["return", "ask(x)"], ["bottom"]),
    "eager code": (
        ["if not torch.compiler.is_compiling():", "    ask(x)", "else:", "    ask(x)"],
        ["bottom", "tensor"],
    ),
    "eager operand": (["y = torch.jit.is_scripting() and ask(x)"], ["bottom"]),
    "a name deleted": (["y = x", "del y", "ask(x)"], ["tensor"]),
    "closures": (["y = x", "def g():", "    ask(y)"], ["tensor"]),
    "an import inside": (["import torch as t", "ask(t.zeros(3))"], ["tensor floating"]),
    "aliases": (["zeros = torch.zeros", "ask(zeros(3))"], ["tensor floating"]),
    "annotated": (["y: Tensor = other", "ask(y)"], ["tensor"]),
    "a data number on one path": (["y = int(x) if other else 3", "ask(y)"], ["data int | static int"]),
}


@pytest.mark.parametrize("name", CASES)
def test_statements(name: str) -> None:
    lines, expected = CASES[name]
    assert inside(*lines) == expected


@pytest.mark.parametrize("name", CASES)
def test_aliases_and_nesting_change_nothing(name: str) -> None:
    lines, expected = CASES[name]
    nested = inside("if True:", *[f"    {line}" for line in lines])
    assert nested == expected


@pytest.mark.parametrize("name", CASES)
def test_a_renamed_name_changes_nothing(name: str) -> None:
    lines, expected = CASES[name]
    tree = ast.parse("\n".join(lines) if "return" not in "\n".join(lines) else "def f():\n " + "\n ".join(lines))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "y":
            node.id = "renamed"
    body = tree.body[0].body if "return" in "\n".join(lines) else tree.body  # type: ignore[attr-defined]
    assert inside(*"\n".join(ast.unparse(statement) for statement in body).splitlines()) == expected


DEEP = {
    "operations": "x" + " + x" * 900,
    "calls": "f(" * 80 + "x" + ")" * 80,
    "attributes": "x" + ".T" * 600,
    "lists": "[" * 80 + "x" + "]" * 80,
    "methods": "x" + ".abs()" * 300,
}


@pytest.mark.parametrize("name", DEEP)
def test_nothing_is_too_deep(name: str) -> None:
    assert inside(f"y = {DEEP[name]}", "ask(x)", "ask(y)")[0] == "tensor"


def test_many_branches_are_bounded() -> None:
    chain = ["if n == 0:", "    y = x"]
    for number in range(300):
        chain += [f"elif n == {number}:", f"    y = {number}"]
    assert inside(*chain, "ask(n)") == ["static int"]


def test_many_loops_are_bounded() -> None:
    lines = [f"{'    ' * depth}for i{depth} in x:" for depth in range(9)]
    start = time.perf_counter()
    inside(*lines, "    " * 9 + "y = x", "ask(x)")
    assert time.perf_counter() - start < 5


def test_the_order_of_questions_changes_nothing() -> None:
    source = """
def a(x: Tensor):
    y = b(x, x > 0)
    return c(y)

def b(x, mask):
    return c(x[mask])

def c(x):
    return a(x) if x is None else x.sum()
"""
    answers = []
    for reverse in (False, True):
        model = model_of(source)
        infos = sorted(model.walked.functions.values(), key=lambda info: info.node.lineno, reverse=reverse)
        runs = {info.node.name: model.flow.run(info.scope) for info in infos}
        answers.append(
            {(node.lineno, node.col_offset): text(value) for run in runs.values() for node, value in run.values.items()}
        )
    assert answers[0] == answers[1]


def test_outside_of_functions_nothing_is_known() -> None:
    assert asked("ask(torch.zeros(3))") == ["unknown"]
