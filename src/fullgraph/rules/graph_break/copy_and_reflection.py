"""Traced code copies a tensor or module, or inspects the interpreter.

## What is wrong

`copy.copy` and `copy.deepcopy` of a tensor or module are no tensor operations for Dynamo, and what looks at frames,
source code or names in scope cannot be recorded: the graph is split there.

```python bad
import copy

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        frozen = copy.deepcopy(self.linear)  # TFG215
        return frozen(x) * 0 + 1


CALL = torch.compile(Net()), torch.ones(3)
```

```python bad
import copy
import importlib

import torch

SCALE = 2


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = copy.copy(x.sin())  # TFG215
    y = y + 1
    math = importlib.import_module("math")  # TFG215
    y = y * globals()["SCALE"]  # TFG215
    return y * math.sqrt(4)


CALL = step, torch.ones(3)
```

## What to do

Copy tensors with `clone`, copy modules where they are built, and name what is meant:

```python good
import math

import torch

SCALE = 2


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin().clone()
    y = y + 1
    y = y * SCALE
    return y * math.sqrt(4)


CALL = step, torch.ones(3)
```

```python good
import copy

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.frozen = copy.deepcopy(self.linear)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.frozen(x) * 0 + 1


CALL = torch.compile(Net()), torch.ones(3)
```

An `import` statement in a function is no graph break.

## When it is reported

`copy.copy` of what is surely a tensor, dict, list or module, and `copy.deepcopy` of a tensor or module or of a dict
or list that is written out there and holds one (up to torch 2.12: of anything); `globals`, `exec`, `compile`,
`__import__`, `dir(self)`, `importlib.import_module`, frames, source code and sizes of objects, in traced code. A
`deepcopy` of plain data is traced from 2.13 on, `eval` and `locals` too.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too, with the differences that are
named above.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced

RULE = Rule(
    "TFG215",
    "`{call}` in traced code splits the graph",
    remedy="{remedy}",
    since="0.1",
)

_REFLECTION = {
    "builtins.__import__": "",
    "builtins.compile": "",
    "builtins.eval": ">=2.2,<2.13",
    "builtins.exec": "",
    "builtins.globals": "",
    "builtins.locals": ">=2.2,<2.13",
    "importlib.import_module": "",
    "inspect.currentframe": "",
    "inspect.getsource": "",
    "inspect.stack": "",
    "sys._getframe": "",
    "sys.getrefcount": "",
    "sys.getsizeof": "",
}
_TO_2_12 = ">=2.2,<2.13"
_OF_VALUES = "copy tensors with `clone`, and modules where they are built"
_ELSEWHERE = "do it outside of the compiled function"


@RULE.call(*_REFLECTION, where=Traced.POSSIBLE)
def reflects(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what inspects the interpreter."""
    if any(path in _REFLECTION and ctx.aims_at(_REFLECTION[path]) for path in ctx.names(call.func)):
        yield ctx.at(call, call=ctx.text(call.func), remedy=_ELSEWHERE)


@RULE.call("builtins.dir", where=Traced.POSSIBLE)
def lists_names(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``dir(self)``."""
    match call.args:
        case [value] if ctx.is_self(value):
            yield ctx.at(call, call=ctx.text(call), remedy=_ELSEWHERE)
        case _:
            return


@RULE.call("copy.copy", where=Traced.POSSIBLE)
def copies(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a shallow copy of something that is known."""
    match call.args:
        case [value]:
            kind = ctx.kind(value)
            if kind in (Kind.TENSOR, Kind.DICT) or isinstance(value, ast.List) or _is_module(value, ctx):
                yield ctx.at(call, call=ctx.text(call), remedy=_OF_VALUES)
        case _:
            return


@RULE.call("copy.deepcopy", where=Traced.POSSIBLE)
def copies_deeply(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a deep copy of a tensor or module, or of anything on releases that trace none."""
    match call.args:
        case [value, *_]:
            if ctx.aims_at(_TO_2_12) or _holds_tensor(value, ctx) or _is_module(value, ctx):
                yield ctx.at(call, call=ctx.text(call), remedy=_OF_VALUES)
        case _:
            return


def _holds_tensor(value: ast.expr, ctx: Context) -> bool:
    match value:
        case ast.Dict(values=items) | ast.List(elts=items) | ast.Tuple(elts=items):
            return any(_holds_tensor(item, ctx) for item in items)
        case _:
            return ctx.kind(value) is Kind.TENSOR


def _is_module(value: ast.expr, ctx: Context) -> bool:
    """Whether a value is surely a module: ``self`` of one, or made by a class of ``torch.nn``."""
    if ctx.is_module_self(value):
        return True
    makers = ctx.made_by(value)
    return bool(makers) and all(_is_module_class(path) for path in makers)


def _is_module_class(path: str) -> bool:
    head, _, name = path.rpartition(".")
    return head in ("torch.nn", "torch.nn.modules") and name[:1].isupper()


CASES = """
import copy
import inspect
from copy import deepcopy
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.twin = copy.deepcopy(self.layer)
        self.given = deepcopy(layer)

    def forward(self, x: torch.Tensor):
        y = deepcopy(x)  # TFG215
        y = copy.copy({"a": 1})  # TFG215
        z = deepcopy([x, 1])  # TFG215
        mine = copy.copy(self)  # TFG215
        frame = inspect.currentframe()  # TFG215
        exec("a = 1")  # TFG215
        known = dir(self)  # TFG215
        return self.layer(x)
---
# plain data is traced, and of what is unknown nothing is said
import copy
import inspect
import torch
from torch import nn

CONFIG = {"a": 1}

class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config

    def forward(self, x, kwargs):
        config = copy.deepcopy(CONFIG)
        mine = copy.copy(self.config)
        given = copy.deepcopy(kwargs)
        scope = locals()
        two = eval("1 + 1")
        functions = dir(torch)
        names = inspect.signature(self.other).parameters
        import string
        return x.clone() + len(vars(self.config))

    def other(self, x):
        return x
"""
