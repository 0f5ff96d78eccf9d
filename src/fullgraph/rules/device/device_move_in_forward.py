"""A tensor or module is moved between devices in the forward path.

## What is wrong

A move in code that runs on every call is paid on every call: as long as the devices differ, the compiled
graph contains a copy from one device to the other. It is **no graph break**, and where the devices are the
same nothing is left of it. The cost is that a forgotten move stays hidden: the model works, and copies each
time.

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

```python bad
import torch


@torch.compile
def shift(x: torch.Tensor) -> torch.Tensor:
    return x + torch.arange(x.shape[0]).to(x.device)  # TFG401


CALL = shift, torch.ones(3, device="meta")
```

State that follows its input hides the transfer in the first call and costs one more recompilation, since the
state has another device afterwards:

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

For `self.to(...)` on a module it is worse: where it moves parameters it is a graph break. On older torch it
breaks even where it moves nothing: for any module up to torch 2.10, for one with parameters up to 2.11.

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

```python good
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

`.to(device)`, `.cuda()` and `.cpu()` in traced code, and `if self.t.device != x.device: self.to(x.device)` in
any method that is given the tensor. Not where it surely copies nothing: a buffer or parameter, which is where
its module is, or a tensor computed from the very tensor that the device is taken from, also through local
names and what the function puts into a list for its next call. `.to(dtype)`, `.to(memory_format=...)` and a
move to something that is not surely a device are not reported, nor are moves in `__init__`, where an attribute
is set at its first use (`if self.table is None: self.table = ...`), in loaders and in training scripts.

## How this is known

The blocks above run on torch in fullgraph's tests, with the `meta` device as the second device: the marked
lines are the operations of the captured graph that put a tensor on another device, or where Dynamo reports
the break.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, TorchVersion, Traced

RULE = Rule(
    "TFG401",
    "`{call}` in {place}: {cost}",
    remedy="{remedy}",
    since="0.1",
)

_COST = "a copy on every call while the devices differ (nothing is left when they are the same); no graph break"
_COST_OF_STATE = "a hidden transfer on the first call and one more recompilation; "
_REMEDY = "put it on its device before the call, or register it as a buffer"

_DEPTH = 4
"""How many local names a value is followed through."""
_FACTS = frozenset({"device", "dim", "dtype", "ndim", "numel", "shape", "size"})
_LEAVES_THE_DEVICE = frozenset({"cpu", "cuda", "from_numpy", "item", "numpy", "to", "tolist"})

_COMPARES = re.compile(r"\.device[\s)\\]*(!=|is\b)")

_CREATORS = frozenset(
    {
        "torch.arange",
        "torch.empty",
        "torch.eye",
        "torch.full",
        "torch.linspace",
        "torch.ones",
        "torch.rand",
        "torch.randint",
        "torch.randn",
        "torch.randperm",
        "torch.tensor",
        "torch.zeros",
    }
)


@RULE.method("to", "cuda", "cpu", of=None, where=Traced.POSSIBLE)
def moves_in_traced_code(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a device move in code that is, or may be, traced."""
    match call:
        case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if _moves_device(call, method, ctx):
            if ctx.enters_known_code(call) or _is_set_up_once(call, ctx):
                return
            if method == "to" and _is_there_already(receiver, _device(call), ctx):
                return
            cost = _cost_of_module(ctx) if ctx.is_module_self(receiver) else _COST
            yield ctx.at(
                call, call=ctx.text(call), place="the forward path", cost=cost, remedy=_remedy(receiver, method, ctx)
            )
        case _:
            return


