"""The shape of a result depends on the values in a tensor.

## What is wrong

How many rows `x[mask]`, `nonzero` or `unique` give is known only when the values are. By default Dynamo does not trace
such an operation: it ends the graph there (GB0036), and starts another behind it.

```python bad
import torch


@torch.compile
def positive(x: torch.Tensor) -> torch.Tensor:
    return x[x > 0].sum()  # TFG203


CALL = positive, torch.ones(3)
```

```python bad
import torch


@torch.compile
def hits(x: torch.Tensor) -> torch.Tensor:
    rows = torch.nonzero(x)  # TFG203
    return rows.sum(0)


CALL = hits, torch.ones(3)
```

```python bad
import torch


@torch.compile
def spread(x: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return torch.repeat_interleave(x, counts) * 2  # TFG203


CALL = spread, torch.ones(3), torch.tensor([1, 2, 3])
```

From torch 2.10 on, `fullgraph=True` captures most of these, and so does
`torch._dynamo.config.capture_dynamic_output_shape_ops`; without either they break the graph on every release tested.
`one_hot` without `num_classes`, and up to torch 2.13 `combinations`, fail in every mode.

## What to do

Keep the shape, and let the values decide what counts:

```python good
import torch


@torch.compile
def positive(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x, 0.0).sum()


CALL = positive, torch.ones(3)
```

Say how large the result is, where the operation can be told:

```python good
import torch


@torch.compile
def spread(x: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return torch.repeat_interleave(x, counts, output_size=6) * 2


CALL = spread, torch.ones(3), torch.tensor([1, 2, 3])
```

```python good
import torch


@torch.compile
def hits(x: torch.Tensor) -> torch.Tensor:
    rows = torch.nonzero_static(x, size=3)
    return rows.sum(0)


CALL = hits, torch.ones(3)
```

Writing through a mask, `x[mask] = value`, keeps the shape and is not reported; nor are `masked_fill`, the `where` of
three arguments, `topk`, and indexing by a tensor of integers:

```python good
import torch


@torch.compile
def clear(x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    y = x.clone()
    y[y > 2] = 0.0
    return torch.where(y > 0, y, 1.0).masked_fill(y > 1, 0.5)[rows]


CALL = clear, torch.ones(3), torch.tensor([0, 2])
```

## When it is reported

In code that is, or may be, traced. An index is reported where it is surely a boolean tensor, which includes `x[mask]`
on the right of `y[mask] = x[mask]`, and `x[mask] += 1`, which reads before it writes.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo's `graph_breaks` log names,
and in the others it finds nothing.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, values

RULE = Rule(
    "TFG203",
    "the shape of `{expression}` depends on the values in a tensor: Dynamo breaks the graph{mode} ({id})",
    remedy="{remedy}",
    since="0.2",
)

_CAPTURED = " unless it captures such shapes, as with `fullgraph=True` from torch 2.10 on"
_KEEP_SHAPE = "keep the shape, with `torch.where` or `masked_fill`, or move it out of compiled code"
_REMEDIES = {
    "nonzero": "use a mask, or `torch.nonzero_static`, or move it out of compiled code",
    "argwhere": "use a mask, or `torch.nonzero_static`, or move it out of compiled code",
    "where": "use a mask or the `torch.where` of three arguments, or move it out of compiled code",
    "repeat_interleave": "pass `output_size`",
    "one_hot": "pass `num_classes`",
}
_ALWAYS = frozenset(
    {"argwhere", "bincount", "combinations", "masked_select", "nonzero", "unique", "unique_consecutive"}
)


@RULE.call(
    *(f"torch.{name}" for name in sorted(_ALWAYS)),
    "torch.where",
    "torch.repeat_interleave",
    "torch.nn.functional.one_hot",
    "torch.functional.unique",
    where=Traced.POSSIBLE,
)
def check_function(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report functions of torch whose result has as many elements as the values say."""
    name = next((path.rpartition(".")[2] for path in ctx.names(call.func)), "")
    if _is_dynamic(name, call, [*call.args], ctx):
        yield _hit(call, ctx, name)


@RULE.method(*sorted(_ALWAYS), "repeat_interleave", of=None, where=Traced.POSSIBLE)
def check_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report the same as methods of a tensor."""
    if not isinstance(call.func, ast.Attribute) or not _is_tensor(call.func.value, ctx):
        return
    if _is_dynamic(call.func.attr, call, [call.func.value, *call.args], ctx):
        yield _hit(call, ctx, call.func.attr)


@RULE.node(ast.Subscript, where=Traced.POSSIBLE)
def check_index(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report what is read through a boolean mask."""
    if isinstance(node.slice, (ast.Constant, ast.Slice)) or _is_shape(node.value) or not _reads(node, ctx):
        return
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if any(_is_mask(part, ctx) for part in parts if not isinstance(part, (ast.Constant, ast.Slice))):
        base = ctx.value(node.value)
        if isinstance(base, values.Unknown) or base.tensor is not None:
            yield _hit(node, ctx, "")


