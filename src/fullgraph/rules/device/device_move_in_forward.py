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
`__init__`, where an attribute is set at its first use (`if self.table is None: self.table = ...`), in loaders and in
training scripts.

## How this is known

The blocks above run on torch in fullgraph's tests, with the `meta` device as the second device: the marked
lines are the operations of the captured graph that put a tensor on another device, or where Dynamo reports
the break. Inductor leaves the copy of what is made on the host, and makes one of `torch.tensor(data, device=...)` too,
which a test sees on its passes with tensors that only pretend to be on a GPU.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import Applicability, Context, Fix, Hit, Kind, MakeThere, Rule, TorchVersion, Traced

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

_DEPTH = 4
"""How many local names a value is followed through."""
_FACTS = frozenset({"device", "dim", "dtype", "ndim", "numel", "shape", "size"})
_MOVES = frozenset({"cuda", "item", "new_tensor", "numpy", "to", "tolist", "type_as"})
"""Methods whose result may be elsewhere than what they are called on."""
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

_MAKE_THE_SAME = frozenset({f"torch.{name}" for name in ("arange", "empty", "eye", "full", "ones", "zeros")})
"""Those that make the same on any device, apart from rounding."""
_KEEP_THEIR_MEANING = frozenset({"dtype", "end", "fill_value", "m", "n", "size", "start", "step"})


