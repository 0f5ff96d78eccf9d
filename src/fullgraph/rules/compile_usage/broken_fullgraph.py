"""What is compiled with `fullgraph=True` surely comes to a graph break, so that it raises.

## What is wrong

`fullgraph=True` promises that the function is one graph. Where Dynamo has to break the graph it raises instead, at the
first call, wherever that is. The break itself is a finding of its own; this one stands where the promise is made, and
says where it is broken.

```python bad
import torch


@torch.compile(fullgraph=True)  # TFG512
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    print(y.shape)
    return y + 1


CALL = step, torch.ones(3)
```

The break may be in a function that is called on the way:

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def clipped(self, x: torch.Tensor) -> torch.Tensor:
        if x.abs().max() > 1:
            x = x / x.abs().max()
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.clipped(self.linear(x))


torch.manual_seed(0)
net = torch.compile(Net(), fullgraph=True)  # TFG512

CALL = net, torch.ones(2, 3)
```

## What to do

Repair what breaks the graph, as its own finding says:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def clipped(self, x: torch.Tensor) -> torch.Tensor:
        return x / x.abs().max().clamp(min=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.clipped(self.linear(x))


torch.manual_seed(0)
net = torch.compile(Net(), fullgraph=True)

CALL = net, torch.ones(2, 3)
```

or have it outside:

```python good
import torch


@torch.compile(fullgraph=True)
def compiled(x: torch.Tensor) -> torch.Tensor:
    return x.sin() + 1


def step(x: torch.Tensor) -> torch.Tensor:
    print(x.shape)
    return compiled(x)


CALL = step, torch.ones(3)
```

Or drop `fullgraph=True`, and accept that the graph is split.

## When it is reported

`@torch.compile(fullgraph=True)`, `torch.compile(x, fullgraph=True)` and `module.compile(fullgraph=True)`, where a rule
about graph breaks (TFG2) is certain of one, and each call comes to it: in the function that is compiled, or in
functions of the same file that it surely calls; not under a condition, behind a `return` that may come first, or in a
loop that may have no turn. Where the break is in another file, its own finding says that it raises. Not for breaks
that `fullgraph=True` captures on the releases aimed at, as it does with `.item()` since torch 2.10. The rules about
graph breaks that are on by default run for this, whether they are selected or not. Silent in a `try` with a handler,
and in files that expect errors, as tests do: with `raises` or `assertRaises`.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad ones `torch.compile` returns, and Dynamo's error leaves
the first call. The bad blocks of all rules about graph breaks were also tried with `fullgraph=True` on torch 2.4, 2.9
and 2.13: each raises, except where the rule knows that it is captured. A handler in whose `try` nothing else is called
does not see the error (TFG504), so that it is reported there.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, DefNode, Effect, Hit, Rule

RULE = Rule(
    "TFG512",
    "every call of `{name}` raises: it is compiled with `fullgraph=True`, and surely comes to a graph break",
    remedy="repair the break, or drop `fullgraph=True`",
    since="0.2",
    mentions=("fullgraph",),
    effect=Effect.RAISED_LATER,
    needs=Effect.GRAPH_BREAK,
)

_EXPECTS_ERRORS = ("raises(", "assertRaises")


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a promise of one graph that is surely broken."""
    if not _promises(node) or ctx.names(node.func) != ("torch.compile",) or ctx.mentions(*_EXPECTS_ERRORS):
        return
    given = ctx.compiling.given(node)
    functions = _decorated(node, ctx) if given is None else ctx.compiling.functions_of(given)
    yield from _broken(node, functions, given, ctx)


