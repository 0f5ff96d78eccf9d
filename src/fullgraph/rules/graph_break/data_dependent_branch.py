"""Which way the code goes depends on the values in a tensor.

## What is wrong

While Dynamo traces, a tensor has a shape and a dtype but no values. Where a condition needs them, Dynamo ends the
graph (GB0170), lets Python decide on the real tensor, which on a GPU waits for everything launched before, and starts
another graph behind each way. With `fullgraph=True` compiling fails. This is so on every release tested.

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    if x.sum() > 0:  # TFG201
        return x + 1
    return x - 1


CALL = step, torch.ones(3)
```

`and`, `or`, `not`, `any()`, `all()` and a chain of comparisons ask for the values too, also outside an `if`:

```python bad
import torch


@torch.compile
def step(x: torch.Tensor, drop: bool) -> torch.Tensor:
    skip = drop and torch.rand([]) < 0.0
    if not skip:  # TFG201
        x = x + 1
    return x


CALL = step, torch.ones(3), True
```

Sorting a list of tensors compares them, and where a tensor lies in memory is not known either:

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    ordered = sorted([x.sum(), x.mean()])  # TFG201
    parts = [x.min(), x.max()]
    parts.sort()  # TFG201
    if parts[0].data_ptr() == 0:  # TFG201
        return x
    return x + ordered[0] + parts[0]


CALL = step, torch.ones(3)
```

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    ordered = torch.stack([x.sum(), x.mean()]).sort().values
    parts = torch.stack([x.min(), x.max()]).sort().values
    return x + ordered[0] + parts[0]


CALL = step, torch.ones(3)
```

`random.uniform`, `random.randint` and `random.randrange` are drawn in the graph, as a tensor, and count as one
(`random.random` too, from torch 2.14 on), and so does what a `random.Random` draws. Behind the graph break they are
numbers of Python. The same goes for a number that was just taken out of a tensor, which no
release can capture in a condition:

```python bad
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    if x.sum().item() > 0:  # TFG201
        return x + 1
    return x - 1


CALL = step, torch.ones(3)
```

## What to do

Let the tensor choose, with `torch.where`:

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x.sum() > 0, x + 1, x - 1)


CALL = step, torch.ones(3)
```

Draw a coin in Python, which is no tensor, or outside of compiled code:

```python good
import torch


@torch.compile
def step(x: torch.Tensor, skip: bool) -> torch.Tensor:
    if not skip:
        x = x + 1
    return x


CALL = step, torch.ones(3), False
```

Where only one way may be computed, `torch.cond` keeps both in the graph. A check that should hold for every tensor is
an `assert` with a constant message, which Dynamo puts into the graph. Questions about shapes, dtypes, devices and
`None` are free, and are not reported:

```python good
import torch


@torch.compile
def step(x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    assert (x > -10).all(), "out of range"
    if mask is not None and x.shape[0] > 2 and x.dtype == torch.float32:
        x = x * mask
    return x + 1


CALL = step, torch.ones(3)
```

## When it is reported

In code that is, or may be, traced, where the condition is surely a tensor, or is one on some path through the
function: by an annotation, by what the function does with a parameter, by what callers in the file pass, or as a
result of torch. Of several conditions on the same value, the first is reported. What is evaluated for tensors of
`torch.float16` only, as the clamping of infinite values often is, is not. The only parameter of a compiled function
that reads nothing else is a tensor where the function calculates with it: otherwise there were nothing to compile.

Up to torch 2.12, comparing lists of tensors, and `list.index` and `list.remove` of one, break too; up to 2.13 so does
`t in [t, ...]`, which later releases answer without the values. `torch._assert` breaks up to 2.14.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo's `graph_breaks` log names,
and in the others it finds nothing.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, conditions, values

RULE = Rule(
    "TFG201",
    "`{condition}` depends on {what}: Dynamo breaks the graph to decide ({id})",
    remedy="{remedy}",
    since="0.2",
)

_ON_TENSORS = "use `torch.where` or `torch.cond`, or decide outside of compiled code"
_DRAWN_OUTSIDE = "draw and decide outside of compiled code"
_ADDRESSES = (">=2.0,<2.9", ">=2.13")
"""Where conditions on ``data_ptr()`` break the graph; on 2.9 and 2.11 they do not."""
_TO_2_12 = ">=2.2,<2.13"
_TO_2_13 = ">=2.2,<2.14"
_TO_2_14 = ">=2.2,<2.15"
_FROM_2_14 = ">=2.14"
_COMPARISONS = frozenset({"torch.allclose", "torch.equal", "torch.is_nonzero"})
"""What gives a Python bool of the values, and takes nothing but tensors."""
_TESTED_IN_TURN = (ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.NamedExpr)


@RULE.node(ast.If, ast.While, ast.IfExp, where=Traced.POSSIBLE)
def check_branch(node: ast.If | ast.While | ast.IfExp, ctx: Context) -> Iterator[Hit]:
    """Report a condition on the values of a tensor."""
    yield from _first(node.test, ctx)


@RULE.node(ast.comprehension, ast.match_case, where=Traced.POSSIBLE)
def check_filter(node: ast.comprehension | ast.match_case, ctx: Context) -> Iterator[Hit]:
    """Report the conditions of a comprehension, and the guard of a case."""
    if isinstance(node, ast.comprehension):
        for condition in node.ifs:
            yield from _first(condition, ctx)
    elif node.guard is not None:
        yield from _first(node.guard, ctx)


@RULE.node(ast.Match, where=Traced.POSSIBLE)
def check_match(node: ast.Match, ctx: Context) -> Iterator[Hit]:
    """Report a tensor that is compared with the value of a case."""
    pattern = next((case.pattern for case in node.cases if isinstance(case.pattern, ast.MatchValue)), None)
    if pattern is not None and _is_tensor(node.subject, ctx):
        yield _hit(pattern.value, ctx, subject=node.subject)


@RULE.node(ast.Assert, where=Traced.POSSIBLE)
def check_assert(node: ast.Assert, ctx: Context) -> Iterator[Hit]:
    """Report an assertion that Dynamo cannot put into the graph."""
    is_plain = node.msg is None or isinstance(node.msg, ast.Constant)
    is_chain = isinstance(node.test, ast.Compare) and len(node.test.ops) > 1
    if is_plain and not is_chain and not isinstance(node.test, _TESTED_IN_TURN) and _is_tensor(node.test, ctx):
        return
    yield from _first(node.test, ctx)


@RULE.node(ast.BoolOp, ast.UnaryOp, ast.Compare, where=Traced.POSSIBLE)
def check_value(node: ast.BoolOp | ast.UnaryOp | ast.Compare, ctx: Context) -> Iterator[Hit]:
    """Report ``and``, ``or``, ``not``, ``in`` and chains of comparisons of tensors that are no condition themselves."""
    for operand in _decided(node, ctx):
        if (hit := _found(operand, ctx)) is not None:
            if not conditions.is_in_condition(node, ctx):
                yield hit
            return


@RULE.call("builtins.any", "builtins.all", "builtins.sorted", where=Traced.POSSIBLE)
def check_any(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``any`` and ``all`` over tensors, and sorting them."""
    if any(item.arg == "key" for item in call.keywords):
        return
    if len(call.args) == 1 and _iterates_tensors(call, ctx) and not conditions.is_in_condition(call, ctx):
        yield _hit(call, ctx, identifier="GB0207" if ctx.names(call.func) == ("builtins.sorted",) else "GB0170")


