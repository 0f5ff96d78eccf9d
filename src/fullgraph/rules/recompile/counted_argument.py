"""A loop passes a number that compiled code needs as a constant.

## What is wrong

An integer that is passed to compiled code becomes dynamic when it changes, at the cost of one recompilation. Where it
says how often a loop runs, or which item of a list or `nn.ModuleList` is taken, it is a constant of the compiled code,
so that each value compiles the code again. The limit is 8 compiled versions; from then on new values run eagerly
without a word, and with `fullgraph=True` the ninth raises.

```python bad
import torch


@torch.compile
def power(x: torch.Tensor, n: int) -> torch.Tensor:
    y = x
    for _ in range(n):  # TFG305
        y = y * x
    return y


def powers(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for n in range(1, 13):
        total = total + power(x, n)
    return total


CALL = powers, torch.full((3,), 0.5)
```

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(12))

    def forward(self, x: torch.Tensor, index: int) -> torch.Tensor:
        layer = self.layers[index]  # TFG305
        return layer(x)


torch.manual_seed(0)
net = torch.compile(Net())


def run(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for index in range(12):
        total = total + net(x, index)
    return total


CALL = run, torch.ones(2, 3)
```

## What to do

Have the loop inside the compiled code:

```python good
import torch


@torch.compile
def powers(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    y = x
    for _ in range(1, 13):
        y = y * x
        total = total + y
    return total


CALL = powers, torch.full((3,), 0.5)
```

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(12))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = torch.zeros_like(x)
        for layer in self.layers:
            total = total + layer(x)
        return total


torch.manual_seed(0)
CALL = torch.compile(Net()), torch.ones(2, 3)
```

Or pass what the number selects, rather than the number.

## When it is reported

`range(n)`, and `items[n]` of a list or `nn.ModuleList`, where `n` is an argument of the function that is compiled, and
a loop of the project calls it with what it counts: `for n in range(...)`, the number from `enumerate`, or what is set
to a number before the loop and stepped on in it (`n += 1`). Not where the loop has no more than 8 turns. A loop of
another file counts where what it calls surely is the compiled function: by an import, a module, an attribute of an
instance, or a `torch.compile` of its own; not one that is traced itself, nor one in a test or benchmark.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo names for the guards that
failed, at each value up to the limit, and the good blocks are compiled once. A project in which the loops stand in
other files runs there, too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, Variety, values

RULE = Rule(
    "TFG305",
    "`{text}` needs `{name}` as a constant, and the loop {place} passes another number at every turn: each value "
    "compiles the code again (8 versions, then new values run eagerly; with `fullgraph=True` the ninth raises)",
    remedy="have the loop in the compiled code, or pass what the number selects",
    since="0.2",
)


@RULE.call("builtins.range", where=Traced.CERTAIN)
def check_range(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report `range(argument)`."""
    for argument in call.args:
        yield from _reported(call, argument, ctx)


@RULE.node(ast.Subscript, where=Traced.CERTAIN)
def check_index(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report `items[argument]`."""
    if isinstance(node.ctx, ast.Load) and isinstance(ctx.value(node.value), values.Sequence):
        yield from _reported(node, node.slice, ctx)


def _reported(node: ast.expr, number: ast.expr, ctx: Context) -> Iterator[Hit]:
    if not isinstance(number, ast.Name) or not ctx.starts_tracing():
        return
    match ctx.bindings(number):
        case (ast.arg() as parameter,):
            place = ctx.loops.varied_at(parameter, Variety.NUMBER)
            if place is not None:
                yield ctx.at(node, cause=parameter, text=ctx.text(node), name=number.id, place=place)
        case _:
            return


CASES = """
import torch
from torch import nn


def plain(x, n):
    for _ in range(1, n):  # TFG305
        x = x + 1
    return x * 2


fast = torch.compile(plain)


def train(x, batches):
    for n, batch in enumerate(batches):
        x = fast(x, n=n)
    return x
# run: train(torch.ones(3), range(20))
---
import torch


@torch.compile
def stepped(x, step):
    return x + len([x * 2 for _ in range(step)])  # TFG305


def train(x, batches):
    step = 0
    for batch in batches:
        x = stepped(x, step)
        step += 1
    return x
# run: train(torch.ones(3), range(20))
---
# few values, no constant, not the loop's, eager
import torch
from torch import nn


@torch.compile
def few(x, n: int):
    for _ in range(n):
        x = x + 1
    return x


@torch.compile
def scaled(x, n: int):
    return x * n + x[:n].sum() + torch.arange(n).sum() + x[n]


@torch.compile
def once(x, n: int):
    for _ in range(n):
        x = x + 1
    return x


@torch.compile
def outer(x):
    for i in range(12):
        x = inner(x, i)
    return x


def inner(x, n: int):
    for _ in range(n):
        x = x + 1
    return x


@torch.compile
def set_anew(x, n: int):
    n = 3
    for _ in range(n):
        x = x + 1
    return x


def eager(x, n: int):
    for _ in range(n):
        x = x + 1
    return x


def run(x, steps):
    for n in range(8):
        x = few(x, n)
    for n in range(100):
        x = scaled(x, n)
        x = once(x, steps)
        x = eager(x, n)
        x = set_anew(x, n)
        x = outer(x)
    for n in range(100):
        n = 3
        x = once(x, n)
    k = 0
    for n in range(100):
        if n > 50:
            k += 1
        x = once(x, k)
    return x
# run: run(torch.ones(200), 3)
"""
