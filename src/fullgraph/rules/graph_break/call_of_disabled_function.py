"""Traced code calls a function that is kept out of the compiler.

## What is wrong

`torch.compiler.disable` keeps Dynamo out of a function. The call itself is then where the graph is split: what comes
before it and what comes after it are compiled separately. In a loop, the whole function around it stays uncompiled.

```python bad
import torch


@torch.compiler.disable
def record(x: torch.Tensor) -> None:
    record.last = x.shape


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    record(y)  # TFG220
    return (y + 1) * 2


CALL = step, torch.ones(3)
```

```python bad
import torch
from torch import nn


class Net(nn.Module):
    @torch.compiler.disable
    def scale(self) -> int:
        return 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin()
        return (y + 1) * self.scale()  # TFG220


CALL = torch.compile(Net()), torch.ones(3)
```

## What to do

Call it before or after the compiled part. If it only has to be opaque to Dynamo, make it a custom operator
(`torch.library.custom_op`), which stays in the graph:

```python good
import torch


def record(x: torch.Tensor) -> None:
    record.last = x.shape


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    return (y + 1) * 2


def recorded(x: torch.Tensor) -> torch.Tensor:
    record(x)
    return step(x)


CALL = recorded, torch.ones(3)
```

## When it is reported

A call, in traced code, that surely enters a function or method of the project with `torch.compiler.disable` or
`torch._dynamo.disable`, or that calls what one of them returned; with `recursive=False`, too. Also by
`f = torch.compiler.disable(f)` in the same module or class, and `self.f = torch.compiler.disable(self.f)` in its
`__init__`, under no condition. Of another file these are imported functions, also by `f = torch.compiler.disable(f)`
there, inherited methods, and `self.part(x)` where `self.part` is set once, to an instance of an imported class; the
message then says where the function is. Such a break may be meant: suppress it with a comment at the call then.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG220",
    "`{call}` is kept out of the compiler{where}, so calling it in traced code splits the graph",
    remedy="call it before or after the compiled part, or make it a custom operator",
    since="0.2",
    mentions=("compiler", "dynamo"),
)

_DISABLERS = frozenset({"torch._dynamo.disable", "torch.compiler.disable"})


@RULE.node(ast.Call, where=Traced.POSSIBLE)
def calls_disabled(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a call of a disabled function."""
    entered = ctx.functions_entered(node)
    if _is_replaced(node.func, ctx):
        yield ctx.at(node, call=ctx.text(node.func), where="")
    elif entered:
        if all(any(_disables(item, ctx) for item in function.decorator_list) for function in entered):
            yield ctx.at(node, call=ctx.text(node.func), where="")
    elif _was_disabled(node.func, ctx):
        yield ctx.at(node, call=ctx.text(node.func), where="")
    elif place := ctx.disabled_elsewhere(node):
        yield ctx.at(node, call=ctx.text(node.func), where=f" (see {place})")


def _disables(decorator: ast.expr, ctx: Context) -> bool:
    """``@torch.compiler.disable`` and ``@torch.compiler.disable(...)``."""
    func = decorator.func if isinstance(decorator, ast.Call) and not decorator.args else decorator
    return not _DISABLERS.isdisjoint(ctx.names(func))


def _is_replaced(func: ast.expr, ctx: Context) -> bool:
    """Whether ``name = torch.compiler.disable(name)`` surely is the last that becomes of what is called."""
    match ctx.bindings(func):
        case (*before, ast.Call(func=made, args=[_]) as last) if before and not _DISABLERS.isdisjoint(ctx.names(made)):
            statement = ctx.parent(last)
            around = ctx.parent(statement) if isinstance(statement, ast.Assign) else None
            methods_too = isinstance(around, ast.FunctionDef) and around.name == "__init__"
            return around is not None and all(_comes_before(each, statement, ctx, methods_too) for each in before)
        case _:
            return False


