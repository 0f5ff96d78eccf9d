"""A generator function is given to `torch.compile`: nothing is compiled.

## What is wrong

Calling a generator function runs nothing of it, so that there is nothing for `torch.compile` to compile. What runs
later, with each `next()`, runs eagerly, and so does all that it calls. No warning says so;
with `fullgraph=True` torch 2.15 raises, and 2.4 does not.

```python bad
from collections.abc import Iterator

import torch


@torch.compile  # TFG513
def layers(x: torch.Tensor) -> Iterator[torch.Tensor]:
    yield x.sin() + 1
    yield x.cos() + 1


def run(x: torch.Tensor) -> torch.Tensor:
    return torch.stack(list(layers(x)))


CALL = run, torch.ones(3)
```

## What to do

Compile a function that returns what is computed; it may loop over a generator, which is traced:

```python good
from collections.abc import Iterator

import torch


def layers(x: torch.Tensor) -> Iterator[torch.Tensor]:
    yield x.sin() + 1
    yield x.cos() + 1


@torch.compile
def run(x: torch.Tensor) -> torch.Tensor:
    return torch.stack(list(layers(x)))


CALL = run, torch.ones(3)
```

## When it is reported

Where `torch.compile` is the decorator next to a generator function, or is given one of this file by its name. Not for
coroutines.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad one, no graph is captured although tensors are computed.
So it was on torch 2.4 to 2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG513",
    "`{name}` is a generator function, of which `torch.compile` compiles nothing",
    remedy="compile a function that returns what is computed, which may loop over the generator",
    since="0.2",
    effect=Effect.NEVER_CALLED,
)

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@RULE.node(ast.FunctionDef)
def decorated(node: ast.FunctionDef, ctx: Context) -> Iterator[Hit]:
    """Report ``@torch.compile`` next to a generator function."""
    if node.decorator_list and _compiles(node.decorator_list[-1], ctx) and _is_generator(node):
        yield ctx.at(node.decorator_list[-1], name=node.name)


@RULE.call("torch.compile")
def given(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.compile(generator_function)``."""
    argument = ctx.compiling.given(node)
    if isinstance(argument, ast.Name) and ctx.names(node.func) == ("torch.compile",):
        bindings = ctx.bindings(argument)
        if bindings and all(_is_bare_generator(each) for each in bindings):
            yield ctx.at(node, name=argument.id)


def _compiles(decorator: ast.expr, ctx: Context) -> bool:
    """``@torch.compile``, and with options; not if one of them switches it off, as far as that shows."""
    match decorator:
        case ast.Call(func=func, args=[], keywords=keywords):
            return ctx.names(func) == ("torch.compile",) and not any(item.arg in (None, "disable") for item in keywords)
        case _:
            return ctx.names(decorator) == ("torch.compile",)


def _is_bare_generator(node: ast.AST) -> bool:
    """Whether a definition is that of a generator function, of which no decorator makes something else."""
    return isinstance(node, ast.FunctionDef) and not node.decorator_list and _is_generator(node)


def _is_generator(node: ast.FunctionDef) -> bool:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        current = waiting.pop()
        if isinstance(current, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(current, _NESTED):
            waiting.extend(ast.iter_child_nodes(current))
    return False


CASES = """
import torch

@torch.compile(dynamic=True)  # TFG513
def steps(x):
    for _ in range(3):
        x = x + 1
        yield x

@torch.compile  # TFG513
def chained(x):
    yield from steps(x)

def plain(x):
    yield x

fast = torch.compile(plain)  # TFG513
other = torch.compile(plain, mode="reduce-overhead")  # TFG513
---
# what is no generator by itself, what another decorator makes of one, and objects
import contextlib
import torch

@torch.compile
def outer(x):
    def inner():
        yield x
    return sum(inner()) + sum(each for each in x)

@torch.compile
@contextlib.contextmanager
def scope(x):
    yield x

@contextlib.contextmanager
def manager(x):
    yield x

@torch.compile
class Other(torch.nn.Module):
    pass

@torch.compile
async def later(x):
    return x

@torch.compile(disable=True)
def off(x):
    yield x

class Net(torch.nn.Module):
    @torch.compile
    def forward(self, x):
        return x

if torch.cuda.is_available():
    def either(x):
        yield x
else:
    def either(x):
        return x

net, held, both = torch.compile(Net()), torch.compile(manager), torch.compile(either)
"""
