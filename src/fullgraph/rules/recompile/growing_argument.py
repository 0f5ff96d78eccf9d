"""A loop passes a list or dict to compiled code that is longer at every turn.

## What is wrong

The length of a list, and the keys of a dict, are constants of the compiled code as soon as that code looks into it:
each turn of a loop that adds to it and passes it on compiles the code again. The limit is 8 compiled versions; from
then on the code runs eagerly without a word, and with `fullgraph=True` the ninth call raises. `outputs[-1]` looks into
it, too.

```python bad
import torch


@torch.compile
def following(x: torch.Tensor, history: list[torch.Tensor]) -> torch.Tensor:
    return x + history[-1] * 0.5  # TFG307


def run(x: torch.Tensor) -> torch.Tensor:
    history = [x]
    for _ in range(12):
        x = following(x, history)
        history.append(x)
    return x


CALL = run, torch.ones(3)
```

```python bad
import torch


@torch.compile
def averaged(x: torch.Tensor, seen: dict[int, torch.Tensor]) -> torch.Tensor:
    return x / len(seen)  # TFG307


def run(x: torch.Tensor) -> torch.Tensor:
    seen = {}
    for step in range(12):
        seen[step] = x
        x = x + averaged(x, seen)
    return x


CALL = run, torch.ones(3)
```

## What to do

Pass what the code needs, as a tensor:

```python good
import torch


@torch.compile
def following(x: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    return x + last * 0.5


def run(x: torch.Tensor) -> torch.Tensor:
    history = [x]
    for _ in range(12):
        x = following(x, history[-1])
        history.append(x)
    return x


CALL = run, torch.ones(3)
```

```python good
import torch


@torch.compile
def averaged(x: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    return x / count


def run(x: torch.Tensor) -> torch.Tensor:
    seen = {}
    for step in range(12):
        seen[step] = x
        x = x + averaged(x, torch.tensor(len(seen)))
    return x


CALL = run, torch.ones(3)
```

Where it needs all of them, write them into a tensor that has room for all, and say how many are valid.

## When it is reported

The first use of an argument of the function that is compiled, where each call comes to it, and looks into it: its
length, its truth, an item, a loop over it, or a function of torch that takes it. And a loop of the project adds to
a list or dict at every turn, which is made empty or in place before it and never made shorter, and calls the function
with it. Not where the loop has no more than 8 turns. Of other files those loops count that [TFG305](TFG305.md) counts.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo names for the guards that
failed, at each length up to the limit, and in the good blocks no guard fails that often.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, Variety

RULE = Rule(
    "TFG307",
    "the loop {place} passes `{name}` longer at every turn, and each length compiles the code again (8 versions, "
    "then it runs eagerly; with `fullgraph=True` the ninth call raises)",
    remedy="pass what is needed of it as a tensor, or write into one that has room for all",
    since="0.2",
)

_GO_THROUGH = frozenset(
    {
        "builtins.enumerate",
        "builtins.len",
        "builtins.list",
        "builtins.reversed",
        "builtins.sum",
        "builtins.tuple",
        "builtins.zip",
    }
)
_VIEWS = frozenset({"items", "keys", "values"})


@RULE.node(ast.Call, where=Traced.CERTAIN)
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report `len(argument)`, `torch.stack(argument)`, `argument.values()` and their kin."""
    match node.func:
        case ast.Attribute(value=ast.Name() as owner, attr=attr) if attr in _VIEWS:
            yield from _reported(node, owner, (Variety.DICT,), ctx)
        case ast.Name() | ast.Attribute():
            names = [each for each in node.args if isinstance(each, ast.Name)]
            paths = ctx.names(node.func) if names else ()
            if any(path.startswith("torch.") for path in paths):
                varieties: tuple[Variety, ...] = (Variety.LIST,)
            elif not _GO_THROUGH.isdisjoint(paths):
                varieties = (Variety.LIST, Variety.DICT)
            else:
                return
            for name in names:
                yield from _reported(node, name, varieties, ctx)
        case _:
            return


@RULE.node(ast.Subscript, where=Traced.CERTAIN)
def subscripted(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report `argument[index]`."""
    if isinstance(node.ctx, ast.Load):
        yield from _reported(node, node.value, (Variety.LIST,), ctx)


@RULE.node(ast.For, ast.comprehension, where=Traced.CERTAIN)
def looped(node: ast.For | ast.comprehension, ctx: Context) -> Iterator[Hit]:
    """Report a loop over an argument."""
    yield from _reported(node.iter, node.iter, (Variety.LIST, Variety.DICT), ctx)


@RULE.node(ast.If, ast.IfExp, where=Traced.CERTAIN)
def tested(node: ast.If | ast.IfExp, ctx: Context) -> Iterator[Hit]:
    """Report the truth of an argument."""
    yield from _reported(node.test, node.test, (Variety.LIST, Variety.DICT), ctx)


def _reported(node: ast.expr, held: ast.expr, varieties: tuple[Variety, ...], ctx: Context) -> Iterator[Hit]:
    if not isinstance(held, ast.Name) or not ctx.starts_tracing():
        return
    match ctx.bindings(held):
        case (ast.arg() as parameter,):
            places = (ctx.loops.varied_at(parameter, each) for each in varieties)
            place = next((each for each in places if each is not None), None)
            if place is not None and ctx.is_first_use(held):
                yield ctx.at(node, cause=parameter, name=held.id, place=place)
        case _:
            return


CASES = """
import torch
from torch import nn


@torch.compile
def stacked(parts):
    return torch.stack(parts).sum(0)  # TFG307


class Net(nn.Module):
    def forward(self, x, parts, table):
        for part in parts:  # TFG307
            x = x + part
        return x + torch.stack([each for each in table.values()]).sum(0)  # TFG307


net = torch.compile(Net())


def run(x, steps):
    parts: list[torch.Tensor] = list()
    table = dict()
    step = 0
    while step < steps:
        parts.append(x)
        table[f"step{step}"] = x
        x = stacked(parts)
        x = net(x, parts, table=table)
        step += 1
    return x
# run: run(torch.ones(3), 20)
---
# as long as before, shortened, only passed on, conditional, few turns, eager
import torch


@torch.compile
def looks(x, parts):  # unreported
    return x + len(parts)


@torch.compile
def passes_on(x, parts):
    return helper(x, parts)


@torch.compile
def adds(x, parts):
    parts.append(x)
    return x


def helper(x, parts):
    return x + 1


def run(x, given):
    parts, window, fixed, rare, fresh = [], [], [x, x], [], []
    for step in range(100):
        given.append(x)
        x = looks(x, given)
    for step in range(100):
        window.append(x)
        window.pop(0)
        x = looks(x, window)
        x = looks(x, fixed)
        if step % 50 == 0:
            rare.append(x)
        x = looks(x, rare)
        fresh = []
        fresh.append(x)
        x = looks(x, fresh)
    return x


def run_more(x):
    parts = []
    for step in range(100):
        parts.append(x)
        x = passes_on(x, parts)
        x = adds(x, parts)
        x = helper(x, parts)
    few = []
    for step in range(4):
        few.append(x)
        x = looks(x, few)
    return x


def run_dict(x):
    table = {}
    for step in range(100):
        table["last"] = x
        x = looks(x, table)
    return x
# run: run(torch.ones(3), [])
# run: run_more(torch.ones(3))
# run: run_dict(torch.ones(3))
"""
