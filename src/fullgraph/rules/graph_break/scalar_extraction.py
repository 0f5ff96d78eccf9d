"""A Python number is taken out of a tensor.

## What is wrong

While Dynamo traces, the numbers in a tensor are not known. `.item()`, `.tolist()`, `int()`, `float()` and `bool()` of
a tensor, functions of `math`, and a tensor where a number is needed (a size, a bound of a slice, an index of a list,
`alpha` of `torch.add`, what `torch.full_like` fills with) end the graph (GB0124, GB0033): Python waits for the tensor
and another graph starts behind it.

```python bad
import torch


@torch.compile
def scale(x: torch.Tensor) -> torch.Tensor:
    return x * x.sum().item()  # TFG202


CALL = scale, torch.ones(3)
```

```python bad
import math

import torch


@torch.compile
def scale(x: torch.Tensor) -> torch.Tensor:
    return x * math.sqrt(x.sum())  # TFG202


CALL = scale, torch.ones(3)
```

```python bad
import torch


@torch.compile
def first(x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    return x[: lengths.max()] * 2  # TFG202


CALL = first, torch.ones(3), torch.tensor([2, 3])
```

```python bad
import torch


@torch.compile
def blend(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.add(x, y, alpha=y.mean())  # TFG202


CALL = blend, torch.ones(3), torch.ones(3)
```

From torch 2.10 on, `fullgraph=True` captures such numbers, and so does `torch._dynamo.config.capture_scalar_outputs`;
without either they break the graph on every release tested. `.tolist()` of floating numbers, `range()` of a tensor,
`str()` and `%` of a text break it in every mode; `format()` and `f"..."` do not.

What `random.uniform`, `random.randint` and `random.randrange` draw is a tensor for Dynamo. A function of `math` of such
a number is worse than a break: compiling fails with an internal error (tried on torch 2.4, 2.6, 2.9, 2.11 and 2.13 to
2.15).

## What to do

Stay with tensors: a tensor of no dimensions does what the number did.

```python good
import torch


@torch.compile
def scale(x: torch.Tensor) -> torch.Tensor:
    return x * x.sum()


CALL = scale, torch.ones(3)
```

```python good
import torch


@torch.compile
def scale(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sqrt(x.sum())


CALL = scale, torch.ones(3)
```

Sizes belong to the host: compute them before compiled code, and pass them as integers.

```python good
import torch


@torch.compile
def first(x: torch.Tensor, longest: int) -> torch.Tensor:
    return x[:longest] * 2


CALL = first, torch.ones(3), 3
```

Numbers that are only logged can be kept as tensors and read after the step.

## When it is reported

In code that is, or may be, traced, where what is read is surely a tensor, or is one on some path through the
function; for `.item()` that is nothing but a method of tensors and arrays. A size that comes from a shape is a plain
integer, and is not reported, nor is an input of the graph that is a size as it is: on the CPU Dynamo reads its number
without a break (seen on 2.9 and 2.13). A condition on such a number is TFG201. Up to torch 2.10, `.tolist()` is
reported of floating numbers only, and an index that is a tensor only where it is read: the others are captured there.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo's `graph_breaks` log names,
and in the others it finds nothing. The functions of `math`, `repr()` and `%` were each tried on torch 2.6, 2.13 and
2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import (
    Context,
    Hit,
    NumberParameters,
    Rule,
    Traced,
    Value,
    conditions,
    number_parameters,
    size_parameters,
    values,
)

RULE = Rule(
    "TFG202",
    "{what} takes a Python number out of a tensor: {effect}",
    remedy="{remedy}",
    since="0.2",
)

_STAY = "stay with tensors, or read it outside of compiled code"
_BY_HOST = "compute the number outside of compiled code and pass it as an int"
_CAPTURED = " unless it captures scalars, as with `fullgraph=True` from torch 2.10 on"
_BREAKS = "Dynamo breaks the graph"
_FAILS = "Dynamo has what `random` draws as one, and compiling fails with an internal error"
_FROM_2_11 = ">=2.11"
_MATH = (
    "math.acos",
    "math.acosh",
    "math.asin",
    "math.asinh",
    "math.atan",
    "math.atan2",
    "math.atanh",
    "math.cbrt",
    "math.ceil",
    "math.copysign",
    "math.cos",
    "math.cosh",
    "math.degrees",
    "math.erf",
    "math.erfc",
    "math.exp",
    "math.exp2",
    "math.expm1",
    "math.fabs",
    "math.floor",
    "math.fmod",
    "math.frexp",
    "math.gamma",
    "math.gcd",
    "math.hypot",
    "math.isclose",
    "math.isfinite",
    "math.isinf",
    "math.isnan",
    "math.lgamma",
    "math.log",
    "math.log10",
    "math.log1p",
    "math.log2",
    "math.modf",
    "math.pow",
    "math.remainder",
    "math.sin",
    "math.sinh",
    "math.sqrt",
    "math.tan",
    "math.tanh",
    "math.ulp",
)


@RULE.method("item", "tolist", of=None, where=Traced.POSSIBLE)
def check_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``.item()`` and ``.tolist()`` of a tensor or an array."""
    if call.args or call.keywords or not isinstance(call.func, ast.Attribute):
        return
    receiver = ctx.value(call.func.value)
    surely = isinstance(receiver, values.Unknown) and call.func.attr == "item"
    if call.func.attr == "tolist" and receiver.tensor is not None and receiver.tensor.static:
        return
    if call.func.attr == "tolist" and _is_integer(receiver) and not ctx.aims_at(_FROM_2_11):
        return
    if (surely or receiver.holds_values) and not conditions.decides(call, ctx):
        captured = call.func.attr == "item" or _is_integer(receiver)
        yield _hit(call, ctx, f"`{ctx.text(call, limit=50)}`", captured=captured)


