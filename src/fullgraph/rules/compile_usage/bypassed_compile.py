"""A method other than `forward` is called on a compiled module: it runs eagerly.

## What is wrong

`torch.compile(module)` returns a wrapper whose `forward` is compiled. Every other method is that of the original
module, and runs as if nothing had been compiled: no error, no warning, no graph. Even where such a method calls
`self(...)`, that is the original module, not the wrapper.

```python bad
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    def get_action(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x).argmax(dim=-1)


class Policy:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self._network = Network()

    def compile(self) -> None:
        self._network = torch.compile(self._network)

    def act(self, x: torch.Tensor) -> torch.Tensor:
        return self._network.get_action(x)  # TFG501


policy = Policy()
policy.compile()
CALL = policy.act, torch.ones(3, 4)
```

## What to do

Compile the method, too:

```python good
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    def get_action(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x).argmax(dim=-1)


class Policy:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self._network = Network()

    def compile(self) -> None:
        self._network.get_action = torch.compile(self._network.get_action)

    def act(self, x: torch.Tensor) -> torch.Tensor:
        return self._network.get_action(x)


policy = Policy()
policy.compile()
CALL = policy.act, torch.ones(3, 4)
```

or let the method call what is compiled: keep the wrapper for `forward` alone, and do the rest outside of the module.

```python good
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x).argmax(dim=-1)


class Policy:
    def __init__(self) -> None:
        torch.manual_seed(0)
        self._network = Network()

    def compile(self) -> None:
        self._network = torch.compile(self._network)

    def act(self, x: torch.Tensor) -> torch.Tensor:
        return self._network(x)


policy = Policy()
policy.compile()
CALL = policy.act, torch.ones(3, 4)
```

## When it is reported

Calls of methods on a name, an attribute or a property that holds what `torch.compile(module)` returned, when the call
happens. Where the class of the module stands in the same file, the method must be defined there and work on tensors.
Where it does not, the method must be none of `torch.nn.Module`, and be given a tensor or stand below `torch.no_grad()`
or `torch.inference_mode()`, with a result that is used. Nothing is said where the method, or something that it calls,
is compiled or disabled itself, where the call stands in compiled code, and where the module was compiled in place with
`module.compile()`: there a method that calls `self(...)` reaches compiled code.

Where files tell it together, a call such as `policy.network.act(x)` is reported in any file: the class of `policy`
holds what `torch.compile` made of a module, in an attribute or a property that returns it, and the method calls that
module or a part of it; where its class is not known, what holds above within a file. It may also be somebody else who
compiles it: `policy.network = torch.compile(policy.network)`. That counts in methods of the class of `policy`, where
the same object is at hand, and for instances that are given from outside; not for one that the code around the call
makes for itself. The finding says by which way, from the function with the call to where the module is compiled.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad one, every operation behind the marked line runs eagerly
and none is captured; in the good ones each is.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Kind, Rule, Traced, is_of_module

RULE = Rule(
    "TFG501",
    "`{method}` of the module that {place} compiles runs eagerly: only calling the module itself is compiled",
    remedy="compile `{method}` too, or do this work in `forward` and call the module",
    since="0.2",
    effect=Effect.BYPASSED,
)

_WITHOUT_GRADIENT = frozenset(
    {"torch.no_grad", "torch.inference_mode", "torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast"}
)
_KEEPS_BOOKS = (
    "add_", "check_", "clear_", "configure_", "disable_", "enable_", "freeze", "from_", "get_config", "get_num", "init",
    "load_", "log", "num_", "print", "push_", "register_", "reset", "resize_", "save_", "set_", "unfreeze", "update_",
)  # fmt: skip
"""How methods begin that do not run the network, whatever they are given."""


@RULE.call("torch.compile")
def compiled(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``compiled.method(...)``, for what this call compiles."""
    for call, func in ctx.compiling.method_calls_on(node):
        if is_of_module(func.attr) or not _runs_eagerly(call, func, ctx):
            continue
        if ctx.traced(call).degree is not Traced.CERTAIN:
            yield ctx.at(func, method=func.attr, place=f"line {node.lineno}")