def _is_tensor(expr: ast.expr, ctx: Context) -> bool:
    return not ctx.is_plain(expr) and ctx.value(expr).tensor is not None


def _is_shape(base: ast.expr) -> bool:
    return isinstance(base, ast.Attribute) and base.attr == "shape"


def _reads(node: ast.Subscript, ctx: Context) -> bool:
    """Whether a subscript is read: a load, or the target of ``+=``."""
    if isinstance(node.ctx, ast.Load):
        return True
    return isinstance(node.ctx, ast.Store) and isinstance(ctx.parent(node), ast.AugAssign)


def _is_mask(part: ast.expr, ctx: Context) -> bool:
    if not isinstance(part, ast.Compare) and ctx.is_plain(part):
        return False  # a comparison may show what it compares to be a tensor, by being an index
    tensor = ctx.value(part).tensor
    return tensor is not None and tensor.is_mask


def _is_dynamic(name: str, call: ast.Call, operands: list[ast.expr], ctx: Context) -> bool:
    given = {keyword.arg for keyword in call.keywords}
    if None in given or any(isinstance(operand, ast.Starred) for operand in operands):
        return False
    match name:
        case "where":
            return len(operands) + len(given) == 1
        case "one_hot":
            return len(operands) == 1 and "num_classes" not in given
        case "combinations":
            return ctx.aims_at(">=2.2,<2.14")
        case "repeat_interleave":
            return "output_size" not in given and _repeats_by_tensor(call, operands, ctx)
        case _:
            return True


def _repeats_by_tensor(call: ast.Call, operands: list[ast.expr], ctx: Context) -> bool:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == "repeats"), None)
    repeats = named or (operands[1] if len(operands) > 1 else operands[0] if operands else None)
    return repeats is not None and ctx.value(repeats).surely_tensor is not None


def _hit(node: ast.expr, ctx: Context, name: str) -> Hit:
    mode, unless = (
        ("", ()) if name in ("one_hot", "combinations") else (_CAPTURED, ("capture_dynamic_output_shape_ops",))
    )
    identifier = "GB0246" if name == "one_hot" else "GB0036"
    expression = ctx.text(node, limit=50)
    remedy = _REMEDIES.get(name, _KEEP_SHAPE)
    return ctx.at(node, unless=unless, expression=expression, mode=mode, id=identifier, remedy=remedy)


CASES = """
import torch
import torch.nn.functional as F
from torch import nn


class Owners(dict):
    def unique_id(self):
        return 1


class Net(nn.Module):
    def forward(self, x: torch.Tensor, mask: torch.BoolTensor, ids: torch.LongTensor, key: str, other):
        y = x[mask]  # TFG203
        y = x[mask, :]  # TFG203
        y = x[:, ~mask]  # TFG203
        y = x[ids] + x[ids == 3]  # TFG203
        z = x.clone()
        z[mask] = 0
        z[mask] = x[0]
        z[mask] = x[mask]  # TFG203
        z[mask] += 1  # TFG203
        a = torch.where(mask, x, z), x.masked_fill(mask, 0)
        b = torch.where(mask)  # TFG203
        c = (ids > 0).nonzero(as_tuple=True)  # TFG203
        d = F.one_hot(ids)  # TFG203
        e = F.one_hot(ids, 5), F.one_hot(ids, num_classes=5)
        f = x.repeat_interleave(2, dim=0), x.repeat_interleave(ids, dim=0, output_size=6)
        g = x.repeat_interleave(ids, dim=0)  # TFG203
        h = ids.unique()  # TFG203
        i = other.unique_id(), other[key], other[x.shape[0] > 2], {True: 1}[x.shape[0] > 2]
        return y, z, a, b, c, d, e, f, g, h, i
# run: torch.compile(Net())(torch.ones(4, 4), torch.ones(4) > 0, torch.arange(4), "a", Owners({"a": 1, True: 2}))
---
import torch


def eager(x: torch.Tensor):
    return x[x > 0]


@torch.compile
def f(x: torch.Tensor, n: int):
    valid = torch.arange(x.shape[1])[None, :] < n
    kept = valid.to(x.device)
    y = x[kept.view(-1)]  # TFG203
    return y, x[torch.isnan(x).logical_not()]  # TFG203


@torch.compile
def g(x, n):
    return x
# run: f(torch.ones(3, 3), 2)
# run: g(torch.ones(3), 2)
---
import torch


@torch.compile
def same_shape(x: torch.Tensor, rows: torch.Tensor, table: dict[str, torch.Tensor], key: str):
    x[x > 0] = 1.0
    return x[rows] + table[key] + x[None, 0] + torch.where(x > 0, x, 0.0)


def eager(x: torch.Tensor):
    return x[x > 0]
# run: same_shape(torch.ones(3, 3), torch.arange(3), {"a": torch.ones(3)}, "a")
"""