@RULE.call(
    "builtins.int",
    "builtins.float",
    "builtins.bool",
    "builtins.complex",
    "builtins.str",
    "builtins.repr",
    where=Traced.POSSIBLE,
)
def check_conversion(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report conversions of a tensor."""
    if len(call.args) == 1 and _is_tensor(call.args[0], ctx) and not conditions.decides(call, ctx):
        captured = isinstance(call.func, ast.Name) and call.func.id in ("int", "float", "bool")
        yield _hit(call, ctx, f"`{ctx.text(call, limit=50)}`", captured=captured)


@RULE.call(*_MATH, "operator.index", where=Traced.POSSIBLE)
def check_math(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report functions of ``math`` of a tensor, or of a number of ``random``, on which Dynamo fails."""
    given = [ctx.value(argument) for argument in call.args]
    what = f"`{ctx.text(call, limit=50)}`"
    if "operator.index" not in ctx.names(call.func) and any(_is_drawn(value) for value in given):
        yield ctx.at(call, fatal=True, what=what, effect=_FAILS, remedy=_BY_HOST)
    elif any(value.holds_values for value in given) and not conditions.decides(call, ctx):
        yield _hit(call, ctx, what, identifier="GB0033", captured=False)


def _is_drawn(value: Value) -> bool:
    return value.surely_tensor is not None and value.surely_tensor.drawn


@RULE.node(ast.BinOp, where=Traced.POSSIBLE)
def check_formatting(node: ast.BinOp, ctx: Context) -> Iterator[Hit]:
    """Report ``"%s" % x.sum()``, and lists that are repeated as often as a tensor says."""
    match node:
        case (
            ast.BinOp(left=ast.List(), op=ast.Mult(), right=often)
            | ast.BinOp(left=often, op=ast.Mult(), right=ast.List())
        ):
            if _is_tensor(often, ctx):
                yield _hit(node, ctx, f"`{ctx.text(node, limit=50)}`", identifier="GB0033", captured=False)
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod(), right=right):
            items = right.elts if isinstance(right, ast.Tuple) else [right]
            if any(_is_tensor(item, ctx) for item in items):
                yield _hit(node, ctx, f"`{ctx.text(node, limit=50)}`", captured=False)
        case _:
            return


