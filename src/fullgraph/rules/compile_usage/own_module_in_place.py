"""A module of torch's own is compiled in place: up to torch 2.13 nothing is.

## What is wrong

`module.compile()` has Dynamo look at what runs when the module is called, and skip the code of torch itself. Of a
class that you wrote, it comes to your `forward` and compiles that. Of `nn.Linear`, or of an `nn.Sequential` of torch's
own layers, all that runs is torch's: nothing is compiled, and nothing says so. `torch.compile(module)` compiles it, and
so does `module.compile()` from torch 2.14 on. (On torch 2.13 `fullgraph=True` makes it an error at the first call.)

```python bad
import torch
from torch import nn

torch.manual_seed(0)
layer = nn.Linear(3, 1)
layer.compile()  # TFG514


def predict(x: torch.Tensor) -> torch.Tensor:
    return layer(x)


CALL = predict, torch.ones(2, 3)
```

```python bad
import torch
from torch import nn


class Policy:
    def __init__(self) -> None:
        self.head = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
        self.head.compile()  # TFG514

    def act(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x)


torch.manual_seed(0)
CALL = Policy().act, torch.ones(2, 3)
```

## What to do

Call what `torch.compile(layer)` returns, or compile the function that calls the layer:

```python good
import torch
from torch import nn

torch.manual_seed(0)
layer = nn.Linear(3, 1)


@torch.compile
def predict(x: torch.Tensor) -> torch.Tensor:
    return layer(x)


CALL = predict, torch.ones(2, 3)
```

or the module of your own that has it as a part:

```python good
import torch
from torch import nn


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Policy:
    def __init__(self) -> None:
        self.head = Head()
        self.head.compile()

    def act(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x)


torch.manual_seed(0)
CALL = Policy().act, torch.ones(2, 3)
```

## When it is reported

`x.compile()` of a name or attribute that this file sets to a module of `torch.nn` and to nothing else, where a torch
before 2.14 is aimed at. Of an `nn.Sequential` each part must be such a module. Not where the file registers hooks or
parametrizations, which are code of your own.

## How this is known

The blocks above run on torch in fullgraph's tests: up to torch 2.13, in the bad ones no graph is captured although
tensors are computed.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG514",
    "`{what}.compile()` compiles nothing before torch 2.14: all that `{what}` runs is code of torch, which is skipped",
    remedy="write `{what} = torch.compile({what})`, or compile the module that has it as a part",
    since="0.2",
    torch=">=2.2,<2.14",
    effect=Effect.NEVER_CALLED,
)

_DEPTH = 6
_NO_LAYERS = frozenset(
    {"Buffer", "DataParallel", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList"}
)
_GIVES_ITSELF = frozenset({"cpu", "cuda", "double", "eval", "float", "half", "requires_grad_", "to", "train"})


@RULE.method("compile", of=None)
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``layer.compile()``."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as module), args=[]):
            if _is_own(module, ctx, ()) and not ctx.mentions("hook", "parametri"):
                yield ctx.at(node, what=ctx.text(module, limit=30))
        case _:
            return


def _is_own(expr: ast.expr, ctx: Context, through: tuple[str, ...]) -> bool:
    """Whether this surely is a module of torch's, and so are all of its parts."""
    match expr:
        case ast.Name() | ast.Attribute():
            return _is_bound_to_own(expr, ctx, through)
        case ast.Call(func=ast.Attribute(value=module, attr=method)) if method in _GIVES_ITSELF:
            return _is_own(module, ctx, through)
        case ast.Call(func=func):
            names = [path.removeprefix("torch.nn.") for path in ctx.names(func) if path.startswith("torch.nn.")]
            if len(names) != 1 or len(ctx.names(func)) != 1:
                return False
            if names[0] == "Sequential":
                return bool(expr.args) and all(_is_own_part(part, ctx, through) for part in expr.args)
            given: list[ast.expr | ast.keyword] = [*expr.args, *expr.keywords]
            is_layer = names[0].isalnum() and names[0][0].isupper() and names[0] not in _NO_LAYERS
            return is_layer and not any(_may_be_code(part, ctx) for part in given)
        case _:
            return False


def _is_own_part(part: ast.expr, ctx: Context, through: tuple[str, ...]) -> bool:
    match part:
        case ast.Starred(value=ast.ListComp(elt=element) | ast.GeneratorExp(elt=element)):
            return _is_own(element, ctx, through)
        case _:
            return _is_own(part, ctx, through)


def _may_be_code(part: ast.expr | ast.keyword, ctx: Context) -> bool:
    """Whether a layer is given something that it may call: a module, a function, or what nobody knows."""
    match part:
        case ast.keyword(arg=None) | ast.keyword(arg="activation") | ast.Starred() | ast.Lambda():
            return True
        case ast.keyword(value=value):
            return _may_be_code(value, ctx)
        case ast.Name():
            return any(isinstance(each, (ast.FunctionDef, ast.Lambda, ast.Call)) for each in ctx.bindings(part))
        case ast.Call(func=func):
            return any(path.startswith("torch.nn.") for path in ctx.names(func)) or not ctx.names(func)
        case _:
            return False


def _is_bound_to_own(expr: ast.Name | ast.Attribute, ctx: Context, through: tuple[str, ...]) -> bool:
    """Whether all that is assigned to a name or attribute is such a module."""
    text = ast.unparse(expr)
    if text in through or len(through) >= _DEPTH:
        return text in through
    values = [each.value if isinstance(each, ast.AnnAssign) else each for each in ctx.bindings(expr)]
    through = (*through, text)
    return bool(values) and all(isinstance(value, ast.expr) and _is_own(value, ctx, through) for value in values)


CASES = """
import torch
from torch import nn

encoder = nn.Sequential(*[nn.Linear(3, 3) for _ in range(3)], nn.ReLU()).eval()
encoder = encoder.to("cuda")
encoder.compile(mode="reduce-overhead")  # TFG514
norm: nn.LayerNorm = nn.LayerNorm(3)
norm.compile()  # TFG514

class Trainer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = nn.TransformerEncoderLayer(width, 2, dropout=0.0)

    def set_up(self):
        self.attention.compile()  # TFG514
---
# code of the project, or what may be
import re
import torch
from torch import nn

class Own(nn.Module):
    def forward(self, x):
        return x * 2

class Kind(nn.Linear):
    def forward(self, x):
        return super().forward(x) * 2

def activated(x):
    return x * 2

own = Own()
own.compile()
kind = Kind(2, 2)
kind.compile()
mixed = nn.Sequential(nn.Linear(2, 2), Own())
mixed.compile()
layer = nn.TransformerEncoderLayer(2, 2, activation=activated)
layer.compile()
stack = nn.TransformerEncoder(Own(), 2)
stack.compile()
parts = nn.ModuleList([nn.Linear(2, 2)])
parts.compile()
parallel = nn.DataParallel(Own())
parallel.compile()
either = nn.Linear(2, 2)
either = Own()
either.compile()
given = nn.Sequential(*[each for each in mixed])
given.compile()
pattern = re
pattern.compile("x")

def compile_it(model, layers=()):
    model.compile()
    for layer in layers:
        layer.compile()
---
# a hook is code of the project
from torch import nn

layer = nn.Linear(2, 2)
layer.register_forward_hook(print)
layer.compile()
"""
