"""Traced code runs the backward pass, steps an optimizer, or changes what requires a gradient.

## What is wrong

A forward graph is what Dynamo captures; the backward graph is derived from it. Calls that drive autograd from the
inside split the graph: `backward()`, `torch.autograd.grad`, `optimizer.step()`, `requires_grad_()` and their kin.

```python bad
import torch

weight = torch.nn.Parameter(torch.ones(3))
optimizer = torch.optim.SGD([weight], lr=0.1)


@torch.compile
def train(x: torch.Tensor) -> torch.Tensor:
    loss = (x * weight).sum()
    loss.backward()  # TFG216
    optimizer.step()  # TFG216
    return loss.detach() * 2


CALL = train, torch.ones(3)
```

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    y.requires_grad = True  # TFG216
    return (y + 1).detach() * 2


CALL = step, torch.ones(3)
```

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    y.data = y.cos()  # TFG216
    return (y + 1) * 2


CALL = step, torch.ones(3)
```

```python bad
import torch

WEIGHT = torch.ones(3, requires_grad=True)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x * WEIGHT
    if y.grad_fn is not None:  # TFG216
        y = y + 1
    return y.detach()


CALL = step, torch.ones(3)
```

## What to do

Compile the model or the loss, and drive autograd around it:

```python good
import torch

weight = torch.nn.Parameter(torch.ones(3))
optimizer = torch.optim.SGD([weight], lr=0.1)


@torch.compile
def loss_of(x: torch.Tensor) -> torch.Tensor:
    return (x * weight).sum()


def train(x: torch.Tensor) -> torch.Tensor:
    loss = loss_of(x)
    loss.backward()
    optimizer.step()
    return loss.detach() * 2


CALL = train, torch.ones(3)
```

Mark what needs a gradient before the call, and assign a new tensor rather than its `data`:

```python good
import torch


@torch.compile
def step(y: torch.Tensor) -> torch.Tensor:
    return (y + 1).detach() * 2


def marked(x: torch.Tensor) -> torch.Tensor:
    return step(x.sin().requires_grad_())


CALL = marked, torch.ones(3)
```

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin().cos()
    return (y + 1) * 2


CALL = step, torch.ones(3)
```

```python good
import torch

WEIGHT = torch.ones(3, requires_grad=True)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x * WEIGHT
    if y.requires_grad:
        y = y + 1
    return y.detach()


CALL = step, torch.ones(3)
```

`torch.func.grad` and `torch.func.vjp` are traced.

## When it is reported

In traced code: `.backward()` without arguments other than those of a tensor; `torch.autograd.grad`, `backward`,
`functional` and anomaly detection; `step` and `zero_grad` of what a class of `torch.optim` made, schedulers included,
or what is called optimizer; `requires_grad_()` (of an input, where that does not require a gradient anyway; not of what
is computed of a parameter, which does) and assignments to `requires_grad`; factories with `requires_grad=True`;
`retain_grad()`; reading `grad_fn` of a tensor that is computed there of a parameter, a module of `self`, or what is
marked to require a gradient (without one Dynamo knows that there is none); and assignments to the `data` of a tensor
computed there. Reading `data` and `grad`, and changing `data` in place, is no graph break. Where the project turns on
`torch._dynamo.config.trace_autograd_ops`, which torch has since 2.11, `torch.autograd.grad`, `.backward()` and
`requires_grad_()` are not reported. Up to torch 2.10, `register_hook` of a tensor computed there and the clipping of
gradients break too.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too, except for `retain_grad`, which
breaks from 2.9 on.
`grad_fn`, hooks and clipping were tried on 2.9, 2.11 and 2.13 to 2.15, `grad_fn` on 2.4 and 2.6, too. With
`trace_autograd_ops`, `torch.autograd.grad` and `.backward()` were traced on 2.11 and 2.13 to 2.15, `requires_grad_()`
on these but 2.11 (only where what is computed of it is not returned), and `torch.autograd.backward` on none.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced, gradients

RULE = Rule(
    "TFG216",
    "`{what}` in traced code splits the graph",
    remedy="{remedy}",
    since="0.2",
    mentions=(".backward", "autograd", "requires_grad", ".data", "retain_grad", "ptim", "grad_fn", "hook", "clip_grad"),
)

_AROUND = "compile the forward pass or the loss, and drive autograd outside of it"
_BEFORE = "mark what requires a gradient before the compiled function is called"
_ASSIGN = "assign a new tensor, or change it in place"
_AUTOGRAD = (
    "torch.autograd.backward",
    "torch.autograd.functional.hessian",
    "torch.autograd.functional.hvp",
    "torch.autograd.functional.jacobian",
    "torch.autograd.functional.jvp",
    "torch.autograd.functional.vhp",
    "torch.autograd.functional.vjp",
    "torch.autograd.grad",
    "torch.autograd.gradcheck",
    "torch.autograd.set_detect_anomaly",
)
_TO_2_10 = ">=2.2,<2.11"
_TRACED = ("trace_autograd_ops",)
"""The setting by which Dynamo traces some of it, since torch 2.11."""
_OF_BACKWARD = frozenset({"create_graph", "gradient", "inputs", "retain_graph"})


@RULE.call(*_AUTOGRAD, where=Traced.POSSIBLE)
def calls_autograd(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.autograd.grad(...)``."""
    unless = _TRACED if "torch.autograd.grad" in ctx.names(call.func) else ()
    yield ctx.at(call, unless=unless, what=ctx.text(call.func), remedy=_AROUND)


