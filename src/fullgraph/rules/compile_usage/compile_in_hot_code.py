"""`torch.compile` is called each time that its result is: setting it up costs more than many a call.

## What is wrong

`torch.compile(f)(x)` in a loop, or in a function that runs for every batch, makes a new wrapper each time. Since torch
2.4 the compiled code itself is found again, so nothing is recompiled; but the wrapper is made, and thrown away after
one call. On torch 2.13 that took 0.2 to 3 milliseconds, where calling a wrapper that is kept took 0.02 to 0.2.

```python bad
import torch


def normalized(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean()) / x.std()


class Pipeline(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.compile(normalized)(x)  # TFG506


CALLS = Pipeline(), [(torch.arange(4.0),)] * 4
```

## What to do

Compile once, and keep what is returned:

```python good
import torch


@torch.compile
def normalized(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean()) / x.std()


class Pipeline(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return normalized(x)


CALLS = Pipeline(), [(torch.arange(4.0),)] * 4
```

## When it is reported

`torch.compile(f)(...)`, called on the spot, and `g = torch.compile(f)` where `g` is called, too: in a loop, unless it
stands under a condition there, or `f` or an option depends on what the loop changes; and, called on the spot, in the
`forward` or `__call__` of a module or in a step of a Lightning module. Not in code that is compiled itself, and not
where the loop resets the compiler.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked line gives the same code to the compiler at every call.
The times were measured with functions of one operation and a module of one layer, with the backends `eager`,
`aot_eager` and `inductor`, on a CPU.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule, Traced

RULE = Rule(
    "TFG506",
    "`torch.compile` is set up again at every {turn}, which costs more than a call of what is compiled already",
    remedy="call `torch.compile` once, and keep what it returns",
    since="0.2",
    effect=Effect.SET_UP_EACH_TIME,
)

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_MAY_SKIP = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If, ast.IfExp, ast.BoolOp, ast.ExceptHandler, ast.match_case,
)  # fmt: skip
_HOT = frozenset({"__call__", "forward", "predict_step", "test_step", "training_step", "validation_step"})


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what is compiled and called in one go, over and over."""
    if ctx.compiling.given(node) is None or ctx.names(node.func) != ("torch.compile",):
        return
    parent = ctx.parent(node)
    loop = _loop_around(node, ctx)
    is_called = isinstance(parent, ast.Call) and parent.func is node
    if loop is not None:
        if not (is_called or _calls_target(parent, node, loop)) or _is_particular(node, loop, ctx):
            return
    elif not (is_called and _is_hot(ctx)):
        return
    if ctx.traced(node).degree is not Traced.CERTAIN:
        yield ctx.at(node, turn="turn of the loop" if loop is not None else "call")


def _is_hot(ctx: Context) -> bool:
    function = ctx.function()
    if function is None or function.name not in _HOT or not function.args.args:
        return False
    first = function.args.args[0].arg
    return ctx.is_module_self(ast.copy_location(ast.Name(first, ast.Load()), function))


def _loop_around(node: ast.AST, ctx: Context) -> ast.For | ast.AsyncFor | ast.While | None:
    """The innermost loop that runs ``node`` at every turn, within its function."""
    child, parent = node, ctx.parent(node)
    while parent is not None and not isinstance(parent, _MAY_SKIP):
        if isinstance(parent, _LOOPS) and child in parent.body:
            return parent
        child, parent = parent, ctx.parent(parent)
    return None


def _calls_target(parent: ast.AST | None, node: ast.Call, loop: ast.AST) -> bool:
    """Whether the result is assigned to a variable that the same loop calls."""
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is node:
            return any(
                isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == name
                for part in ast.walk(loop)
            )
        case _:
            return False


def _is_particular(node: ast.Call, loop: ast.For | ast.AsyncFor | ast.While, ctx: Context) -> bool:
    """Whether each turn compiles something of its own, or the loop is there to measure or leaves after one turn."""
    changed: set[str] = set()
    for part in ast.walk(loop):
        match part:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                changed.add(name)
            case ast.Attribute(attr="reset" | "_reset_dynamo" | "clear_caches") | ast.Break() | ast.Return():
                return True
            case ast.Attribute(ctx=ast.Store(), attr=name):
                changed.add(name)
            case _:
                continue
    parts = [part for argument in (*node.args, *node.keywords) for part in ast.walk(argument)]
    calls = [part for part in parts if isinstance(part, ast.Call)]
    if any(isinstance(part, ast.Subscript) for part in parts) or not all(_is_partial(call, ctx) for call in calls):
        return True
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return not changed.isdisjoint(names | {part.attr for part in parts if isinstance(part, ast.Attribute)})


def _is_partial(call: ast.Call, ctx: Context) -> bool:
    return ctx.names(call.func) == ("functools.partial",)


CASES = """
import functools

import torch

def train(step, batches):
    for batch in batches:
        loss = torch.compile(step)(batch)  # TFG506
        fast = torch.compile(step, mode="max-autotune")  # TFG506
        fast(batch).backward()
    while batches:
        torch.compile(lambda x: x + 1)(batches.pop())  # TFG506
    for batch in batches:
        torch.compile(functools.partial(step, scale=2))(batch)  # TFG506

class Net(torch.nn.Module):
    def forward(self, x):
        return torch.compile(self.inner)(x)  # TFG506

    def inner(self, x):
        return x

    def export(self, x):
        return torch.compile(self.inner)(x)
---
import functools

import torch

def check(functions, modes, x, f):
    for function in functions:
        torch.compile(function)(x)
    for mode in modes:
        torch.compile(functools.partial(f, mode=mode))(x)
    for mode in modes:
        torch.compile(f, mode=mode)(x)
        torch._dynamo.reset()
    for mode in modes:
        torch.compile(f, options={"mode": mode})(x)
    for _ in range(3):
        torch.compiler.reset()
        torch.compile(f)(x)
    for _ in range(3):
        def inner(x):
            return x
        torch.compile(inner)(x)
    for step in range(3):
        if step == 0:
            g = torch.compile(f)
            g(x)
    for layer in functions:
        layer.inner = torch.compile(layer.inner)
    for k in range(3):
        def later():
            return torch.compile(f)(x)
    compiled = torch.compile(f)
    for _ in range(3):
        compiled(x)
    torch.compile(f)(x)

class Caller:
    def __call__(self, x):
        return torch.compile(len)(x)

@torch.compile
def root(x):
    for _ in range(3):
        x = torch.compile(torch.relu)(x)
    return x
"""
