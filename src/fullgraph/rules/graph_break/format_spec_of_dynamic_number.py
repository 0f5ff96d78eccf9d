"""An f-string formats a number that changes between calls.

## What is wrong

When the size of an input changes, Dynamo compiles again with that size left open; with `dynamic=True` it does so at the
first call. A format spec in an f-string is then applied to a symbol in place of a number, and Dynamo fails with an
`InternalTorchDynamoError`. That is no graph break: the call raises in the default mode, too.

```python bad
import torch


@torch.compile(dynamic=True)
def step(x: torch.Tensor) -> tuple[torch.Tensor, str]:
    y = x.sin()
    return y + 1, f"{x.shape[0]:d} rows"  # TFG227


CALL = step, torch.ones(3)
```

## What to do

`str.format` with the same spec is traced. Where the text is not needed in the function, write it outside:

```python good
import torch


@torch.compile(dynamic=True)
def step(x: torch.Tensor) -> tuple[torch.Tensor, str]:
    y = x.sin()
    return y + 1, "{:d} rows".format(x.shape[0])


CALL = step, torch.ones(3)
```

## When it is reported

A format spec that only numbers have, such as `:d`, `:.2f` or `:,`, in an f-string in traced code, of

* a size of a tensor that the function is given or computes from that: `x.shape[0]`, `x.size(0)`, `len(x)`, `x.numel()`,
  also unpacked, in arithmetic and in `min` and `max`;
* a number that `.item()`, `int()` or `float()` takes out of a tensor, where one of torch 2.6, 2.9, 2.14 and 2.15 is
  aimed at: the graph breaks there, and what follows is compiled with the number left open at the second one. Not in a
  loop or `try`, where nothing is compiled after a break;
* an integer parameter of a compiled function that a loop of the project calls with another number each time, on the
  releases that are aimed at apart from 2.10 to 2.13, which break the graph there.

What stands in a `raise`, in the message of an `assert` or in a `lambda` is not reported. A spec that strings have, too,
such as `:>5`, does not fail, and neither does a number without any.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo names in its error. Numbers
out of tensors and parameters were tried on torch 2.4, 2.6, 2.9, 2.11, 2.13, 2.14 and 2.15.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule, Traced, Variety, sizes, values

RULE = Rule(
    "TFG227",
    "`{text}` in an f-string formats {what}: once that has changed, Dynamo raises an internal error",
    remedy="use `str.format`, or write the text outside of the compiled function",
    since="0.2",
    effect=Effect.INTERNAL_ERROR,
)

_NUMERIC = re.compile(r"(?:.?[<>=^])?[-+ ]?z?#?0?\d*(?:[,_](?:\.\d+)?[a-zA-Z%]?|(?:\.\d+)?[bcdeEfFgGnoxX%])", re.DOTALL)
"""Format specs that Python refuses for a string: with a separator of thousands, or a type of numbers."""
_RESUMED_ON = ">=2.6,<2.10", ">=2.14"
"""Where code behind a break is compiled with the number left open that was taken out of a tensor."""
_PASSED_ON = ">=2.4,<2.10", ">=2.14"


@RULE.node(ast.FormattedValue, where=Traced.POSSIBLE)
def formats(node: ast.FormattedValue, ctx: Context) -> Iterator[Hit]:
    """Report ``{x.shape[0]:d}``."""
    if node.format_spec is None or node.conversion != -1 or not _is_numeric(node.format_spec):
        return
    if ctx.is_for_error(node):
        return
    text = ctx.text(node.value)
    if sizes.is_size(node.value, ctx):
        yield ctx.at(node.value, text=text, what="a size")
    elif _is_taken_out(node.value, ctx):
        what, unless = "a number out of a tensor", ("capture_scalar_outputs",)
        yield ctx.at(node.value, unless=unless, text=text, what=what)
    elif _is_counted(node.value, ctx):
        yield ctx.at(node.value, text=text, what="a parameter that a loop counts")


def _is_numeric(spec: ast.expr) -> bool:
    """Whether only numbers have a format spec; what is computed in it is taken for a width or precision."""
    match spec:
        case ast.JoinedStr(values=parts):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in parts)
            return _NUMERIC.fullmatch(text) is not None
        case _:
            return False


def _is_taken_out(expr: ast.expr, ctx: Context) -> bool:
    """Whether an expression is a number out of a tensor, behind which Dynamo goes on."""
    if not any(map(ctx.aims_at, _RESUMED_ON)) or ctx.is_plain(expr) or not isinstance(ctx.value(expr), values.Data):
        return False
    if isinstance(expr, ast.Name):
        bindings = ctx.bindings(expr)
        return len(bindings) == 1 and isinstance(bindings[0], ast.Call) and ctx.resumes_after(bindings[0])
    return ctx.resumes_after(expr)


def _is_counted(expr: ast.expr, ctx: Context) -> bool:
    """Whether an expression is a parameter of a compiled function that a loop calls with other numbers."""
    if not isinstance(expr, ast.Name) or not any(map(ctx.aims_at, _PASSED_ON)) or not ctx.starts_tracing():
        return False
    match ctx.bindings(expr):
        case (ast.arg() as parameter,):
            return ctx.loops.varied_at(parameter, Variety.NUMBER) is not None
        case _:
            return False


CASES = """
import torch
from torch import nn

