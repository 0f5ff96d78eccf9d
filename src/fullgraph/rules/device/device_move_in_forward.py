"""A tensor or module is moved between devices in the forward path.

## What is wrong

A move in code that runs on every call is paid on every call: as long as the devices differ, the compiled
graph contains a copy from one device to the other. It is **no graph break**, and where the devices are the
same nothing is left of it. The cost is that a forgotten move stays hidden: the model works, and copies each
time.

```python bad
import torch


@torch.compile
def shift(x: torch.Tensor) -> torch.Tensor:
    return x + torch.arange(x.shape[0]).to(x.device)  # TFG401


CALL = shift, torch.ones(3, device="meta")
```

```python bad
import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = torch.arange(3.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.table.to(x.device)  # TFG401


CALL = torch.compile(Scale()), torch.ones(3, device="meta")
```

State that follows its input, as `self.mean = self.mean.to(device)`, hides the transfer in the first call and costs one
more recompilation, since the state has another device afterwards:

```python bad
import torch


class RunningMeanStd:
    def __init__(self) -> None:
        self.mean = torch.zeros(3)
        self.var = torch.ones(3)

    def to(self, device: torch.device) -> None:
        self.mean = self.mean.to(device)  # TFG401
        self.var = self.var.to(device)  # TFG401

    def normalize(self, x: torch.Tensor) -> torch.Tensor:
        if self.mean.device != x.device:
            self.to(x.device)
        return (x - self.mean) / torch.sqrt(self.var + 1e-8)


STATISTICS = RunningMeanStd()


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return STATISTICS.normalize(x) * 2


CALLS = step, [(torch.ones(3, device="meta"),)] * 3
```

For a module, `self.to(...)` or that of one that it holds, it is worse: where parameters are moved it is a graph
break. On older torch it breaks even where it moves nothing: for any module up to torch 2.10, for one with
parameters up to 2.11.

```python bad
import torch
from torch import nn


class Project(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.to(x.device)  # TFG401
        return self.linear(x)


CALLS = torch.compile(Project()), [(torch.ones(3, device="meta"),)] * 3
```

## What to do

Register constants as buffers, so that they move with the module:

```python good
import torch
from torch import nn


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.arange(3.0), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.table


CALL = torch.compile(Scale().to("meta")), torch.ones(3, device="meta")
```

create tensors where they are used:

```python fixed
import torch


@torch.compile
def shift(x: torch.Tensor) -> torch.Tensor:
    return x + torch.arange(x.shape[0], device=x.device)


CALL = shift, torch.ones(3, device="meta")
```

and put state on its device once, before the first call:

```python good
import torch


class RunningMeanStd:
    def __init__(self, device: torch.device | str) -> None:
        self.mean = torch.zeros(3, device=device)
        self.var = torch.ones(3, device=device)

    def normalize(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) / torch.sqrt(self.var + 1e-8)


STATISTICS = RunningMeanStd("meta")


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return STATISTICS.normalize(x) * 2


CALLS = step, [(torch.ones(3, device="meta"),)] * 3
```

```python good
import torch
from torch import nn


class Project(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


CALLS = torch.compile(Project().to("meta")), [(torch.ones(3, device="meta"),)] * 3
```

A move to the device of another input leaves nothing in the graph where the two agree, as inputs of a model do; it is
there for those who spread a model over devices, and is not reported:

```python good
import torch


@torch.compile
def joined(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return x * mask.to(x.device)


CALLS = joined, [(torch.ones(3, device="meta"), torch.ones(3, device="meta"))] * 3
```

A tensor without dimensions that is made on the host may meet those of a device as it is. That is no copy in the
graph, and not reported. (With dimensions, as in `x + torch.zeros(3)`, it is an error, unless it is an index.)

```python good
import torch


@torch.compile
def scaled(x: torch.Tensor) -> torch.Tensor:
    return x * torch.tensor(3.0)


CALL = scaled, torch.ones(3, device="meta")
```

Do not warn about it with `warnings.warn` in the forward path: that call is itself a graph break.

## When it is reported

In traced code `.cuda()`, `.cpu()`, and `.to(...)` of a constant or of the module's own device; `.to(x.device)` of
another tensor, or of a `device` that the caller gives, only where the file shows that what is moved lies elsewhere: it
is made on the host without `device=`, taken there by `.cpu()`, kept in an attribute that is no buffer, or is a module.
And `if self.t.device != x.device: self.to(x.device)` in any method that is given the tensor. Not where it surely
copies nothing: a buffer or parameter, which is where its module is, or what is computed from the module. `.to(dtype)`,
`.to(memory_format=...)` and a move to something that is not surely a device are not reported, nor are moves in
`__init__`, where something is made at its first use and kept (`if self.table is None: self.table = ...`, also behind
`if self.table is not None: return self.table`, and in what only such places call), in loaders and in training scripts,
nor what is taken to the host where a condition names the kind of device: `if x.device.type == "mps": x = x.cpu()`.

## How this is known

The blocks above run on torch in fullgraph's tests, with the `meta` device as the second device: the marked
lines are the operations of the captured graph that put a tensor on another device, or where Dynamo reports
the break. Inductor leaves the copy of what is made on the host, and makes one of `torch.tensor(data, device=...)` too,
which a test sees on its passes with tensors that only pretend to be on a GPU.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import Applicability, Context, Fix, Hit, Kind, MakeThere, Rule, TorchVersion, Traced, devices

RULE = Rule(
    "TFG401",
    "`{call}` in {place}: {cost}",
    remedy="{remedy}",
    since="0.1",
)

_COST = "a copy on every call while the devices differ (nothing is left when they are the same); no graph break"
_COST_OF_MADE = "made on the host, and copied to the device on every call (nothing is left on a CPU); no graph break"
_COST_OF_STATE = "a hidden transfer on the first call and one more recompilation; "
_REMEDY = "put it on its device before the call, or register it as a buffer"
_COMPARES = re.compile(r"\.device[\s)\\]*(!=|is\b)")
_MAKE_THE_SAME = frozenset({f"torch.{name}" for name in ("arange", "empty", "eye", "full", "ones", "zeros")})
"""Those that make the same on any device, apart from rounding."""
_KEEP_THEIR_MEANING = frozenset({"dtype", "end", "fill_value", "m", "n", "size", "start", "step"})


@RULE.method("to", "cuda", "cpu", of=None, where=Traced.POSSIBLE)
def moves_in_traced_code(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a device move in code that is, or may be, traced."""
    match call:
        case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if devices.moves_device(call, ctx):
            if ctx.enters_known_code(call) or ctx.is_set_up_once(call):
                return
            if method == "to" and not devices.may_be_elsewhere(receiver, call, ctx):
                return
            if _is_for_one_kind_of_device(call, ctx):
                return
            cost = _cost(call, receiver, method, ctx)
            if cost is None:
                return
            remedy = _remedy(receiver, method, ctx)
            fix = _fix(call, receiver, ctx) if cost is _COST_OF_MADE else None
            yield ctx.at(call, fix=fix, call=ctx.text(call), place="the forward path", cost=cost, remedy=remedy)
        case _:
            return


