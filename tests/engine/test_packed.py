"""Summaries as bytes: moving code changes its rows and nothing else."""

from __future__ import annotations

from fullgraph.engine.check import examine
from fullgraph.engine.packed import Packed, rows_of, summary_of

SOURCE = """
import torch
from lib import call, first, measure, other, register, second, third

@torch.compiler.disable
def helper(x):
    return other(x)

@register("net")
class Net(torch.nn.Module):
    @property
    def size(self):
        return measure(self)

    def forward(self, x):
        if torch.compiler.is_compiling():
            return first(x)
        return second(lambda y: third(y))

call(Net())
"""


def packed(source: str) -> Packed:
    summary = examine(source.encode(), "a.py", None).summary
    assert summary is not None
    return Packed.of(summary)


def test_structure_knows_no_rows() -> None:
    before = packed(SOURCE)
    for row in range(1, SOURCE.count("\n")):
        lines = SOURCE.splitlines(keepends=True)
        indent = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
        moved = packed("".join([*lines[:row], f"{indent}# moved\n", *lines[row:]]))
        assert (moved.name, moved.structure) == (before.name, before.structure), lines[row]
        assert len(rows_of(moved.rows)) == len(rows_of(before.rows))


def test_another_structure_has_another_name() -> None:
    assert packed(SOURCE.replace("third", "fourth")).name != packed(SOURCE).name
    assert packed(SOURCE.replace('@register("net")\n', "")).name != packed(SOURCE).name


def test_structure_can_be_read_again() -> None:
    before = packed(SOURCE)
    summary = summary_of(before.structure)
    assert summary is not None
    assert [each.name for each in summary.functions] == ["helper", "Net.size", "Net.forward", "<lambda>"]
    assert max(each.row for each in summary.functions) < len(rows_of(before.rows))