@RULE.node(ast.If)
def migrates_its_state(node: ast.If, ctx: Context) -> Iterator[Hit]:
    """Report ``if self.t.device != x.device: self.to(x.device)`` in any method that is given the tensor."""
    if not ctx.matches(_COMPARES) or not isinstance(node.test, (ast.BoolOp, ast.Compare)):
        return
    function = ctx.function()
    if function is None or function.name == "__init__" or not _compares_devices(node.test, ctx):
        return
    if ctx.traced(node).degree > Traced.NONE or not ctx.may_be_traced(node):
        return
    for statement in node.body:
        for call in ast.walk(statement):
            match call:
                case ast.Call(func=ast.Attribute(value=receiver, attr="to" | "cuda" | "cpu" as method)):
                    if ctx.is_self(_root(receiver)) and _moves_device(call, method, ctx):
                        place = f"`{function.name}`, where state follows its input"
                        breaks = _cost_of_module(ctx) if ctx.is_module_self(receiver) else "no graph break"
                        cost = _COST_OF_STATE + breaks
                        yield ctx.at(call, call=ctx.text(call), place=place, cost=cost, remedy=_REMEDY)
                case _:
                    continue


def _cost_of_module(ctx: Context) -> str:
    """What ``self.to(...)`` on a module was seen to cost, by release."""
    if ctx.target < TorchVersion(2, 11):
        return "a graph break each time it runs, even where it moves nothing"
    if ctx.target < TorchVersion(2, 12):
        return "a graph break each time it runs on a module with parameters, even where it moves nothing"
    return "a graph break where it moves parameters, a hidden transfer in any case"


def _remedy(receiver: ast.expr, method: str, ctx: Context) -> str:
    match receiver:
        case ast.Call(func=func) if not _CREATORS.isdisjoint(ctx.names(func)):
            return f"create it there: `{ctx.text(func)}(..., device=...)`"
        case _ if method == "cpu":
            return "keep it on its device, or take it to the host outside the compiled function"
        case _:
            return _REMEDY


def _moves_device(call: ast.Call, method: str, ctx: Context) -> bool:
    """Whether the call surely asks for a device: never for a dtype, a memory format or something unknown."""
    if any(isinstance(item, ast.Starred) for item in call.args) or any(item.arg is None for item in call.keywords):
        return False
    if method != "to":
        return len(call.args) <= 1
    device = _device(call)
    match device:
        case None:
            return False
        case ast.Constant(value=int() as index):
            return not isinstance(index, bool)
        case _:
            return ctx.kind(device) is Kind.DEVICE


def _device(call: ast.Call) -> ast.expr | None:
    return next((item.value for item in call.keywords if item.arg == "device"), call.args[0] if call.args else None)


def _is_there_already(receiver: ast.expr, device: ast.expr | None, ctx: Context) -> bool:
    """Whether the receiver is a buffer or parameter, or computed from one, or from the tensor with the device."""
    if ctx.moves_with_module(_source(receiver)):
        return True
    source = _asked_for(device, ctx)
    if source is not None and ctx.is_self(source):  # nearly all in a method is computed from the module
        return _is_computed_from(receiver, ast.dump(source), ctx, None)
    return _is_computed_from(receiver, "" if source is None else ast.dump(source), ctx, ())


def _asked_for(device: ast.expr | None, ctx: Context) -> ast.expr | None:
    """The tensor whose device this is, also by a local name: ``x`` of ``x.device``."""
    match device:
        case ast.Attribute(value=source, attr="device"):
            return source
        case ast.Name():
            match ctx.bindings(device):
                case (ast.Attribute(value=source, attr="device"),):
                    return source
                case _:
                    return None
        case _:
            return None


def _is_computed_from(expr: ast.expr, wanted: str, ctx: Context, through: tuple[str, ...] | None) -> bool:
    """Whether something is computed from a tensor, or of what the module holds, and stays on its device on the way.

    It is followed through local names, unless ``through``, those on the way to it, is None.
    """
    todo: list[ast.AST] = [expr]
    found = False
    while todo:
        node = todo.pop()
        match node:
            case ast.Attribute(attr=name) if name in _FACTS:
                continue
            case ast.Call(func=ast.Attribute(attr=name)) if name in _LEAVES_THE_DEVICE:
                if name == "to" and _gives_device(node, wanted, ctx):
                    found = True
                elif name == "to" and _changes_dtype(node, ctx):
                    todo.append(node.func)
                else:
                    return False
            case ast.Call(func=func) if "builtins.len" in ctx.names(func):
                continue
            case ast.Call(func=func) if not _CREATORS.isdisjoint(ctx.names(func)):
                found = found or _gives_device(node, wanted, ctx)
            case ast.Name() | ast.Attribute() | ast.Subscript() if ast.dump(node) == wanted:
                found = True
            case ast.Attribute() if ctx.moves_with_module(node):
                found = True
            case ast.Name() if through is not None and _is_bound_to_computed(node, wanted, ctx, through):
                found = True
            case ast.Subscript(value=ast.Name(id=name)) if through is not None and _keeps(name, wanted, ctx, through):
                found = True
            case _:
                todo += ast.iter_child_nodes(node)
    return found