@RULE.node(ast.If)
def migrates_its_state(node: ast.If, ctx: Context) -> Iterator[Hit]:
    """Report ``if self.t.device != x.device: self.to(x.device)`` in any method that is given the tensor."""
    if not ctx.matches(_COMPARES) or not isinstance(node.test, (ast.BoolOp, ast.Compare)):
        return
    function = ctx.function()
    if function is None or function.name == "__init__" or not devices.compares_devices(node.test, ctx):
        return
    if ctx.traced(node).degree > Traced.NONE or not ctx.may_be_traced(node):
        return
    for statement in node.body:
        for call in ast.walk(statement):
            match call:
                case ast.Call(func=ast.Attribute(value=receiver, attr="to" | "cuda" | "cpu")):
                    if ctx.is_of_self(receiver) and devices.moves_device(call, ctx):
                        place = f"`{function.name}`, where state follows its input"
                        breaks = _cost_of_module(ctx) if devices.is_module(receiver, ctx) else "no graph break"
                        cost = _COST_OF_STATE + breaks
                        yield ctx.at(call, call=ctx.text(call), place=place, cost=cost, remedy=_REMEDY)
                case _:
                    continue


def _cost(call: ast.Call, receiver: ast.expr, method: str, ctx: Context) -> str | None:
    """What a move costs; None where that is unknown, as for an attribute that may be a module."""
    if devices.is_module(receiver, ctx):
        return _cost_of_module(ctx)
    if _is_kept_in_place(call, receiver, ctx):
        is_tensor = any(isinstance(each, ast.expr) and ctx.kind(each) is Kind.TENSOR for each in ctx.bindings(receiver))
        return f"{_COST_OF_STATE}no graph break" if is_tensor else None
    return _COST_OF_MADE if method != "cpu" and devices.is_made_on_host(receiver, ctx) else _COST


