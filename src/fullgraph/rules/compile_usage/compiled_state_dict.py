"""The state of a compiled module is saved, or copied from or to a plain one: its keys belong to the wrapper.

## What is wrong

`torch.compile(model)` returns a wrapper that holds the model as a submodule. Every key of the wrapper's `state_dict()`
begins with `_orig_mod.`, so that a plain model, as one has for inference or in another project, does not load what was
saved: `load_state_dict` raises for each key, and with `strict=False` loads nothing.

```python bad
import io

import torch
from torch import nn

torch.manual_seed(0)
model = torch.compile(nn.Linear(4, 2))


def checkpoint() -> list[str]:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)  # TFG507
    file.seek(0)
    return sorted(torch.load(file))


CALL = (checkpoint,)
```

Between two modules in memory it is the same, in both directions: `load_state_dict` raises, or with `strict=False` loads
nothing. So it is where a target network, or an average of the weights, is kept beside the one that is trained.

```python bad
import torch
from torch import nn


class Agent:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.target = nn.Linear(4, 2)
        self.network = torch.compile(nn.Linear(4, 2))

    def synchronize(self) -> torch.Tensor:
        self.target.load_state_dict(self.network.state_dict(), strict=False)  # TFG507
        return self.target.weight


CALL = (Agent().synchronize,)
```

```python bad
import torch
from torch import nn

torch.manual_seed(0)
best = nn.Linear(4, 2)
model = torch.compile(nn.Linear(4, 2))


def back_to_the_best() -> torch.Tensor:
    model.load_state_dict(best.state_dict(), strict=False)  # TFG507
    return model.weight


CALL = (back_to_the_best,)
```

## What to do

Compile in place, which leaves the keys alone:

```python good
import io

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 2)
model.compile()


def checkpoint() -> list[str]:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return sorted(torch.load(file))


CALL = (checkpoint,)
```

or keep the original model in a variable of its own, and save that one: it has the same parameters.

```python good
import torch
from torch import nn


class Agent:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self.target = nn.Linear(4, 2)
        self.network = nn.Linear(4, 2)
        self.fast = torch.compile(self.network)

    def synchronize(self) -> torch.Tensor:
        self.target.load_state_dict(self.network.state_dict())
        return self.target.weight


CALL = (Agent().synchronize,)
```

```python good
import torch
from torch import nn

torch.manual_seed(0)
best = nn.Linear(4, 2)
model = nn.Linear(4, 2)
model.compile()


def back_to_the_best() -> torch.Tensor:
    model.load_state_dict(best.state_dict())
    return model.weight


CALL = (back_to_the_best,)
```

## When it is reported

`state_dict()` of what holds the result of `torch.compile(module)`, within a call of `torch.save` or `save_file`, or in
a variable that is given to one in the same function. Not where the file mentions `_orig_mod`, since then it knows, nor
where it loads a state into something compiled: what is saved from one wrapper loads into another.

And `x.load_state_dict(y.state_dict())`, also by way of a variable, where one of the two holds the result of
`torch.compile(module)`, and the other surely does not: all that the file sets it to are new modules.

## How this is known

The blocks above run on torch in fullgraph's tests: every key that the marked line gets has the prefix, or every key
that the module has, and none that it is given. On torch 2.6, 2.13 and 2.15 `load_state_dict` was seen to raise
`RuntimeError` in both directions; with `strict=False` it leaves the weights as they were.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG507",
    "every key {of} begins with `_orig_mod.`, as line {line} compiles the module: {so}",
    remedy="use the state of the original module, or compile in place with `module.compile()`",
    since="0.2",
    effect=Effect.PREFIXED_STATE,
)

_SAVES = frozenset({"torch.save", "safetensors.torch.save_file", "safetensors.torch.save"})


@RULE.method("state_dict", of=None)
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``compiled.state_dict()`` on its way to a file."""
    if not isinstance(node.func, ast.Attribute) or (call := ctx.compiling.call_behind(node.func.value)) is None:
        return
    if _is_saved(node, ctx) and not ctx.mentions("_orig_mod") and not ctx.compiling.loads_state():
        yield ctx.at(node, of="of this state", line=str(call.lineno), so="a plain one cannot load it")