@RULE.method("sort", "index", "remove", of=None, where=Traced.POSSIBLE)
def check_list_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report methods of a list that compare the tensors in it."""
    if not isinstance(call.func, ast.Attribute) or not _holds_tensors(call.func.value, ctx):
        return
    match call:
        case ast.Call(func=ast.Attribute(attr="sort"), args=[], keywords=keywords):
            if all(item.arg == "reverse" for item in keywords):
                yield _hit(call, ctx, identifier="GB0207")
        case ast.Call(func=ast.Attribute(attr="index" | "remove"), args=[item]):
            if ctx.aims_at(_TO_2_12) and ctx.value(item).surely_tensor is not None:
                yield _hit(call, ctx)
        case _:
            return


@RULE.call("torch._assert", where=Traced.POSSIBLE)
def check_torch_assert(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the assertion of torch that wants a Python bool."""
    if call.args and ctx.aims_at(_TO_2_14) and ctx.value(call.args[0]).holds_values:
        yield _hit(call.args[0], ctx, identifier="GB0033")


def _decided(node: ast.BoolOp | ast.UnaryOp | ast.Compare, ctx: Context) -> list[ast.expr]:
    """Parts whose truth the expression itself asks for."""
    match node:
        case ast.BoolOp(values=[*parts, _]):
            return parts
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.Compare(ops=[_, _, *_]):
            return [node]
        case ast.Compare(ops=[ast.In()], comparators=[container]) if isinstance(ctx.value(container), values.Sequence):
            return []
        case ast.Compare(ops=[ast.In() | ast.NotIn()]):
            return [node]
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]) if _compares_lists(
            left, right, ctx
        ):
            return [node]
        case _:
            return []


