"""What is given to `torch.compile` is itself kept out of the compiler, so that nothing is compiled.

## What is wrong

A module whose `forward` is decorated with `torch.compiler.disable` runs eagerly, and so does all that it calls, whoever
compiles it. No warning says so; with `fullgraph=True` torch 2.4 raises, and 2.6 to 2.15 do not.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    @torch.compiler.disable
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
net = torch.compile(Net())  # TFG515

CALL = net, torch.ones(2, 3)
```

Nor is anything compiled where the decorator stands above that of `torch.compile`:

```python bad
import torch


@torch.compiler.disable
@torch.compile  # TFG515
def step(x: torch.Tensor) -> torch.Tensor:
    return x.sin() + 1


CALL = step, torch.ones(3)
```

## What to do

Compile what is to be compiled, and decorate only the part that must not be:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
net = torch.compile(Net())

CALL = net, torch.ones(2, 3)
```

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x.sin() + 1


CALL = step, torch.ones(3)
```

It is not so the other way round: `torch.compile(f)` of a function that `torch.compiler.disable` decorates compiles it,
as if it were not decorated. That is not reported.

```python good
import torch


@torch.compile
@torch.compiler.disable
def step(x: torch.Tensor) -> torch.Tensor:
    return x.sin() + 1


CALL = step, torch.ones(3)
```

## When it is reported

`torch.compile(module)` and `module.compile()`, where the module is an instance of a class of the same file whose
`forward` has `torch.compiler.disable` as its outermost decorator, unless with `recursive=False`;
`@torch.compiler.disable` right above `@torch.compile`, and `torch.compiler.disable(torch.compile(x))`.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad ones no graph is captured although tensors are computed;
in the good ones each operation is.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, DefNode, Effect, Hit, Rule

RULE = Rule(
    "TFG515",
    "nothing is compiled here: `{name}` is kept out of the compiler by `torch.compiler.disable`",
    remedy="drop one of the two, or decorate only the part that must not be compiled",
    since="0.2",
    mentions=("disable",),
    effect=Effect.NEVER_CALLED,
)

_DISABLERS = frozenset({"torch.compiler.disable", "torch._dynamo.disable"})


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.compile(module)`` and ``torch.compiler.disable(torch.compile(x))``."""
    given = ctx.compiling.given(node)
    if given is None or ctx.names(node.func) != ("torch.compile",):
        return
    match ctx.parent(node):
        case ast.Call(func=func, args=[only]) if only is node and _is_disabler(func, ctx):
            yield ctx.at(node, name=ctx.text(given, limit=40))
            return
        case _:
            pass
    if not (isinstance(given, ast.Attribute) and given.attr == "forward"):
        yield from _of_module(node, given, ctx)


@RULE.method("compile", of=None)
def compiled_in_place(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``module.compile()``."""
    match node:
        case ast.Call(func=ast.Attribute(value=given) as func, args=[]):
            if not ctx.names(func) and not ctx.compiling.methods_entered(func):
                yield from _of_module(node, given, ctx)
        case _:
            return


@RULE.node(ast.FunctionDef)
def decorated(node: ast.FunctionDef, ctx: Context) -> Iterator[Hit]:
    """Report ``@torch.compiler.disable`` right above ``@torch.compile``."""
    for above, below in zip(node.decorator_list, node.decorator_list[1:], strict=False):
        if _is_disabler(_named(above), ctx) and ctx.compiling.is_decorator(below):
            yield ctx.at(below, name=node.name)


def _of_module(node: ast.Call, given: ast.expr, ctx: Context) -> Iterator[Hit]:
    functions = ctx.compiling.functions_of(given)
    if len(functions) == 1 and functions[0].name == "forward" and _is_disabled(functions[0], ctx):
        yield ctx.at(node, name=f"{ctx.text(given, limit=40)}.forward")


def _is_disabled(function: DefNode, ctx: Context) -> bool:
    """Whether the outermost decorator keeps the compiler out of a function, and of all that it calls."""
    match function.decorator_list:
        case [ast.Call(func=func, args=[], keywords=keywords), *_]:
            return _is_disabler(func, ctx) and all(each.arg == "reason" for each in keywords)
        case [first, *_]:
            return _is_disabler(first, ctx)
        case _:
            return False


def _named(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _is_disabler(func: ast.expr, ctx: Context) -> bool:
    names = ctx.names(func)
    return bool(names) and _DISABLERS.issuperset(names)


CASES = """
import torch
from torch import nn

class Net(nn.Module):
    @torch.compiler.disable(reason="data")
    def forward(self, x):
        return x * 2

class Kind(Net):
    pass

net = Net()
fast = torch.compile(net, mode="reduce-overhead")  # TFG515
other = torch.compile(Kind())  # TFG515
third = Net()
third.compile()  # TFG515

def plain(x):
    return x * 2

def eager(x):
    return torch.compiler.disable(torch.compile(plain))(x)  # TFG515

@torch.compiler.disable()
@torch.compile(dynamic=True)  # TFG515
def both(x):
    return x
---
# what it calls is compiled, a function is, another method, another class
import torch
from torch import nn

class Net(nn.Module):
    @torch.compiler.disable(recursive=False)
    def forward(self, x):
        return self.inner(x)

    def inner(self, x):
        return x * 2

    @torch.compiler.disable
    def log(self, x):
        print(x)

class Wrapped(nn.Module):
    @torch.no_grad()
    @torch.compiler.disable
    def forward(self, x):
        return x * 2

class Over(nn.Module):
    @torch.compiler.disable
    def forward(self, x):
        return x * 2

class Under(Over):
    def forward(self, x):
        return x + 1

@torch.compile
@torch.compiler.disable
def undone(x):
    return x * 2

@torch.compiler.disable
def plain(x):
    return x * 2

fast = torch.compile(plain)
nets = torch.compile(Net()), torch.compile(Wrapped()), torch.compile(Under()), torch.compile(Over().log)
"""