@RULE.method("load_state_dict", of=None)
def copied(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``compiled.load_state_dict(plain.state_dict())``, and the other way round."""
    match node:
        case ast.Call(func=ast.Attribute(value=to), args=[given, *_]) if not ctx.mentions("_orig_mod"):
            source = _source(given, ctx)
        case _:
            return
    if source is None or (isinstance(to, ast.Attribute) and ctx.is_for_set_up()):
        return
    into, out_of = ctx.compiling.call_behind(to), ctx.compiling.call_behind(source)
    if into is not None and out_of is None and ctx.compiling.is_unwrapped(source):
        yield ctx.at(
            node, of="that this module has", line=str(into.lineno), so="the state of a plain one is not loaded"
        )
    elif into is None and out_of is not None and ctx.compiling.is_unwrapped(to):
        yield ctx.at(node, of="of this state", line=str(out_of.lineno), so="a plain one cannot load it")


def _source(given: ast.expr, ctx: Context) -> ast.expr | None:
    """The module whose state this is; None if that is not known, or the state may have been changed."""
    match given:
        case ast.Call(func=ast.Attribute(value=module, attr="state_dict"), args=[]):
            return module
        case ast.Name():
            bound = ctx.bindings(given)
            is_state = len(bound) == 1 and isinstance(bound[0], ast.Call) and ctx.is_local(given)
            return _source(bound[0], ctx) if is_state and isinstance(bound[0], ast.Call) else None
        case _:
            return None


def _is_saved(node: ast.AST, ctx: Context) -> bool:
    """Whether this is a part of what is saved, or of what a variable holds that is saved."""
    child, parent = node, ctx.parent(node)
    while parent is not None:
        match parent:
            case ast.Call():
                return not _SAVES.isdisjoint(ctx.names(parent.func)) and child in parent.args[:1]
            case ast.Dict():
                child, parent = parent, ctx.parent(parent)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return _is_saved_by_name(name, parent, ctx)
            case _:
                return False
    return False


def _is_saved_by_name(name: str, assigned: ast.AST, ctx: Context) -> bool:
    """Whether a statement after the assignment, in the same block, saves the variable."""
    block = ctx.parent(assigned)
    body: list[ast.stmt] = getattr(block, "body", [])
    later = body[body.index(assigned) + 1 :] if assigned in body else []
    for statement in later:
        for part in ast.walk(statement):
            match part:
                case ast.Name(id=other, ctx=ast.Store()) if other == name:
                    return False
                case ast.Call(func=func, args=[ast.Name(id=other), *_]) if other == name:
                    return not _SAVES.isdisjoint(ctx.names(func))
                case _:
                    continue
    return False


CASES = """
import torch
from safetensors.torch import save_file

class Trainer:
    def __init__(self, model, optimizer):
        self.model = torch.compile(model)
        self.raw = model
        self.optimizer = optimizer

    def save(self, path):
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, path)  # TFG507
        torch.save(self.raw.state_dict(), path)

    def save_later(self, path):
        state = {
            "model": self.model.state_dict(),  # TFG507
            "step": 3,
        }
        torch.save(state, path)
        weights: dict = self.model.state_dict()  # TFG507
        save_file(weights, path)

    def keep(self):
        state = self.model.state_dict()
        state = {key: value.cpu() for key, value in state.items()}
        torch.save(state, "x")
        return self.model.state_dict(), print(self.model.state_dict())
---
import torch

model = torch.compile(torch.nn.Linear(2, 2))
torch.save(model.state_dict(), "x")
model.load_state_dict(torch.load("x"))
---
import torch

model = torch.compile(torch.nn.Linear(2, 2))
torch.save({k.replace("_orig_mod.", ""): v for k, v in model.state_dict().items()}, "x")
torch.save(model.state_dict(), "x")
---
import torch

model = torch.nn.Linear(2, 2)
model.compile()
torch.save(model.state_dict(), "x")
fast = torch.compile(model)
torch.save(model.state_dict(), "x")
---
import copy

import torch
from torch import nn

from elsewhere import QNetwork, build

class Agent:
    def __init__(self, flag, given):
        self.net = QNetwork(4)
        self.target = QNetwork(4).eval()
        self.other = copy.deepcopy(self.target)
        self.maybe = torch.compile(QNetwork(4)) if flag else QNetwork(4)
        self.built = build(4)
        self.given = given
        self.copied = copy.deepcopy(self.net)
        if flag:
            self.net = torch.compile(self.net)

    def synchronize(self):
        self.target.load_state_dict(self.net.state_dict())  # TFG507
        self.net.load_state_dict(self.other.state_dict(), strict=False)  # TFG507
        state = self.net.state_dict()
        self.target.load_state_dict(state)  # TFG507
        self.maybe.load_state_dict(self.net.state_dict())
        self.built.load_state_dict(self.net.state_dict())
        self.given.load_state_dict(self.net.state_dict())
        self.copied.load_state_dict(self.net.state_dict())
        self.target.load_state_dict(self.other.state_dict())
        self.target.load_state_dict({key[10:]: value for key, value in self.net.state_dict().items()})
        self.net.load_state_dict(torch.load("x"))

class InPlace:
    def __init__(self):
        self.net = QNetwork(4)
        self.net.compile()
        self.target = QNetwork(4)
        self.fast = torch.compile(self.net)

    def synchronize(self):
        self.target.load_state_dict(self.net.state_dict())

class Prepared:
    def __init__(self):
        self.net = QNetwork(4)
        self.target = QNetwork(4)
        self.target.load_state_dict(self.net.state_dict())
        self.copy()
        self.compile()

    def copy(self):
        self.target.load_state_dict(self.net.state_dict())

    def compile(self):
        self.net = torch.compile(self.net)

def average(model: nn.Module):
    average = copy.deepcopy(model)
    model = torch.compile(model)
    average.load_state_dict(model.state_dict())
---
import torch
from torch import nn

net, target = torch.compile(nn.Linear(2, 2)), nn.Linear(2, 2)
target.load_state_dict({key.removeprefix("_orig_mod."): value for key, value in net.state_dict().items()})
target.load_state_dict(net.state_dict(), strict=False)
"""
