"""Traced code builds a parameter or module, or registers a hook.

## What is wrong

What a module is made of has to exist before Dynamo traces it. Making a parameter, or a module that has parameters,
splits the graph; in a class of one's own the call of `super().__init__()` does so once more. Registering a hook
splits it as well, and loading a state dict.

```python bad
import torch
from torch import nn


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    norm = nn.LayerNorm(3)  # TFG218
    return norm(y) * 2


CALL = step, torch.ones(3)
```

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        self.norm.register_forward_hook(print)  # TFG218
        return (y + 1) * 2


CALL = torch.compile(Net()), torch.ones(3)
```

## What to do

Build modules in `__init__`, or use the function that does the same; register hooks when the module is built:

```python good
import torch
from torch.nn import functional as F


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    return F.layer_norm(y, (3,)) * 2


CALL = step, torch.ones(3)
```

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(3)
        self.norm.register_forward_hook(print)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        return (y + 1) * 2


CALL = torch.compile(Net()), torch.ones(3)
```

Modules without parameters, such as `nn.ReLU()`, `nn.Softmax(dim=-1)` or `nn.MSELoss()`, may be built in traced code,
and so may buffers.

## When it is reported

`nn.Parameter(...)` of a tensor computed there, and constructors of modules of `torch.nn` that have parameters, in
traced code outside of `__init__`; not with `affine=False` or `elementwise_affine=False`. Registering forward and
backward hooks, and `load_state_dict`. `nn.Parameter` alone only where torch 2.9 or later is aimed at.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. On
torch 2.2 to 2.6 `nn.Parameter(...)` is traced, and a module that is built there is an error.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG218",
    "`{call}` in traced code splits the graph",
    remedy="{remedy}",
    since="0.2",
)

_PARAMETERS = ("torch.nn.Parameter", "torch.nn.parameter.Parameter")
_MODULES = tuple(
    f"torch.nn.{name}"
    for name in (
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "Bilinear",
        "Conv1d",
        "Conv2d",
        "Conv3d",
        "ConvTranspose1d",
        "ConvTranspose2d",
        "ConvTranspose3d",
        "Embedding",
        "EmbeddingBag",
        "GRU",
        "GRUCell",
        "GroupNorm",
        "LSTM",
        "LSTMCell",
        "LayerNorm",
        "LazyLinear",
        "Linear",
        "MultiheadAttention",
        "PReLU",
        "RMSNorm",
        "RNN",
        "TransformerDecoderLayer",
        "TransformerEncoderLayer",
    )
)
_SINCE = ">=2.9"
_WITHOUT = frozenset({"affine", "elementwise_affine"})
_HOOKS = ("register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook")
_IN_INIT = "build it in `__init__`, or use the function of `torch.nn.functional`"
_BEFORE = "do it when the module is built"


@RULE.call(*_PARAMETERS, where=Traced.POSSIBLE)
def makes_parameter(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``nn.Parameter(...)``."""
    known = bool(call.args) and isinstance(call.args[0], (ast.Call, ast.BinOp, ast.UnaryOp))
    if known and ctx.aims_at(_SINCE) and not _is_in_constructor(ctx):
        yield ctx.at(call, call=ctx.text(call), remedy=_IN_INIT)


@RULE.call(*_MODULES, where=Traced.POSSIBLE)
def makes_module(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``nn.Linear(...)``, unless it is told to have no parameters."""
    if _is_in_constructor(ctx):
        return
    without = any(
        item.arg is None or (item.arg in _WITHOUT and not (isinstance(item.value, ast.Constant) and item.value.value))
        for item in call.keywords
    )
    if not without:
        yield ctx.at(call, call=ctx.text(call), remedy=_IN_INIT)


@RULE.method(*_HOOKS, of=None, where=Traced.POSSIBLE)
def registers(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``self.layer.register_forward_hook(...)``."""
    if not _is_in_constructor(ctx) and not ctx.enters_known_code(call):
        yield ctx.at(call, call=ctx.text(call.func), remedy=_BEFORE)


@RULE.method("remove", of=None, where=Traced.POSSIBLE)
def removes(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``handle.remove()`` of a hook that was registered there."""
    match call.func:
        case ast.Attribute(value=ast.Name() as receiver):
            bindings = ctx.bindings(receiver)
            if bindings and all(_registers_hook(binding) for binding in bindings):
                yield ctx.at(call, call=ctx.text(call.func), remedy=_BEFORE)
        case _:
            return


def _registers_hook(binding: ast.AST) -> bool:
    match binding:
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _HOOKS
        case _:
            return False


@RULE.method("load_state_dict", of=None, where=Traced.POSSIBLE)
def loads(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``module.load_state_dict(...)``."""
    match call.func:
        case ast.Attribute(value=receiver):
            makers = ctx.made_by(receiver)
            if ctx.is_module_self(receiver) or (makers and all(path.startswith("torch.nn.") for path in makers)):
                yield ctx.at(call, call=ctx.text(call.func), remedy=_BEFORE)
        case _:
            return


def _is_in_constructor(ctx: Context) -> bool:
    function = ctx.function()
    return function is not None and function.name == "__init__"


CASES = """
import torch
from torch import nn
from torch.nn import Parameter

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.lazy = None
        self.state = nn.Linear(3, 3).state_dict()

    def forward(self, x):
        if self.lazy is None:
            self.lazy = nn.Linear(x.shape[-1], 3)  # TFG218
        p = Parameter(x * 2)  # TFG218
        norm = nn.BatchNorm1d(3, affine=True)  # TFG218
        self.layer.load_state_dict(self.state)  # TFG218
        handle = self.layer.register_forward_pre_hook(self.hook)  # TFG218
        handle.remove()  # TFG218
        return self.build()(x)

    def build(self):
        return nn.Conv1d(3, 3, 1)  # TFG218

    def hook(self, *args):
        return None
# run: torch.compile(Net())(torch.ones(3, 3))
---
# modules without parameters, buffers, and what is built where it should be
import torch
from torch import nn
from torch.nn import functional as F

class Part(nn.Module):
    def __init__(self):
        super().__init__()  # unreported
        self.p = nn.Parameter(torch.ones(3))  # unreported
        self.register_forward_hook(print)
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        return x * self.p

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.setup()

    def setup(self):
        self.layer = nn.Linear(3, 3)

    def forward(self, x, affine, store, items):
        items.remove(1)
        x = nn.ReLU()(nn.Softmax(dim=-1)(x)) + nn.MSELoss()(x, x)
        x = nn.LayerNorm(3, elementwise_affine=False)(nn.BatchNorm1d(3, affine=affine)(x))
        self.register_buffer("table", torch.ones(3))
        given = nn.Parameter(x), nn.Parameter(self.table)  # unreported
        store.load_state_dict({})  # unreported
        if isinstance(self.layer.weight, nn.Parameter):
            x = F.linear(x, self.layer.weight)
        x.register_hook(print)  # unreported
        return Part()(x)  # unreported
# run: torch.compile(Net())(torch.ones(3, 3, requires_grad=True), False, nn.ReLU(), [1, 2])
"""
