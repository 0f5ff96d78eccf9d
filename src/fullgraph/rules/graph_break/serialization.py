"""Traced code saves, loads or serialises.

## What is wrong

`torch.save`, `torch.load`, `pickle` and `json` read and write what is no tensor operation: the graph is split there.

```python bad
import io

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    torch.save(y, io.BytesIO())  # TFG221
    return (y + 1) * 2


CALL = step, torch.ones(3)
```

```python bad
import json

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    text = json.dumps({"scale": 2})  # TFG221
    return (y + 1) * (len(text) - len(text) + 2)


CALL = step, torch.ones(3)
```

## What to do

Return what is to be saved, and save it outside:

```python good
import io
import json

import torch


@torch.compile
def step(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    y = x.sin()
    return (y + 1) * 2, y


def saving(x: torch.Tensor) -> torch.Tensor:
    result, y = step(x)
    torch.save(y, io.BytesIO())
    json.dumps({"shape": 3})
    return result


CALL = saving, torch.ones(3)
```

## When it is reported

Calls of `torch.save`, `torch.load`, and the functions of `json`, `pickle` and numpy that read and write, in traced
code.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG221",
    "`{call}` in traced code splits the graph",
    remedy="save and load outside of the compiled function",
    since="0.2",
)


@RULE.call(
    "torch.save",
    "torch.load",
    "json.dumps",
    "json.loads",
    "numpy.load",
    "numpy.save",
    "numpy.savez",
    "pickle.dumps",
    "pickle.loads",
    where=Traced.POSSIBLE,
)
def serialises(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a call that reads or writes data."""
    yield ctx.at(call, call=ctx.text(call.func))


CASES = """
import pickle
from json import dumps
import numpy as np
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        torch.save(x, "x.pt")  # TFG221
        y = torch.load("y.pt")  # TFG221
        dumps({})  # TFG221
        np.save("x.npy", x.numpy())  # TFG221
        z = np.load("z.npy")  # TFG221
        return x + y + len(pickle.dumps(1))  # TFG221
# run: torch.save(torch.ones(3), "y.pt") or torch.compile(Net())(torch.ones(3))
---
# not traced, or a name that means something else
import json
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, path):
        super().__init__()
        self.table = torch.load(path)

    def forward(self, x, torch_load, store):
        if not torch.compiler.is_compiling():
            torch.save(x, "x.pt")
        store.save(x)
        store.dumps(x)
        return torch_load(x)

def main(net):
    torch.save(net.state_dict(), "net.pt")
    return json.dumps({})
# run: torch.save(1, "x.pt") or torch.compile(Net("x.pt"))(torch.ones(3), abs, types.SimpleNamespace(save=id, dumps=id))
"""
