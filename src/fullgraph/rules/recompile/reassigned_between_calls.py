"""Eager code changes, between calls, a number or string that compiled code reads for itself.

## What is wrong

What compiled code reads of a global, or of its module, is a constant if it is an integer or a string: Dynamo guards on
its value. Where the code that calls it sets another one each time, each compiles the code again. The limit is 8
compiled versions; from then on the code runs eagerly without a word, and with `fullgraph=True` the ninth call raises.

```python bad
import torch

step = 0


@torch.compile
def warmed_up(x: torch.Tensor) -> torch.Tensor:
    return x * min(step / 100, 1.0)


def train(x: torch.Tensor) -> torch.Tensor:
    global step
    step += 1  # TFG309
    return warmed_up(x)


CALLS = train, [(torch.ones(3),)] * 12
```

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.epoch = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x)
        return y if self.epoch > 100 else y.detach()


torch.manual_seed(0)
net = Net()
compiled = torch.compile(net)


def train(x: torch.Tensor) -> torch.Tensor:
    for epoch in range(12):
        net.epoch = epoch  # TFG309
        x = compiled(x)
    return x


CALL = train, torch.ones(2, 3)
```

A method of the module that sets the attribute does the same:

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level = 0

    def set_level(self, level: int) -> None:
        self.level = level

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.level


net = Net()
compiled = torch.compile(net)


def train(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for level in range(12):
        net.set_level(level)  # TFG309
        total = total + compiled(x)
    return total


CALL = train, torch.ones(3)
```

## What to do

Pass it as an argument, as a tensor, or set what follows from it:

```python good
import torch

step = 0


@torch.compile
def warmed_up(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    return x * (step / 100).clamp(max=1)


def train(x: torch.Tensor) -> torch.Tensor:
    global step
    step += 1
    return warmed_up(x, torch.tensor(step))


CALLS = train, [(torch.ones(3),)] * 12
```

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.detaches = True

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x)
        return y.detach() if self.detaches else y


torch.manual_seed(0)
net = Net()
compiled = torch.compile(net)


def train(x: torch.Tensor) -> torch.Tensor:
    for epoch in range(12):
        net.detaches = epoch <= 100
        x = compiled(x)
    return x


CALL = train, torch.ones(2, 3)
```

```python good
import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        return x * level


compiled = torch.compile(Net())


def train(x: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(x)
    for level in range(12):
        total = total + compiled(x, torch.tensor(level))
    return total


CALL = train, torch.ones(3)
```

## When it is reported

In a loop, `name = n` of what the loop counts, `name += 1`, or a string with what it counts in it; in a function,
`name += 1`: where the same block calls a compiled function of this file, and each call of that comes to code that
reads the name. The name is a global of the file, or an attribute of the module that is compiled (integers from torch
2.9 on, unless `torch._dynamo.config.allow_unspec_int_on_nn_module` is on), which starts as an integer or a string.
In a loop, a call of a method of that module counts as what it sets an attribute to. Not where the loop has no more
than 8 turns, nor for floats, which cost one recompilation.

In another file, `steps.level = n` is reported, where `steps` is a module of the project, and the same block calls a
function that `steps` compiles and that reads its global `level`.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad ones the limit is met, and without the marked line it is
not.
"""

import ast
from collections.abc import Iterable, Iterator

from fullgraph.api import Context, Effect, Hit, Rule, Severity, Traced, setters

RULE = Rule(
    "TFG309",
    "`{target}` is another one at each call of `{function}`, which reads it as a constant ({place}): each compiles "
    "that again (8 versions, then it runs eagerly; with `fullgraph=True` the ninth call raises)",
    remedy="pass it as an argument, as a tensor if it is a number, or set what follows from it",
    since="0.2",
    severity=Severity.ERROR,
    mentions=("compile",),
    effect=Effect.CHANGED_BETWEEN_CALLS,
)

_UNSPEC = ("allow_unspec_int_on_nn_module",)


@RULE.node(ast.AugAssign)
def stepped(node: ast.AugAssign, ctx: Context) -> Iterator[Hit]:
    """Report `name += 1` beside a call."""
    match node:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=ast.Constant(value=int(number))) if number:
            if not _outlives(target, ctx):
                return
            block = ctx.parent(node)
            if isinstance(block, (ast.For, ast.While)) and not _may_run_often(node, ctx):
                return
            if isinstance(block, (ast.For, ast.While, ast.FunctionDef)) and node in block.body:
                yield from _reported(node, node.target, block, "int", ctx)
        case _:
            return


