"""Traced code calls a function of torch that Dynamo does not trace.

## What is wrong

Most of torch is traced; some functions are not. They concern memory, threads, other runtimes, sparse and nested
layouts, or the compiler itself. Each call splits the graph.

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    if torch.is_inference_mode_enabled():  # TFG225
        y = y + 1
    y = y * 2
    if torch.jit.isinstance(y, torch.Tensor):  # TFG225
        y = y + 1
    return y


CALL = step, torch.ones(3)
```

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    y.resize_(3)  # TFG225
    return (y + 1) * 2


CALL = step, torch.ones(3)
```

## What to do

Ask outside of the compiled function, and pass the answer in; use what Dynamo traces, such as `isinstance` and views:

```python good
import torch


@torch.compile
def step(x: torch.Tensor, inference: bool) -> torch.Tensor:
    y = x.sin()
    if inference:
        y = y + 1
    y = y * 2
    if isinstance(y, torch.Tensor):
        y = y + 1
    return y


def asked(x: torch.Tensor) -> torch.Tensor:
    return step(x, torch.is_inference_mode_enabled())


CALL = asked, torch.ones(3)
```

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin().reshape(3)
    return (y + 1) * 2


CALL = step, torch.ones(3)
```

## When it is reported

In traced code: `torch.is_inference_mode_enabled`, `torch.is_inference`, `torch.jit.isinstance`, `torch.jit.fork` and
`wait`, `torch.sparse_coo_tensor` and its kin, a nested tensor without `layout=torch.jagged`, DLPack, the number of
threads, memory statistics of CUDA, resetting the compiler, `torch._dynamo.graph_break()`; `to_sparse` and
`share_memory_`; `resize_`, `resize_as_` and `storage` of what is surely a tensor; the address of a storage; and
`torch._check` with a `lambda`
whose message names a tensor or its shape, dtype or device.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced

RULE = Rule(
    "TFG225",
    "Dynamo does not trace `{call}`, which splits the graph",
    remedy="call it outside of the compiled function",
    since="0.1",
)

_CALLS = (
    "torch._dynamo.graph_break",
    "torch._dynamo.reset",
    "torch.compiler.reset",
    "torch.cuda.max_memory_allocated",
    "torch.cuda.memory_allocated",
    "torch.from_dlpack",
    "torch.get_num_threads",
    "torch.is_inference",
    "torch.is_inference_mode_enabled",
    "torch.jit.fork",
    "torch.jit.isinstance",
    "torch.jit.wait",
    "torch.set_num_threads",
    "torch.sparse_bsc_tensor",
    "torch.sparse_bsr_tensor",
    "torch.sparse_compressed_tensor",
    "torch.sparse_coo_tensor",
    "torch.sparse_csc_tensor",
    "torch.sparse_csr_tensor",
    "torch.utils.dlpack.to_dlpack",
)


@RULE.call(*_CALLS, where=Traced.POSSIBLE)
def calls(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a call of one of the functions that are known not to be traced."""
    yield ctx.at(call, call=ctx.text(call.func))


@RULE.call("torch.nested.nested_tensor", where=Traced.POSSIBLE)
def nests(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a nested tensor of the old layout."""
    if not any(item.arg in (None, "layout") for item in call.keywords):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("resize_", "resize_as_", "storage", of=Kind.TENSOR, where=Traced.POSSIBLE)
def changes(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report methods of tensors that are not traced."""
    yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("share_memory_", "to_sparse", of=None, where=Traced.POSSIBLE)
def changes_what_only_tensors_have(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report methods whose names nothing but tensors has."""
    match call.func:
        case ast.Attribute(value=receiver):
            if not ctx.names(call.func) and not ctx.is_self(receiver) and not ctx.enters_known_code(call):
                yield ctx.at(call, call=ctx.text(call.func))
        case _:
            return


@RULE.call("torch._check", "torch._check_value", where=Traced.POSSIBLE)
def says_in_message(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch._check(condition, lambda: f"{x.shape}")``: a message that needs a tensor to be made."""
    for argument in (*call.args[1:], *(item.value for item in call.keywords if item.arg == "message")):
        match argument:
            case ast.Lambda(body=body) if any(_is_of_tensor(node, ctx) for node in ast.walk(body)):
                yield ctx.at(call, call=f"{ctx.text(call.func)} with a message about a tensor")
            case _:
                continue


def _is_of_tensor(node: ast.AST, ctx: Context) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(), attr="device" | "dtype" | "shape"):
            return True
        case ast.Name():
            return ctx.kind(node) is Kind.TENSOR
        case _:
            return False


@RULE.method("data_ptr", of=None, where=Traced.POSSIBLE)
def asks_address(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``x.untyped_storage().data_ptr()``."""
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="untyped_storage"))):
            yield ctx.at(call, call=ctx.text(call.func))
        case _:
            return


CASES = """
import torch
from torch import nn
from torch.nested import nested_tensor

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        y = x * 2
        y.share_memory_()  # TFG225
        y = self.part(y).to_sparse()  # TFG225
        place = x.untyped_storage().data_ptr()  # TFG225
        n = nested_tensor([x, x])  # TFG225
        torch._dynamo.graph_break()  # TFG225
        rows = torch.sparse_csr_tensor(x, x, x)  # TFG225
        return torch.sparse_coo_tensor(x, x)  # TFG225
---
# what is traced, and what is not known to be a tensor
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, image):
        image.resize_(3)
        n = torch.nested.nested_tensor([x, x], layout=torch.jagged)
        if torch.is_tensor(x) and torch.is_grad_enabled() and not torch.is_autocast_enabled():
            x = x.untyped_storage().size() + x
        if not torch.compiler.is_compiling():
            torch.compiler.reset()
        return x.view(3).numpy()

def main():
    torch.set_num_threads(1)
---
# what has a sparse tensor is left to eager code as a whole
import warnings
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        if x.layout == torch.sparse_coo:
            x = x.to_sparse()
        elif x.layout == torch.strided:
            x = x.to_sparse()  # TFG225
        return x
---
# messages of checks
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, n):
        torch._check(x.shape[0] > 1, lambda: f"too short: {x.shape}")  # TFG225
        torch._check(x.shape[0] > 1)
        torch._check(n > 1, lambda: "too short")
        torch._check(n > 1, lambda: f"too short: {n}")
        return x
"""
