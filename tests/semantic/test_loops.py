"""Which loops a place stands in."""

from __future__ import annotations

import ast

from fullgraph.semantic.loops import loops_around
from fullgraph.semantic.model import FileModel

SOURCE = """
def outer(rows):
    for row in rows:
        def inner(cells):
            for cell in cells: mark(cell)
            for other in mark(cells):
                pass
        for cell in row:
            mark(cell)
    mark(rows)
"""


def test_loops_of_the_same_function_innermost_first() -> None:
    model = FileModel(ast.parse(SOURCE), SOURCE.splitlines(), "loops.py")
    calls = sorted(model.walked.calls, key=lambda item: item[0].lineno)
    found = [[loop.lineno for loop in loops_around(model.walked, call, scope.function)] for call, scope in calls]
    assert found == [[5], [6], [8, 3], []]
