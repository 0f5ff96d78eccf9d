"""Statements that every way leads from to a ``raise``."""

from __future__ import annotations

import ast
import textwrap

import pytest

from fullgraph.semantic.failing import failing_rows


def rows(source: str) -> set[int]:
    (function,) = ast.parse(textwrap.dedent(source).strip()).body
    return {row for first, last in failing_rows(function) for row in range(first, last + 1)}


@pytest.mark.parametrize(
    ("source", "failing"),
    [
        ("def f(x):\n    print(x)\n    return x", set()),
        ("def f(x):\n    print(x)\n    raise ValueError", {2, 3}),
        ("def f(x):\n    if x:\n        print(x)\n        raise ValueError\n    return x", {3, 4}),
        ("def f(x):\n    if x:\n        return x\n    print(x)\n    raise ValueError", {4, 5}),
        ("def f(x):\n    if x:\n        print(x)\n    raise ValueError", {2, 3, 4}),
        ("def f(x):\n    for y in x:\n        if y:\n            break\n        raise ValueError\n    return x", {5}),
        ("def f(x):\n    with x:\n        print(x)\n        raise ValueError", {3, 4}),
        ("def f(x):\n    def g():\n        return x\n    raise ValueError", {2, 3, 4}),
        ("def f(x):\n    def g():\n        raise ValueError\n    return g", set()),
        ("def f(x):\n    match x:\n        case 1:\n            print(x)\n            raise ValueError", {4, 5}),
    ],
)
def test_rows_before_a_raise(source: str, failing: set[int]) -> None:
    assert rows(source) == failing


def test_what_is_caught_goes_on() -> None:
    source = """
    def f(x):
        try:
            print(x)
            raise ValueError
        except ValueError:
            print(x)
        return x
    """
    assert rows(source) == set()


def test_a_handler_that_raises_again_fails() -> None:
    source = """
    def f(x):
        try:
            x = g(x)
        except ValueError:
            print(x)
            raise
        return x
    """
    assert rows(source) == {5, 6}
