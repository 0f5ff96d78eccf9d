"""A loop reads a tensor at every turn, and the host waits for the device each time.

## What is wrong

Work for a device is queued, and the host runs ahead. `tensor.item()`, `.tolist()`, `.cpu()`, `float(tensor)`, a
condition or an f-string needs the values: the host then waits until everything queued so far is done, and the device
runs dry while the host catches up. In a loop that happens at every turn.

```python bad
import torch
import torch.nn.functional as F


def train(
    model: torch.nn.Module, batches: torch.Tensor, targets: torch.Tensor, optimizer: torch.optim.Optimizer
) -> float:
    total = 0.0
    for batch, target in zip(batches, targets):
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch), target)
        loss.backward()
        optimizer.step()
        total += loss.item()  # TFG402
    return total / len(batches)


torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
CALL = train, model, torch.ones(6, 3, 2), torch.ones(6, 3, 1), torch.optim.SGD(model.parameters(), lr=0.1)
```

```python bad
import torch


def norms(tensors: list[torch.Tensor]) -> list[float]:
    return [tensor.norm().item() for tensor in tensors]  # TFG402


CALL = norms, [torch.ones(3), torch.ones(4)]
```

```python bad
import torch


def halve(x: torch.Tensor) -> torch.Tensor:
    while x.abs().max() > 1:  # TFG402
        x = x / 2
    return x


CALL = halve, torch.tensor([9.0, 3.0])
```

## What to do

Gather on the device, and transfer once, behind the loop:

```python good
import torch
import torch.nn.functional as F


def train(
    model: torch.nn.Module, batches: torch.Tensor, targets: torch.Tensor, optimizer: torch.optim.Optimizer
) -> float:
    losses = []
    for batch, target in zip(batches, targets):
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses).mean().item()


torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
CALL = train, model, torch.ones(6, 3, 2), torch.ones(6, 3, 1), torch.optim.SGD(model.parameters(), lr=0.1)
```

```python good
import torch


def norms(tensors: list[torch.Tensor]) -> list[float]:
    return torch.stack([tensor.norm() for tensor in tensors]).tolist()


CALL = norms, [torch.ones(3), torch.ones(4)]
```

```python good
import torch


def halve(x: torch.Tensor) -> torch.Tensor:
    steps = torch.log2(x.abs().max()).ceil().clamp(min=0)
    return x / 2**steps


CALL = halve, torch.tensor([9.0, 3.0])
```

## When it is reported

Where it surely is a tensor, in what every turn of the loop comes to: not below an `if`, unless that asks only what
something is, not in an `except`, and not in front of a `break` or `return`. One finding for each loop, at the first
place. Not for tensors that the file itself makes on the host; not in `__init__`, in code that saves, loads, plots,
tests or reads data, nor in a loop over epochs or over a few things that are written out. Not in traced code, where
TFG202 says what happens.

## How this is known

The blocks above run on torch in fullgraph's tests, with tensors that behave as if they were on another device, which
needs no GPU: the marked lines are exactly those that bring values to the host more than once. How long the host waits
depends on the machine, and was not measured.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import TRACED, Context, Effect, Hit, Rule

RULE = Rule(
    "TFG402",
    "`{what}` makes the host wait for the device at every turn of the loop{more}",
    remedy="gather on the device, and transfer once behind the loop",
    since="0.2",
    effect=Effect.HOST_SYNC,
    unless=(TRACED,),
)

_ASIDE = (ast.Name, ast.Constant, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LEAVES = (ast.Break, ast.Return, ast.Raise)
_FEW = 4
_TIMES = re.compile(r"\b(perf_counter|time\.time|monotonic|elapsed_time|timeit|Timer)\b")


@RULE.node(ast.For, ast.AsyncFor, ast.While)
def check_loop(node: ast.For | ast.AsyncFor | ast.While, ctx: Context) -> Iterator[Hit]:
    """Report the first wait in what each turn of a loop comes to."""
    if not ctx.may_wait() or _is_short(node):
        return
    if isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and _is_endless(node):
        return
    waits = list(_in_block(node.body, ctx))
    if isinstance(node, ast.While):
        waits = [*_in_condition(node.test, ctx), *waits]
    yield from _reported(waits, node, ctx)


@RULE.node(ast.ListComp, ast.SetComp)
def check_comprehension(node: ast.ListComp | ast.SetComp, ctx: Context) -> Iterator[Hit]:
    """Report a wait in a comprehension."""
    yield from _reported(_in_comprehension(node.generators, [node.elt], ctx), node, ctx)


@RULE.node(ast.GeneratorExp)
def check_generator(node: ast.GeneratorExp, ctx: Context) -> Iterator[Hit]:
    """Report a wait in a generator expression."""
    yield from _reported(_in_comprehension(node.generators, [node.elt], ctx), node, ctx)


@RULE.node(ast.DictComp)
def check_mapping(node: ast.DictComp, ctx: Context) -> Iterator[Hit]:
    """Report a wait in a comprehension of a dict."""
    yield from _reported(_in_comprehension(node.generators, [node.key, node.value], ctx), node, ctx)


def _reported(waits: list[ast.expr], around: ast.AST, ctx: Context) -> Iterator[Hit]:
    if not waits or ctx.is_aside(around):
        return
    first, *others = waits
    rows = sorted({each.lineno for each in others} - {first.lineno})
    more = f", as in line{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:3]))}" if rows else ""
    yield ctx.at(first, what=ctx.text(first, limit=50), more=more)


def _is_short(node: ast.For | ast.AsyncFor | ast.While) -> bool:
    """Whether a loop is over epochs, or over a few things that are written out."""
    if isinstance(node, ast.While):
        return False
    names = [part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)]
    return any("epoch" in name.lower() for name in names) or _is_few(node.iter)


def _is_few(iterable: ast.expr) -> bool:
    match iterable:
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return len(items) <= _FEW
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count <= _FEW
        case ast.Call(func=ast.Name(id="enumerate" | "zip"), args=[first, *_]):
            return _is_few(first)
        case _:
            return False


def _is_endless(node: ast.While) -> bool:
    """Whether the turns of a ``while True`` wait for something else: a user, or another process."""
    words = ("input", "recv", "sleep", "get")
    return any(isinstance(part, ast.Attribute) and part.attr in words for part in ast.walk(node))


def _in_comprehension(generators: list[ast.comprehension], results: list[ast.expr], ctx: Context) -> list[ast.expr]:
    if not ctx.may_wait() or _is_few(generators[0].iter):
        return []
    conditions = [condition for generator in generators for condition in generator.ifs]
    if any(not ctx.only_asks(condition) for condition in conditions):
        results = []
    first = [wait for condition in conditions[:1] for wait in _in_condition(condition, ctx)]
    return [*first, *(wait for result in results for wait in _in_expression(result, ctx))]


def _in_block(block: list[ast.stmt], ctx: Context) -> Iterator[ast.expr]:
    """Waits in statements that each turn comes to."""
    if block and isinstance(block[-1], _LEAVES):
        return
    for statement in block:
        match statement:
            case ast.For() | ast.AsyncFor() | ast.While() | ast.Raise() | ast.Assert():
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
            case ast.If(test=test, body=body, orelse=orelse):
                yield from _in_condition(test, ctx)
                if ctx.only_asks(test):
                    yield from _in_block(body, ctx)
                    yield from _in_block(orelse, ctx)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    yield from _in_expression(item.context_expr, ctx)
                yield from _in_block(body, ctx)
            case ast.Try(body=body, finalbody=last):
                yield from _in_block([*body, *last], ctx)
            case _:
                for child in ast.iter_child_nodes(statement):
                    yield from _in_part(child, ctx)


def _in_condition(test: ast.expr, ctx: Context) -> Iterator[ast.expr]:
    inner = list(_in_expression(test, ctx))
    if not inner and ctx.waits_for_truth(test):
        yield test
    yield from inner


def _in_expression(expr: ast.expr, ctx: Context) -> Iterator[ast.expr]:
    """Waits in an expression, innermost first, apart from what is evaluated only sometimes or by itself."""
    if expr.__class__ in _ASIDE:
        return
    match expr:
        case ast.Attribute(value=base):
            yield from _in_expression(base, ctx)
            return
        case ast.IfExp(test=test):
            yield from _in_condition(test, ctx)
            if ctx.only_asks(test):
                yield from _in_expression(expr.body, ctx)
                yield from _in_expression(expr.orelse, ctx)
            return
        case ast.BoolOp(values=values):
            yield from _in_condition(next((each for each in values if not ctx.only_asks(each)), values[-1]), ctx)
            return
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _in_condition(operand, ctx)
            return
        case _:
            inner = [wait for part in ast.iter_child_nodes(expr) for wait in _in_part(part, ctx)]
    if isinstance(expr, (ast.Call, ast.FormattedValue)) and ctx.waits(expr):
        inner = [wait for wait in inner if not _feeds(wait, expr)]
        if not _is_for_timing(expr, ctx):
            yield expr if isinstance(expr, ast.Call) else expr.value
    yield from inner


def _in_part(part: ast.AST, ctx: Context) -> Iterator[ast.expr]:
    if isinstance(part, ast.expr):
        yield from _in_expression(part, ctx)
    elif isinstance(part, ast.keyword):
        yield from _in_expression(part.value, ctx)


def _feeds(wait: ast.expr, call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.value is wait


def _is_for_timing(call: ast.expr, ctx: Context) -> bool:
    """Whether a wait for everything is there to measure time, as only that can be seen to be wanted."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "synchronize"):
        return False
    function = ctx.function()
    return function is None or _TIMES.search(ast.unparse(function)) is not None