def _first(condition: ast.expr, ctx: Context) -> Iterator[Hit]:
    """The first part of a condition that needs the values of a tensor."""
    for part in conditions.deciding(condition):
        if (hit := _found(part, ctx)) is not None:
            if not conditions.is_for_half(condition, ctx) and not conditions.was_asked(part, ctx):
                yield hit
            return


def _found(part: ast.expr, ctx: Context) -> Hit | None:
    if conditions.is_free(part):
        return None
    match part:
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[container]):
            return _hit(part, ctx) if _searches_tensor(left, container, ctx) else None
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]) if _compares_lists(
            left, right, ctx
        ):
            return _hit(part, ctx)
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return next((hit for each in conditions.deciding(part) if (hit := _found(each, ctx)) is not None), None)
        case ast.Name() if conditions.is_flag(part, ctx):
            return None
        case _:
            value = values.UNKNOWN if ctx.is_plain(part) else ctx.value(part)
    if value.holds_values:
        return _drawn_hit(part, ctx) if any(_is_drawn(side, ctx) for side in _sides(part)) else _hit(part, ctx)
    if value.data is not None and (identifier := _extracted_by(part, ctx)) is not None:
        return _hit(part, ctx, identifier=identifier)
    if any(_is_address(side, ctx) for side in _sides(part)):
        return _hit(part, ctx, identifier="GB5976", what="where a tensor lies in memory")
    return _drawn_hit(part, ctx) if _draws(part, ctx) else None


def _sides(part: ast.expr) -> list[ast.expr]:
    return [part.left, *part.comparators] if isinstance(part, ast.Compare) else [part]


def _is_drawn(side: ast.expr, ctx: Context) -> bool:
    tensor = ctx.value(side).surely_tensor
    return tensor is not None and tensor.drawn


def _is_address(side: ast.expr, ctx: Context) -> bool:
    """Whether an expression is ``x.data_ptr()`` of a tensor, or a name that only that was assigned to."""
    match ctx.bindings(side) if isinstance(side, ast.Name) else (side,):
        case (ast.Call(func=ast.Attribute(value=owner, attr="data_ptr"), args=[], keywords=[]),):
            is_aimed_at = any(map(ctx.aims_at, _ADDRESSES))
            return is_aimed_at and ctx.value(owner).tensor is not None
        case _:
            return False


def _draws(part: ast.expr, ctx: Context) -> bool:
    """Whether a condition compares what ``random.random`` draws, on releases that draw it in the graph."""
    drawn = (side for side in _sides(part) if isinstance(side, ast.Call))
    return ctx.aims_at(_FROM_2_14) and any(ctx.names(side.func) == ("random.random",) for side in drawn)


