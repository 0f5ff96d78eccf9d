"""What a device move costs follows from what is moved: torch and the messages of TFG401 say the same."""

from __future__ import annotations

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

HEAD = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.ones(3)
        self.inner = nn.Linear(3, 3)

    def forward(self, x):
        {line}
        return {result}
"""


@pytest.mark.parametrize(
    ("line", "result", "said", "breaks", "moves"),
    [
        ("y = self.table.to(x.device)", "x * y", "a copy on every call", 0, [1]),
        ("self.table = self.table.to(x.device)", "x * self.table", "one more recompilation; no graph break", 0, [1, 1]),
        (
            "self.table = self.table.to(x.device) if self.table is not None else None",
            "x * self.table",
            "one more recompilation; no graph break",
            0,
            [1, 1],
        ),
        ("y = torch.arange(3).to(x.device)", "x * y", "made on the host", 0, [1]),
        ("self.inner.to(x.device)", "self.inner(x)", "a graph break where it moves parameters", 1, None),
    ],
)
def test_the_cost_is_what_torch_does(line: str, result: str, said: str, breaks: int, moves: list[int] | None) -> None:
    code = HEAD.format(line=line, result=result)
    (found,) = check_source(code.encode(), "net.py", Settings(TorchRange.parse("2.13"), frozenset({"TFG401"})))
    assert said in found.message
    seen, broken = _run(code)
    assert broken == breaks
    if moves is not None:
        assert seen == moves


def _run(code: str) -> tuple[list[int], int]:
    """How often each compiled graph moves something to the other device, and how many graph breaks there are."""
    from torch._dynamo.utils import counters

    found: dict[str, type] = {}
    exec(code, found)
    moved: list[int] = []

    def backend(graph: torch.fx.GraphModule, _: list[torch.Tensor]) -> object:
        moved.append(sum(str(node.target) == "to" for node in graph.graph.nodes))
        return graph.forward

    torch._dynamo.reset()
    counters.clear()
    net = torch.compile(found["Net"](), backend=backend)
    for _ in range(4):
        net(torch.ones(3, device="meta"))
    return moved, sum(counters["graph_break"].values())
