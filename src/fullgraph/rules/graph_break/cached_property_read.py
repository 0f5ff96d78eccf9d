"""Traced code reads a `functools.cached_property`.

## What is wrong

Dynamo does not trace how a `functools.cached_property` fills its cache. If the first read happens in traced code, the
function around it is not compiled.

```python bad
import functools

import torch
from torch import nn


class Net(nn.Module):
    @functools.cached_property
    def scale(self) -> int:
        return 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sin() * self.scale  # TFG226


CALL = torch.compile(Net()), torch.ones(3)
```

## What to do

Use a plain `property`, compute the value in `__init__`, or read it once before the first compiled call:

```python good
import torch
from torch import nn


class Net(nn.Module):
    @property
    def scale(self) -> int:
        return 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sin() * self.scale


CALL = torch.compile(Net()), torch.ones(3)
```

## When it is reported

`self.name` in traced code, where the class or a base of it in the same file has a `functools.cached_property` of this
name. A read that only follows an earlier one outside of traced code is no break, but is reported too.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG226",
    "the first read of the cached property `{name}` in traced code keeps the function from being compiled",
    remedy="use a `property`, or read it before the first compiled call",
    since="0.2",
    mentions=("cached_property",),
)


@RULE.node(ast.Attribute, where=Traced.POSSIBLE)
def reads(node: ast.Attribute, ctx: Context) -> Iterator[Hit]:
    """Report ``self.name`` of a cached property, where a function first reads it."""
    if not isinstance(node.ctx, ast.Load) or not ctx.is_self(node.value):
        return
    bindings = ctx.bindings(node)
    if bindings and all(_is_cached(binding, ctx) for binding in bindings):
        yield ctx.at(node, cause=(ctx.function(), node.attr), name=ctx.text(node))


def _is_cached(binding: ast.AST, ctx: Context) -> bool:
    match binding:
        case ast.FunctionDef(decorator_list=[decorator]):
            return "functools.cached_property" in ctx.names(decorator)
        case _:
            return False


CASES = """
from functools import cached_property
import torch
from torch import nn

class Base(nn.Module):
    @cached_property
    def width(self):
        return 3

class Net(Base):
    def forward(self, x):
        y = x.view(self.width, -1)  # TFG226
        return y * self.width

    def other(self, x):
        return x
# run: torch.compile(Net())(torch.ones(3, 3))
---
# other properties, other objects, and code that is not traced
from functools import cached_property
import torch
from torch import nn
from .tools import cached_property as own

class Net(nn.Module):
    @property
    def width(self):
        return 3

    @own
    def height(self):
        return 3

    @cached_property
    def depth(self):
        return 3

    def forward(self, x, other):
        return x + self.width + self.height + other.depth

    def report(self):
        return self.depth
# run: torch.compile(Net())(torch.ones(3), types.SimpleNamespace(depth=1))
# beside tools.py: cached_property = property
"""
