"""Traced code calls a module that has a backward hook.

## What is wrong

Dynamo does not trace the call of a module with a backward hook: what should run in the backward pass, the graph of the
forward pass does not hold. The graph is split at the call, with every kind of backward hook, and even where nothing
requires gradients.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Softplus()
        self.part.register_full_backward_hook(lambda module, before, after: None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        return self.part(y) + 1  # TFG228


CALL = torch.compile(Net()), torch.ones(3, requires_grad=True)
```

## What to do

Register the hook where the model runs eagerly only, or set `torch._dynamo.config.compiled_autograd = True`. From torch
2.11 on, a hook on the tensor that the module returns is traced.

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Softplus()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        return self.part(y) + 1


CALL = torch.compile(Net()), torch.ones(3, requires_grad=True)
```

## When it is reported

A call of `self.part`, or of what `self.parts` holds, in traced code, where the `__init__` of the class in the same file
calls `register_full_backward_hook`, `register_full_backward_pre_hook` or `register_backward_hook` of it, and of an
instance of a class whose `__init__` gives every instance such a hook. Not where the hook depends on a condition, where
its handle is kept, which can remove it, or where the attribute is assigned more than once. The module that is compiled
itself may have such a hook, and so may a parameter.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. Each of
the three hooks, loops and classes were also tried on torch 2.4, 2.6, 2.9, 2.13 and 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG228",
    "`{call}` calls a module with a backward hook, which splits the graph (GB0083)",
    remedy="leave the hook out of compiled runs, or set `torch._dynamo.config.compiled_autograd = True`",
    since="0.2",
    mentions=("register_backward_hook", "register_full_backward"),
)


@RULE.node(ast.Call, where=Traced.POSSIBLE)
def calls(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``self.part(x)``."""
    if ctx.has_backward_hook(node.func):
        yield ctx.at(node, unless=("compiled_autograd",), call=ctx.text(node.func))


CASES = """
import torch
from torch import nn

def hook(module, before, after):
    return None

class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_full_backward_pre_hook(hook)

    def forward(self, x):
        return x

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.first.register_backward_hook(hook)
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])
        for layer in self.layers:
            layer.register_full_backward_hook(hook)
        self.part = Part()

    def forward(self, x):
        x = self.first(x)  # TFG228
        for layer in self.layers:
            x = layer(x)  # TFG228
        return self.parted(x)

    def parted(self, x):
        x = self.layers[0](x)  # TFG228
        return self.part(x)  # TFG228
# run: torch.compile(Net())(torch.ones(3))
---
# hooks that may be gone, of something else, or that somebody may not register; and eager code
import torch
from torch import nn

def quiet(*arguments):
    return None

class Net(nn.Module):
    def __init__(self, watch):
        super().__init__()
        self.kept = nn.Linear(3, 3)
        self.handle = self.kept.register_full_backward_hook(print)
        self.asked = nn.Linear(3, 3)
        if watch:
            self.asked.register_full_backward_hook(print)
        self.other = nn.Linear(3, 3)
        self.other.weight.register_hook(print)
        self.other.register_forward_hook(quiet)
        self.late = nn.Linear(3, 3)
        self.again = nn.Linear(3, 3)
        self.again.register_full_backward_hook(print)
        self.again = nn.Linear(3, 3)
        self.register_full_backward_hook(print)
        self.eager = nn.Linear(3, 3)
        self.eager.register_full_backward_hook(print)

    def watch(self):
        self.late.register_full_backward_hook(print)

    def check(self, x):
        return self.eager(x)

    def forward(self, x):
        x = self.kept(x)  # unreported
        x = self.asked(x) + self.other(x) + self.late(x) + self.again(x)
        return self.eager.forward(x)
# run: torch.compile(Net(False))(torch.ones(3))
---
# the file turns on what traces them
import torch
from torch import nn

torch._dynamo.config.compiled_autograd = True

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = nn.Linear(3, 3)
        self.part.register_full_backward_hook(print)

    def forward(self, x):
        return self.part(x)
# run: torch.compile(Net())(torch.ones(3))
"""
