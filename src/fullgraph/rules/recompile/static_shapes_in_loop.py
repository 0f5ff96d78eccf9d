"""What is compiled with `dynamic=False` is called in a loop with tensors of another size at every turn.

## What is wrong

By default a size that changes becomes dynamic, at the cost of one recompilation. With `dynamic=False` every size is a
constant, so that each new one compiles the code again. The limit is 8 compiled versions; from then on new sizes run
eagerly without a word, and with `fullgraph=True` the ninth raises.

```python bad
import torch


@torch.compile(dynamic=False)  # TFG308
def following(tokens: torch.Tensor) -> torch.Tensor:
    return tokens.cumsum(0)[-1:] / 2


def generate(tokens: torch.Tensor) -> torch.Tensor:
    for _ in range(12):
        tokens = torch.cat([tokens, following(tokens)])
    return tokens


CALL = generate, torch.ones(3)
```

## What to do

Say that sizes are dynamic, or leave that to torch, which finds it out with the second size:

```python good
import torch


@torch.compile(dynamic=True)
def following(tokens: torch.Tensor) -> torch.Tensor:
    return tokens.cumsum(0)[-1:] / 2


def generate(tokens: torch.Tensor) -> torch.Tensor:
    for _ in range(12):
        tokens = torch.cat([tokens, following(tokens)])
    return tokens


CALL = generate, torch.ones(3)
```

Or keep `dynamic=False`, and write into a tensor that has room for all.

## When it is reported

`torch.compile(..., dynamic=False)`, where a loop of the project calls what it returns, or what it decorates, with an
argument of another size at every turn: a slice up to what the loop counts (`x[:n]`), a tensor made with that as a size
(`torch.zeros(n, 3)`), or a name to which each turn adds by `torch.cat`. Not where the loop has no more than 8 turns,
nor where one of the files marks sizes as dynamic. Of other files those loops count that [TFG305](TFG305.md) counts,
where a name of the module, an attribute of `self` or a decorator has the outcome.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad one the limit is met, and without `dynamic=False` it is
not.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule, Severity

RULE = Rule(
    "TFG308",
    "`dynamic=False` makes every size a constant, and the loop {place} passes `{argument}` in another size at "
    "every turn: each compiles `{name}` again (8 versions, then new sizes run eagerly; with `fullgraph=True` the ninth "
    "raises)",
    remedy="drop `dynamic=False`, or pad to one size",
    since="0.2",
    severity=Severity.ERROR,
    mentions=("dynamic",),
    effect=Effect.STATIC_SHAPES,
)


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a compilation of constant sizes that a loop calls with others."""
    if not _is_static(node, ctx):
        return
    for call, turn in ctx.loops.turns_of(node):
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            if ctx.loops.has_other_size(argument, turn):
                text, name = (ctx.text(each, limit=40) for each in (argument, call.func))
                yield ctx.at(node, cause=node, place=f"in line {turn.loop.lineno}", argument=text, name=name)


@RULE.sized
def called_elsewhere(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the same of a loop of another file."""
    told = ctx.loops.sized_at(node)
    if told is not None and _is_static(node, ctx) and not any(called(node, ctx)):
        place, argument, name = told
        yield ctx.at(node, cause=node, place=place, argument=argument, name=name)


def _is_static(node: ast.Call, ctx: Context) -> bool:
    """Whether a call surely compiles for constant sizes, and nothing in the file makes one dynamic."""
    is_static = any(
        keyword.arg == "dynamic" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        for keyword in node.keywords
    )
    return (
        is_static and ctx.names(node.func) == ("torch.compile",) and not ctx.mentions("mark_dynamic", "mark_unbacked")
    )


CASES = """
import torch
from torch import nn


def plain(x):
    return x * 2


sliced = torch.compile(plain, dynamic=False)  # TFG308
made = torch.compile(plain, fullgraph=True, dynamic=False)  # TFG308
held = torch.compile(plain, dynamic=False)  # TFG308


class Decoder:
    def __init__(self, model: nn.Module):
        self.model = torch.compile(model, dynamic=False)  # TFG308

    def generate(self, ids, mask, stop):
        while ids.shape[1] < stop:
            logits = self.model(ids, mask=mask)
            ids = torch.cat((ids, logits.argmax(-1)), dim=1)
        return ids


def run(x):
    for n in range(1, 100):
        sliced(x[:, : n + 1])
        made(torch.zeros((n, 3)))
    m = 0
    while m < 100:
        held(x[m:])
        m += 1
---
# dynamic, one size, few turns, conditional, unknown
import torch


@torch.compile
def dynamic(x):
    return x * 2


@torch.compile(dynamic=False)
def static(x):
    return x * 2


def run(x, batches, size):
    for n in range(100):
        dynamic(x[:n])
        static(x[n : n + 4])
        static(x[n])
        static(torch.full((3,), n))
        static(torch.arange(0, size, n))
        static(torch.zeros(size))
    for n in range(4):
        static(x[:n])
    for batch in batches:
        static(batch)
        static(x[: len(batch)])
    for n in range(100):
        if n > 50:
            x = torch.cat([x, x])
        static(x)
    for n in range(100):
        x = torch.cat([x, x[-1:]])
        x = x[-4:]
        static(x)
---
import torch


@torch.compile(dynamic=False)
def static(x):
    return x * 2


def run(x):
    torch._dynamo.mark_dynamic(x, 0)
    for n in range(100):
        static(x[:n])
"""