@RULE.node(ast.Assign)
def assigned(node: ast.Assign, ctx: Context) -> Iterator[Hit]:
    """Report `name = n` and `name = f"...{n}"` beside a call, in a loop that counts `n`."""
    if len(node.targets) != 1 or not _outlives(node.targets[0], ctx):
        return
    block = ctx.parent(node)
    if not isinstance(block, (ast.For, ast.While)) or node not in block.body:
        return
    for turn in ctx.loops.turns_around(node):
        if turn.loop is block:
            if isinstance(node.value, ast.Name) and turn.counts(node.value.id):
                yield from _reported(node, node.targets[0], block, "int", ctx)
            elif not isinstance(node.value, ast.Name) and turn.writes_another_text(node.value):
                yield from _reported(node, node.targets[0], block, "str", ctx)


@RULE.node(ast.Expr)
def called(node: ast.Expr, ctx: Context) -> Iterator[Hit]:
    """Report `net.set_level(n)` and `net.step()` beside a call, where the method sets an attribute to that."""
    match node.value:
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as holder, attr=method), args=given):
            block = ctx.parent(node)
            if len(given) > 1 or node.value.keywords or not isinstance(block, (ast.For, ast.While)):
                return
            if node in block.body and _may_run_often(node, ctx):
                yield from _set(node, holder, method, given, block, ctx)
        case _:
            return


@RULE.changed
def changed_elsewhere(node: ast.Assign | ast.AugAssign, ctx: Context) -> Iterator[Hit]:
    """Report `steps.level = n` beside a call of compiled code of that module."""
    target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    read = ctx.loops.read_elsewhere(target)
    if read is not None and ctx.traced(node).degree is not Traced.CERTAIN:
        yield ctx.at(node, target=ctx.text(target, limit=40), function=read.name, place=ctx.place(read))


def _set(
    node: ast.Expr, holder: ast.expr, method: str, given: list[ast.expr], block: ast.For | ast.While, ctx: Context
) -> Iterator[Hit]:
    """What a setter of the module that is compiled is found to do."""
    kind = _kind_of(given[0], block, node, ctx) if given else "int"
    if kind is None or (kind == "int" and not ctx.aims_at(">=2.9")):
        return
    for call, compiled, function in ctx.loops.compiled_calls(block):
        owner = ctx.parent(function)
        attribute = setters.attribute_set(owner, method, steps=not given)
        if attribute is None or not setters.starts_as(owner, attribute, kind, also=method):
            continue
        target = ast.Attribute(holder, attribute, ast.Load())
        read = _read(target, call, compiled, ctx.surely_run(function), ctx)
        if read is not None and ctx.traced(node).degree is not Traced.CERTAIN:
            texts = f"{ctx.text(holder, limit=30)}.{attribute}", ctx.text(call.func, limit=40)
            unless = _UNSPEC if kind == "int" else ()
            yield ctx.at(node, unless=unless, target=texts[0], function=texts[1], place=f"line {read.lineno}")
            return


def _kind_of(argument: ast.expr, block: ast.AST, node: ast.AST, ctx: Context) -> str | None:
    """Whether an argument is another integer, or another string, at each turn of the loop."""
    for turn in ctx.loops.turns_around(node):
        if turn.loop is block and isinstance(argument, ast.Name):
            return "int" if turn.counts(argument.id) else None
        if turn.loop is block:
            return "str" if turn.writes_another_text(argument) else None
    return None


def _may_run_often(node: ast.stmt, ctx: Context) -> bool:
    """Whether no loop around a statement is known to have few turns."""
    return all(turn.may_be_many for turn in ctx.loops.turns_around(node))


def _outlives(target: ast.expr, ctx: Context) -> bool:
    """Whether what is assigned may be a global, or an attribute of something else than the object itself."""
    match target:
        case ast.Name():
            return ctx.is_global(target) or ctx.function() is None
        case ast.Attribute(value=ast.Name(id=name)):
            return name != "self"
        case ast.Attribute(value=ast.Attribute()):
            return True
        case _:
            return False


def _reported(node: ast.stmt, target: ast.expr, block: ast.AST, kind: str, ctx: Context) -> Iterator[Hit]:
    match target:
        case ast.Name():
            others = [each for each in ctx.bindings(target) if each is not node and ctx.parent(each) is not node]
            unless: tuple[str, ...] = ()
        case ast.Attribute() if kind == "str" or ctx.aims_at(">=2.9"):
            others, unless = [], _UNSPEC if kind == "int" else ()
        case _:
            return
    if isinstance(target, ast.Name) and not (others and all(setters.is_constant(each, kind) for each in others)):
        return
    for call, given, function in ctx.loops.compiled_calls(block):
        read = _read(target, call, given, ctx.surely_run(function), ctx)
        if isinstance(target, ast.Attribute) and not setters.starts_as(ctx.parent(function), target.attr, kind):
            continue
        if read is not None and ctx.traced(node).degree is not Traced.CERTAIN:
            texts = ctx.text(target, limit=40), ctx.text(call.func, limit=40)
            yield ctx.at(node, unless=unless, target=texts[0], function=texts[1], place=f"line {read.lineno}")
            return