def _gives_device(call: ast.Call, wanted: str, ctx: Context) -> bool:
    """Whether a call puts its result on the device of the tensor."""
    is_move = isinstance(call.func, ast.Attribute) and call.func.attr == "to"
    given = [item.value for item in call.keywords if item.arg == "device"] or (call.args[:1] if is_move else [])
    source = _asked_for(given[0], ctx) if given else None
    return source is not None and ast.dump(source) == wanted


def _changes_dtype(call: ast.Call, ctx: Context) -> bool:
    given = [*call.args, *(item.value for item in call.keywords)]
    return bool(given) and all(ctx.kind(each) is Kind.DTYPE for each in given)


def _is_bound_to_computed(name: ast.Name, wanted: str, ctx: Context, through: tuple[str, ...]) -> bool:
    """Whether all that a local name is bound to, or all that is appended to it, is computed from the tensor.

    What depends on itself is what else it is bound to.
    """
    if name.id in through or len(through) >= _DEPTH:
        return name.id in through
    bindings = ctx.bindings(name)
    grown = [each for call in ctx.growing_calls(name) for each in call.args[-1:]]
    values = [_bound(each, ctx) for each in bindings if not (grown and _is_empty(each))] + grown
    through = (*through, name.id)
    return bool(values) and all(
        value is not None and _is_computed_from(value, wanted, ctx, through) for value in values
    )


def _keeps(container: str, wanted: str, ctx: Context, through: tuple[str, ...]) -> bool:
    """Whether all that the function puts into a container, for its next call, is computed from the tensor."""
    function = ctx.function()
    if function is None or container in through:
        return False
    kept = [
        part.value
        for part in ast.walk(function)
        if isinstance(part, ast.Assign) and any(_is_item_of(target, container) for target in part.targets)
    ]
    tensors = [each for each in kept if not isinstance(each, ast.Constant)]
    return bool(tensors) and all(_is_computed_from(each, wanted, ctx, (*through, container)) for each in tensors)


def _is_item_of(target: ast.expr, container: str) -> bool:
    match target:
        case ast.Subscript(value=ast.Name(id=name)):
            return name == container
        case _:
            return False


def _bound(binding: ast.AST, ctx: Context) -> ast.expr | None:
    """The expression that a name gets its value from: of ``a, b = f(x)`` the right side."""
    match binding:
        case ast.For(iter=source) | ast.comprehension(iter=source) | ast.AnnAssign(value=source):
            return source
        case ast.Name(ctx=ast.Store()):
            parent = ctx.parent(binding)
            while isinstance(parent, (ast.Tuple, ast.List, ast.Starred)):
                parent = ctx.parent(parent)
            return _bound(parent, ctx) if isinstance(parent, ast.For) else getattr(parent, "value", None)
        case ast.expr():
            return binding
        case _:
            return None


def _is_empty(binding: ast.AST) -> bool:
    return isinstance(binding, ast.List) and not binding.elts


def _is_set_up_once(node: ast.AST, ctx: Context) -> bool:
    """Whether this runs when a module is built, or at the first use: ``if self.table is None: self.table = ...``."""
    function = ctx.function()
    if function is None or function.name == "__init__":
        return True
    child, parent = node, ctx.parent(node)
    while parent is not None and child is not function:
        match parent:
            case ast.If(test=test, body=body) if child in body and _asks_if_missing(test, ctx):
                return any(_stores_in_self(part, ctx) for statement in body for part in ast.walk(statement))
            case _:
                child, parent = parent, ctx.parent(parent)
    return False