def _holds_tensors(expr: ast.expr, ctx: Context) -> bool:
    if ctx.is_plain(expr):
        return False
    value = ctx.value(expr)
    return isinstance(value, values.Sequence) and value.element.surely_tensor is not None


def _compares_lists(left: ast.expr, right: ast.expr, ctx: Context) -> bool:
    return ctx.aims_at(_TO_2_12) and _holds_tensors(left, ctx) and _holds_tensors(right, ctx)


def _is_tensor(expr: ast.expr, ctx: Context) -> bool:
    return not ctx.is_plain(expr) and ctx.value(expr).holds_values


def _searches_tensor(left: ast.expr, container: ast.expr, ctx: Context) -> bool:
    if ctx.is_plain(left) and ctx.is_plain(container):
        return False
    searched = ctx.value(container)
    if isinstance(searched, (values.Tensor, values.Array)):
        return True
    if ctx.value(left).surely_tensor is None or not isinstance(searched, values.Sequence):
        return False
    return ctx.aims_at(_TO_2_13) or not _is_among(left, container)


def _is_among(left: ast.expr, container: ast.expr) -> bool:
    """Whether one of the items that are compared is the very same name."""
    match left, container:
        case ast.Name(id=name), ast.List(elts=items) | ast.Tuple(elts=items):
            return any(isinstance(item, ast.Name) and item.id == name for item in items)
        case _:
            return False


def _extracted_by(part: ast.expr, ctx: Context) -> str | None:
    """What Dynamo calls the break at a call in a condition that takes a number out of a tensor."""
    for node in ast.walk(part):
        if isinstance(node, ast.Call) and ctx.value(node).data is not None:
            if not _COMPARISONS.isdisjoint(ctx.names(node.func)):
                return "GB0033"
            receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            sources = [ctx.value(each) for each in (*receiver, *node.args)]
            if any(source.holds_values for source in sources) or _iterates_tensors(node, ctx):
                compares = isinstance(node.func, ast.Attribute) and f"torch.{node.func.attr}" in _COMPARISONS
                return "GB0033" if compares else "GB0124"
    return None


def _iterates_tensors(call: ast.Call, ctx: Context) -> bool:
    if len(call.args) != 1 or ctx.is_plain(call.args[0]):
        return False
    match ctx.value(call.args[0]):
        case values.Tensor() | values.Array():
            return True
        case values.Sequence(element=element, items=items):
            asks = not {"builtins.any", "builtins.all", "builtins.sorted"}.isdisjoint(ctx.names(call.func))
            return asks and any(item.tensor is not None for item in (element, *(items or ())))
        case _:
            return False


def _hit(
    node: ast.expr,
    ctx: Context,
    *,
    subject: ast.expr | None = None,
    identifier: str = "GB0170",
    what: str = "the values in a tensor",
) -> Hit:
    condition = ctx.text(subject or node, limit=50)
    remedy = _ON_TENSORS if identifier != "GB5976" else "decide outside of compiled code"
    return ctx.at(node, condition=condition, what=what, id=identifier, remedy=remedy)


def _drawn_hit(node: ast.expr, ctx: Context) -> Hit:
    what = "a random number, which Dynamo draws in the graph"
    return ctx.at(node, condition=ctx.text(node, limit=50), what=what, id="GB0170", remedy=_DRAWN_OUTSIDE)


CASES = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])
        self.register_buffer("ready", torch.tensor(False))
        self.rate = config.rate

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None):
        for layer in self.layers:
            if self.training and torch.rand([]) < self.rate:  # TFG201
                continue
            x = layer(x)
        if not self.ready:  # TFG201
            self.ready.fill_(True)
        if mask is not None and (mask == 0).all():  # TFG201
            return x
        if self.training or mask is None or x.shape[0] > 3 or x.ndim == 2 or x.numel() == 0 or len(x) == 1:
            return x
        if x.device.type == "cuda" and x.dtype in (torch.float16, torch.bfloat16) and x.requires_grad:
            return x
        return x if x.is_contiguous() else x.contiguous()