@RULE.method("backward", of=None, where=Traced.POSSIBLE)
def runs_backward(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``loss.backward()``: called as a tensor's method is, and no method of this file."""
    match call:
        case ast.Call(func=ast.Attribute(value=receiver), args=[], keywords=keywords):
            if ctx.names(call.func) or ctx.is_self(receiver) or ctx.enters_known_code(call):
                return
            if all(item.arg in _OF_BACKWARD for item in keywords):
                yield ctx.at(call, unless=_TRACED, what=f"{ctx.text(call.func)}()", remedy=_AROUND)
        case _:
            return


@RULE.method("step", "zero_grad", of=None, where=Traced.POSSIBLE)
def steps(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``optimizer.step()``."""
    match call.func:
        case ast.Attribute(value=(ast.Name(id=name) | ast.Attribute(attr=name)) as receiver):
            makers = ctx.made_by(receiver)
            made = bool(makers) and all(_is_optimizer(path) for path in makers)
            if made or ((not ctx.bindings(receiver) or _is_parameter(receiver, ctx)) and _sounds_like_one(name)):
                yield ctx.at(call, what=f"{ctx.text(call.func)}()", remedy=_AROUND)
        case _:
            return


@RULE.method("requires_grad_", "retain_grad", of=None, where=Traced.POSSIBLE)
def marks(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``x.requires_grad_()`` and ``x.retain_grad()``."""
    match call:
        case ast.Call(func=ast.Attribute(attr="retain_grad")):
            if ctx.aims_at(">=2.9"):
                yield ctx.at(call, what=f"{ctx.text(call.func)}()", remedy=_BEFORE)
        case ast.Call(func=ast.Attribute(value=receiver), args=[] | [ast.Constant(value=True)], keywords=[]):
            marked = (ctx.is_tensor(receiver) or _is_copy(receiver)) and not ctx.moves_with_module(receiver)
            if marked and not _has_history(receiver, ctx):
                yield ctx.at(call, unless=_TRACED, what=ctx.text(call), remedy=_BEFORE)
        case ast.Call(func=ast.Attribute(value=receiver), args=[ast.Constant(value=False)], keywords=[]):
            makers = ctx.made_by(receiver)
            if makers and all(path.startswith("torch.nn.") for path in makers):
                yield ctx.at(call, what=ctx.text(call), remedy=_BEFORE)
        case _:
            return


@RULE.node(ast.Attribute, where=Traced.POSSIBLE)
def reads_history(node: ast.Attribute, ctx: Context) -> Iterator[Hit]:
    """Report ``y.grad_fn`` of a tensor that is computed there of what surely requires a gradient."""
    if node.attr == "grad_fn" and _has_history(node.value, ctx):
        yield ctx.at(node, what=ctx.text(node), remedy="ask for `requires_grad`, which is known while tracing")


def _has_history(expr: ast.expr, ctx: Context) -> bool:
    """Whether an expression is the name of a tensor that is computed there of what surely requires a gradient."""
    if not isinstance(expr, ast.Name) or not gradients.is_result(expr, ctx):
        return False
    return gradients.are_required(expr, ctx) and not gradients.are_off(expr, ctx)


@RULE.method("register_hook", of=None, where=Traced.POSSIBLE)
def hooks(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``y.register_hook(...)`` of a tensor that is computed there."""
    match call.func:
        case ast.Attribute(value=ast.Name() as receiver):
            if ctx.aims_at(_TO_2_10) and gradients.is_result(receiver, ctx):
                yield ctx.at(call, what=ctx.text(call.func), remedy=_AROUND)
        case _:
            return


@RULE.call("torch.nn.utils.clip_grad_norm_", "torch.nn.utils.clip_grad_value_", where=Traced.POSSIBLE)
def clips(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the clipping of gradients."""
    if ctx.aims_at(_TO_2_10):
        yield ctx.at(call, what=ctx.text(call.func), remedy=_AROUND)


@RULE.call(*gradients.FACTORIES, where=Traced.POSSIBLE)
def makes_leaf(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.zeros(3, requires_grad=True)``."""
    if gradients.are_asked_for(call):
        yield ctx.at(call, what=f"{ctx.text(call.func)}(requires_grad=True)", remedy=_BEFORE)


@RULE.node(ast.Assign, where=Traced.POSSIBLE)
def assigns(node: ast.Assign, ctx: Context) -> Iterator[Hit]:
    """Report ``x.requires_grad = ...`` and ``x.data = ...``."""
    for target in node.targets:
        match target:
            case ast.Attribute(attr="requires_grad", value=receiver):
                # from 2.15 on what is computed in the graph may be marked, as long as it does not leave it
                if not ctx.is_self(receiver) and ctx.aims_at(">=2.0,<2.15"):
                    yield ctx.at(target, what=f"{ctx.text(target)} = ...", remedy=_BEFORE)
            case ast.Attribute(attr="data", value=ast.Name() as receiver):
                if _is_computed(receiver, ctx):
                    yield ctx.at(target, what=f"{ctx.text(target)} = ...", remedy=_ASSIGN)
            case _:
                continue


def _is_copy(expr: ast.expr) -> bool:
    """``x.detach()`` and ``x.clone()``, which only tensors have."""
    match expr:
        case ast.Call(func=ast.Attribute(attr="detach" | "clone"), args=[]):
            return True
        case _:
            return False


def _is_optimizer(path: str) -> bool:
    head, _, name = path.rpartition(".")
    return head.startswith("torch.optim") and name[:1].isupper()


def _sounds_like_one(name: str) -> bool:
    return name.lower().endswith("optimizer")


def _is_parameter(expr: ast.expr, ctx: Context) -> bool:
    return all(isinstance(binding, ast.arg) for binding in ctx.bindings(expr))


def _is_computed(name: ast.Name, ctx: Context) -> bool:
    """Whether a name is only ever bound to tensors that are computed in this file, so that it is no input."""
    bindings = ctx.bindings(name)
    computed = all(isinstance(binding, (ast.Call, ast.BinOp, ast.UnaryOp)) for binding in bindings)
    if not bindings or not computed or any(gradients.is_parameter(item, ctx) for item in bindings):
        return False
    return ctx.kind(name) is Kind.TENSOR or all(isinstance(item, ast.expr) and _is_copy(item) for item in bindings)


CASES = """
import torch
from torch import nn
from torch.autograd import grad

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.optimizer = torch.optim.Adam(self.linear.parameters())
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 1)
        self.linear.weight.requires_grad = False

    def forward(self, x: torch.Tensor, target: torch.Tensor, optimizer):
        loss = self.linear(x).sum()
        loss.backward(retain_graph=True)  # TFG216
        self.optimizer.zero_grad()  # TFG216
        optimizer.step()  # TFG216
        gradients = grad(loss, x)  # TFG216
        y = target * 2
        y.requires_grad_()  # TFG216
        y.retain_grad()  # TFG216
        return self.after(x, target)

    def after(self, x: torch.Tensor, target: torch.Tensor):
        self.schedule.step()  # TFG216
        w = target.detach().requires_grad_(True)  # TFG216
        self.linear.requires_grad_(False)  # TFG216
        y = target * 2
        y.data = x  # TFG216
        z = target.clone()
        z.data = x  # TFG216
        return torch.zeros(3, requires_grad=True) + y + w + self.frozen(x) + self.asked(x) + self.computed(x)  # TFG216

    def frozen(self, x):
        for p in self.linear.parameters():
            p.requires_grad = False  # TFG216
        return x

    def asked(self, x: torch.Tensor):
        y = x * 2
        if y.grad_fn is None:  # unreported
            return y
        return x

    def computed(self, x: torch.Tensor):
        out = self.linear(x).relu()
        if out.grad_fn is None:  # TFG216
            return out
        return x
# run: torch.compile(Net())(torch.ones(3, requires_grad=True), torch.ones(3), torch.optim.SGD([torch.ones(1)], 0.1))
---
# what is no tensor, what is no break, and what is not traced
import torch
from torch import nn

class Layer:
    grad_fn = None

    def __call__(self):
        return self

    def backward(self, loss=1):
        return loss

    def step(self, x=1):
        return x

    def requires_grad_(self):
        return self

LAYER = Layer()

class Net(nn.Module):
    def __init__(self, scheduler):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.scheduler = scheduler
        self.optimizer = scheduler()

    def forward(self, x, optimizer_config, engine, loss):
        LAYER.backward()
        self.backward()
        engine.backward(loss)
        self.scheduler.step(x)
        self.optimizer.step()
        self.linear.zero_grad()
        self.linear.weight.data.mul_(2)
        self.linear.weight.data = x
        x.data = x * 2
        p = nn.Parameter(x)
        p.data = x * 3
        self.requires_grad = True
        self.linear.weight.requires_grad_(False)  # unreported
        self.linear.requires_grad_(True)  # unreported
        engine.requires_grad_()
        if engine.grad_fn is not None or x.grad_fn is not None or self.linear.weight.grad_fn is not None:
            return x
        with torch.no_grad():
            off = self.linear(x) * 2
            if off.grad_fn is None:
                return off
        data = x.sin() + 1
        if data.grad_fn is None:
            return data
        z = x.detach()
        hooked = self.linear(x)
        hooked.register_hook(print)
        hooked.requires_grad_()
        nn.utils.clip_grad_norm_([p], 1.0)
        if z.grad_fn is None:
            return z
        y = torch.zeros(3, 3, requires_grad=False) + x.data + x.grad
        return y if y.requires_grad else x

    def backward(self):
        return 2

def with_grad(x):
    x.grad = torch.ones(3, 3)
    return x

def train(model, x, optimizer):
    model(x).sum().backward()
    optimizer.step()
# run: torch.compile(Net(LAYER))(with_grad(torch.ones(3, 3)), {}, LAYER, 1)
"""
