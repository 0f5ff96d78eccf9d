"""A module is compiled whose parameters FSDP keeps flat: none of its modules is compiled, and nothing says so.

## What is wrong

`FullyShardedDataParallel` replaces the parameters of a module by flat ones, unless it is given `use_orig_params=True`,
which is not the default, and Dynamo does not trace such a module. Up to torch 2.6 it raises. From 2.9 on each `forward`
runs eagerly, without a warning; at most functions that touch no module are compiled. Torch's documentation of the
parameter says that `True` is required to use `torch.compile()`.

```python bad
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
model = FSDP(Net(), device_id=torch.device("cpu"))
model = torch.compile(model)  # TFG517

CALL = model, torch.ones(2, 3)
```

It is the same the other way round:

```python bad
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
model = torch.compile(Net())  # TFG517
model = FSDP(model, device_id=torch.device("cpu"))

CALL = model, torch.ones(2, 3)
```

## What to do

```python good
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
model = torch.compile(Net())
model = FSDP(model, device_id=torch.device("cpu"), use_orig_params=True)

CALL = model, torch.ones(2, 3)
```

`torch.compile(FSDP(model, use_orig_params=True))` compiles the same, with one graph break in FSDP's own code. What
`torch.distributed.fsdp.fully_shard` makes of a module is compiled in either order.

## When it is reported

`torch.compile(x)` and `x.compile()`, where `x` is what `FullyShardedDataParallel(...)` returned, in the same function
or at the top level of the module, and `torch.compile(x)` where that is given to `FullyShardedDataParallel`; each
without `use_orig_params`, or with `False`. Not where options are passed with `**`, nor where conditions on the same
decide about the one and the other.

## How this is known

The blocks above run on torch in fullgraph's tests, with one process: in the bad ones no graph is captured although
tensors are computed; in the good one each operation is. So it was on torch 2.9 to 2.15, with modules in a module, with
a policy that wraps each of them, and on 2.9, 2.13 and 2.15 with two processes that share the parameters.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG517",
    "none of the modules is compiled: FSDP, at line {line}, keeps their parameters flat, which Dynamo does not trace",
    remedy="pass `use_orig_params=True` to `FullyShardedDataParallel`, or use `fully_shard`",
    since="0.2",
    mentions=("FullyShardedDataParallel",),
    torch=">=2.9",
    effect=Effect.NEVER_CALLED,
)

_FSDP = (
    "torch.distributed.fsdp.FullyShardedDataParallel",
    "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel",
)
_PLACE = 13
"""Of the parameter, where it is given by position."""


@RULE.call("torch.compile")
def compiled_last(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.compile(FSDP(module))``."""
    given = ctx.compiling.given(node)
    if given is not None and ctx.names(node.func) == ("torch.compile",):
        yield from _of_flat(node, given, ctx)


