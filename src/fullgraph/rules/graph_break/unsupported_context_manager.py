"""Traced code enters a context manager that Dynamo does not trace.

## What is wrong

Where Dynamo does not know a context manager, it gives up the whole function that enters it: nothing of that function
is compiled, only what it calls.

```python bad
import threading

import torch

LOCK = threading.Lock()


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    with LOCK:  # TFG219
        y = y + 1
    return y * 2


CALL = step, torch.ones(3)
```

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    with torch.device("cpu"):  # TFG219
        ones = torch.ones(3)
    return (y + ones) * 2


CALL = step, torch.ones(3)
```

## What to do

Take the lock around the compiled function, and say at each tensor where it is to be:

```python good
import threading

import torch

LOCK = threading.Lock()


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    ones = torch.ones(3, device="cpu")
    return (y + ones) * 2


def locked(x: torch.Tensor) -> torch.Tensor:
    with LOCK:
        return step(x)


CALL = locked, torch.ones(3)
```

`torch.no_grad`, `torch.autocast`, `torch.inference_mode`, `sdpa_kernel`, `record_function`, `contextlib.nullcontext`
and context managers written in Python, as classes or with `contextlib.contextmanager`, are traced.

## When it is reported

`with`, in traced code, and a lock, a device, `torch.random.fork_rng`, `torch.backends.cudnn.flags`, anomaly
detection, ranges of NVTX, hooks on saved tensors, redirected output, temporary directories and the like; `acquire` of
a lock; all of these, and `torch.no_grad()`, `torch.autocast(...)`, `contextlib.nullcontext()` and other managers for
which Dynamo has its own, where they are given to `ExitStack.enter_context` or `push`; and, where torch before 2.10 is
aimed at, every `ExitStack`. Context managers written in Python may be given to one from torch 2.11 on.
`contextlib.suppress` only where torch before 2.11 is aimed at.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too. What may be given to an `ExitStack`
was tried on 2.4, 2.6, 2.9, 2.11 and 2.13 to 2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced

RULE = Rule(
    "TFG219",
    "Dynamo does not trace `{what}`, so this function is not compiled",
    remedy="enter it outside of the compiled function",
    since="0.2",
)

_LOCKS = frozenset({"threading.Condition", "threading.Lock", "threading.RLock", "threading.Semaphore"})
_ENTERED_ON = ">=2.11"
"""Where an `ExitStack` is traced up to what it is given; before, it is not traced at all."""
_STOOD_IN_FOR = frozenset(
    {
        "contextlib.nullcontext",
        "torch.amp.autocast",
        "torch.autocast",
        "torch.autograd.graph.disable_saved_tensors_hooks",
        "torch.autograd.profiler.profile",
        "torch.enable_grad",
        "torch.inference_mode",
        "torch.nn.attention.sdpa_kernel",
        "torch.no_grad",
        "torch.profiler.record_function",
        "warnings.catch_warnings",
    }
)
"""Managers that ``with`` may enter in traced code, but that an `ExitStack` cannot be given there."""
_MANAGERS = {
    "contextlib.ExitStack": ">=2.2,<2.10",
    "contextlib.closing": "",
    "contextlib.redirect_stdout": "",
    "contextlib.suppress": ">=2.2,<2.11",
    "decimal.localcontext": "",
    "tempfile.TemporaryDirectory": "",
    "torch.autograd.detect_anomaly": "",
    "torch.autograd.graph.save_on_cpu": "",
    "torch.autograd.graph.saved_tensors_hooks": "",
    "torch.backends.cuda.sdp_kernel": "",
    "torch.backends.cudnn.flags": "",
    "torch.cuda.nvtx.range": "",
    "torch.random.fork_rng": "",
}


@RULE.node(ast.With, where=Traced.POSSIBLE)
def enters(node: ast.With, ctx: Context) -> Iterator[Hit]:
    """Report ``with lock:``."""
    for item in node.items:
        manager = item.context_expr
        if _is_unsupported(manager, ctx):
            yield ctx.at(manager, what=f"with {ctx.text(manager)}")


@RULE.method("acquire", "enter_context", "push", of=None, where=Traced.POSSIBLE)
def calls(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``lock.acquire()`` and ``stack.enter_context(...)``."""
    match call.func:
        case ast.Attribute(value=receiver, attr="acquire"):
            makers = ctx.made_by(receiver)
            if makers and _LOCKS.issuperset(makers):
                yield ctx.at(call, what=ctx.text(call.func))
        case ast.Attribute(value=ast.Name() as receiver):
            stacks = (binding for binding in ctx.bindings(receiver) if _is_exit_stack(binding, receiver.id, ctx))
            if ctx.aims_at(_ENTERED_ON) and any(stacks) and any(_cannot_be_given(each, ctx) for each in call.args):
                yield ctx.at(call, what=ctx.text(call))
        case _:
            return


