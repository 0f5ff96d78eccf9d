"""What is compiled already is given to `torch.compile` again: the first compilation is passed by.

## What is wrong

`torch.compile` looks behind a wrapper of its own, and compiles the function that it finds there. So the first call and
all its options have no effect. Of a module, what comes back is a plain function: it has no `parameters()`, no `train()`
and no `state_dict()` any more.

```python bad
import torch


def scaled(x: torch.Tensor) -> torch.Tensor:
    return x * 2


fast = torch.compile(scaled, fullgraph=True)
faster = torch.compile(fast, mode="max-autotune")  # TFG510


def run(x: torch.Tensor) -> torch.Tensor:
    return faster(x)


CALL = run, torch.ones(3)
```

```python bad
import torch
from torch import nn


class Double(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2


model = torch.compile(Double())
model = torch.compile(model, dynamic=False)  # TFG510


def run(x: torch.Tensor) -> torch.Tensor:
    return model(x)


CALL = run, torch.ones(3)
```

## What to do

Compile once, with all the options:

```python good
import torch


def scaled(x: torch.Tensor) -> torch.Tensor:
    return x * 2


faster = torch.compile(scaled, fullgraph=True, mode="max-autotune")


def run(x: torch.Tensor) -> torch.Tensor:
    return faster(x)


CALL = run, torch.ones(3)
```

## When it is reported

`torch.compile(x)` where `x` is such a call itself, a function below `@torch.compile`, or a name or attribute that
surely holds what `torch.compile` returned, in the same function or at the top level of the module.

## How this is known

The blocks above run on torch in fullgraph's tests: what the marked line returns calls the very function that was given
to the first compilation, and not what that returned.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG510",
    "`{what}` is compiled already, at line {line}: that and its options are passed by, and a module becomes a function",
    remedy="compile once, with all the options",
    since="0.2",
    effect=Effect.COMPILED_AGAIN,
)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what is compiled for the second time."""
    given = ctx.compiling.given(node)
    if given is None or ctx.names(node.func) != ("torch.compile",):
        return
    line = _compiled_at(node, given, ctx)
    if line is not None:
        yield ctx.at(node, what=ctx.text(given, limit=30), line=str(line))


def _compiled_at(node: ast.Call, given: ast.expr, ctx: Context) -> int | None:
    """Where what is given was compiled, if that is sure."""
    match ctx.bindings(given):
        case [ast.FunctionDef() as function]:
            lines = [each.lineno for each in function.decorator_list[:1] if ctx.compiling.is_decorator(each)]
            return lines[0] if lines else None
        case _:
            pass
    first = ctx.compiling.call_behind(given)
    if first is None or first is node or _is_conditional(first, node, ctx):
        return None
    return first.lineno if _function(first, ctx) in (_function(node, ctx), None) else None


def _function(node: ast.AST, ctx: Context) -> ast.AST | None:
    parent = ctx.parent(node)
    while parent is not None and not isinstance(parent, _FUNCTIONS):
        parent = ctx.parent(parent)
    return parent


def _is_conditional(first: ast.AST, node: ast.AST, ctx: Context) -> bool:
    """Whether a condition decides about the first compilation alone."""
    around = {node}
    parent = ctx.parent(node)
    while parent is not None:
        around.add(parent)
        parent = ctx.parent(parent)
    parent = ctx.parent(first)
    while parent is not None and parent not in around:
        if isinstance(parent, (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.match_case)):
            return True
        parent = ctx.parent(parent)
    return False


CASES = """
import torch

@torch.compile(dynamic=True)
def scaled(x):
    return x

fast = torch.compile(scaled)  # TFG510
once = torch.compile(torch.compile(len))  # TFG510

class Trainer:
    def set_up(self, model):
        self.model = torch.compile(model)
        self.model = torch.compile(self.model, mode="max-autotune")  # TFG510

    def compile(self):
        self.model = torch.compile(self.model)
---
import torch

def choose(model, flag, mode):
    if flag:
        model = torch.compile(model)
    if mode:
        model = torch.compile(model, mode=mode)
    else:
        model = torch.compile(model)
    fast = torch.compile(model) if flag else model
    raw = model
    for _ in range(2):
        other = torch.compile(raw)
    model = getattr(model, "_orig_mod", model)
    return torch.compile(model), fast, other

class Net(torch.nn.Module):
    @torch.compile
    def forward(self, x):
        return x

    def step(self):
        return torch.compile(self)

net = torch.compile(Net())

class Policy:
    def __init__(self, network):
        self.network = network

    def compile(self):
        self.network = torch.compile(self.network)

    def recompile(self):
        self.network = torch.compile(self.network, mode="max-autotune")
"""
