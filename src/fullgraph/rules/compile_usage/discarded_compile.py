"""The result of `torch.compile` is thrown away: nothing is compiled.

## What is wrong

`torch.compile(model)` changes nothing about `model`. It returns something new, and only calling that is compiled. As a
statement of its own, or assigned to a variable that nobody reads, it does nothing at all.

```python bad
import torch
from torch import nn


class Double(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


model = Double()
torch.compile(model)  # TFG502


def predict(x: torch.Tensor) -> torch.Tensor:
    return model(x)


CALL = predict, torch.ones(3)
```

## What to do

Compile the module in place, which takes the same options:

```python good
import torch
from torch import nn


class Double(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


model = Double()
model.compile()


def predict(x: torch.Tensor) -> torch.Tensor:
    return model(x)


CALL = predict, torch.ones(3)
```

or use what is returned:

```python good
import torch


def double(x: torch.Tensor) -> torch.Tensor:
    return x * 2


predict = torch.compile(double)
CALL = predict, torch.ones(3)
```

## When it is reported

`torch.compile(x)` as a statement, and where its result is assigned to a local variable that nothing reads afterwards.
Not `model.compile()`, which compiles in place, and not below a `with`, such as `pytest.raises(...)`, or in a `try`.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad one, no graph is captured although tensors are computed.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG502",
    "the result of `torch.compile({what})` is not used, so nothing is compiled",
    remedy="{remedy}",
    since="0.2",
    effect=Effect.NEVER_CALLED,
)


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a result that nobody can call."""
    given = ctx.compiling.given(node)
    if given is None or ctx.names(node.func) != ("torch.compile",) or _expects_error(node, ctx):
        return
    parent = ctx.parent(node)
    if isinstance(parent, ast.Expr) or _is_left_alone(node, parent, ctx):
        text = ctx.text(given, limit=30)
        is_function = isinstance(given, ast.Lambda) or any(
            isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) for each in ctx.bindings(given)
        )
        # `layer.compile()` of a layer of torch's own does nothing there: TFG514
        is_skipped = ctx.aims_at(">=2.2,<2.14") and ctx.compiling.is_of_torch(given)
        can_be_in_place = not is_function and not is_skipped
        remedy = f"call what it returns, or write `{text}.compile()`" if can_be_in_place else "call what it returns"
        yield ctx.at(node, what=text, remedy=remedy)


def _is_left_alone(node: ast.Call, parent: ast.AST | None, ctx: Context) -> bool:
    """Whether the result is assigned to a local variable that is never read."""
    match parent:
        case ast.Assign(targets=[ast.Name() as target]) | ast.AnnAssign(target=ast.Name() as target):
            if parent.value is not node or ctx.function() is None or target.id.startswith("_"):
                return False
            last = None if _is_in_loop(node, ctx) else node
            return not ctx.is_global(target) and not ctx.is_loaded(target, after=last)
        case _:
            return False


def _is_in_loop(node: ast.AST, ctx: Context) -> bool:
    parent = ctx.parent(node)
    while parent is not None and not isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
        if isinstance(parent, (ast.For, ast.AsyncFor, ast.While)):
            return True
        parent = ctx.parent(parent)
    return False


def _expects_error(node: ast.AST, ctx: Context) -> bool:
    """Whether this stands in a ``with`` that is there for what the call raises or prints."""
    parent = ctx.parent(node)
    while parent is not None:
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            return True
        if isinstance(parent, ast.Try) and parent.handlers:
            return True
        parent = ctx.parent(parent)
    return False


CASES = """
import torch

def train(model, steps):
    torch.compile(model)  # TFG502
    fast = torch.compile(model, mode="max-autotune")  # TFG502
    used = torch.compile(model)
    for _ in range(steps):
        used()

def compile_it(model):
    model = torch.compile(model)  # TFG502

def keep(model):
    compiled = torch.compile(model)
    def inner(x):
        return compiled(x)
    return inner
---
import torch
import pytest

def test_it(model):
    with pytest.raises(RuntimeError):
        torch.compile(model, mode="nonsense")
    model.compile()
    _ = torch.compile(model)
    torch.compile(model)(1)
    return [torch.compile(each) for each in model.children()]

def available():
    try:
        torch.compile(lambda x: x)
    except RuntimeError:
        return False
    return True

def rounds(model, xs):
    for x in xs:
        model(x)
        model = torch.compile(model)

def closure(model):
    def run(x):
        return model(x)
    model = torch.compile(model)
    return run

fast = torch.compile(len)

def set_up():
    global fast
    fast = torch.compile(len)

class Holder:
    step = torch.compile(len)

    def __init__(self):
        self.step = torch.compile(self.step)

@torch.compile
def f(x):
    return x
"""