# run: torch.compile(Net(types.SimpleNamespace(rate=0.5)))(torch.ones(3, 3))
# run: torch.compile(Net(types.SimpleNamespace(rate=0.5)).eval())(torch.ones(3, 3), torch.ones(3))
---
import torch


@torch.compile
def f(x: torch.Tensor, n: int, flag):
    assert x.sum() > 0
    assert (x > 0).all(), "positive"
    assert x.sum() > 0, f"{x.shape}"  # TFG201
    assert not torch.isnan(x).any(), "nan"  # TFG201
    y = x.sum() > 0 and flag  # TFG201
    y = flag or n or 3
    z = not flag
    b = 0 < x.mean() < 3  # TFG201
    v = [row for row in x if row.sum() > 0]  # TFG201
    w = [row for row in x if flag]
    if any(x > 0):  # TFG201
        n = 2
    if all([x.sum() > 0, flag]):  # TFG201
        n = 2
    if any([flag, n > 3]) or "a" in ["a"]:
        n = 3
    rows = sorted([n, 3]), sorted([x.sum(), x.mean()], key=lambda row: 1), [n, 3].sort(), flag.sort(), x.sort()
    rows = sorted([x.sum(), x.mean()], reverse=True)  # TFG201
    place = x.data_ptr()
    if place != 0:  # TFG201
        n = 3
    s = max(x.sum(), x.mean())
    while x.max() < 3:  # TFG201
        x = x + 1
    return y, z, b, v, w, s


@torch.compile
def holding(x: torch.Tensor, n: int):
    if 1 in x:  # TFG201
        n = 2
    return n


@torch.compile
def other(x: torch.Tensor):
    return x[0] not in [x[1], x[2]]  # TFG201


@torch.compile
def one_of(x: torch.Tensor):
    return x + 1 if x[0] in (1, 2) else x  # TFG201


@torch.compile
def held(x: torch.Tensor, n: int):
    found = x[0] in [x[1], x[2]]
    if found:  # TFG201
        n = 2
    n = x.max().item()
    if n > 3:
        return x
    return (x if x.mean() > 0 else x + 1), n  # TFG201
# run: f(torch.ones(3), 4, [1])
# run: holding(torch.ones(3), 4)
# run: other(torch.ones(3))
# run: one_of(torch.ones(3))
# run: held(torch.ones(3), 4)
---
import torch


def eager(x: torch.Tensor):
    if x.sum() > 0:
        return x
    return -x


@torch.compile
def half(x: torch.Tensor):
    if x.dtype == torch.float16 and torch.isinf(x).any():
        x = x.clamp(max=65504.0)
    skip = x.sum() > 0
    if skip:  # TFG201
        x = x + 1
    if not skip:  # unreported
        x = x - 1
    skip = x.sum() > 0
    if skip:  # TFG201
        x = x + 1
    if not torch.compiler.is_compiling() and x.sum() > 0:
        x = x + 1
    return x


@torch.compile
def g(x, y, kind, other):
    if x == other or kind > 3:
        return x
    if isinstance(x, torch.Tensor):
        if x.any():  # TFG201
            return y
    z = y.abs()
    if z.max() > 1:  # TFG201
        return z
    y = other(y)
    if y:  # unreported
        return z
    match z.sum():
        case 1:  # TFG201
            return z
    match kind:
        case 1:
            return z
        case other_kind if other_kind > 3:
            return x
    match z.mean():
        case mean if mean > 1:  # TFG201
            return z
    return x
# run: half(torch.ones(3))
# run: g(torch.zeros(1), torch.zeros(1), 2, abs)
---
# numbers that a generator draws, until the graph breaks
import random
import torch

SHARED = random.Random(0)


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.own = random.Random(0)

    def forward(self, x: torch.Tensor):
        return x + 1 if self.own.random() > 0.5 else x  # TFG201


