"""Traced code counts in a Python integer, and every count compiles it again.

## What is wrong

Dynamo guards on the value of an integer that a module holds, or that a global or a dict holds, as if it were a
constant. Code that changes it makes the guard fail at the next call, which compiles the code again. The limit is 8
compiled versions; from then on the code runs eagerly without a word, and with `fullgraph=True` the ninth call raises.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.step = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.step += 1  # TFG303
        return self.linear(x)


torch.manual_seed(0)
CALLS = torch.compile(Net()), [(torch.ones(2, 3),)] * 12
```

```python bad
import torch

calls = 0


@torch.compile
def double(x: torch.Tensor) -> torch.Tensor:
    global calls
    calls += 1  # TFG303
    return x * 2


CALLS = double, [(torch.ones(3),)] * 12
```

```python bad
import torch

counts = {"double": 0}


@torch.compile
def double(x: torch.Tensor) -> torch.Tensor:
    counts["double"] += 1  # TFG303
    return x * 2


CALLS = double, [(torch.ones(3),)] * 12
```

## What to do

Count in a tensor, which is a buffer of the module:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.step += 1
        return self.linear(x)


torch.manual_seed(0)
CALLS = torch.compile(Net()), [(torch.ones(2, 3),)] * 12
```

Or count outside, where the compiled code is called:

```python good
import torch

calls = 0


@torch.compile
def double_tensor(x: torch.Tensor) -> torch.Tensor:
    return x * 2


def double(x: torch.Tensor) -> torch.Tensor:
    global calls
    calls += 1
    return double_tensor(x)


CALLS = double, [(torch.ones(3),)] * 12
```

## When it is reported

`self.count += 1`, also spelled out, in a module, for an attribute that is only ever assigned integers, from torch 2.9
on; up to torch 2.13 a global integer, and an entry of a dict of integers that the file holds, or, from 2.9 on, the
module. At every call: not below a condition, except `self.training`. Not where the function itself sets it back, and
not where `torch._dynamo.config.allow_unspec_int_on_nn_module` is on, with which an attribute costs one recompilation.
A `float` costs one, too, and so does an integer of an object that is no module; they are not reported.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo names for the guards that
failed, at each call up to the limit, and the good blocks are compiled once. On which releases an attribute or a global
does so was seen on torch 2.2, 2.4, 2.6, 2.9, 2.11, 2.13, 2.14 and 2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, values

RULE = Rule(
    "TFG303",
    "`{target}` counts in a Python integer: every call compiles the code again (8 versions, then it runs eagerly; with "
    "`fullgraph=True` the ninth call raises)",
    remedy="{remedy}",
    since="0.2",
)

_OF_MODULE = "count in a tensor (`register_buffer`), or outside the compiled code"
_OUTSIDE = "count outside the compiled code, or in a tensor"
_CONSTANT = ">=2.0,<2.14"
"""Where integers of globals and of their dicts are constants."""
_CONSTANT_IN_MODULE = ">=2.9,<2.14"
"""Where those of a dict that a module holds are."""
_UNSPEC = ("allow_unspec_int_on_nn_module",)


@RULE.node(ast.AugAssign, where=Traced.POSSIBLE)
def check_augmented(node: ast.AugAssign, ctx: Context) -> Iterator[Hit]:
    """Report `target += number`."""
    if isinstance(node.op, (ast.Add, ast.Sub)) and _may_last(node.target, ctx) and _is_integer(node.value, ctx):
        yield from _counted(node, node.target, ctx)


@RULE.node(ast.Assign, where=Traced.POSSIBLE)
def check_assigned(node: ast.Assign, ctx: Context) -> Iterator[Hit]:
    """Report `target = target + number`."""
    match node:
        case ast.Assign(targets=[target], value=ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right)):
            if left.__class__ is not target.__class__ or not _may_last(target, ctx):
                return
            if ast.unparse(left) == ast.unparse(target) and _is_integer(right, ctx):
                yield from _counted(node, target, ctx)
        case _:
            return


def _may_last(target: ast.expr, ctx: Context) -> bool:
    """Whether what is assigned to may outlive the call, by how it is written."""
    match target:
        case ast.Attribute(value=base):
            return ctx.is_module_self(base)
        case ast.Name():
            return ctx.is_global(target)
        case _:
            return isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)


def _counted(node: ast.stmt, target: ast.expr, ctx: Context) -> Iterator[Hit]:
    function = ctx.function()
    if function is None or not _is_reached_by_each_call(node, function, ctx) or ctx.is_set_up_once(node):
        return
    if sum(_stores(part, target) for part in ast.walk(function)) != 1:
        return
    match target:
        case ast.Attribute() if ctx.aims_at(">=2.9") and ctx.is_module_self(target.value):
            others = [each for each in ctx.bindings(target) if ctx.parent(each) is not node]
            if _are_integers(others) and not ctx.moves_with_module(target):
                yield ctx.at(node, unless=_UNSPEC, target=ctx.text(target), remedy=_OF_MODULE)
        case ast.Name() if ctx.aims_at(_CONSTANT) and ctx.is_global(target):
            others = [each for each in ctx.bindings(target) if each is not node and ctx.parent(each) is not node]
            if _are_integers(others):
                yield ctx.at(node, target=target.id, remedy=_OUTSIDE)
        case ast.Subscript(value=ast.Name() | ast.Attribute() as holder, slice=ast.Constant()):
            if _is_held(holder, ctx) and all(_is_dict_of_integers(each) for each in ctx.bindings(holder) or (None,)):
                yield ctx.at(node, target=ctx.text(target), remedy=_OUTSIDE)
        case _:
            return


def _is_held(holder: ast.Name | ast.Attribute, ctx: Context) -> bool:
    """Whether a dict outlives the call, on a release where its integers are constants."""
    if isinstance(holder, ast.Attribute):
        return ctx.is_module_self(holder.value) and ctx.aims_at(_CONSTANT_IN_MODULE)
    return not ctx.is_local(holder) and ctx.aims_at(_CONSTANT)


def _is_integer(expr: ast.expr, ctx: Context) -> bool:
    match expr:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int(number)):
            return number != 0
        case _:
            return ctx.value(expr) == values.STATIC_INT


def _are_integers(bindings: list[ast.AST]) -> bool:
    return bool(bindings) and all(_is_integer_literal(each) for each in bindings)


def _is_integer_literal(binding: ast.AST) -> bool:
    match binding:
        case ast.AnnAssign(value=ast.expr() as value):
            return _is_integer_literal(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_integer_literal(operand)
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int()):
            return True
        case _:
            return False


def _is_dict_of_integers(binding: ast.AST | None) -> bool:
    match binding:
        case ast.AnnAssign(value=ast.expr() as value):
            return _is_dict_of_integers(value)
        case ast.Dict(values=[_, *_] as values_):
            return all(_is_integer_literal(each) for each in values_)
        case _:
            return False


def _stores(node: ast.AST, target: ast.expr) -> bool:
    """Whether a node is a store of what ``target`` is."""
    return (
        isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
        and isinstance(node.ctx, (ast.Store, ast.Del))
        and ast.unparse(node) == ast.unparse(target)
    )


def _is_reached_by_each_call(node: ast.stmt, function: ast.AST, ctx: Context) -> bool:
    """Whether each call of the function comes to a statement, at least while it trains."""
    child: ast.AST = node
    parent = ctx.parent(node)
    while parent is not None and child is not function:
        match parent:
            case ast.If(test=ast.Attribute(attr="training"), body=body) if child in body:
                pass
            case ast.If() | ast.Try() | ast.ExceptHandler() | ast.Match() | ast.While() | ast.Lambda():
                return False
            case _:
                pass
        child, parent = parent, ctx.parent(parent)
    return not _may_leave_before(node, function)


def _may_leave_before(node: ast.stmt, function: ast.AST) -> bool:
    leaves = (ast.Return, ast.Continue, ast.Break)
    return any(isinstance(part, leaves) and part.lineno < node.lineno for part in ast.walk(function))


CASES = """
import torch
from torch import nn


