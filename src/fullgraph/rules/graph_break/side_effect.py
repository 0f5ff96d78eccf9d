"""Traced code prints, reads input, opens a file or acts on the system.

## What is wrong

Dynamo records tensor operations. What acts on the world outside has to happen on every call, so the graph is split
there: what comes before is compiled, the call runs in Python, and what comes after is compiled separately. In a loop,
a `try` or most `with` blocks nothing of the function is compiled at all.

```python bad
import sys

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    print("sin", y.shape)  # TFG210
    y = y + 1
    sys.stdout.write("added")  # TFG210
    return y * 2


CALL = step, torch.ones(3)
```

```python bad
import gc
import os

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    trace = open(os.devnull)  # TFG210
    y = y + 1
    gc.collect()  # TFG210
    return y * 2


CALL = step, torch.ones(3)
```

## What to do

Do it outside of the compiled function, or only where the code runs uncompiled:

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    if not torch.compiler.is_compiling():
        print("sin", y.shape)
    y = y + 1
    return y * 2


CALL = step, torch.ones(3)
```

A `print` whose place does not matter may be named in `torch._dynamo.config.reorderable_logging_functions`: Dynamo
then runs it after the graph.

## When it is reported

Calls of `print`, `input`, `open`, `breakpoint`, of `write` and `flush` of the standard streams, of what changes files
or starts processes, and of `gc.collect`, in traced code. As a note only where the code goes on to `raise` whatever
happens. Not below a condition that is false in compiled code, and not `print` where the file sets
`reorderable_logging_functions`.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG210",
    "`{call}` in traced code splits the graph",
    remedy="do it outside, or under `if not torch.compiler.is_compiling():`",
    since="0.2",
)

_CALLS = (
    "builtins.breakpoint",
    "builtins.input",
    "builtins.open",
    "builtins.print",
    "gc.collect",
    "os.makedirs",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.system",
    "os.unlink",
    "pprint.pp",
    "pprint.pprint",
    "shutil.copy",
    "shutil.copyfile",
    "shutil.move",
    "shutil.rmtree",
    "subprocess.Popen",
    "subprocess.call",
    "subprocess.check_call",
    "subprocess.check_output",
    "subprocess.run",
    "sys.stderr.flush",
    "sys.stderr.write",
    "sys.stdout.flush",
    "sys.stdout.write",
    "tempfile.NamedTemporaryFile",
    "tempfile.mkdtemp",
    "threading.Thread",
    "tqdm.auto.tqdm",
    "tqdm.auto.tqdm.write",
    "tqdm.tqdm",
    "tqdm.tqdm.write",
    "traceback.print_exc",
    "traceback.print_stack",
)
_PRINTS = frozenset({"builtins.print"})
_REORDERED = ("reorderable_logging_functions:builtins.print",)


@RULE.call(*_CALLS, where=Traced.POSSIBLE)
def acts(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a call that acts on the world outside."""
    unless = _REORDERED if _PRINTS.issuperset(ctx.names(call.func)) else ()
    yield ctx.at(call, unless=unless, call=ctx.text(call.func))


CASES = """
import sys
from pprint import pprint
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        print("built")

    def forward(self, x):
        print("forward")  # TFG210
        write = sys.stderr.write
        write("forward")  # TFG210
        pprint({})  # TFG210
        return self.helper(x)

    def helper(self, x):
        with open("file") as file:  # TFG210
            return x + len(file.read())
# run: open("file", "w").close() or torch.compile(Net())(torch.ones(3))
---
# a path that ends in an error costs a run that goes on nothing, and is only a note
import torch

@torch.compile
def step(x):
    if x.shape[0] > 3:
        print("too long")  # TFG210
        raise ValueError(x.shape)
    return x
# run: step(torch.ones(4))
---
# not traced, not compiled, not the builtin
import torch
from torch import nn
from .tools import print as show
from rich import print

DEBUG = False

class Net(nn.Module):
    def forward(self, x, input):
        if not torch.compiler.is_compiling():
            breakpoint()
        if DEBUG:
            open("file")
        show("a")
        print("b")
        self.open()
        return input(x)

    def open(self):
        return 1

def main():
    input("train?")
# run: torch.compile(Net())(torch.ones(3), abs)
# beside tools.py: def print(text): pass
# beside rich.py: def print(text): pass
---
# the file lets Dynamo move it behind the graph
import torch
import torch._dynamo

torch._dynamo.config.reorderable_logging_functions.add(print)

@torch.compile
def step(x):
    print("step")
    return x + 1
# run: step(torch.ones(3))
"""
