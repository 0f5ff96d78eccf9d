"""What made a value, as far as one file surely tells."""

from __future__ import annotations

import ast

import pytest

from fullgraph.semantic.model import FileModel

HEAD = "import torch\nfrom torch import nn\n"


def made(body: str) -> tuple[str, ...]:
    """What made the argument of the call of ``ask`` in a file."""
    source = HEAD + body
    model = FileModel(ast.parse(source), source.splitlines(), "x.py")
    (found,) = [
        (call, scope) for call, scope in model.walked.calls if isinstance(call.func, ast.Name) and call.func.id == "ask"
    ]
    return model.makers.of(found[0].args[0], found[1])


def in_class(init: str, use: str) -> str:
    return (
        "class Net(nn.Module):\n    def __init__(self, given):\n"
        + f"        {init}\n    def forward(self, x):\n        ask({use})\n"
    )


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ("g = torch.Generator()\nask(g)", ("torch.Generator",)),
        ("g = torch.Generator().manual_seed(0)\nask(g)", ("torch.Generator",)),
        ("g: object = torch.Generator()\nask(g)", ("torch.Generator",)),
        ("g = None\ng = torch.Generator()\nask(g)", ("torch.Generator",)),
        ("g = torch.Generator()\ng = unknown\nask(g)", ()),
        ("g = torch.Generator()\nfor g in x:\n    pass\nask(g)", ()),
        ("def f(g):\n    ask(g)", ()),
        ("def f(g):\n    g = torch.Generator()\n    ask(g)", ()),
        ("class Mine(nn.LSTM):\n    pass\nm = Mine()\nask(m)", ("torch.nn.LSTM",)),
        ("ask(None)", ()),
        (in_class("self.a = nn.GRU(1, 1)", "self.a"), ("torch.nn.GRU",)),
        (in_class("self.a = nn.GRU(1, 1).to('cuda')", "self.a"), ("torch.nn.GRU",)),
        (in_class("self.a = nn.GRU(1, 1) if given else nn.LSTM(1, 1)", "self.a"), ("torch.nn.GRU", "torch.nn.LSTM")),
        (in_class("self.a = given or nn.GRU(1, 1)", "self.a"), ()),
        (in_class("self.a = given", "self.a"), ()),
        (in_class("self.a = nn.ModuleList([nn.GRU(1, 1) for _ in given])", "self.a[0]"), ("torch.nn.GRU",)),
        (in_class("self.a = nn.ModuleList([nn.GRU(1, 1), given])", "self.a[0]"), ()),
        (in_class("self.a = nn.ModuleList(given)", "self.a[0]"), ()),
        (in_class("self.a = nn.GRU(1, 1)", "self.b"), ()),
    ],
)
def test_made_by(body: str, paths: tuple[str, ...]) -> None:
    assert made(body) == paths