def _is_kept_in_place(call: ast.Call, receiver: ast.expr, ctx: Context) -> bool:
    """Whether ``self.table`` is set to what it is moved to, so that the next call has nothing to move."""
    parent = ctx.parent(call)
    target = ctx.target_of(parent if isinstance(parent, ast.IfExp) else call)
    return target is not None and ctx.is_of_self(target) and ast.unparse(target) == ast.unparse(receiver)


def _is_for_one_kind_of_device(call: ast.Call, ctx: Context) -> bool:
    """Whether something is taken to the host only where a condition names the kind of device, as ``"mps"``."""
    match call:
        case ast.Call(func=ast.Attribute(attr="cpu")) | ast.Call(args=[ast.Constant(value="cpu"), *_]):
            pass
        case _:
            return False
    inner: ast.AST = call
    while (outer := ctx.parent(inner)) is not None and not isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
        if isinstance(outer, ast.If | ast.IfExp) and inner is not outer.test and devices.names_a_kind(outer.test):
            return True
        inner = outer
    return False


def _cost_of_module(ctx: Context) -> str:
    """What ``.to(...)`` of a module was seen to cost, by release."""
    if ctx.target < TorchVersion(2, 11):
        return "a graph break each time it runs, even where it moves nothing"
    if ctx.target < TorchVersion(2, 12):
        return "a graph break each time it runs on a module with parameters, even where it moves nothing"
    return "a graph break where it moves parameters, a hidden transfer in any case"


def _fix(call: ast.Call, receiver: ast.expr, ctx: Context) -> Fix | None:
    """How to have it made on its device, where that makes the same."""
    match receiver:
        case ast.Call(func=func, args=given, keywords=keywords) if {
            each.arg for each in keywords
        } <= _KEEP_THEIR_MEANING:
            names = ctx.names(func)
        case _:
            return None
    is_plain = len(call.args) + len(call.keywords) == 1 and all(each.arg == "device" for each in call.keywords)
    if len(names) != 1 or names[0] not in _MAKE_THE_SAME or not is_plain:
        return None
    title = f"make it there: `{ctx.text(func)}(..., device=...)`"
    if names[0] != "torch.arange" or (not keywords and all(map(_is_integer, given))):
        return Fix(title, Applicability.SAFE, (MakeThere(),))
    return Fix(f"{title}: devices may round floats differently", Applicability.UNSAFE, (MakeThere(),))


def _is_integer(expr: ast.expr) -> bool:
    """Whether a number surely is whole: a constant, a length or a size."""
    match expr:
        case ast.Constant(value=int()) | ast.Call(func=ast.Name(id="len")):
            return True
        case ast.Subscript(value=ast.Attribute(attr="shape")) | ast.Call(func=ast.Attribute(attr="size"), args=[_]):
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv(), right=right):
            return _is_integer(left) and _is_integer(right)
        case _:
            return False


def _remedy(receiver: ast.expr, method: str, ctx: Context) -> str:
    if devices.is_module(receiver, ctx):
        return "move it before the first call"
    maker = devices.maker(receiver, ctx)
    if maker is not None and "torch.tensor" in ctx.names(maker):
        return "make it once, and register it as a buffer (with `device=` it is copied on every call, too)"
    if maker is not None:
        return f"create it there: `{ctx.text(maker)}(..., device=...)`"
    if method == "cpu":
        return "keep it on its device, or take it to the host outside the compiled function"
    return _REMEDY


