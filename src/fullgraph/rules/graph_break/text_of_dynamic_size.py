"""Traced code makes a text of a size that changes between calls.

## What is wrong

When the size of an input changes, Dynamo compiles again with that size left open; with `dynamic=True` it does so at
the first call. `str`, `repr` and the operator `%` do not take a number that is left open: the graph is split there,
and with `%` the whole function runs eagerly.

```python bad
import torch


@torch.compile(dynamic=True)
def step(x: torch.Tensor) -> tuple[torch.Tensor, str]:
    y = x.sin()
    return y + 1, str(x.shape[0])  # TFG229


CALL = step, torch.ones(3)
```

```python bad
import torch


@torch.compile(dynamic=True)
def step(x: torch.Tensor) -> tuple[torch.Tensor, str]:
    y = x.sin()
    return y + 1, "%d" % x.shape[0]  # TFG229


CALL = step, torch.ones(3)
```

## What to do

`str.format` is traced. Where the text is not needed in the function, write it outside:

```python good
import torch


@torch.compile(dynamic=True)
def step(x: torch.Tensor) -> tuple[torch.Tensor, str]:
    y = x.sin()
    return y + 1, "{}".format(x.shape[0])


CALL = step, torch.ones(3)
```

## When it is reported

`str(...)`, `repr(...)` and `"..." % ...`, in traced code, of a size of a tensor that the function is given or computes
from that, also unpacked, in arithmetic and in `min` and `max`, or of its whole shape. What stands in a `raise`, in the
message of an `assert` or in a `lambda` is not reported.

While no size changes there is no break. So this is reported only in files that say that sizes do change: where
`dynamic=True` or `mark_dynamic` stands.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. They
were also tried with an input of another size at the second call, and with whole shapes, on torch 2.4, 2.9, 2.11, 2.13
and 2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, sizes

RULE = Rule(
    "TFG229",
    "`{text}` makes a text of a size: once that has changed, it splits the graph",
    remedy="use `str.format`, or write the text outside of the compiled function",
    since="0.2",
    mentions=("dynamic=True", "mark_dynamic"),
)


@RULE.call("builtins.repr", "builtins.str", where=Traced.POSSIBLE)
def converts(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``str(x.shape[0])``."""
    if len(call.args) == 1 and not call.keywords and _is_open(call.args[0], ctx) and not ctx.is_for_error(call):
        yield ctx.at(call, text=ctx.text(call))


@RULE.node(ast.BinOp, where=Traced.POSSIBLE)
def formats(node: ast.BinOp, ctx: Context) -> Iterator[Hit]:
    """Report ``"%d" % x.shape[0]``."""
    match node:
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod(), right=right):
            parts = right.elts if isinstance(right, ast.Tuple) else [right]
            if any(_is_open(part, ctx) for part in parts) and not ctx.is_for_error(node):
                yield ctx.at(node, text=ctx.text(node))
        case _:
            return


def _is_open(expr: ast.expr, ctx: Context) -> bool:
    return sizes.is_size(expr, ctx) or sizes.is_shape(expr, ctx)


CASES = """
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        hidden = x * 2
        texts = repr(x.size()), str(len(hidden))  # TFG229, TFG229
        return x, texts, str(x.size(0)), self.unpacked(x), self.whole(hidden)  # TFG229

    def unpacked(self, x: torch.Tensor):
        batch, width = x.shape
        return "%s of %d" % ("a", batch // 2)  # TFG229

    def whole(self, hidden: torch.Tensor):
        return "%s" % (hidden.shape,)  # TFG229

def run(model, x):
    torch._dynamo.mark_dynamic(x, 0)
    return torch.compile(model)(x)
# run: torch.compile(Net(), dynamic=True)(torch.ones(3, 4))
---
# other ways to write, what does not change, what is only for errors, and eager code
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor, items: list, mode: int):
        if x.shape[0] > 100:
            raise ValueError("%d" % x.shape[0] + str(x.shape))
        assert x.shape[0] < 50, str(x.shape[0])
        torch._check(x.shape[0] < 40, lambda: str(x.shape[0]))
        names = "{} {:d}".format(x.shape[0], x.shape[0]), f"{x.shape[0]}"
        names += str(self.size), "%d" % self.weight.shape[0], str(len(items)), str(x.dtype), str(x.ndim)
        names += (str(mode),)  # unreported
        return x, names, x.shape[0] % 2

def report(x: torch.Tensor):
    return str(x.shape) + "%d" % x.shape[0]

compiled = torch.compile(Net(3), dynamic=True)
# run: torch.compile(Net(3), dynamic=True)(torch.ones(3), [1], 1)
---
# nothing says that sizes change
import torch

@torch.compile
def step(x: torch.Tensor):
    return x + 1, str(x.shape)
# run: step(torch.ones(3))
"""