@RULE.method("to", "cuda", "cpu", of=None, where=Traced.POSSIBLE)
def moves_in_traced_code(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a device move in code that is, or may be, traced."""
    match call:
        case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if _moves_device(call, method, ctx):
            if ctx.enters_known_code(call) or _is_set_up_once(call, ctx):
                return
            if method == "to" and not _may_be_elsewhere(receiver, _device(call), ctx):
                return
            if ctx.is_module_self(receiver):
                cost = _cost_of_module(ctx)
            elif method != "cpu" and _is_made_on_host(receiver, ctx, ()):
                cost = _COST_OF_MADE
            else:
                cost = _COST
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
    maker = _maker(receiver, ctx)
    if maker is not None and "torch.tensor" in ctx.names(maker):
        return "make it once, and register it as a buffer (with `device=` it is copied on every call, too)"
    if maker is not None:
        return f"create it there: `{ctx.text(maker)}(..., device=...)`"
    if method == "cpu":
        return "keep it on its device, or take it to the host outside the compiled function"
    return _REMEDY


def _maker(receiver: ast.expr, ctx: Context) -> ast.expr | None:
    """What makes a tensor in this function: ``torch.arange`` of ``torch.arange(3).float()``."""
    for _ in range(_DEPTH):
        match receiver:
            case ast.Call(func=func) if not _CREATORS.isdisjoint(ctx.names(func)):
                return func
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
                receiver = inner
            case ast.Name():
                bound = _bound_before(receiver, ctx)
                if len(bound) != 1 or not ctx.is_local(receiver):
                    return None
                receiver = bound[0]
            case _:
                return None
    return None


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


def _may_be_elsewhere(receiver: ast.expr, device: ast.expr | None, ctx: Context) -> bool:
    """Whether something may be on another device than the one asked for.

    Not a buffer or parameter. Where the device is that of another tensor, or the caller's, all agree as a rule, and
    the move is there for those who spread a model over devices: then only what this file shows to lie elsewhere.
    """
    if ctx.moves_with_module(_source(receiver)):
        return False
    source = _asked_for(device, ctx)
    if source is None and isinstance(device, ast.Name) and _is_parameter(device, ctx):
        return _is_elsewhere(receiver, ctx)
    if source is None or not ctx.is_self(source):
        return _is_elsewhere(receiver, ctx) if source is not None else not _is_computed_from(receiver, "", ctx)
    return not _is_computed_from(receiver, ast.dump(source), ctx)


def _asked_for(device: ast.expr | None, ctx: Context, depth: int = 3) -> ast.expr | None:
    """A tensor, or the module, whose device this surely is: ``x`` of ``x.device``, also by a name or parameter."""
    match device:
        case ast.Attribute(value=source, attr="device"):
            return source
        case ast.IfExp(body=body, orelse=orelse):
            return _asked_for(body, ctx, depth) and _asked_for(orelse, ctx, depth)
        case ast.Name() if depth:
            found: list[ast.expr | None] = []
            for binding in ctx.bindings(device):
                bound = ctx.given(binding) if isinstance(binding, ast.arg) else (binding,)
                found += [_asked_for(each, ctx, depth - 1) if isinstance(each, ast.expr) else None for each in bound]
                if not bound:
                    return None
            return found[0] if found and None not in found else None
        case _:
            return None


def _is_elsewhere(receiver: ast.expr, ctx: Context) -> bool:
    """Whether this is a module, made on the host, or kept in an attribute that does not move with its module."""
    if ctx.is_module_self(receiver) or _is_layer(receiver, ctx) or _is_made_on_host(receiver, ctx, ()):
        return True
    source = _source(receiver)
    for _ in range(_DEPTH):
        match source:
            case ast.Attribute(value=owner) if ctx.is_self(owner):
                return any(_is_tensor(binding, ctx) for binding in ctx.bindings(source))
            case ast.Name():
                match ctx.bindings(source):
                    case (ast.expr() as bound,):
                        source = _source(bound)
                    case _:
                        return False
            case _:
                return False
    return False


def _is_made_on_host(expr: ast.expr, ctx: Context, through: tuple[str, ...]) -> bool:
    """Whether a tensor with dimensions is made without a device, or taken to the host, and stays there on the way."""
    match expr:
        case ast.Call(func=ast.Attribute(value=inner, attr=attr) as func) if not ctx.names(func):
            if attr == "cpu" or (attr == "to" and _is_host(_device(expr))):
                return True
            if attr in _MOVES and not (attr == "to" and _changes_dtype(expr, ctx)):
                return False
            return _is_made_on_host(inner, ctx, through)
        case ast.Call(func=func, keywords=keywords):
            given = {keyword.arg for keyword in keywords}
            return not _CREATORS.isdisjoint(ctx.names(func)) and given.isdisjoint({None, "device", "generator"})
        case ast.BinOp(left=left, right=right):
            return any(_is_made_on_host(side, ctx, through) and not _is_number(side, ctx) for side in (left, right))
        case ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
            return _is_made_on_host(inner, ctx, through)
        case ast.Name(id=name) if name not in through and len(through) < _DEPTH:
            bound = _bound_before(expr, ctx)
            return bool(bound) and all(_is_made_on_host(each, ctx, (*through, name)) for each in bound)
        case ast.Name(id=name):
            return name in through
        case _:
            return False


def _bound_before(name: ast.Name, ctx: Context) -> list[ast.expr]:
    """What a name is bound to further up, or by the module; empty where one of them is no expression."""
    bindings = [each.value if isinstance(each, ast.AnnAssign) else each for each in ctx.bindings(name)]
    if any(not isinstance(each, ast.expr) or isinstance(each, ast.Name) for each in bindings):
        return []
    values = [each for each in bindings if isinstance(each, ast.expr)]
    return [each for each in values if (each.end_lineno or 0) < name.lineno] if ctx.is_local(name) else values


def _is_host(device: ast.expr | None) -> bool:
    return isinstance(device, ast.Constant) and device.value == "cpu"


def _is_number(expr: ast.expr, ctx: Context) -> bool:
    """Whether a tensor may have no dimensions, so that it meets those of any device as it is."""
    match expr:
        case ast.Call(func=func) if "torch.tensor" in ctx.names(func):
            return True
        case ast.Name():
            return any(isinstance(each, ast.expr) and _is_number(each, ctx) for each in ctx.bindings(expr))
        case _:
            return False


def _is_layer(expr: ast.expr, ctx: Context) -> bool:
    return any(path.startswith("torch.nn.") and path.rpartition(".")[2][:1].isupper() for path in ctx.made_by(expr))


def _is_tensor(binding: ast.AST, ctx: Context) -> bool:
    value = binding.value if isinstance(binding, ast.AnnAssign) else binding
    return isinstance(value, ast.expr) and ctx.kind(value) is Kind.TENSOR


def _is_computed_from(expr: ast.expr, wanted: str, ctx: Context) -> bool:
    """Whether something is computed from ``wanted``, or of what the module holds, and stays on its device."""
    todo: list[ast.AST] = [expr]
    found = False
    while todo:
        node = todo.pop()
        match node:
            case ast.Attribute(attr=name) if name in _FACTS:
                continue
            case ast.Call(func=ast.Attribute(attr=name)) if name in _LEAVES_THE_DEVICE:
                if name != "to" or not _changes_dtype(node, ctx):
                    return False
                todo.append(node.func)
            case ast.Call(func=func) if "builtins.len" in ctx.names(func) or not _CREATORS.isdisjoint(ctx.names(func)):
                continue
            case ast.Name() | ast.Attribute() | ast.Subscript() if ast.dump(node) == wanted:
                found = True
            case ast.Attribute() if ctx.moves_with_module(node):
                found = True
            case _:
                todo += ast.iter_child_nodes(node)
    return found


def _changes_dtype(call: ast.Call, ctx: Context) -> bool:
    given = [*call.args, *(item.value for item in call.keywords)]
    return bool(given) and all(ctx.kind(each) is Kind.DTYPE for each in given)


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