def _cannot_be_given(manager: ast.expr, ctx: Context) -> bool:
    """Whether an `ExitStack` that is given this manager ends the tracing of the function."""
    paths = ctx.names(manager.func) if isinstance(manager, ast.Call) else ()
    return (bool(paths) and _STOOD_IN_FOR.issuperset(paths)) or _is_unsupported(manager, ctx)


def _is_unsupported(manager: ast.expr, ctx: Context) -> bool:
    match manager:
        case ast.Call(func=func):
            paths = ctx.names(func)
            known = bool(paths) and all(path in _MANAGERS and ctx.aims_at(_MANAGERS[path]) for path in paths)
            return known or "torch.device" in paths
        case ast.Attribute(attr="device"):
            return ctx.kind(manager) is Kind.DEVICE
        case ast.Name() | ast.Attribute():
            makers = ctx.made_by(manager)
            return bool(makers) and (_LOCKS.issuperset(makers) or set(makers) == {"torch.device"})
        case _:
            return False


def _is_exit_stack(binding: ast.AST, name: str, ctx: Context) -> bool:
    """Whether a ``with`` item binds this name to a ``contextlib.ExitStack()``."""
    match binding:
        case ast.withitem(context_expr=ast.Call(func=func), optional_vars=ast.Name(id=bound)):
            return bound == name and "contextlib.ExitStack" in ctx.names(func)
        case _:
            return False


CASES = """
import contextlib
import threading
from threading import RLock
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lock = RLock()
        self.device = torch.device("cpu")

    def forward(self, x):
        with self.lock, torch.no_grad():  # TFG219
            x = x + 1
        return self.placed(x) + self.drawn(x) + self.stacked(x) + self.held(x)

    def placed(self, x):
        with x.device:  # TFG219
            return x + torch.ones(3)

    def drawn(self, x):
        with torch.random.fork_rng(devices=[]):  # TFG219
            return x + torch.rand(3)

    def stacked(self, x):
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.no_grad())  # TFG219
        return self.locked(x) + self.pushed(x) + self.cast(x)

    def locked(self, x):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.lock)  # TFG219
        return x

    def pushed(self, x):
        with contextlib.ExitStack() as stack:
            stack.push(contextlib.nullcontext())  # TFG219
        return x

    def cast(self, x):
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.autocast("cpu"))  # TFG219
        return x

    def held(self, x):
        self.lock.acquire()  # TFG219
        return x
# run: torch.compile(Net())(torch.ones(3))
---
# what Dynamo traces, what is unknown, and what is not traced
import contextlib
import threading
import torch
from torch import nn

@contextlib.contextmanager
def own():
    yield

class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def acquire(self):
        return True

    def enter_context(self, manager):
        return manager

class Net(nn.Module):
    def __init__(self, lock):
        super().__init__()
        self.lock = lock
        self.real = threading.Lock()
        with self.real, torch.device("meta"):
            self.table = torch.ones(3)

    def forward(self, x, manager, stack):
        with torch.no_grad(), torch.autocast("cpu"), contextlib.nullcontext(), own(), self.lock:
            x = x + 1
        with torch.profiler.record_function("a"), contextlib.suppress(ValueError), contextlib.ExitStack():
            stack.enter_context(manager)
            manager.acquire()
        with contextlib.ExitStack() as own_stack:
            own_stack.enter_context(own())
            own_stack.enter_context(contextlib.suppress(ValueError))
        if not torch.compiler.is_compiling():
            with self.real:
                x = x + 1
        with contextlib.ExitStack() as own_stack:
            own_stack.enter_context(manager)  # unreported
        return self.given(x, manager)

    def given(self, x, manager):
        with manager:  # unreported
            x = x + 1
        with contextlib.ExitStack() as own_stack:
            own_stack.push(manager)
        return x
# run: torch.compile(Net(contextlib.nullcontext()))(torch.ones(3), Manager(), Manager())
"""
