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
or list that is written out there and holds one (both up to torch 2.12: of anything); `globals`, `exec`, `compile`,
`__import__`, `importlib.import_module`, frames, source code and sizes of objects, `dir()` of a tensor or an object
and without argument, and `set` of a `ContextVar`, in traced code. A copy of plain data is traced from 2.13 on,
`eval`, `locals`, `hash`, `vars`, `dataclasses.asdict` and `astuple` too; `get` of a `ContextVar` and
`callable(x.sum)`, a method of a tensor, from 2.14, and making a `types.SimpleNamespace` from 2.15.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too, with the differences that are
named above (`dir`, `vars`, `hash`, `callable`, the context variables, namespaces and data classes: on 2.9, 2.11 and
2.13 to 2.15).
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced, values

RULE = Rule(
    "TFG215",
    "`{call}` in traced code splits the graph",
    remedy="{remedy}",
    since="0.2",
)

_REFLECTION = {
    "builtins.__import__": "",
    "builtins.compile": "",
    "builtins.eval": ">=2.2,<2.13",
    "builtins.exec": "",
    "builtins.globals": "",
    "builtins.hash": ">=2.2,<2.13",
    "builtins.locals": ">=2.2,<2.13",
    "dataclasses.asdict": ">=2.2,<2.13",
    "dataclasses.astuple": ">=2.2,<2.13",
    "importlib.import_module": "",
    "inspect.currentframe": "",
    "inspect.getsource": "",
    "inspect.stack": "",
    "sys._getframe": "",
    "sys.getrefcount": "",
    "sys.getsizeof": "",
    "types.SimpleNamespace": ">=2.2,<2.15",
}
_TO_2_12 = ">=2.2,<2.13"
_TO_2_13 = ">=2.2,<2.14"
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
    if not call.args or _is_object(call.args[0], ctx) or ctx.value(call.args[0]).tensor is not None:
        yield ctx.at(call, call=ctx.text(call), remedy=_ELSEWHERE)


@RULE.call("builtins.vars", where=Traced.POSSIBLE)
def reads_attributes(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``vars(self)``, on releases that trace no more than ``vars(self)["name"]``."""
    is_asked = ctx.aims_at(_TO_2_12) and not isinstance(ctx.parent(call), ast.Subscript)
    if is_asked and (not call.args or _is_object(call.args[0], ctx)):
        yield ctx.at(call, call=ctx.text(call), remedy=_ELSEWHERE)


@RULE.call("builtins.callable", where=Traced.POSSIBLE)
def asks_of_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``callable(x.sum)``."""
    match call.args:
        case [ast.Attribute(value=owner)] if ctx.aims_at(_TO_2_13) and ctx.value(owner).tensor is not None:
            yield ctx.at(call, call=ctx.text(call), remedy=_ELSEWHERE)
        case _:
            return


@RULE.method("get", "set", of=None, where=Traced.POSSIBLE)
def uses_context(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``variable.get()`` and ``variable.set(...)`` of a ``contextvars.ContextVar``."""
    match call.func:
        case ast.Attribute(value=ast.Name() as owner, attr=attr):
            breaks = (attr == "set" and len(call.args) == 1) or ctx.aims_at(_TO_2_13)
            if breaks and set(ctx.made_by(owner)) == {"contextvars.ContextVar"}:
                yield ctx.at(call, call=ctx.text(call.func), remedy=_ELSEWHERE)
        case _:
            return


def _is_object(value: ast.expr, ctx: Context) -> bool:
    """Whether a value is surely an instance of a class that is written in Python."""
    if ctx.is_self(value) or isinstance(ctx.value(value), values.Instance) or _is_module(value, ctx):
        return True
    return set(ctx.made_by(value)) == {"types.SimpleNamespace"}


@RULE.call("copy.copy", where=Traced.POSSIBLE)
def copies(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a shallow copy of something that is known."""
    match call.args:
        case [value]:
            known = ctx.is_tensor(value) or ctx.kind(value) is Kind.DICT or _is_list_or_dict(value, ctx)
            if ctx.aims_at(_TO_2_12) or known or _is_module(value, ctx):
                yield ctx.at(call, call=ctx.text(call), remedy=_OF_VALUES)
        case _:
            return


def _is_list_or_dict(value: ast.expr, ctx: Context) -> bool:
    match ctx.value(value):
        case values.Sequence(mutable=True) | values.Mapping():
            return True
        case _:
            return isinstance(value, ast.List)


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
            return ctx.is_tensor(value)


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
import types
from contextvars import ContextVar
from copy import deepcopy
import torch
from torch import nn

DEPTH = ContextVar("depth", default=2)

class CompilableVar:
    def __init__(self):
        self.variable = ContextVar("v")
        self.is_compiling = True

    def get(self):
        return 3 if self.is_compiling else self.variable.get()

WRAPPED = CompilableVar()

class Net(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.twin = copy.deepcopy(self.layer)
        self.given = deepcopy(layer)

    def forward(self, x: torch.Tensor):
        y = deepcopy(x)  # TFG215
        table = copy.copy({"a": 1})  # TFG215
        sizes = [part.shape[0] for part in (x, y)]
        some = copy.copy(sizes), copy.copy((1, 2)), copy.copy(x.shape)  # TFG215
        z = deepcopy([x, 1])  # TFG215
        mine = copy.copy(self)  # TFG215
        frame = inspect.currentframe()  # TFG215
        exec("a = 1")  # TFG215
        known = dir(self), dir(), dir(x), dir(self.layer)  # TFG215, TFG215, TFG215, TFG215
        depth = DEPTH.get() + WRAPPED.get()  # TFG215
        DEPTH.set(3)  # TFG215
        space = types.SimpleNamespace(a=x)  # TFG215
        if isinstance(x, torch.Tensor) and callable(x.sum):  # TFG215
            return x
        return self.layer(x)
# run: torch.compile(Net(nn.Linear(3, 3)))(torch.ones(3))
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
        mine = copy.copy(self.config)  # unreported
        given = copy.deepcopy(kwargs)
        scope = locals()
        two = eval("1 + 1")
        functions = dir(torch)
        names = inspect.signature(self.other).parameters
        import string
        key = hash((1, 2)), kwargs.get("a"), CONFIG.get("a"), dir(kwargs), dir(Net)
        asked = callable(kwargs), callable(self.other)
        return x.clone() + len(vars(self.config))

    def other(self, x):
        return x
# run: torch.compile(Net(types.SimpleNamespace(a=1)))(torch.ones(3), {"a": 1})
"""
