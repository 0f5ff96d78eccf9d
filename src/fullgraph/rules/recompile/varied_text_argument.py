"""A loop passes another string to compiled code at every turn.

## What is wrong

A string is a constant of the compiled code, as soon as that code uses it: each new one compiles the code again. The
limit is 8 compiled versions; from then on new strings run eagerly without a word, and with `fullgraph=True` the ninth
raises.

```python bad
import torch

scales = {f"layer{number}": torch.full((3,), number + 1.0) for number in range(12)}


@torch.compile
def scaled(x: torch.Tensor, name: str) -> torch.Tensor:
    return x * scales[name]  # TFG306


def run(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for number in range(12):
        total = total + scaled(x, f"layer{number}")
    return total


CALL = run, torch.ones(3)
```

```python bad
import torch
from torch import nn


@torch.compile
def decayed(parameter: torch.Tensor, name: str) -> torch.Tensor:
    rate = 0.0 if name.startswith("0.") else 0.1  # TFG306
    return parameter * (1 - rate)


torch.manual_seed(0)
model = nn.Sequential(*[nn.Linear(2, 2, bias=False) for _ in range(12)])


def total() -> torch.Tensor:
    result = torch.zeros(2, 2)
    for name, parameter in model.named_parameters():
        result = result + decayed(parameter, name)
    return result


CALLS = total, [()]
```

## What to do

Have eager code look up what the string stands for, and pass that:

```python good
import torch

scales = {f"layer{number}": torch.full((3,), number + 1.0) for number in range(12)}


@torch.compile
def scaled(x: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return x * scale


def run(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for number in range(12):
        total = total + scaled(x, scales[f"layer{number}"])
    return total


CALL = run, torch.ones(3)
```

```python good
import torch
from torch import nn


@torch.compile
def decayed(parameter: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    return parameter * (1 - rate)


torch.manual_seed(0)
model = nn.Sequential(*[nn.Linear(2, 2, bias=False) for _ in range(12)])


def total() -> torch.Tensor:
    result = torch.zeros(2, 2)
    for name, parameter in model.named_parameters():
        result = result + decayed(parameter, torch.tensor(0.0 if name.startswith("0.") else 0.1))
    return result


CALLS = total, [()]
```

A string that is only passed on, and used nowhere, costs nothing, and is not reported.

## When it is reported

The first use of an argument of the function that is compiled, where each call comes to it: as a key, in a comparison,
in an f-string, in `getattr`, `len` or a method of the string. And a loop of the project calls the function with
another string at every turn: `f"...{n}"`, `str(n)` or `"..." % n` of what it counts, a name from
`named_parameters()`, `named_buffers()` or `named_modules()`, or one of more than 8 strings that its file writes down.
Of other files those loops count that [TFG305](TFG305.md) counts.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo names for the guards that
failed, at each string up to the limit, and in the good blocks no guard fails that often.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, Variety

RULE = Rule(
    "TFG306",
    "`{name}` is a constant of the compiled code, and the loop {place} passes another string at every turn: each "
    "compiles the code again (8 versions, then new ones run eagerly; with `fullgraph=True` the ninth raises)",
    remedy="look up in eager code what the string stands for, and pass that",
    since="0.2",
)

_READS = frozenset({"builtins.getattr", "builtins.hasattr", "builtins.len"})


@RULE.node(ast.Subscript, where=Traced.CERTAIN)
def subscripted(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report `table[argument]`."""
    yield from _reported(node, node.slice, ctx)


@RULE.node(ast.Compare, where=Traced.CERTAIN)
def compared(node: ast.Compare, ctx: Context) -> Iterator[Hit]:
    """Report a comparison of an argument, apart from those with None."""
    if any(isinstance(operator, (ast.Is, ast.IsNot)) for operator in node.ops):
        return
    for part in (node.left, *node.comparators):
        yield from _reported(node, part, ctx)


@RULE.node(ast.JoinedStr, where=Traced.CERTAIN)
def formatted(node: ast.JoinedStr, ctx: Context) -> Iterator[Hit]:
    """Report an f-string with an argument."""
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            yield from _reported(node, part.value, ctx)


@RULE.node(ast.Call, where=Traced.CERTAIN)
def read(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report `getattr(x, argument)`, `table.get(argument)` and `argument.method()`."""
    match node.func:
        case ast.Attribute(value=ast.Name() as owner, attr=attr):
            if attr == "get" and node.args:
                yield from _reported(node, node.args[0], ctx)
            yield from _reported(node, owner, ctx)
        case ast.Name() as func if not _READS.isdisjoint(ctx.names(func)):
            for argument in node.args:
                yield from _reported(node, argument, ctx)
        case _:
            return


def _reported(node: ast.expr, text: ast.expr, ctx: Context) -> Iterator[Hit]:
    if not isinstance(text, ast.Name) or not ctx.starts_tracing():
        return
    match ctx.bindings(text):
        case (ast.arg() as parameter,):
            place = ctx.loops.varied_at(parameter, Variety.TEXT)
            if place is not None and ctx.is_first_use(text):
                yield ctx.at(node, cause=parameter, name=text.id, place=place)
        case _:
            return


CASES = """
import torch
from torch import nn

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")


@torch.compile
def compared(x, name):
    if name == "a":  # TFG306
        return x + 1
    return x - 1 if name == "b" else x * 2


@torch.compile
def stored(x, name):
    return x + len(f"at {name}")  # TFG306


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict({name: nn.Linear(3, 3) for name in NAMES})

    def forward(self, x, name):
        return getattr(self.heads, name)(x)  # TFG306


net = torch.compile(Net())


def run(x):
    for name in NAMES:
        x = compared(x, name)
        x = net(x, name=name)
    for number in range(100):
        name = "part%d" % number
        x = stored(x, name)
    return x
# run: run(torch.ones(3))
---
# few strings, the same string, one that is only passed on, a tensor's name for a key outside
import torch


@torch.compile
def few(x, name):
    return x - 1 if name == "a" else x + 1


@torch.compile
def passed_on(x, name):
    return helper(x, name)


@torch.compile
def first_none(x, name):  # unreported
    y = x if name is None else x + 1
    return y * len(name)


@torch.compile
def conditional(x, name):
    if x.shape[0] > 3:
        return x * len(name)
    return x


@torch.compile
def numbered(x, number):
    return x if number == 3 else x + 1


def helper(x, name):
    return x + 1


def eager(x, name):
    return x * len(name)


def run(x, mode, modes, table):
    for name in ("a", "b"):
        x = few(x, name)
    for name in modes:
        x = few(x, name)
    for number in range(100):
        x = few(x, mode)
        x = few(x, f"{mode}")
        x = passed_on(x, f"part{number}")
        x = first_none(x, f"part{number}")
        x = conditional(x, f"part{number}")
        x = numbered(x, number)
        x = eager(x, f"part{number}")
    for number in range(3):
        x = few(x, f"part{number}")
    return x
# run: run(torch.ones(3), "a", ["a", "b"], {})
"""