@RULE.bypass
def compiled_elsewhere(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the same of what another file of the project compiles."""
    way = ctx.compiling.bypassed(node)
    match node.func:
        case ast.Attribute(attr=method, value=owner) as func if way is not None and not is_of_module(method):
            if ctx.compiling.is_kept_as(method) or not (way.is_known or _is_given_tensors(node, func, ctx)):
                return
            if ctx.compiling.call_behind(owner) is not None and _runs_eagerly(node, func, ctx):
                return  # this file alone tells it
            if ctx.traced(node).degree is not Traced.CERTAIN:
                yield ctx.by_way_of(ctx.at(func, method=method, place=ctx.place(way.steps[-1])), way.steps)
        case _:
            return


def _runs_eagerly(call: ast.Call, func: ast.Attribute, ctx: Context) -> bool:
    """Whether the call works on tensors, and that in a method that nothing compiles."""
    methods = ctx.compiling.methods_entered(func)
    if methods is None:
        return _is_given_tensors(call, func, ctx)
    return bool(methods) and all(map(ctx.compiling.computes_eagerly, methods))


def _is_given_tensors(call: ast.Call, func: ast.Attribute, ctx: Context) -> bool:
    """Whether a method of a class that is not known is called as those are that run a network."""
    compiling = ctx.compiling
    if func.attr.startswith(_KEEPS_BOOKS) or compiling.is_kept_as(func.attr) or compiling.is_of_torch(func.value):
        return False
    if isinstance(ctx.parent(call), (ast.Expr, ast.withitem)):
        return False
    given = [*call.args, *(item.value for item in call.keywords)]
    return any(ctx.kind(each) is Kind.TENSOR for each in given) or (bool(given) and _is_inference(call, ctx))


def _is_inference(node: ast.AST, ctx: Context) -> bool:
    """Whether the code stands below a context or decorator that is there for running a network."""
    parent = ctx.parent(node)
    while parent is not None:
        managers: list[ast.expr] = []
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            managers = [item.context_expr for item in parent.items]
        elif isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)):
            managers = parent.decorator_list
        if any(_is_of_inference(each, ctx) for each in managers):
            return True
        parent = ctx.parent(parent)
    return False


def _is_of_inference(manager: ast.expr, ctx: Context) -> bool:
    func = manager.func if isinstance(manager, ast.Call) else manager
    return not _WITHOUT_GRADIENT.isdisjoint(ctx.names(func))


CASES = """
import torch

class Policy:
    def __init__(self, registry):
        self._network = registry.build()

    @property
    def network(self):
        return self._network

    def compile(self, mode):
        self._network = torch.compile(self._network, mode=mode)

    def act(self, states: torch.Tensor, masks: torch.Tensor):
        return self._network.get_action(states, masks=masks)  # TFG501

    def evaluate(self, states):
        with torch.inference_mode():
            return self.network.evaluate_actions(states, None)  # TFG501

    def forward(self, states: torch.Tensor):
        return self._network(states), self._network.forward(states)

    def save(self, path, states: torch.Tensor):
        self._network.save_pretrained(path)
        self._network.observe(states)
        return self._network.state_dict(), self._network.to(states.device), self._network.parameters()

    def raw(self, states: torch.Tensor):
        return self._network._orig_mod.get_action(states)


def drive(policy: Policy, states: torch.Tensor):
    return policy.network.get_action(states)  # TFG501
---
import torch

class Pipe:
    pass

def build(pipe, latents: torch.Tensor):
    pipe.vae.decode(latents)
    pipe.vae = torch.compile(pipe.vae, mode="reduce-overhead")
    return pipe.vae.decode(latents)[0]  # TFG501

def build_method(pipe, latents: torch.Tensor):
    pipe.net = torch.compile(pipe.net)
    pipe.net.encode = torch.compile(pipe.net.encode)
    return pipe.net.encode(latents)[0]
---
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.inner = torch.compile(nn.Linear(2, 2))

    def forward(self, x):
        return self.layer(x)

    def act(self, x):
        return self.layer(x) + 1

    def act_by_itself(self, x):
        return self(x)

    def describe(self, x):
        return {"size": len(x), "name": type(self).__name__}

    @staticmethod
    def prepare(x: torch.Tensor):
        return x + 1

    @torch.compile
    def fast(self, x):
        return self.layer(x)

    @torch.compiler.disable
    def slow(self, x):
        return self.layer(x)

    def inside(self, x):
        return self.inner(x)

    def through(self, x):
        return self.fast(self.layer(x))

net = Net()
compiled = torch.compile(net)

def run(x: torch.Tensor):
    compiled.describe(x), compiled.prepare(x)
    compiled.fast(x), compiled.slow(x), compiled.inside(x), compiled.through(x), compiled.missing(x)
    net.act(x)
    compiled.act_by_itself(x)  # TFG501
    return compiled.act(x)  # TFG501

@torch.compile
def step(x: torch.Tensor):
    return compiled.act(x)
---
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        return x + 1

    def act(self, x: torch.Tensor):
        return self(x) + 1

in_place = Net()
in_place.compile()

def run(x: torch.Tensor):
    return in_place.act(x)

def choose(flag, x: torch.Tensor):
    model = Net()
    model.act(x)
    if flag:
        model = torch.compile(model)
    else:
        return model.act(x)
    return model.act(x)  # TFG501

def leave(flag, x: torch.Tensor):
    model = Net()
    if flag:
        model = torch.compile(model)
        return model(x)
    return model.act(x)

def switch(flag, x: torch.Tensor):
    model = Net()
    fast = torch.compile(model) if flag else model
    return fast.act(x), model.act(x)  # TFG501

def unwrap(x: torch.Tensor):
    model = torch.compile(Net())
    model = getattr(model, "_orig_mod", model)
    return model.act(x)

def blocks(x: torch.Tensor):
    layers = torch.compile(nn.Sequential(nn.Linear(2, 2)))
    return layers.append(x), [layer(x) for layer in layers.children()]
---
import torch

class Other:
    def __init__(self, net):
        self.net = net
        self.fast = torch.compile(net)

    def act(self, x: torch.Tensor):
        return self.net.act(x), self.fast(x), self.slow.act(x)
---
from typing import cast

import torch

class Typed:
    def compile(self) -> None:
        self._network = cast(object, torch.compile(self._network))

    def act(self, x: torch.Tensor):
        return self._network.get_action(x)  # TFG501
---
import re

import torch

PATTERN = re.compile("x")

def find(x: torch.Tensor):
    return PATTERN.search(x)
"""