@RULE.method("compile", of=None)
def compiled_in_place(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``FSDP(module).compile()``."""
    match node:
        case ast.Call(func=ast.Attribute(value=given) as func, args=[]) if not ctx.names(func):
            yield from _of_flat(node, given, ctx)
        case _:
            return


@RULE.call(*_FSDP)
def compiled_first(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``FSDP(torch.compile(module))``."""
    given = node.args[:1] or [item.value for item in node.keywords if item.arg == "module"]
    if not given or not _is_flat(node, ctx):
        return
    compiled = ctx.compiling.call_behind(given[0])
    if compiled is not None and ctx.names(compiled.func) == ("torch.compile",) and not _exclude(compiled, node, ctx):
        yield ctx.at(compiled, line=str(node.lineno))


def _of_flat(node: ast.Call, given: ast.expr, ctx: Context) -> Iterator[Hit]:
    made = given if isinstance(given, ast.Call) else ctx.assigned_last(given)
    if isinstance(made, ast.Call) and _is_flat(made, ctx) and not _exclude(node, made, ctx):
        yield ctx.at(node, line=str(made.lineno))


def _exclude(compiled: ast.Call, made: ast.Call, ctx: Context) -> bool:
    """Whether conditions on the same may keep the one of the two calls from being made with the other."""
    mine, others = _conditions(compiled, ctx), _conditions(made, ctx)
    alone = mine - others
    asked = {each for test in alone for each in _asked(test)}
    return bool(asked & {each for test in others - mine for each in _asked(test)}) or any(
        path in _FSDP
        for test in alone
        for part in ast.walk(test)
        if isinstance(part, ast.expr)
        for path in ctx.names(part)
    )


def _conditions(node: ast.AST, ctx: Context) -> set[ast.expr]:
    """The tests that decide whether something runs."""
    found: set[ast.expr] = set()
    parent = ctx.parent(node)
    while parent is not None and not isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        if isinstance(parent, (ast.If, ast.IfExp, ast.While)):
            found.add(parent.test)
        parent = ctx.parent(parent)
    return found


def _asked(test: ast.expr) -> set[str]:
    """What a test asks about: its longest dotted expressions, and its texts."""
    found: set[str] = set()
    waiting: list[ast.AST] = [test]
    while waiting:
        match waiting.pop():
            case ast.Name() | ast.Attribute() as chain:
                found.add(ast.unparse(chain))
            case ast.Constant(value=str(text)):
                found.add(text)
            case part:
                waiting.extend(ast.iter_child_nodes(part))
    return found


def _is_flat(call: ast.Call, ctx: Context) -> bool:
    """Whether a call surely is one of FSDP that makes parameters flat."""
    names = ctx.names(call.func)
    if not names or not set(_FSDP).issuperset(names) or any(isinstance(each, ast.Starred) for each in call.args):
        return False
    options = {item.arg: item.value for item in call.keywords}
    if None in options or len(call.args) > _PLACE:
        return False
    match options.get("use_orig_params"):
        case None | ast.Constant(value=False):
            return True
        case _:
            return False


CASES = """
import torch
from torch.distributed import fsdp
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

def nested(net, policy):
    return torch.compile(FSDP(net, auto_wrap_policy=policy, use_orig_params=False), mode="max-autotune")  # TFG517

def in_place(net):
    sharded = fsdp.FullyShardedDataParallel(module=net)
    sharded.compile()  # TFG517
    return sharded

def first(net):
    return FSDP(torch.compile(net))  # TFG517

def by_switches(net, args):
    if args.shard:
        net = FSDP(net)
    if args.compile:
        net = torch.compile(net)  # TFG517
    return net

class Trainer:
    def __init__(self, net):
        self.net = FSDP(net, sync_module_states=True)
        self.net = torch.compile(self.net)  # TFG517

class Later:
    def __init__(self, net):
        self.net = torch.compile(net)  # TFG517

    def shard(self):
        self.net = FSDP(self.net)
---
# what is given may be anything, other modules, and functions that are not torch's
import re

import torch
from fairscale.nn import FullyShardedDataParallel as Other
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP
from torch.distributed.fsdp import fully_shard

def options(net, given, flag):
    one = torch.compile(FSDP(net, use_orig_params=True))
    two = torch.compile(FSDP(net, **given))
    three = torch.compile(FSDP(net, use_orig_params=flag))
    four = torch.compile(Other(net))
    five = FSDP(torch.compile(net), use_orig_params=True)
    return one, two, three, four, five

def others(net, other):
    sharded = FSDP(net)
    fast = torch.compile(other)
    fully_shard(other)
    other.compile()
    return sharded, fast, re.compile("x")

def branches(net, flag):
    if flag:
        net = FSDP(net)
        return net
    else:
        net = torch.compile(net)
        return net

def contrary(net, args):
    if args.shard:
        net = FSDP(net)
    if args.compile and not args.shard:
        net = torch.compile(net)
    return net

def one_of_two(net, is_sharded):
    if is_sharded:
        net = FSDP(net)
    return net if is_sharded else torch.compile(net)

def asked(net, args):
    if args.shard:
        net = FSDP(net)
    if not isinstance(net, FSDP):
        net = torch.compile(net)
    return net

def again(net):
    net = FSDP(net)
    net = net.module
    return torch.compile(net)

def parts(net):
    for layer in net.layers:
        layer.compile()
    return FSDP(net)
"""