@RULE.call("torch.equal", "torch.allclose", "torch.is_nonzero", where=Traced.POSSIBLE)
def check_comparison(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report functions of torch that give a Python bool of the values."""
    if not conditions.decides(call, ctx):
        yield _hit(call, ctx, f"`{ctx.text(call, limit=50)}`", identifier="GB0033", captured=False)


@RULE.call("torch._check_tensor_all", "torch._check_tensor_all_with", where=Traced.POSSIBLE)
def check_check(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report checks that read whether a tensor is all true."""
    yield _hit(call, ctx, f"`{ctx.text(call.func)}`")


@RULE.method("equal", "allclose", "is_nonzero", of=None, where=Traced.POSSIBLE)
def check_comparing_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the same as methods."""
    if not isinstance(call.func, ast.Attribute) or ctx.is_plain(call.func.value):
        return
    if ctx.value(call.func.value).tensor and not conditions.decides(call, ctx):
        yield _hit(call, ctx, f"`{ctx.text(call, limit=50)}`", identifier="GB0033", captured=False)


@RULE.call("builtins.range", where=Traced.POSSIBLE)
def check_range(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a ``range`` of a tensor."""
    if any(_is_tensor(argument, ctx) for argument in call.args):
        is_drawn = any(_is_drawn(ctx.value(argument)) for argument in call.args)
        what = f"the {'random number' if is_drawn else 'tensor'} in `{ctx.text(call, limit=50)}`"
        yield _hit(call, ctx, what, identifier="GB0059", captured=False, remedy=_BY_HOST)


@RULE.call(*size_parameters.FUNCTIONS, where=Traced.POSSIBLE)
def check_size(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a size, or another integer parameter of a function of torch, that is a tensor."""
    path = next(path for path in ctx.names(call.func) if path in size_parameters.FUNCTIONS)
    yield from _sizes(call, call.args[size_parameters.FUNCTIONS[path]], ctx)


@RULE.call(*number_parameters.FUNCTIONS, where=Traced.POSSIBLE)
def check_number(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a tensor where a function of torch wants a number, as ``alpha`` of ``torch.add``."""
    for path in ctx.names(call.func):
        yield from _numbers(call, number_parameters.FUNCTIONS.get(path, ()), ctx)


@RULE.method(*number_parameters.METHODS, of=None, where=Traced.POSSIBLE)
def check_number_of_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the same of a method of a tensor."""
    match call.func:
        case ast.Attribute(value=receiver, attr=method) if not ctx.is_plain(receiver):
            found = list(_numbers(call, number_parameters.METHODS[method], ctx))
            yield from found if found and ctx.value(receiver).tensor is not None else ()
        case _:
            return


@RULE.call("torch.linspace", "torch.logspace", where=Traced.POSSIBLE)
def check_steps(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a number of steps that is a tensor; the ends may be tensors."""
    named = [item.value for item in call.keywords if item.arg == "steps"]
    yield from _sizes(call, [*call.args[2:3], *named], ctx)


@RULE.method(*sorted(size_parameters.METHODS), of=None, where=Traced.POSSIBLE)
def check_sizes_of_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a size that is a tensor, among what a method of a tensor is given."""
    if not isinstance(call.func, ast.Attribute) or ctx.is_plain(call.func.value):
        return
    sizes = [argument for argument in call.args if not ctx.is_plain(argument)]
    if sizes and ctx.value(call.func.value).tensor is not None:
        yield from _sizes(call, sizes, ctx)


@RULE.node(ast.Subscript, where=Traced.POSSIBLE)
def check_index(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report a bound of a slice that is a tensor, and a tensor of no dimensions as an index."""
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return
    for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
        match part:
            case ast.Constant():
                continue
            case ast.Slice(lower=lower, upper=upper):
                bounds = [bound for bound in (lower, upper) if bound is not None and not ctx.is_plain(bound)]
                found = next((bound for bound in bounds if ctx.value(bound).holds_values), None)
            case _ if isinstance(node.ctx, ast.Store) and not ctx.aims_at(_FROM_2_11):
                continue
            case _:
                found = part if _is_position(node, part, ctx) else None
        if found is not None:
            what = f"{_named(found, ctx)} in `{ctx.text(node, limit=40)}`"
            yield _hit(node, ctx, what, captured=isinstance(part, ast.Slice), remedy=_BY_HOST)
            return


def _named(expr: ast.expr, ctx: Context) -> str:
    kind = "random number" if _is_drawn(ctx.value(expr)) else "tensor"
    return f"the {kind} `{ctx.text(expr, limit=30)}`"


def _numbers(call: ast.Call, wanted: NumberParameters, ctx: Context) -> Iterator[Hit]:
    for place, name in wanted:
        given = [each.value for each in call.keywords if each.arg == name]
        if 0 <= place < len(call.args) and not any(isinstance(each, ast.Starred) for each in call.args[: place + 1]):
            given.append(call.args[place])
        for argument in given:
            if not _is_given(argument, ctx) and not ctx.is_plain(argument) and _holds_size(ctx.value(argument)):
                what = f"{_named(argument, ctx)} as `{name}`"
                yield _hit(call, ctx, what, identifier="GB0033")


def _sizes(call: ast.Call, arguments: list[ast.expr], ctx: Context) -> Iterator[Hit]:
    for argument in arguments:
        if not _is_given(argument, ctx) and not ctx.is_plain(argument) and _holds_size(ctx.value(argument)):
            what = f"{_named(argument, ctx)} as a size"
            yield _hit(call, ctx, what, identifier="GB0033", remedy=_BY_HOST)
            return


def _is_given(argument: ast.expr, ctx: Context) -> bool:
    """Whether something is an input of the graph as it is, whose number Dynamo reads on the CPU without a break."""
    if not isinstance(argument, ast.Name) or len(ctx.traced(argument).chain) > 2:
        return False
    bindings = ctx.bindings(argument)
    return bool(bindings) and all(isinstance(binding, ast.arg) for binding in bindings)


def _holds_size(value: Value) -> bool:
    """Whether a value is, or holds, a tensor whose values are not known, where an integer is wanted."""
    match value:
        case values.Sequence(element=element):
            return any(isinstance(item, values.Tensor) and not item.static for item in element.options)
        case _:
            return any(isinstance(item, values.Tensor) and not item.static for item in value.options)


def _is_position(node: ast.Subscript, part: ast.expr, ctx: Context) -> bool:
    """Whether an index is a tensor that stands for one integer."""
    if ctx.is_plain(part):
        return False
    index = ctx.value(part).tensor
    if index is None or index.static or index.is_mask:
        return False
    if node.slice is part and isinstance(ctx.value(node.value), values.Sequence):
        return True
    return index.rank == 0 and ctx.value(node.value).tensor is not None and index.dtype is values.Dtype.INTEGER


def _is_tensor(expr: ast.expr, ctx: Context) -> bool:
    return not ctx.is_plain(expr) and ctx.value(expr).holds_values


def _is_integer(value: Value) -> bool:
    tensor = value.tensor
    return tensor is None or tensor.dtype is not values.Dtype.FLOATING


def _hit(
    node: ast.expr,
    ctx: Context,
    what: str,
    *,
    identifier: str = "GB0124",
    captured: bool = True,
    remedy: str = _STAY,
) -> Hit:
    mode, unless = (_CAPTURED, ("capture_scalar_outputs",)) if captured else ("", ())
    return ctx.at(node, unless=unless, what=what, effect=f"{_BREAKS}{mode} ({identifier})", remedy=remedy)


CASES = """
import math
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])
        self.width = config.width

    def forward(self, x: torch.Tensor, grid: torch.LongTensor, i: int):
        n = int(x.max())  # TFG202
        m = int(x.shape[0] * 0.5) + int(i) + int(self.width) + float(len(x)) + math.sqrt(x.shape[-1])
        for t, h, w in grid:
            x = x + torch.arange(h).sum()  # TFG202
        return self.blocked(self.shaped(x, grid), grid[0], i) + m * n

    def shaped(self, x: torch.Tensor, grid: torch.LongTensor):
        for t, h, w in grid:
            x = x.reshape(t, w)  # TFG202
        return x

    def blocked(self, x: torch.Tensor, places: torch.LongTensor, i: int):
        x = x.reshape(x.shape[0], -1, self.width).view(i, x.shape[1]).expand(x.size(0), i)
        x = self.blocks[places.argmax()](x)  # TFG202
        x = self.blocks[i - 1](x)
        x = x[x[0].argmax()] + x[:, places - 1] + x[torch.tensor(1)] + x[i - 1]  # TFG202
        x = torch.split(x, places.tolist())[0]  # TFG202
        return x.sum() + x.shape.numel()
# run: torch.compile(Net(types.SimpleNamespace(width=1)))(torch.ones(3, 3), torch.tensor([[3, 1, 3]]), 3)
# run: torch.compile(Net(types.SimpleNamespace(width=1)).blocked)(torch.ones(3, 3), torch.tensor([1, 1, 1]), 3)
---
import torch
import operator


@torch.compile
def given(x: torch.Tensor, n: torch.LongTensor):
    return torch.zeros(n), x.topk(n), x.topk(n + 1)  # TFG202


@torch.compile
def repeated(x):
    return [0] * x.shape[0], [0] * x.sum().long()  # TFG202


@torch.compile
def f(x, sizes, other):
    total = x.sum().item()  # TFG202
    steps = torch.linspace(0, 1, x.sum().long())  # TFG202
    steps = torch.logspace(0, 1, steps=x.sum().long())  # TFG202
    steps = torch.linspace(x.min(), x.max(), 5)
    total += other.item()  # TFG202
    names = [row.item() for row in x]  # TFG202
    for k in range(x.argmax()):  # TFG202
        total += k
    k = operator.index(x.argmax())  # TFG202
    same = torch.allclose(x, x)  # TFG202
    rows = torch.zeros(x.argmax(), 3)  # TFG202
    full = torch.full((3,), x.mean())
    filled = x.new_full((3,), x.mean()) + torch.full_like(x, 3.0)  # TFG202
    most = x.topk(k=x.argmax()), x.topk(k)  # TFG202
    text = f"{x}" + str(x)  # TFG202
    back = x.tolist()  # TFG202
    span = x[: x.argmax()], x[sizes[0] :], x[1:]  # TFG202
    list_ = [size for size in sizes if size > 3]
    return total, names, same, rows, full, text, span, back, list_, k
# run: given(torch.ones(9), torch.tensor(3))
# run: repeated(torch.ones(3))
# run: f(torch.ones(3), [1, 2], torch.tensor(1.0))
---
import math
import random
import torch


@torch.compile
def drawn(x):
    scale = random.uniform(0.5, 2.0)
    return x * math.sqrt(scale)  # TFG202


@torch.compile
def also_drawn(x):
    return x * math.exp(random.randint(1, 3))  # TFG202


@torch.compile
def computed(x):
    y = math.atan2(x.sum(), 2.0)  # TFG202
    size = math.prod([random.randint(1, 3), 2]) + math.radians(3.0) + math.prod(x)
    text = f"{x.sum():.3f}", "{}".format(x.sum()), "%d %s" % (x.shape[0], "a") + "%d" % x.ndim
    return x * y, size, text, repr(x.mean()), "%s" % x.sum()  # TFG202, TFG202


@torch.compile
def one_of_several(x):
    return "%d of %s" % (3, x.sum())  # TFG202
# run: drawn(torch.ones(3))
# run: also_drawn(torch.ones(3))
# run: computed(torch.ones(3))
# run: one_of_several(torch.ones(3))
---
import torch


def eager(x: torch.Tensor):
    return x.item()


class Meter:
    def update(self, x: torch.Tensor):
        self.total = float(x)


@torch.compile
def g(x: torch.Tensor):
    return x + 1
# run: g(torch.ones(3))
"""