class Net(nn.Module):
    def tag(self, x: torch.Tensor):
        return f"{x.shape[0]:04d}"  # TFG227

    def unpacked(self, x: torch.Tensor):
        batch, length = x.shape
        return f"{batch:03d} {length:>5}"  # TFG227

    def least(self, x: torch.Tensor):
        rows = min(x.size(0), 100)
        return f"{rows // 2:,}"  # TFG227

    def divided(self, x: torch.Tensor, y: torch.Tensor):
        return f"{x.size(0) / y.numel():.{2}f}"  # TFG227

    def computed(self, x: torch.Tensor):
        hidden = x * 2
        return f"{len(hidden):x}"  # TFG227

    def forward(self, x: torch.Tensor, y: torch.Tensor):
        return self.tag(x), self.unpacked(x), self.least(x), self.divided(x, y), self.computed(x)
# run: torch.compile(Net().tag, dynamic=True)(torch.ones(3, 4))
# run: torch.compile(Net().unpacked, dynamic=True)(torch.ones(3, 4))
# run: torch.compile(Net().least, dynamic=True)(torch.ones(3, 4))
# run: torch.compile(Net().divided, dynamic=True)(torch.ones(3, 4), torch.ones(4, 5))
# run: torch.compile(Net().computed, dynamic=True)(torch.ones(3, 4))
---
# no spec, one that strings have, other ways to write, what does not change, and what is only for errors
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.ones(3))

    def name(self, index: int):
        return f"layer_{index:02d}"  # unreported

    def forward(self, x: torch.Tensor, items: list):
        weight = self.weight
        if x.shape[0] > 100:
            raise ValueError(f"{x.shape[0]:d}")
        assert x.shape[0] < 50, f"{x.shape[0]:d}"
        torch._check(x.shape[0] < 40, lambda: f"{x.shape[0]:d}")
        for index in range(x.shape[0]):
            x = x + len(f"{index:02d}")
        for part in x:
            print(f"{part.item():.2f}")
        return (
            f"{x.shape[0]}",
            f"{x.shape[0]:>5}",
            f"{x.shape[0]!s:>5}",
            "{:d}".format(x.shape[0]),
            f"{self.size:03d}",
            f"{self.weight.shape[0]:03d}",
            f"{weight.shape[0]:03d}",
            f"{len(items):d}",
            f"{x.mean():.2f}",
            self.name(3),
        )

def report(x: torch.Tensor):
    return f"{x.shape[0]:d} {x.mean().item():.2f}"
# run: torch.compile(Net(3), dynamic=True)(torch.ones(3), [1])
# run: torch.compile(Net(3), dynamic=True)(torch.ones(4), [1])
"""