class Base(nn.Module):
    calls: int = 0

    def forward(self, x: torch.Tensor, n: int):
        self.calls = self.calls + 1  # TFG303
        if self.training:
            self.trained += 2  # TFG303
        self.seen -= x.shape[0]  # TFG303
        return x * 2

    def __init__(self):
        super().__init__()
        self.trained = -1
        self.seen = 0
        self.inner_calls: int = 0

    def inner(self, x):
        self.inner_calls += 1  # TFG303
        return x * 2


class Inner(Base):
    def forward(self, x):
        return self.inner(x)


class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = {"a": 0}

    def forward(self, x):
        self.table["a"] += 1  # TFG303
        return x * 2
# run: [net(torch.ones(3), 1) for net in [torch.compile(Base())] for _ in range(10)]
# run: [net(torch.ones(3)) for net in [torch.compile(Inner())] for _ in range(10)]
# run: [net(torch.ones(3)) for net in [torch.compile(Table())] for _ in range(10)]
---
# set back, conditional, no module, no integer, a tensor
import torch
from torch import nn

total = 0.0
table = dict(a=0.0)
names = {"a": 1.0}


class Net(nn.Module):
    def __init__(self, start: int):
        super().__init__()
        self.depth = 0
        self.rate = 1.0
        self.start = start
        self.flag = False
        self.once = 0
        self.late = 0
        self.other = Plain()
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x: torch.Tensor):
        self.depth = 0
        for _ in range(3):
            self.depth += 1
        self.rate *= 0.5
        self.rate += 1
        self.flag = self.flag + True  # unreported
        self.steps += 1
        if self.rate > 3:
            self.once += 1
        self.other.count += 1
        local = 0
        local += 1
        if x.shape[0] == 3:
            return x * 2
        self.late += 1
        return x * 2

    def reset(self):
        self.once += 1


class Plain:
    def __init__(self):
        self.step = 0
        self.count = 0

    @torch.compile
    def run(self, x):
        self.step += 1
        return x * 2


@torch.compile
def f(x):
    global total
    total += 1
    table["a"] += 1
    names["a"] += 1
    return x * 2


def eager(x):
    global calls
    calls += 1
    return f(x)


calls = 0
# run: [net(torch.ones(3)) for net in [torch.compile(Net(1))] for _ in range(10)]
# run: [f(torch.ones(3)) for _ in range(10)]
# run: [plain.run(torch.ones(3)) for plain in [Plain()] for _ in range(10)]
---
import torch
from torch import nn

torch._dynamo.config.allow_unspec_int_on_nn_module = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.step = 0

    def forward(self, x: torch.Tensor):
        self.step += 1
        return x * 2
# run: [net(torch.ones(3)) for net in [torch.compile(Net())] for _ in range(10)]
---
# counted where the module is set up at its first call
import torch
from torch import nn

class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.built = 0
        self.used = 0
        self.is_new = True

    def build(self):
        self.built += 1

    def use(self):
        self.used += 1  # TFG303

    def forward(self, x: torch.Tensor):
        if self.is_new:
            self.build()
            self.is_new = False
        self.use()
        return x * 2
# run: [net(torch.ones(3)) for net in [torch.compile(Lazy())] for _ in range(10)]
"""
