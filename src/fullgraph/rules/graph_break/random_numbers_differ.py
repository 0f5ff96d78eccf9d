"""Compiled code draws other random numbers than the same code run eagerly.

## What is wrong

Dynamo turns NumPy calls into calls of torch. An array of `numpy.random` is then drawn from torch's generator: the
seed given to NumPy has no effect, and the numbers are not those of eager mode. Nothing warns.

```python bad
import numpy as np
import torch

np.random.seed(0)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x * torch.from_numpy(np.random.rand(3))  # TFG214


CALL = step, torch.ones(3)
```

On torch 2.6 to 2.14 a `random.Random` of the module is read once, and every later call gets its first number again:

```python bad
import random

import torch

RNG = random.Random(0)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x * RNG.random()  # TFG214


CALLS = step, [(torch.ones(3),)] * 3
```

## What to do

Draw with torch, whose seed compiled code respects, or draw outside and pass the numbers in:

```python good
import numpy as np
import torch

np.random.seed(0)


@torch.compile
def step(x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return x * scale


def drawn(x: torch.Tensor) -> torch.Tensor:
    return step(x, torch.from_numpy(np.random.rand(3)))


CALL = drawn, torch.ones(3)
```

```python good
import random

import torch

RNG = random.Random(0)


@torch.compile
def step(x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return x * scale


def drawn(x: torch.Tensor) -> torch.Tensor:
    return step(x, torch.tensor(RNG.random()))


CALLS = drawn, [(torch.ones(3),)] * 3
```

## When it is reported

`rand`, `randn`, `normal`, `uniform` and `random` of `numpy.random` where they are asked for an array, and methods of
a `random.Random` that the file makes at the top of the module, in traced code. The second one only where torch 2.6 to
2.14 is aimed at. A single number of `numpy.random` is a graph break instead.

Where torch 2.14 or later is aimed at, `random.shuffle`, and `random.sample` of a list whose few items are known, too,
also as methods of such a `random.Random`: the order that is drawn while Dynamo traces is used again on every call.
Before, they break the graph.

## How this is known

The blocks above run on torch in fullgraph's tests: the bad ones give another result compiled than eagerly, the good
ones the same. The first was seen on torch 2.2 to 2.15. Shuffling and samples were tried on 2.9, 2.11 and 2.13 to 2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule, Traced, values

RULE = Rule(
    "TFG214",
    "`{call}` gives other numbers in compiled code than in eager mode: {why}",
    remedy="draw with torch, or outside of the compiled function",
    since="0.2",
    effect=Effect.WRONG_RESULT,
)

_FROZEN_ON = ">=2.6,<2.15"
_ORDERED_ON = ">=2.14"
_SHORT = 21
"""So many items at most ``random.sample`` goes through one by one; it draws in another way from more."""
_AGAIN = "the first one is drawn again on every call"
_BY_SHAPE = ("rand", "randn")
_BY_SIZE = ("normal", "random", "uniform")


@RULE.call(*(f"numpy.random.{name}" for name in (*_BY_SHAPE, *_BY_SIZE)), where=Traced.POSSIBLE)
def draws_array(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``np.random.rand(3)`` and ``np.random.normal(size=3)``."""
    paths = ctx.names(call.func)
    by_shape = all(path.rpartition(".")[2] in _BY_SHAPE for path in paths)
    sized = bool(call.args) if by_shape else any(item.arg == "size" for item in call.keywords)
    if sized and not any(isinstance(item, ast.Starred) for item in call.args):
        yield ctx.at(call, call=ctx.text(call.func), why="it draws from torch's generator")


@RULE.method("random", "sample", "shuffle", of=None, where=Traced.POSSIBLE)
def draws_frozen(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``RNG.random()`` and its like of a ``random.Random`` of the module."""
    match call.func:
        case ast.Attribute(value=ast.Name() as receiver, attr=name):
            if set(ctx.made_by(receiver)) != {"random.Random"} or ctx.is_local(receiver):
                return
            if ctx.aims_at(_FROZEN_ON) if name == "random" else _orders_once(call, name, ctx):
                yield ctx.at(call, call=ctx.text(call.func), why=_AGAIN)
        case _:
            return


@RULE.call("random.sample", "random.shuffle", where=Traced.POSSIBLE)
def orders_frozen(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``random.shuffle(names)`` and ``random.sample(names, 3)``."""
    paths = ctx.names(call.func)
    if len(paths) == 1 and _orders_once(call, paths[0].rpartition(".")[2], ctx):
        yield ctx.at(call, call=ctx.text(call.func), why=_AGAIN)


def _orders_once(call: ast.Call, name: str, ctx: Context) -> bool:
    """Whether Dynamo draws an order of a list while it traces, and keeps that."""
    match call:
        case ast.Call(args=[items, *_], keywords=[]) if ctx.aims_at(_ORDERED_ON):
            return name == "shuffle" or _is_short(items, ctx)
        case _:
            return False


def _is_short(items: ast.expr, ctx: Context) -> bool:
    """Whether a list is so short that ``sample`` goes through all of it, rather than draw places in it."""
    if ctx.is_plain(items) and not isinstance(items, (ast.List, ast.Name)):
        return False
    value = ctx.value(items)
    return isinstance(value, values.Sequence) and value.items is not None and len(value.items) <= _SHORT


CASES = """
import random
import numpy as np
from numpy.random import randn
import torch
from torch import nn

RNG = random.Random(0)

class Net(nn.Module):
    def forward(self, x):
        x = x + torch.from_numpy(np.random.normal(size=3))  # TFG214
        return x * RNG.random() + torch.from_numpy(randn(3))  # TFG214, TFG214
---
# single numbers, generators of one's own, and what is not traced
import random
import numpy as np
import torch
from torch import nn

np.random.seed(0)
NOISE = np.random.rand(3)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.noise = torch.from_numpy(np.random.rand(3))

    def forward(self, x, rng, shape):
        own = random.Random(0)
        return x + np.random.rand() + rng.random() + np.random.rand(*shape) + own.random()

def batch():
    return np.random.rand(3)
"""