CASES = """
import torch
from torch import Tensor, nn
import torch.nn.functional as F


def evaluate(model, loader, device):
    criterion = nn.CrossEntropyLoss()
    total, correct = 0.0, 0
    for x, y in loader:
        out = model(x.to(device))
        loss = criterion(out, y.to(device))
        total += float(loss)  # TFG402
        correct += (out.argmax(1) == y).sum().item()
    return total, correct


def accumulate(model, loader, optimizer):
    running = 0
    for batch in loader:
        loss = model(batch)
        loss.backward()
        print(loss)  # TFG402
        running += loss.item()
    return running


def rows(x: Tensor, n: int):
    for i in range(n):
        if x[i].any():  # TFG402
            continue
    while x.norm() > 1:  # TFG402
        x = x / 2
    for row in x:
        if row is not None and row.any():  # TFG402
            continue
    empty = []
    for row in x:
        empty.append(not row.any())  # TFG402
    kept = [row for row in x if row.sum() > 0]  # TFG402
    texts = {str(i): f"{row}" for i, row in enumerate(x)}  # TFG402
    return empty, kept, texts, list(float(row) for row in x)  # TFG402


def streams(xs: list[Tensor], given):
    stream = torch.cuda.Stream()
    for x in xs:
        stream.synchronize()  # TFG402
    for x in xs:
        torch.cuda.current_stream().synchronize()  # TFG402
    for x in xs:
        given.synchronize()


def steps(model, loader, engine):
    for batch in loader:
        loss = model(batch)
        loss.backward(retain_graph=True)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if loss.isnan().any() or norm > 10:  # TFG402
            continue
    for batch in loader:
        loss = model(batch)
        engine.backward(loss)
        if engine.is_boundary() and loss > 0:
            continue
    for batch in loader:
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if norm > 10:  # TFG402
            continue


def outputs(xs: list[Tensor]):
    found = []
    for x in xs:
        y = x.detach().cpu()  # TFG402
        found.append(y.numpy())
        found.append(y.sum().item())
    for x in xs:
        found.append(x.to("cpu").numpy())  # TFG402
    for x in xs:
        found.append(x.relu().to(device="cpu"))  # TFG402
    for x in xs:
        torch.cuda.synchronize()  # TFG402
    return found
---
# not at every turn, or only once
import torch
from torch import Tensor


def log(x: Tensor, n: int, logger):
    for i in range(n):
        x = x * 2
        if i % 100 == 0:
            logger.info(x.mean().item())
    for i in range(n):
        if i > 5:
            raise ValueError(x.sum().item())
    value = x.sum().item()
    for i in range(n):
        try:
            x = x + 1
        except RuntimeError:
            print(x)
    for i in range(n):
        x = x - 1
        return x.max().item()
    for epoch in range(n):
        x = x - 1
        value += x.max().item()
    for name in ("a", "b"):
        value += x.max().item()
    return value, [x.mean() for _ in range(3)], [k.item() for k in (x[0], x[1])]
---
# on the host, or no tensor
import json
import numpy as np
import torch
from torch import Tensor, nn


def convert(path, values: list[Tensor], model: nn.Module, arrays: list[np.ndarray], data: dict):
    total = 0.0
    table = torch.load(path)
    host = torch.stack(values).cpu()
    index = torch.randperm(10)
    ten = torch.tensor([1.0, 2.0])
    for i in range(10):
        total += host[i].item() + host[i].sum().item() + index[i].item() + ten[0].item()
        total += (host[i] * 2 + 1).max().item()
        model.cpu()
        total += arrays[i].item() + data["x"].item()
        json.dumps(arrays[i].tolist())
    for row in host:
        total += float(row)
    for row in torch.arange(10):
        total += row.item()
    counts = torch.stack(values).detach().cpu().sum(1).to(torch.long)
    for row, count in zip(host, counts):
        total += count.item() + row.sum().item()
    pre = torch.zeros(10)
    while not torch.all(pre > 3):
        new = torch.zeros(10)
        new[1:] = pre[:-1] + 1
        pre = new
    for name, row in data["rows"]:
        row = torch.tensor(row)
        total += row.max().item()
    rates = [x.item() for x in torch.linspace(0, 1, 10, device="cpu")]
    for v in values:
        total += v.numpy().mean() + v.item()
    for v in values:
        w = v.to("cpu", non_blocking=True)
    for v in values:
        loss = model(v)
        loss.backward()
        loss = loss.item()
        print(loss, f"{loss}", loss > 3 and loss < 5)
        if loss > total:
            total = loss
    return total, [x.item() for x in host]


def either(x: Tensor, rows, other):
    # an array has these methods, too
    for i in range(100):
        if rows[i].any():
            x = x + 1
    mask = other.clone()
    for i in range(100):
        if other[i].any():  # TFG402
            x = x + mask
    return x


def times(frames: Tensor, step):
    while step / 10 <= frames[-1]:
        step += 1
    return step


def host_times(n):
    return times(torch.arange(n), 0), times(torch.arange(n) / 2, step=1)


def pairs(prizes: Tensor, edges: Tensor):
    return [i for i, row in enumerate(edges.t().numpy()) if prizes[i].item() > 1]


class Numbers(torch.utils.data.Dataset):
    def __getitem__(self, index: Tensor):
        return [i.item() for i in index]

    def lookup(self, index: Tensor):
        return [i.item() for i in index]


class Net(nn.Module):
    def __init__(self, rates: Tensor):
        super().__init__()
        self.rates = [rate.item() for rate in rates]

    def forward(self, x: Tensor):
        return [row.item() for row in x]


def test_it(x: Tensor):
    for row in x:
        assert row.item() == 1


def save_rows(x: Tensor):
    return [row.item() for row in x]


def timed(x: Tensor):
    import time
    for _ in range(100):
        start = time.perf_counter()
        torch.cuda.synchronize()
    return start
---
# compiled
import torch
from torch import Tensor

@torch.compile
def f(x: Tensor):
    return [row.item() for row in x]
"""