def _read(
    target: ast.expr, call: ast.Call, given: ast.expr | None, places: Iterable[ast.AST], ctx: Context
) -> ast.expr | None:
    """Where compiled code surely reads what is assigned."""
    parts = (part for place in places for part in ast.walk(place))
    match target:
        case ast.Name(id=name):
            for part in parts:
                if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load):
                    return None if ctx.is_local(part) else part
        case ast.Attribute(value=holder, attr=attribute):
            held = ast.unparse(holder)
            if held != ast.unparse(call.func) and (given is None or held != ast.unparse(given)):
                return None
            for part in parts:
                match part:
                    case ast.Attribute(value=ast.Name(id="self"), attr=attr, ctx=ast.Load()) if attr == attribute:
                        return part
                    case _:
                        continue
        case _:
            pass
    return None


CASES = """
import torch
from torch import nn

mode = "a"
level: int = 0
table = {}


@torch.compile
def step(x):
    return helper(x)


def helper(x):
    return x * table[mode] + level


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.name = ""
        self.count = 0

    def forward(self, x):
        y = x * self.count
        return y if self.name == "a" else x


class Trainer:
    def __init__(self):
        self.net = torch.compile(Net())

    def train(self, x):
        self.net.count += 1  # TFG309
        return self.net(x)

    def train_all(self, x, batches):
        for number, batch in enumerate(batches):
            self.net.name = f"batch {number}"  # TFG309
            x = self.net(x)
        return x


class Levelled(nn.Module):
    def __init__(self):
        super().__init__()
        self.level = 0
        self.label = ""
        self.steps = 0

    def set_level(self, level):
        self.level = level

    def set_label(self, label):
        print(label)
        self.label = label

    def step(self):
        self.steps += 1

    def forward(self, x):
        y = x * self.level + self.steps
        return y if self.label == "a" else x


def levels(x):
    net = Levelled()
    fast = torch.compile(net)
    for number in range(100):
        net.set_level(number)  # TFG309
        x = fast(x)
    for number in range(100):
        net.set_label(f"{number}")  # TFG309
        x = fast(x)
    for number in range(100):
        net.step()  # TFG309
        x = fast(x)
    return x


def run(x):
    global mode, level
    for number in range(100):
        mode = "mode" + str(number)
        mode_of = f"mode {number}"
        x = step(x)
    while True:
        level += 1  # TFG309
        x = step(x)
---
# not read, not each time, a float, few turns, no call beside it, eager
import torch
from torch import nn

scale = 1.0
level = 0
other = 0
rare = 0
text = ""


@torch.compile
def step(x, verbose=False):
    y = x * scale
    if verbose:
        y = y + rare
    return y + level


def eager(x):
    return x + other + rare


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = 1.0
        self.unread = 0
        self.mixed = 0

    def forward(self, x):
        return x * self.rate + self.mixed

    def change(self, mixed):
        self.mixed = mixed


net = Net()
fast = torch.compile(net)


def run(x, levels):
    global scale, level, other, rare
    for number in range(100):
        scale = scale * 0.5
        scale += 1
        other += 1
        rare += 1
        if number == 50:
            level += 1
        net.rate = number
        net.unread = number
        net.mixed = number
        x = fast(step(eager(x)))
    for number in range(4):
        level = number
        x = step(x)
    for each in levels:
        level = each
        x = step(x)


def count():
    global level
    level += 1


class Levelled(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.level = 0
        self.start = start
        self.unread = 0
        self.twice = 0

    def set_level(self, level):
        if level > 3:
            self.level = level

    def set_start(self, start):
        self.start = start

    def set_unread(self, level):
        self.unread = level

    def set_twice(self, level):
        self.twice = level

    def reset(self):
        self.twice = 0

    def forward(self, x):
        return x * self.level + self.start + self.twice


def levels(x, given):
    net = Levelled(1)
    other = Levelled(2)
    fast = torch.compile(net)
    for number in range(100):
        net.set_level(number)
        net.set_start(number)
        net.set_unread(number)
        net.set_twice(number)
        other.set_unread(number)
        x = fast(x)
    return x
---
import torch

torch._dynamo.config.allow_unspec_int_on_nn_module = True


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 0

    def forward(self, x):
        return x * self.count


net = torch.compile(Net())


def train(x):
    net.count += 1
    return net(x)
"""