def _asks_if_missing(test: ast.expr, ctx: Context) -> bool:
    """Whether a condition, or a part of it, asks if the module has something yet."""
    match test:
        case ast.BoolOp(values=values):
            return any(_asks_if_missing(each, ctx) for each in values)
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return isinstance(left, ast.Attribute) and ctx.is_self(_root(left))
        case ast.Compare(ops=[ast.NotIn()], comparators=[held]):
            return isinstance(held, ast.Attribute) and ctx.is_self(_root(held))
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=func, args=[owner, *_])):
            return "builtins.hasattr" in ctx.names(func) and ctx.is_self(owner)
        case _:
            return False


def _stores_in_self(part: ast.AST, ctx: Context) -> bool:
    match part:
        case ast.Attribute(ctx=ast.Store(), value=owner):
            return ctx.is_self(_root(owner))
        case ast.Subscript(ctx=ast.Store(), value=ast.Attribute(value=owner)):
            return ctx.is_self(_root(owner))
        case _:
            return False


def _source(receiver: ast.expr) -> ast.expr:
    """What a chain of method calls and subscripts begins with: ``self.table`` of ``self.table[None].float()``."""
    while True:
        match receiver:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner):
                receiver = inner
            case _:
                return receiver


def _compares_devices(test: ast.expr, ctx: Context) -> bool:
    """Whether a test, or a part of it, asks if state of ``self`` and a parameter are on different devices."""
    match test:
        case ast.BoolOp(values=values):
            return any(_compares_devices(value, ctx) for value in values)
        case ast.Compare(
            left=ast.Attribute(value=left, attr="device"),
            ops=[ast.NotEq() | ast.IsNot()],
            comparators=[ast.Attribute(value=right, attr="device")],
        ):
            mine = [ctx.is_self(_root(side)) for side in (left, right)]
            given = [_is_parameter(side, ctx) for side in (left, right)]
            return (mine[0] and given[1]) or (mine[1] and given[0])
        case _:
            return False


def _is_parameter(expr: ast.expr, ctx: Context) -> bool:
    return not ctx.is_self(expr) and any(isinstance(binding, ast.arg) for binding in ctx.bindings(expr))


def _root(expr: ast.expr) -> ast.expr:
    while isinstance(expr, ast.Attribute):
        expr = expr.value
    return expr


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
        x = x.to(mask.device, non_blocking=True)  # TFG401
        y = (x * 2).flip(0).to(x.device) + x[0].to(x.device)
        y = y + x.cpu().flip(0).to(x.device)  # TFG401, TFG401
        y = y + mask.flip(0).to(x.device) + torch.zeros(x.shape).double()  # TFG401
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

    def forward(self, x):
        f = self.inv_freq[None, :].float().expand(2, -1).to(x.device)
        f = f + self.other.to(device=x.device) + self.token.to(x.device) + self.plain[None].to(x.device)  # TFG401
        weight = self.token * 2
        weight = weight.to(torch.float32)
        f = f + torch.linalg.qr(weight)[0].to(x.device) + (weight + self.plain.to(x)).to(x.device)  # TFG401
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
        given = given.to(device)  # TFG401
        mixed = [pos]
        mixed.append(other)
        rows = torch.arange(len(ids)).to(device)  # TFG401
        made = torch.full((3,), 1.0).to(ids.device)  # TFG401
        made = made.to(ids.device)
        words = self.tokenize(given)
        rows = rows + words.to(self.device)  # TFG401
        return cos + sin.to(device) + first.to(device) + rows + given, torch.cat(mixed).to(ids.device)  # TFG401
---
# what the last call left in a list that the caller keeps
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x: torch.Tensor, cache, others, index: int):
        kept = x[:, -2:].clone()
        if cache[index] is not None:
            kept = torch.cat([cache[index][:, -1:].to(kept.device), kept], dim=1)
            kept = torch.cat([others[index][:, -1:].to(kept.device), kept], dim=1)  # TFG401
        cache[index] = kept
        others[index] = self.linear(index)
        return x + kept
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
"""
