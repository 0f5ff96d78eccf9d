"""Traced code seeds a random number generator, reads its state, or draws from one that Dynamo does not trace.

## What is wrong

Dynamo traces the random functions of torch that draw from the default generator. Setting or reading the state of a
generator is no part of a graph, nor is a `torch.Generator` of one's own, most of Python's `random`, or a generator
object of NumPy: the graph is split there.

```python bad
import random

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    torch.manual_seed(0)  # TFG213
    y = y + 1
    scale = random.choice([2.0, 2.0])  # TFG213
    return y * scale


CALL = step, torch.ones(3)
```

```python bad
import torch

GENERATOR = torch.Generator()


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    noise = torch.rand(3, generator=GENERATOR)  # TFG213
    return (y + 1) * 2 + noise * 0


CALL = step, torch.ones(3)
```

## What to do

Seed before the compiled function is called, draw from torch's default generator, and pass in what is drawn elsewhere:

```python good
import random

import torch


@torch.compile
def step(x: torch.Tensor, scale: float) -> torch.Tensor:
    noise = torch.rand(3)
    return (x.sin() + 1) * scale + noise * 0


def seeded(x: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(0)
    return step(x, random.choice([2.0, 2.0]))


CALL = seeded, torch.ones(3)
```

## When it is reported

`torch.manual_seed`, `torch.get_rng_state` and their kin, making a `torch.Generator` and passing one as `generator=`,
the functions of `random` that break on the releases aimed at (`random.uniform`, `random.randint` and
`random.randrange` do not), and `numpy.random.default_rng` and its methods, in traced code; where torch 2.9 or later is
aimed at, arithmetic between what those three return and other numbers. Not `generator=` with a value of which nothing
is known.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too, except that `random.random`,
`random.sample`, `random.seed` and `random.shuffle` break only up to 2.13, and that `torch.cuda.manual_seed` and
`manual_seed_all` were traced on 2.4 to 2.11 and break on 2.13 to 2.15. Arithmetic on drawn numbers breaks on 2.9, 2.11
and 2.13 to 2.15; 2.6 traces it.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, values

RULE = Rule(
    "TFG213",
    "`{call}` in traced code splits the graph",
    remedy="seed and draw outside of the compiled function, or draw with torch's default generator",
    since="0.2",
    mentions=("random", "seed", "rng_state", "Generator"),
)

_ALWAYS = (
    "numpy.random.default_rng",
    "random.betavariate",
    "random.choice",
    "random.choices",
    "random.gauss",
    "random.getrandbits",
    "random.getstate",
    "random.normalvariate",
    "torch.Generator",
    "torch.cuda.get_rng_state",
    "torch.get_rng_state",
    "torch.initial_seed",
    "torch.manual_seed",
    "torch.random.get_rng_state",
    "torch.random.initial_seed",
    "torch.random.manual_seed",
    "torch.random.set_rng_state",
    "torch.set_rng_state",
)
_UNTIL_2_13 = (
    "random.random",
    "random.sample",
    "random.seed",
    "random.shuffle",
)
_SINCE_2_13 = (
    "torch.cuda.manual_seed",
    "torch.cuda.manual_seed_all",
)
_FROM_2_13 = ">=2.13"
_BEFORE_2_14 = ">=2.2,<2.14"
_FROM_2_9 = ">=2.9"
_DRAWS = ("multinomial", "rand", "randint", "randn", "randperm")
_OF_NUMPY = frozenset({"numpy.random.RandomState", "numpy.random.default_rng"})
_NUMPY_METHODS = ("choice", "integers", "normal", "permutation", "rand", "randint", "randn", "random", "uniform")


@RULE.call(*_ALWAYS, where=Traced.POSSIBLE)
def touches_state(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what sets or reads the state of a generator, and generators that Dynamo does not trace."""
    yield ctx.at(call, call=ctx.text(call.func))