CASES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, device):
        super().__init__()
        self.table = torch.zeros(3).to(device)
        self.device = device

    def forward(self, x, mask=None, dtype=torch.float16):
        x = x.to(self.device)  # TFG401
        x = x.to(device=self.device, dtype=dtype)  # TFG401
        x = x.to("cuda:0")  # TFG401
        x = x.to(0)  # TFG401
        x = x.to(mask.device, non_blocking=True)
        y = (x * 2).flip(0).to(x.device) + x[0].to(x.device)
        y = y + x.cpu().flip(0).to(x.device)  # TFG401, TFG401
        y = y + mask.flip(0).to(x.device) + torch.zeros(x.shape).double().to(mask.device)  # TFG401
        host = x.detach().cpu()  # TFG401
        return self.helper(x.cuda())  # TFG401

    def helper(self, x):
        return x + torch.arange(3).to(x.device)  # TFG401

    def load(self, x):
        return x.to(self.device).cpu()
---
# other conversions, and what is not known to be a device
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, other, where, options):
        x = x.to(torch.float16).to(other.dtype).to(dtype=torch.bfloat16)
        x = x.to(memory_format=torch.channels_last)
        x = x.to(other).to(where).to(**options).to(*where)
        return x.type_as(other).float()
---
# a buffer or parameter is where its module is, so a move only says so
import torch
from torch import nn

class Rotary(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("inv_freq", torch.arange(4), persistent=False)
        self.token = nn.Parameter(torch.zeros(1))
        self.other = nn.Buffer(torch.zeros(1), persistent=False)
        self.plain = torch.zeros(3)
        self.inner = nn.Linear(3, 3)

    def forward(self, x):
        f = self.inv_freq[None, :].float().expand(2, -1).to(x.device)
        f = f + self.other.to(device=x.device) + self.token.to(x.device) + self.plain[None].to(x.device)  # TFG401
        weight = self.token * 2
        weight = weight.to(torch.float32)
        f = f + torch.linalg.qr(weight)[0].to(x.device) + (weight + self.plain.to(x)).to(x.device)
        kept = self.plain
        f = f + kept.float().to(x.device)  # TFG401
        self.inner.to(x.device)  # TFG401
        return f + self.inv_freq.cpu()  # TFG401
---
# computed from the tensor through local names
import torch
from torch import nn

def rotary(size, positions):
    return positions * size, positions + size

class Net(nn.Module):
    def forward(self, ids: torch.Tensor, other: torch.Tensor, given):
        device = ids.device
        pos = ids.float().to(torch.float64)
        cos_out = []
        for i in range(3):
            cos, sin = rotary(i, pos[:, i])
            cos_out.append(cos)
        cos = torch.cat(cos_out, dim=-1).to(ids.device)
        first = torch.zeros(3, device=device)
        given = given.to(device)
        mixed = [pos]
        mixed.append(other)
        rows = torch.arange(len(ids)).to(device)  # TFG401
        made = torch.full((3,), 1.0).to(ids.device)  # TFG401
        made = made.to(ids.device)
        words = self.tokenize(given)
        rows = rows + words.to(self.device)  # TFG401
        return cos + sin.to(device) + first.to(device) + rows + given, torch.cat(mixed).to(ids.device)
---
# inputs that agree, and what is made on the host
import torch
from torch import nn

LEVELS = torch.tensor([0.0, 1.0])

def positions(x, device):
    return torch.arange(3).to(device) + x.to(device)  # TFG401

class Net(nn.Module):
    def forward(self, x: torch.Tensor, mask: torch.Tensor, cache, generator, device):
        kept = torch.cat([cache[0][:, -1:].to(x.device), x], dim=1).to(mask.device)
        here = mask.device if mask is not None else x.device
        kept = kept.to(here) + mask.to(device)
        rows = torch.arange(3)
        grid = (rows * 2 + 1)[None].float()
        kept = kept + grid.to(x.device) + LEVELS.to(here)[mask]  # TFG401, TFG401
        rows = rows.to(x.device)  # TFG401
        scale = torch.tensor(0.5) * x
        kept = kept + scale.to(mask.device) + torch.rand(3, generator=generator).to(x.device)
        noise = torch.zeros(3).type_as(x) + torch.ones(3, device=device)
        return kept + noise.to(x.device) + self.linear(x).to(mask.device) + positions(x, x.device)
---
# what goes to the host for one kind of device
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor):
        device = x.device
        if x.device.type == "mps":
            x = x.to("cpu")
        y = y.cpu() if device.type in ("mps", "npu") else y * 2
        if y.is_mps and len(y):
            for _ in range(2):
                x = x + y.cpu()
        if x.type == y.dtype.type:
            y = y.cpu()  # TFG401
        if device.type == "cuda":
            y = y.to(self.device)  # TFG401
        if y.cpu().device.type == "cpu":  # TFG401
            return x
        return x + y
