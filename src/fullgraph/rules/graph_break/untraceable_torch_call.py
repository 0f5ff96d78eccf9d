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

```python bad
import torch

SPARSE = torch.eye(3).to_sparse()


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = torch.empty(0)
    torch.add(x, 1, out=y)  # TFG225
    return torch.sparse.mm(SPARSE, y * 2)  # TFG225


CALL = step, torch.ones(3, 1)
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

```python good
import torch

DENSE = torch.eye(3)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = torch.empty_like(x)
    torch.add(x, 1, out=y)
    return torch.mm(DENSE, y * 2)


CALL = step, torch.ones(3, 1)
```

## When it is reported

In traced code: `torch.is_inference_mode_enabled`, `torch.is_inference`, `torch.jit.isinstance`, `torch.jit.fork` and
`wait`, `torch.sparse_coo_tensor`, functions of `torch.sparse` (from 2.6 on; not where all they are given is made
dense there, nor, up to 2.10, sparse), `torch.quantize_per_channel`, a nested tensor without `layout=torch.jagged`,
DLPack, the number of threads, memory statistics of CUDA, ranges of NVTX, resetting the compiler,
`torch._dynamo.graph_break()`; `to_sparse` and `share_memory_` (from 2.11 on); `resize_`, `resize_as_` and `storage` of
what is surely a tensor; `out=` with a tensor that was made without elements, and so has to grow (from 2.6 on); the
address of a storage; and `torch._check` with a `lambda` whose message names a tensor or its shape, dtype or device.

Some break on some releases only: `torch._check` with any `lambda` up to 2.10, `torch._check_value` with one up to
2.12, `torch._check` with a text as its message on 2.11 to 2.13; `state_dict()` of a module up to 2.12 and from 2.14
on; what is read of the result of `to_sparse`, as `s.to_dense()`, on 2.9; and up to 2.12 `to`, `float`, `half` and
`cpu` of a module, `torch.quantize_per_tensor` and `refine_names`.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks.
What breaks on some releases only was tried on torch 2.9, 2.11, 2.13, 2.14 and 2.15; what is sparse on 2.4 and 2.6,
too. Up to 2.9 Dynamo traces `to_sparse` itself, and compiling `share_memory_` fails.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced, values

RULE = Rule(
    "TFG225",
    "Dynamo does not trace `{call}`, which splits the graph",
    remedy="call it outside of the compiled function",
    since="0.2",
)

_CALLS = (
    "torch._dynamo.graph_break",
    "torch._dynamo.reset",
    "torch.compiler.reset",
    "torch.cuda.max_memory_allocated",
    "torch.cuda.memory_allocated",
    "torch.cuda.nvtx.range_pop",
    "torch.cuda.nvtx.range_push",
    "torch.from_dlpack",
    "torch.get_num_threads",
    "torch.is_inference",
    "torch.is_inference_mode_enabled",
    "torch.jit.fork",
    "torch.jit.isinstance",
    "torch.jit.wait",
    "torch.quantize_per_channel",
    "torch.set_num_threads",
    "torch.sparse_bsc_tensor",
    "torch.sparse_bsr_tensor",
    "torch.sparse_compressed_tensor",
    "torch.sparse_coo_tensor",
    "torch.sparse_csc_tensor",
    "torch.sparse_csr_tensor",
    "torch.utils.dlpack.to_dlpack",
)
_SPARSE = ("addmm", "log_softmax", "mm", "softmax", "sum")
_DENSE = ("empty", "eye", "full", "ones", "rand", "randn", "tensor", "zeros")
_FROM_2_6 = ">=2.6"
_ON_2_9 = ">=2.9,<2.10"
_FROM_2_11 = ">=2.11"
_TO_2_10 = ">=2.2,<2.11"
_TO_2_12 = ">=2.2,<2.13"
_TEXT_MESSAGES = ">=2.11,<2.14"
_FROM_2_14 = ">=2.14"


@RULE.call(*_CALLS, where=Traced.POSSIBLE)
def calls(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a call of one of the functions that are known not to be traced."""
    yield ctx.at(call, call=ctx.text(call.func))


@RULE.call(*(f"torch.sparse.{name}" for name in _SPARSE), where=Traced.POSSIBLE)
def works_on_sparse(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report functions that are there for sparse tensors, which Dynamo does not trace; of dense ones it does."""
    if ctx.aims_at(_FROM_2_6) and not (call.args and all(_is_dense(item, ctx) for item in call.args)):
        yield ctx.at(call, call=ctx.text(call.func))


def _is_dense(expr: ast.expr, ctx: Context) -> bool:
    """Whether an argument is none that Dynamo refuses: a number, or made dense wherever it is bound.

    Up to 2.10 also what is made sparse there: Dynamo refuses such inputs, and not yet what it traces.
    """
    if isinstance(ctx.value(expr), values.Static):
        return True
    bindings = ctx.bindings(expr) if isinstance(expr, (ast.Name, ast.Attribute)) else (expr,)
    return bool(bindings) and all(_makes_dense(binding, ctx) for binding in bindings)


def _makes_dense(binding: ast.AST, ctx: Context) -> bool:
    match binding:
        case ast.Call(func=ast.Attribute(attr="to_dense")):
            return True
        case ast.Call() if _is_made_sparse(binding):
            return not ctx.aims_at(_FROM_2_11)
        case ast.Call(func=func, keywords=keywords) if not any(item.arg in (None, "layout") for item in keywords):
            return any(f"torch.{name}" in ctx.names(func) for name in _DENSE)
        case _:
            return False


@RULE.call("torch.quantize_per_tensor", where=Traced.POSSIBLE)
def quantizes(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the making of a quantized tensor."""
    if ctx.aims_at(_TO_2_12):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("refine_names", of=None, where=Traced.POSSIBLE)
def names_dimensions(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``x.refine_names(...)``."""
    if ctx.aims_at(_TO_2_12) and isinstance(call.func, ast.Attribute) and ctx.is_tensor(call.func.value):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("state_dict", of=None, where=Traced.POSSIBLE)
def reads_state(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``self.state_dict()`` of a module."""
    if (ctx.aims_at(_TO_2_12) or ctx.aims_at(_FROM_2_14)) and _is_of_module(call, ctx):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("to", "float", "half", "cpu", of=None, where=Traced.POSSIBLE)
def converts_module(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``self.to(...)`` of a module."""
    if ctx.aims_at(_TO_2_12) and _is_of_module(call, ctx):
        yield ctx.at(call, call=ctx.text(call.func))


def _is_of_module(call: ast.Call, ctx: Context) -> bool:
    """Whether a call is of a method of torch of what is surely a module, and was not just made."""
    match call.func:
        case ast.Attribute(value=ast.Name() | ast.Attribute() as receiver) if not ctx.enters_known_code(call):
            makers = ctx.made_by(receiver)
            return ctx.is_module_self(receiver) or (bool(makers) and all(_is_module_class(path) for path in makers))
        case _:
            return False


def _is_module_class(path: str) -> bool:
    head, _, name = path.rpartition(".")
    return head in ("torch.nn", "torch.nn.modules") and name[:1].isupper() and name not in ("Parameter", "Buffer")


@RULE.node(ast.Call, where=Traced.POSSIBLE)
def grows(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch.add(x, 1, out=y)`` where ``y`` was made without elements."""
    for item in call.keywords:
        if item.arg == "out" and isinstance(item.value, ast.Name) and ctx.aims_at(_FROM_2_6):
            bindings = ctx.bindings(item.value)
            torch_calls = any(path.startswith("torch.") for path in ctx.names(call.func))
            if torch_calls and bindings and all(_makes_empty(binding, ctx) for binding in bindings):
                yield ctx.at(call, call=f"{ctx.text(call.func)}(out={item.value.id})")


def _makes_empty(binding: ast.AST, ctx: Context) -> bool:
    """Whether a call makes a tensor that surely has no elements, such as ``torch.empty(0)``."""
    match binding:
        case ast.Call(func=func, args=[size]):
            paths = ctx.names(func)
            if paths == ("torch.tensor",):
                return isinstance(size, ast.List) and not size.elts
            is_new = isinstance(func, ast.Attribute) and func.attr in ("new_empty", "new_zeros")
            return (is_new or paths in (("torch.empty",), ("torch.zeros",))) and _is_zero(size)
        case _:
            return False


def _is_zero(size: ast.expr) -> bool:
    match size:
        case ast.Constant(value=int(value)):
            return value == 0
        case ast.Tuple(elts=[ast.Constant(value=int(value))]) | ast.List(elts=[ast.Constant(value=int(value))]):
            return value == 0
        case _:
            return False


@RULE.call("torch.nested.nested_tensor", where=Traced.POSSIBLE)
def nests(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a nested tensor of the old layout."""
    if not any(item.arg in (None, "layout") for item in call.keywords):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("resize_", "resize_as_", "storage", of=None, where=Traced.POSSIBLE)
def changes(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report methods of tensors that are not traced."""
    if isinstance(call.func, ast.Attribute) and ctx.is_tensor(call.func.value):
        yield ctx.at(call, call=ctx.text(call.func))


@RULE.method("share_memory_", "to_sparse", of=None, where=Traced.POSSIBLE)
def changes_what_only_tensors_have(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report methods whose names nothing but tensors has."""
    match call.func:
        case ast.Attribute(value=receiver):
            of_other = ctx.names(call.func) or ctx.is_self(receiver) or ctx.enters_known_code(call)
            if ctx.aims_at(_FROM_2_11) and not of_other:
                yield ctx.at(call, call=ctx.text(call.func))
        case _:
            return


@RULE.node(ast.Attribute, where=Traced.POSSIBLE)
def reads_what_is_sparse(node: ast.Attribute, ctx: Context) -> Iterator[Hit]:
    """Report ``s.to_dense()`` and ``s.shape`` of what ``s = x.to_sparse()`` made there, which Dynamo refuses later."""
    if not ctx.aims_at(_ON_2_9) or not ctx.mentions("to_sparse"):
        return
    made = ctx.bindings(node.value) if isinstance(node.value, ast.Name) else (node.value,)
    if made and all(_is_made_sparse(each) for each in made):
        yield ctx.at(node, call=ctx.text(node))


def _is_made_sparse(binding: ast.AST) -> bool:
    match binding:
        case ast.Call(func=ast.Attribute(attr="to_sparse")):
            return True
        case _:
            return False


@RULE.call("torch._check", "torch._check_value", where=Traced.POSSIBLE)
def says_in_message(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``torch._check(condition, lambda: f"{x.shape}")``: a message that needs a tensor to be made."""
    to_lambdas = _TO_2_12 if ctx.names(call.func) == ("torch._check_value",) else _TO_2_10
    for argument in (*call.args[1:], *(item.value for item in call.keywords if item.arg == "message")):
        match argument:
            case ast.Lambda() if ctx.aims_at(to_lambdas):
                yield ctx.at(call, call=f"{ctx.text(call.func)} with a message")
            case ast.JoinedStr() | ast.Constant(value=str()) if ctx.aims_at(_TEXT_MESSAGES):
                yield ctx.at(call, call=f"{ctx.text(call.func)} with a text instead of a function as its message")
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
    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.eye(3).to_sparse())
        self.part = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor):
        y = x * 2
        y.share_memory_()  # TFG225
        place = x.untyped_storage().data_ptr()  # TFG225
        if torch.cuda.is_available():
            torch.cuda.nvtx.range_push("step")  # TFG225
        out = x.new_empty((0,))
        torch.add(x, 1, out=out)  # TFG225
        n = nested_tensor([x, x])  # TFG225
        torch._dynamo.graph_break()  # TFG225
        made = self.rows(x), self.made(x), self.turned(x)  # unreported
        return self.summed(x), self.multiplied(x), self.looked_up(x), made  # unreported

    def turned(self, x: torch.Tensor):
        return self.part(x).to_sparse()  # TFG225

    def summed(self, x: torch.Tensor):
        return torch.sparse.sum(x.to_sparse())  # TFG225, TFG225

    def multiplied(self, y: torch.Tensor):
        return torch.sparse.mm(y, torch.ones(3, 3))  # TFG225

    def looked_up(self, x: torch.Tensor):
        return torch.sparse.mm(self.table, torch.ones(3, 3))  # TFG225

    def rows(self, x: torch.Tensor):
        return torch.sparse_csr_tensor(torch.tensor([0, 1]), torch.tensor([0]), x[0, :1])  # TFG225

    def made(self, x: torch.Tensor):
        return torch.sparse_coo_tensor(torch.tensor([[0]]), x[0, :1])  # TFG225
# run: torch.compile(Net())(torch.ones(3, 3))
# run: torch.compile(Net().multiplied)(torch.eye(3).to_sparse())
---
# what is traced, and what is not known to be a tensor
import torch
from torch import nn

WEIGHT = torch.randn(3, 3)

class Image:
    def resize_(self, size):
        return self

    def paste(self, x, out):
        return out

    def refine_names(self, *names):
        return self

    def state_dict(self):
        return {}

    def to_dense(self):
        return torch.ones(3, 3)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x, image):
        image.resize_(3)
        out = torch.empty(3)
        torch.add(x, 1, out=out)
        write = image.paste(x, out=image)
        image.refine_names("N").state_dict()
        self.to(x.device)
        half = self.state_dict()
        n = torch.nested.nested_tensor([x, x], layout=torch.jagged)
        dense = torch.sparse.mm(torch.eye(3), torch.ones(3, 3)) + torch.sparse.mm(WEIGHT, image.to_dense())
        if torch.is_tensor(x) and torch.is_grad_enabled() and not torch.is_autocast_enabled():
            x = x.untyped_storage().size() + x
        if not torch.compiler.is_compiling():
            torch.compiler.reset()
        return x.view(3).numpy()

def main():
    torch.set_num_threads(1)
# run: torch.compile(Net())(torch.ones(3), Image())
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
        return x  # unreported
# run: torch.compile(Net())(torch.ones(3))
---
# messages of checks
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, n):
        torch._check(x.shape[0] > 1, lambda: f"too short: {x.shape}")  # TFG225
        torch._check(x.shape[0] > 1)
        torch._check(x.shape[0] > 1, "too short")  # TFG225
        torch._check(n > 1, lambda: "too short")
        torch._check(n > 1, lambda: f"too short: {n}")
        return x
# run: torch.compile(Net())(torch.ones(3), 3)
"""
