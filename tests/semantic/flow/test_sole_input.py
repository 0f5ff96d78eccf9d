"""The one parameter of a compiled function that must be a tensor, as there would be nothing to compile otherwise."""

from __future__ import annotations

import pytest
from values_of import asked


def compiled(parameters: str, *lines: str) -> list[str]:
    body = "\n".join(f"    {line}" for line in lines)
    return asked(f"import copy\nLIMIT = 3\n@torch.compile\ndef f({parameters}):\n    ask(x)\n{body}\n")


@pytest.mark.parametrize(
    "line",
    [
        "return x + 1",
        "return 0 < x < 10",
        "return -x",
        "return 2 ** x",
        "return [n for n in [x + 1]]",
        "y = copy.copy(x) + (x - 1)",
    ],
)
def test_what_a_compiled_function_calculates_with_alone_is_a_tensor(line: str) -> None:
    assert compiled("x", line) == ["tensor"]


def test_a_call_that_compiles_counts_like_a_decorator() -> None:
    assert asked("def f(x):\n    ask(x)\n    return x + 1\ng = torch.compile(f)\n") == ["tensor"]
    assert asked("def f(x):\n    ask(x)\n    return x + 1\n") == ["unknown"]


def test_an_attribute_rules_out_what_an_integer_repeats() -> None:
    assert compiled("x", "return x * 2") == ["unknown"]
    assert compiled("x", "x.requires_grad_()", "return x * 2") == ["tensor"]
    assert compiled("x", "n = x.count(1)", "return x * 2") == ["unknown"]


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        ("x, n", "return x + 1"),
        ("x=3", "return x + 1"),
        ("x, *rest", "return x + 1"),
        ("x", "return x == 3"),
        ("x", "return x % 3"),
        ("x", "return torch.zeros(x + 1)"),
        ("x", "return x + LIMIT - 1"),
        ("x", "return x + 1 if isinstance(x, int) else x"),
        ("x", "x = [1]; return x + 1"),
    ],
)
def test_anything_else_is_unknown(parameters: str, line: str) -> None:
    assert compiled(parameters, line) == ["unknown"]
