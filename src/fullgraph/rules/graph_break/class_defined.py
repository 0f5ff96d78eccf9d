"""Traced code defines a class.

## What is wrong

Dynamo does not build classes: a `class` statement in traced code splits the graph, and is run anew on every call.

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()

    class Scale:  # TFG222
        value = 2

    return (y + 1) * Scale.value


CALL = step, torch.ones(3)
```

## What to do

Define it outside of the function:

```python good
import torch


class Scale:
    value = 2


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    return (y + 1) * Scale.value


CALL = step, torch.ones(3)
```

## When it is reported

A `class` statement in traced code, at its first decorator if there is one. Nested functions and lambdas are traced,
and are not reported.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG222",
    "the class `{name}` is defined in traced code, which splits the graph on every call",
    remedy="define it outside of the function",
    since="0.2",
)


@RULE.node(ast.ClassDef, where=Traced.POSSIBLE)
def defines(node: ast.ClassDef, ctx: Context) -> Iterator[Hit]:
    """Report a class statement in a function."""
    if ctx.function() is not None:
        yield ctx.at(node.decorator_list[0] if node.decorator_list else _head(node), name=node.name)


def _head(node: ast.ClassDef) -> ast.AST:
    """Something in the first row only, so that not the whole body is marked."""
    return ast.Pass(
        lineno=node.lineno,
        col_offset=node.col_offset,
        end_lineno=node.lineno,
        end_col_offset=node.col_offset + len("class ") + len(node.name),
    )


CASES = """
import dataclasses
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        class Part:  # TFG222
            size = 3
            def method(self):
                class Inner:
                    pass

        def helper(y):
            @dataclasses.dataclass  # TFG222
            class Other:  # unreported
                size: int = 3

            return y + Other().size

        return helper(x) + Part.size
# run: torch.compile(Net())(torch.ones(3))
---
# outside of functions, and in code that is not traced
import torch
from torch import nn

class Net(nn.Module):
    class Config:
        size = 3

    def __init__(self):
        super().__init__()

        class Part:
            pass

    def forward(self, x):
        scale = lambda y: y * 2

        def helper(y):
            return scale(y)

        return helper(x)

def make():
    class Made(nn.Module):
        def forward(self, x):
            return x

    return Made
# run: torch.compile(Net())(torch.ones(3))
# run: torch.compile(make()())(torch.ones(3))
"""