def drop(seed: int):
    own = random.Random(seed)
    if own.random() < 0.1:  # TFG201
        return 0
    return own.randrange(1, 3)


@torch.compile
def looped(x: torch.Tensor, seed: int):
    last = random.Random(seed).randrange(3)
    for step in range(4):
        if step > last:  # TFG201
            continue
        x = x * step
    return x + 1 if last > 1 else x


@torch.compile
def shared(x: torch.Tensor):
    count = SHARED.randint(0, 3)
    if count > 1:  # TFG201
        x = x + 1
    if count > 2:
        x = x + 2
    return x


@torch.compile
def behind(x: torch.Tensor, seed: int):
    own = random.Random(seed)
    dropped = drop(seed)
    if dropped > 1:
        x = x + 3
    first = own.randrange(3)
    print("a break")  # unreported
    if first > 1:
        x = x + 4
    second = own.randrange(3)
    third = second + 1  # unreported
    if second > 1 or third > 2:
        x = x + 4
    fourth = own.randrange(3)
    total = float(x.sum().item())  # unreported
    return x + total if fourth > 1 else x
# run: torch.compile(Module())(torch.ones(3))
# run: looped(torch.ones(3), 1)
# run: shared(torch.ones(3))
# run: behind(torch.ones(3), 1)
---
import torch


@torch.compile
def alone(x):
    if 0 < x < 10:  # TFG201
        return x + 1
    return x
# run: alone(torch.tensor(1.0))
---
import torch


@torch.compile
def two(x, n):
    return x + 1 if x > 0 else n  # unreported


@torch.compile
def sized(n):
    if n > 3:
        return torch.zeros(n + 1)
    return torch.ones(3)


@torch.compile
def texts(xs):
    if xs.strip() or xs == 3 or xs.count(1) and xs:
        return xs * 2


@torch.compile
def listed(xs):
    if xs == 3 or 1 in xs:
        return xs * 2
    return xs[0] + 1


@torch.compile
def shapes(x: torch.Tensor, mode: str, n: int, masks: list[torch.Tensor] | None = None):
    if x.shape[0] > n and x.size(-1) == 3 and len(x) > 1 or x.dim() == n or mode == "a" or not masks:
        return x
    count = x.max().item()
    return x if count > n else x + 1


def eager(x: torch.Tensor):
    if x.sum() > 0:
        return x
    return -x
# run: two(torch.tensor(1.0), 1)
# run: sized(4)
# run: texts("a")
# run: listed([1])
# run: shapes(torch.ones(3), "a", 1)
---
import torch


@torch.compile
def compared(x, parts):
    a, b = parts(x)
    if a == b:  # unreported
        return x
    if not torch.equal(a, b):  # TFG201
        x = x + 1
    return x - 1 if torch.allclose(a, b) else x  # TFG201
# run: compared(torch.ones(1), lambda x: (x, x + 1))
---
# one number drawn by numpy: the graph breaks where it is drawn, and then it is a plain number; an array is not
import numpy as np
import torch
from torch import nn

class Dropped(nn.Module):
    def forward(self, x: torch.Tensor, low):
        if np.random.random() > 0.5 or np.random.uniform(low, 1.0) > 0.5:
            return x
        choice = np.random.randint(0, 3)
        if choice == 1:
            return x + 1
        if np.random.rand(3)[0] > 0.5:  # TFG201
            return x + 2
        return x * 2 if np.random.choice([1, 2]) > 1 else x  # TFG201
# run: torch.compile(Dropped())(torch.ones(3), 0.0)
---
# what compiled code does not evaluate
import torch
from torch import nn

class Checked(nn.Module):
    def forward(self, x: torch.Tensor):
        if not torch.compiler.is_compiling() and x.isnan().any():
            raise ValueError
        assert torch.compiler.is_compiling() or x.sum() > 0, f"{x}"
        if x.isnan().any() and not torch.compiler.is_compiling():  # TFG201
            x = x + 1
        return x
# run: torch.compile(Checked())(torch.ones(3))
"""