@RULE.method("compile", of=None)
def compiled_in_place(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the same promise of ``module.compile(fullgraph=True)``."""
    match node:
        case ast.Call(func=ast.Attribute(value=given) as func, args=[]) if _promises(node):
            if not ctx.names(func) and not ctx.compiling.methods_entered(func) and not ctx.mentions(*_EXPECTS_ERRORS):
                functions = tuple(each for each in ctx.compiling.functions_of(given) if each.name == "forward")
                yield from _broken(node, functions, given, ctx)
        case _:
            return


def _broken(node: ast.Call, functions: tuple[DefNode, ...], given: ast.expr | None, ctx: Context) -> Iterator[Hit]:
    if len(functions) != 1 or _is_attempt(node, ctx):
        return
    if places := ctx.surely_run(functions[0]):
        name = functions[0].name if given is None else ctx.text(given, limit=40)
        yield ctx.at(node, breaks_in=places, name=name)


def _is_attempt(node: ast.AST, ctx: Context) -> bool:
    """Whether a handler is there for what goes wrong, and something in its `try` may call what is compiled."""
    own = sum(isinstance(part, ast.Call) for part in ast.walk(node))
    child, parent = node, ctx.parent(node)
    while parent is not None:
        if isinstance(parent, ast.Try) and child in parent.body and parent.handlers:
            parts = (part for statement in parent.body for part in ast.walk(statement))
            return sum(isinstance(part, ast.Call) for part in parts) > own
        child, parent = parent, ctx.parent(parent)
    return False


def _promises(call: ast.Call) -> bool:
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(arg="fullgraph", value=ast.Constant(value=True)):
                return True
            case _:
                continue
    return False


def _decorated(call: ast.Call, ctx: Context) -> tuple[DefNode, ...]:
    match ctx.parent(call):
        case ast.FunctionDef(decorator_list=[only]) as function if only is call:
            return (function,)
        case _:
            return ()


CASES = """
import torch
from torch import nn

def helper(x, names):
    y = [name for name in names]
    for _ in range(3):
        print(x)
    return x

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()

    def forward(self, x: torch.Tensor, flag=False):
        if x is None:
            raise ValueError("x")
        with torch.no_grad():
            return self.part(x)

class Part(nn.Module):
    def forward(self, x: torch.Tensor):
        try:
            x = helper(x, ["a"])
        finally:
            x = x + 1
        return x

net = Net()
fast = torch.compile(net, fullgraph=True, dynamic=False)  # TFG512
other = torch.compile(Part(), fullgraph=True)  # TFG512
slow = torch.compile(net, fullgraph=False)
third = Net()
third.compile(fullgraph=True)  # TFG512
---
# not at each call
import torch

@torch.compile(fullgraph=True)
def under_condition(x: torch.Tensor, verbose=False):
    if verbose:
        print(x)
    y = verbose and print(x)
    z = print(x) if verbose else None
    return x

@torch.compile(fullgraph=True)
def behind_return(x: torch.Tensor, early=False):
    if early:
        return x
    print(x)
    return x + 1

@torch.compile(fullgraph=True)
def in_loop(x: torch.Tensor, n: int):
    for _ in range(n):
        print(x)
    while n < 3:
        print(x)
    return [print(y) for y in range(n)]

@torch.compile(fullgraph=True)
def defines(x: torch.Tensor):
    def later():
        print(x)
    return x + 1

@torch.compile(fullgraph=True)
def only_fails(x: torch.Tensor):
    if x.shape[0] > 3:
        print(x)
        raise ValueError
    return x

@torch.compile
def may_break(x: torch.Tensor):
    print(x)
    return x

def eager(x):
    print(x)
    return under_condition(x)
---
# attempted
import torch

def breaks(x: torch.Tensor):
    print(x)
    return x

def build(x):
    try:
        fast = torch.compile(breaks, fullgraph=True)
        fast(x)
    except Exception:
        fast = breaks
    return fast

def build_later():
    try:
        return torch.compile(breaks, fullgraph=True)  # TFG512
    except Exception:
        return breaks
---
# expected
import pytest
import torch

@torch.compile(fullgraph=True)
def breaks(x: torch.Tensor):
    print(x)
    return x

def test_breaks():
    with pytest.raises(Exception):
        breaks(torch.ones(3))
"""