---
# set up at the first use, or when the module is built
import torch
from torch import nn

class Loss:
    def __init__(self, weights, device):
        self.weights = weights.to(device)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = None
        self.tables = {}
        self.loss = None

    def forward(self, x: torch.Tensor, weights):
        if self.table is None:
            self.table = torch.arange(3).to(x.device)
        if x.shape[0] not in self.tables:
            self.tables[x.shape[0]] = torch.arange(x.shape[0]).to(x.device)
        if not hasattr(self, "late"):
            self.late = torch.zeros(3).to(x.device)
        if self.loss is None:
            self.loss = Loss(weights, x.device)
        if self.loss is None:
            x = x + torch.arange(3).to(x.device)  # TFG401
        return x + self.table
---
# eager code: training scripts, loaders, __init__, disabled functions
import torch
from torch import nn

def train(model, loader, device):
    model.to(device)
    for batch in loader:
        batch = batch.to(device)
        loss = model(batch).cpu()

class Net(nn.Module):
    def forward(self, x):
        if not torch.compiler.is_compiling():
            x = x.cpu()
        return self.host(x)

    @torch.compiler.disable
    def host(self, x):
        return x.cpu()

class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.cpu()
---
# state that follows its input, in a plain class
import torch

class RunningMeanStd:
    def __init__(self, x):
        self.mean = torch.zeros(3)
        if self.mean.device != x.device:
            self.mean = self.mean.to(x.device)

    def update(self, x: torch.Tensor):
        if x.device != self.mean.device:
            self.to(x.device)  # TFG401

    def normalize(self, x: torch.Tensor):
        if x.numel() and self.mean.device != x.device:
            self.mean = self.mean.to(x.device)  # TFG401
        return x - self.mean

    def follow(self, x: torch.Tensor):
        if self.mean.device != x.device:
            x = x.to(self.mean.device)
        return x

    def same(self, x: torch.Tensor, other: torch.Tensor):
        if x.device != other.device:
            raise ValueError
        if self.mean.dtype != x.dtype:
            self.to(x.dtype)

    def to(self, device):
        self.mean = self.mean.to(device)
---
import torch

def helper(x):
    return x.cpu()  # TFG401

@torch.compile
def step(x):
    return helper(x)

def eager(x):
    return x.cpu()
---
# what is kept is returned before, and a flag is turned
import torch
from torch import nn

KEPT: dict[str, torch.Tensor] = {}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = None
        self.rows = {}
        self.is_new = True

    def made(self, x):
        if self.table is not None:
            return self.table
        self.table = torch.arange(3).to(x.device)
        return self.table

    def kept(self, name, x):
        found = KEPT.get(name)
        if found is not None:
            return found
        KEPT[name] = torch.arange(3).to(x.device)
        return KEPT[name]

    def row(self, n, x):
        if n in self.rows:
            return self.rows[n]
        row = self.rows[n] = self.fresh(n).to(x.device)
        return row

    def fresh(self, n):
        return torch.zeros(n)

    def other(self, x):
        if self.table is not None:
            return self.table
        return torch.arange(3).to(x.device)  # TFG401

    def forward(self, x: torch.Tensor):
        if self.is_new:
            self.first = self.place(x)
            self.is_new = False
        if not self.is_new:
            x = x + torch.arange(3).to(x.device)  # TFG401
        return self.made(x) + self.kept("a", x) + self.row(3, x) + self.other(x)

    def place(self, x):
        return torch.arange(3).to(x.device)
---
# a parameter behind a local name, and what a generator draws
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Parameter(torch.zeros(1))
        self.plain = torch.zeros(1)

    def forward(self, x: torch.Tensor, seed):
        device = x.device
        tokens = self.tokens.expand(3)
        plain = self.plain.expand(3)
        x = x.detach()
        return x + tokens.to(device) + plain.to(device)  # TFG401
"""
