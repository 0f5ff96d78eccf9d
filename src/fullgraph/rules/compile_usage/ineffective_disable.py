"""`torch.compiler.disable` is called as a statement: nothing is disabled.

## What is wrong

`torch.compiler.disable()` returns a decorator, and `torch.compiler.disable(function)` a function. As a statement of its
own, either changes nothing: it is no switch, and does not touch the function it is given.

```python bad
import torch

torch.compiler.disable()  # TFG503


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


CALL = step, torch.ones(3)
```

## What to do

Decorate the functions that the compiler is to be kept out of, with `@torch.compiler.disable`. To switch everything off
there is a stance (since torch 2.6):

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


def debug(x: torch.Tensor) -> torch.Tensor:
    with torch.compiler.set_stance("force_eager"):
        return step(x)


CALL = debug, torch.ones(3)
```

## When it is reported

`torch.compiler.disable` and `torch._dynamo.disable` as a statement: named, or called without a function or with one
that this file defines, where torch 2.6 or later is aimed at. A class is another matter: its `__call__` is changed.

## How this is known

The blocks above run on torch in fullgraph's tests: without the marked line torch captures the same graphs of the bad
block; of the good one it captures none.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

_PATHS = ("torch.compiler.disable", "torch._dynamo.disable")
RULE = Rule(
    "TFG503",
    "`{what}` as a statement disables nothing: what it returns is thrown away",
    remedy="decorate the function with it, or switch the compiler off with `torch.compiler.set_stance`",
    since="0.2",
    torch=">=2.6",
    effect=Effect.NO_EFFECT,
)


@RULE.call(*_PATHS)
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a call whose result nobody gets."""
    if not isinstance(ctx.parent(node), ast.Expr) or not set(ctx.names(node.func)) <= set(_PATHS):
        return
    given = [*node.args, *(item.value for item in node.keywords if item.arg in ("fn", None))]
    if all(_is_function(each, ctx) for each in given):
        yield ctx.at(node, what=ctx.text(node))


@RULE.node(ast.Expr)
def named(node: ast.Expr, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.compiler.disable`` that is not even called."""
    match node.value:
        case ast.Attribute(attr="disable") | ast.Name(id="disable") as what:
            names = ctx.names(what)
            if names and set(names) <= set(_PATHS):
                yield ctx.at(what, what=ctx.text(what))
        case _:
            return


def _is_function(expr: ast.expr, ctx: Context) -> bool:
    bindings = ctx.bindings(expr)
    return bool(bindings) and all(isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) for each in bindings)


CASES = """
import torch
import torch._dynamo

torch._dynamo.disable()  # TFG503
torch.compiler.disable(recursive=False)  # TFG503

def helper(x):
    return x

torch.compiler.disable(helper)  # TFG503
torch.compiler.disable  # TFG503
slow = torch.compiler.disable(helper)
---
import torch

@torch.compiler.disable()
def f(x):
    return x

@torch.compiler.disable
def g(x):
    return x

class Callable:
    def __call__(self, x):
        return x

torch.compiler.disable(Callable)

def keep_out(function):
    torch.compiler.disable(function)
    function.disable
    torch.compiler.is_compiling
    return torch.compiler.disable(function)

with torch.autograd.set_grad_enabled(False):
    f(1)
"""
