"""What is known to be no tensor without any interpretation; the interpretation must never say otherwise."""

from __future__ import annotations

import ast

import pytest

from fullgraph.semantic.flow.value import Array, Data, Sequence, Tensor, Value
from fullgraph.semantic.model import FileModel

SOURCE = """
import math
import random
import numpy as np
import torch
from torch import nn
from .tools import unknown


def is_many(rows: torch.Tensor) -> bool:
    return rows.sum() > 3


def probed(rows):
    return rows * 2


class Net(nn.Module):
    def __init__(self, width, scale=1.0, flag: bool = False):
        super().__init__()
        self.width = width
        self.scale = 2.0
        self.flag = flag
        self.table = torch.zeros(3)
        self.config = unknown(width)
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
        for k, row in enumerate(y):
            pass
        for key, value in other.items():
            pass
        for left, right in zip(x.shape, range(half)):
            pass
        sizes = []
        sizes.append(y.shape[0])
        filled = []
        filled.append(y)
        table = {}
        table[n] = y
        texts = {}
        texts[n], half = name, 2
        pair = [1, 2]
        pair[0], pair[1] = y, 1
        declared: torch.Tensor = unknown(x)
        number = other
        if isinstance(number, (int, float)):
            pass
        told = other
        if torch.is_tensor(told):
            pass

        def nested(a):
            nonlocal counted
            counted = y
            return a

        counted = 1
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
    "x",
    "n",
    "other",
    "self",
    "missing",
    "k",
    "key",
    "left + right",
    "sizes[0]",
    "texts",
    "y.numel() > 3",
    "y.sum().dim()",
    "is_many(y)",
    "unknown(y)",
    "torch.is_grad_enabled()",
    "self.config.depth",
    "number",
    "{size * 2 for size in sizes}",
    "f'{y}'",
)
NOT_PLAIN = (
    "y",
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
    "row",
    "pair[1]",
    "filled",
    "table",
    "probed(y)",
    "nested(half)",
    "y.sum().item()",
    "x[other > 1]",
    "(x > 1).any()",
    "random.uniform(0, 1)",
    "np.zeros(3)",
    "counted",
    "declared",
    "told",
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
    model, expr = model_of("Shaped().size(0)", SHAPED)
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


def test_all_of_a_file_is_taken_for_plain_only_where_the_interpretation_agrees() -> None:
    text = SOURCE.replace("{asked}", "y") + SHAPED
    model = FileModel(ast.parse(text), text.splitlines(), "net.py")
    values = [item for info in model.walked.functions.values() for item in model.flow.run(info.scope).values.items()]
    asked = [item for item in values if not isinstance(getattr(item[0], "ctx", None), ast.Store)]
    assert not [ast.unparse(expr) for expr, value in asked if model.flow.plain.holds(expr) and holds_tensor(value)]
    assert len(asked) > 60