def _comes_before(binding: ast.AST, statement: ast.AST | None, ctx: Context, methods_too: bool) -> bool:
    """Whether a binding stands before a statement in the same block, or is a method where these count."""
    if isinstance(binding, ast.FunctionDef) and methods_too:
        return True
    first = binding if isinstance(binding, ast.FunctionDef) else ctx.parent(binding)
    around = ctx.parent(statement) if statement is not None else None
    blocks = (getattr(around, name, None) for name in ("body", "orelse"))
    block = next((each for each in blocks if isinstance(each, list) and statement in each), [])
    return first in block and block.index(first) < block.index(statement)


def _was_disabled(func: ast.expr, ctx: Context) -> bool:
    """Whether what is called was surely returned by ``torch.compiler.disable(function)``."""
    match func:
        case ast.Call(func=made, args=[_]):
            return not _DISABLERS.isdisjoint(ctx.names(made))
        case ast.Name() | ast.Attribute():
            makers = ctx.made_by(func)
            return bool(makers) and _DISABLERS.issuperset(makers)
        case _:
            return False


CASES = """
import torch
from torch import nn
from torch.compiler import disable

@disable(recursive=False)
def plain(x):
    return x

sine = torch.compiler.disable(torch.sin)

class Part(nn.Module):
    @torch._dynamo.disable()
    def forward(self, x):
        return x

class Net(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = Part()
        self.host = disable(part)

    def forward(self, x):
        x = plain(x)  # TFG220
        x = sine(x)  # TFG220
        x = self.part(x)  # TFG220
        x = disable(torch.cos)(x)  # TFG220
        return self.host(x)  # TFG220
# run: torch.compile(Net(nn.Linear(3, 3)))(torch.ones(3))
---
# what takes the place of a name
import torch
from torch import nn

def host(x):
    print(x)
    return x

host = torch.compiler.disable(host)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = nn.Linear(3, 3)
        self.part = torch.compiler.disable(self.part)
        self.run = torch.compiler.disable(self.run)

    def run(self, x):
        print(x)
        return x

    def helper(self, x):
        return x

    helper = torch.compiler.disable(helper)

    def forward(self, x):
        x = host(x)  # TFG220
        x = self.part(x)  # TFG220
        x = self.run(x)  # TFG220
        return self.helper(x)  # TFG220
# run: torch.compile(Net())(torch.ones(3))
---
# what takes its place only sometimes, or for a while
import torch
from torch import nn

def host(x):
    return x

plain = torch.compiler.disable(host)

def plain(x):
    return x

def asked(x):
    return x

if torch.cuda.is_available():
    asked = torch.compiler.disable(asked)

class Net(nn.Module):
    def __init__(self, eager):
        super().__init__()
        self.part = torch.compiler.disable(nn.Linear(3, 3))
        self.part = nn.Linear(3, 3)
        self.late = nn.Linear(3, 3)
        if eager:
            self.run = torch.compiler.disable(self.run)

    def stop(self):
        self.late = torch.compiler.disable(self.late)

    def run(self, x):
        return x

    def forward(self, x):
        return host(x) + plain(x) + asked(x) + self.part(x) + self.run(x) + self.late(x)
# run: torch.compile(Net(False))(torch.ones(3))
---
# calls from eager code, of other functions, and of what is only sometimes disabled
import torch
from torch import nn

def is_disabled(x):
    return x

@torch.compiler.disable
def host(x):
    return inner(x)

@torch.compiler.disable
def inner(x):
    return x

if torch.__version__ > "2.4":
    def either(x):
        return x
else:
    @torch.compiler.disable
    def either(x):
        return x

class Given(nn.Module):
    def forward(self, x):
        return x

    def disable(self, x):
        return x

class Net(nn.Module):
    def __init__(self, given):
        super().__init__()
        self.given = given

    def forward(self, x):
        if not torch.compiler.is_compiling():
            x = host(x)
        with torch.no_grad():
            x = self.given.disable(x)
        return is_disabled(x) + either(x) + self.given(x)

def main(x):
    return host(x)
# run: torch.compile(Net(Given()))(torch.ones(3))
"""
