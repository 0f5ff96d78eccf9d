"""What is known to be no tensor without any interpretation; the interpretation must never say otherwise."""

from __future__ import annotations

import ast

import pytest

from fullgraph.semantic.flow.value import Array, Data, Sequence, Tensor, Value
from fullgraph.semantic.model import FileModel

SOURCE = """
import math
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width, scale=1.0, flag: bool = False):
        super().__init__()
        self.width = width
        self.scale = 2.0
        self.flag = flag
        self.table = torch.zeros(3)
        self.register_buffer("buffer", torch.ones(3))

    def forward(self, x, y: torch.Tensor, name: str, n: int, other=None):
        b, c, *rest = x.shape
        h, w = y.size()
        half = w // 2
        half += 1
        is_wide = other is not None and half > 3
        total = y.sum()
        mixed = 1
        mixed = total
        maybe = self.width
        if isinstance(maybe, torch.Tensor):
            pass
        for i in range(half):
            pass
        for j in range(total):
            pass
        grown = ()
        self.probe = [{asked} for _ in y]
        return x
"""
SHAPED = """

class Shaped:
    def __init__(self):
        self.size = torch.ones(3)
"""
PLAIN = (
    "self.scale",
    "self.width",
    "self.flag",
    "self.training",
    "b",
    "h",
    "half",
    "i",
    "is_wide",
    "name",
    "x.shape",
    "x.size()",
    "x.shape[-1] // 2",
    "y.dtype == torch.float32",
    "len(y)",
    "max(b, half)",
    "math.sqrt(half)",
    "other is None",
    "(y > 0) is None",
    "torch.jit.is_scripting()",
    "half if y.sum() > 0 else b",
    "not is_wide",
    "(b, half, -1)",
    "half in (1, 2)",
)
NOT_PLAIN = (
    "x",
    "y",
    "n",
    "other",
    "self",
    "self.table",
    "self.buffer",
    "self.table[0]",
    "total",
    "mixed",
    "maybe",
    "rest",
    "j",
    "y > half",
    "half * y",
    "int(y)",
    "max(half, total)",
    "(b, total)",
    "[half, y]",
    "half in y",
    "half if b else y",
    "missing",
)


@pytest.fixture(params=[*PLAIN, *NOT_PLAIN])
def asked(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_plain_expressions_are_known_without_interpretation(asked: str) -> None:
    model, expr = model_of(asked)
    scope = next(info.scope for info in model.walked.functions.values() if info.node.name == "forward")
    is_plain = model.flow.is_plain(expr, scope)
    assert is_plain is (asked in PLAIN)
    assert not is_plain or not holds_tensor(model.flow.value(expr, scope))


def test_a_member_of_the_file_may_be_anything() -> None:
    model, expr = model_of("y.size(0)", SHAPED)
    scope = next(info.scope for info in model.walked.functions.values() if info.node.name == "forward")
    assert not model.flow.is_plain(expr, scope)


def test_nothing_is_plain_outside_functions() -> None:
    model, expr = model_of("1")
    assert not model.flow.is_plain(expr, model.walked.root)


def model_of(asked: str, more: str = "") -> tuple[FileModel, ast.expr]:
    text = SOURCE.replace("{asked}", asked) + more
    tree = ast.parse(text)
    (expr,) = (node.elt for node in ast.walk(tree) if isinstance(node, ast.ListComp))
    return FileModel(tree, text.splitlines(), "net.py"), expr


def holds_tensor(value: Value) -> bool:
    elements = [item.element for item in value.options if isinstance(item, Sequence)]
    return any(isinstance(item, (Tensor, Array, Data)) for item in value.options) or any(map(holds_tensor, elements))
