"""Parents that are found a few rows at a time are those that a walk over everything finds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from fullgraph.semantic.comments import Comments
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.source import split_lines
from fullgraph.semantic.walk import CHILD_FIELDS

SOURCE = '''"""Text
# not a comment
"""; x = 1  # one
# of both
@decorated(
    by=this)  # by this
# in between
class Net(  # net
    # of the base
    Base):
    # first
    y: int = 0; z = """
# a string"""; w = [
        1]  # w
    class Inner:
        def f(self, a=lambda: 1):
            return a  # a

    # of g
    @property
    def g(self): return (  # g
        self.x)
if x:  # if
    def h(): pass
'''


def expected(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    found: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(tree):
        for name in CHILD_FIELDS[type(node)]:
            value = getattr(node, name, None)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    found[child] = node
    return found


def texts() -> list[str]:
    return [SOURCE, *(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))[:3])]


@pytest.mark.parametrize("text", texts())
def test_each_node_alone_and_all_in_turn(text: str) -> None:
    tree = ast.parse(text)
    known = expected(tree)
    shared = Parents(tree)
    for place, node in enumerate(known):
        assert shared.get(node) is known[node]
        if place % 20 == 0 or text == SOURCE:
            assert Parents(tree).get(node) is known[node]
    assert shared.get(tree) is None
    assert shared.get(ast.parse("x").body[0], tree) is tree, "a node of another tree has none"


@pytest.mark.parametrize("text", texts())
def test_comments_are_the_same_without_the_rest_of_the_file(text: str) -> None:
    tree, lines = ast.parse(text), split_lines(text)
    near, whole = Comments(lines, Parents(tree).rows_around), Comments(lines)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            for last in (first, node.end_lineno or first):
                assert near.beside(first, last) == whole.beside(first, last)