@RULE.call(*_UNTIL_2_13, where=Traced.POSSIBLE)
def draws_in_python(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report functions of ``random`` that newer releases trace."""
    if ctx.aims_at(_BEFORE_2_14):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.call(*_SINCE_2_13, where=Traced.POSSIBLE)
def seeds_devices(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what sets the state of generators of other devices."""
    if ctx.aims_at(_FROM_2_13):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.node(ast.BinOp, where=Traced.POSSIBLE)
def computes_with_drawn(node: ast.BinOp, ctx: Context) -> Iterator[Hit]:
    """Report ``2 * random.uniform(0, 1)``: Dynamo has the number as a tensor, and no arithmetic of it with numbers."""
    if not ctx.imports("random"):
        return
    operands = ctx.value(node.left), ctx.value(node.right)
    drawn = any(isinstance(item, values.Tensor) and item.drawn for item in operands)
    if drawn and isinstance(ctx.value(node), values.Static) and ctx.aims_at(_FROM_2_9):
        yield ctx.at(node, call=ctx.text(node, limit=50))


@RULE.call(*(f"torch.{name}" for name in _DRAWS), where=Traced.POSSIBLE)
def draws_from_own(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.rand(..., generator=g)`` where ``g`` surely is a generator."""
    given = next((item.value for item in call.keywords if item.arg == "generator"), None)
    if given is not None and set(ctx.made_by(given)) == {"torch.Generator"}:
        yield ctx.at(call, call=f"{ctx.text(call.func)}(generator={ctx.text(given)})")


@RULE.method("manual_seed", of=None, where=Traced.POSSIBLE)
def seeds_own(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``g.manual_seed(0)``."""
    match call.func:
        case ast.Attribute(value=ast.Name() | ast.Attribute() as receiver):
            if set(ctx.made_by(receiver)) == {"torch.Generator"}:
                yield ctx.at(call, call=ctx.text(call.func))
        case _:
            return


@RULE.method(*_NUMPY_METHODS, of=None, where=Traced.POSSIBLE)
def draws_from_numpy(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``rng.random()`` of a generator object of NumPy."""
    match call.func:
        case ast.Attribute(value=ast.Name() | ast.Attribute() as receiver):
            makers = ctx.made_by(receiver)
            if makers and _OF_NUMPY.issuperset(makers):
                yield ctx.at(call, call=ctx.text(call.func))
        case _:
            return


CASES = """
import random
import numpy as np
import torch
from torch import nn

RNG = np.random.default_rng(0)

class Net(nn.Module):
    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.rng = np.random.RandomState(seed)

    def forward(self, x):
        if random.random() < 1.1:  # TFG213
            random.seed(0)  # TFG213
        state = torch.get_rng_state()  # TFG213
        y = x + RNG.random() + self.rng.rand()  # TFG213, TFG213
        return y + torch.randn(3, generator=torch.Generator())  # TFG213, TFG213
# run: torch.compile(Net(0))(torch.ones(3))
---
# what Dynamo traces, and what is not known to be a generator
import random
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, generator=None, rng=None):
        noise = torch.rand(3) + torch.randn(3, generator=generator) + torch.rand(3, generator=None)
        scale = max(abs(random.uniform(0, 1)), 0.5)
        if not torch.compiler.is_compiling():
            torch.manual_seed(0)
        return x * scale + noise + rng.random()

def main():
    torch.manual_seed(0)
    random.seed(0)
# run: torch.compile(Net())(torch.ones(3), None, types.SimpleNamespace(random=lambda: 1))
---
# arithmetic on numbers that are drawn in the graph
import math
import random
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, image):
        area = 2.0 * random.uniform(0, 1)  # TFG213
        x = x * random.uniform(0, 1) + random.randint(1, 3)
        side = math.sqrt(area / 2) + math.ceil(area)
        return x + side + image * random.uniform(0, 1)
# run: torch.compile(Net())(torch.ones(3), torch.ones(3))
"""
