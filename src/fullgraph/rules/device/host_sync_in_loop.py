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
place, with the lines of the next; where the function is called hot, [TFG403](TFG403.md) reports each of the others.
That page also lists what waits, and what shows that something is a tensor; this rule goes by what its file alone says.
Not for tensors that the file itself makes on the host; not in `__init__`, in code that saves, loads, plots, tests or
reads data, nor in a loop over epochs, over a few things that are written out or over a `state_dict()`, nor in kernels
of numba or Triton. Not in traced code, where TFG202 says what happens.

## How this is known

The blocks above run on torch in fullgraph's tests, with tensors that behave as if they were on another device, which
needs no GPU: the marked lines are exactly those that bring values to the host more than once. How long the host waits
depends on the machine, and was not measured.
"""

import ast
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


@RULE.node(ast.For, ast.AsyncFor, ast.While)
def check_loop(node: ast.For | ast.AsyncFor | ast.While, ctx: Context) -> Iterator[Hit]:
    """Report the first wait in what each turn of a loop comes to."""
    yield from _reported(node, ctx)


@RULE.node(ast.ListComp, ast.SetComp)
def check_comprehension(node: ast.ListComp | ast.SetComp, ctx: Context) -> Iterator[Hit]:
    """Report a wait in a comprehension."""
    yield from _reported(node, ctx)


@RULE.node(ast.GeneratorExp)
def check_generator(node: ast.GeneratorExp, ctx: Context) -> Iterator[Hit]:
    """Report a wait in a generator expression."""
    yield from _reported(node, ctx)


@RULE.node(ast.DictComp)
def check_mapping(node: ast.DictComp, ctx: Context) -> Iterator[Hit]:
    """Report a wait in a comprehension of a dict."""
    yield from _reported(node, ctx)


def _reported(loop: ast.AST, ctx: Context) -> Iterator[Hit]:
    waits = ctx.waits_at_each_turn(loop)
    if not waits:
        return
    first, *others = waits
    rows = sorted({each.lineno for each in others} - {first.lineno})
    more = f", as in line{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:3]))}" if rows else ""
    yield ctx.at(first, what=ctx.text(first, limit=50), more=more)


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
# by what only tensors can do
import math
import random

import torch
from torch import Tensor


def measured(accelerator, loader, model, logs: dict[str, float]):
    found = []
    for batch in loader:
        out = accelerator.gather(model(batch))
        found.append(out.float().mean().item())  # TFG402
    for batch in loader:
        out = accelerator.gather(model(batch))
        found.append(out.mean().item())
        found.append(batch["a"].item())
    for batch in loader:
        found.append(model(batch)[0].cpu().numpy())  # TFG402
    for value in logs.values():
        found.append(math.isnan(value))
    return found, [value for value in logs.values() if not math.isfinite(value)]


def chosen(x: Tensor, labels: Tensor, names: list[str]):
    found = []
    for i in range(len(names)):
        found.append(x[labels == i].mean())  # TFG402
    for i in range(len(names)):
        rows = (labels == i).nonzero()  # TFG402
        found.append(x[rows])
    for i in range(len(names)):
        x[labels == i] = 0.0
        found.append(x[i].masked_fill(labels == i, 1.0))
    return found


def made_again(rows: dict[str, list[Tensor]], values: list[list[float]], count: int):
    found = []
    for value in values:
        value = torch.tensor(value)
        found.append(value.max().item())
    for value in values:
        row = torch.stack(rows["a"])
        row = row * 2
        found.append(row.max().item())  # TFG402
    for _ in range(count):
        size = random.randint(1, 3)
        found.append([i for i in range(size)])
    return found


def taken_apart(row):
    matrix = torch.eye(3) @ row
    return matrix[:2].numpy(), [matrix[i, 0].item() for i in range(10)]


def on_host(x: Tensor, names: list[str], other, processor):
    kept = []
    for name in names:
        kept.append(x.cpu())  # TFG402
    for each in kept:
        print(each)
    device = "cpu" if other.is_cpu else other.device
    sizes = [torch.empty(1, device=device) for _ in range(10)]
    tokens = processor(names, return_tensors="pt")
    return [size.item() for size in sizes], [row[row.bool()] for row in tokens["ids"]]
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
---
# comparisons of arrays, and numbers that Python draws
import random
import numpy as np
import torch

class Trainer:
    def __init__(self):
        self.rng = random.Random(0)

    def run(self, regions, w, h, others, x: torch.Tensor):
        for region in regions:
            share = np.minimum(np.array([w, h]) - region, [w, h]) / [w, h]
            if (share <= 0).any() or (others > 3).all():
                continue
            if self.rng.random() < 0.1 or random.randint(0, 3) > 1:
                x = x * 2
            if (x <= 0).any():  # TFG402
                return x
        return x
---
# kernels, states that are kept, texts
import torch
import triton
from numba import cuda

@cuda.jit()
def kernel(rows: torch.Tensor):
    for row in rows:
        if row > 0:
            row += 1

@triton.jit
def other_kernel(rows: torch.Tensor):
    for row in rows:
        if row > 0:
            row += 1

def keep(model, best):
    best = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    for value in model.state_dict().values():
        best[len(best)] = value.detach().cpu()
    return best

def values_string(rows: torch.Tensor):
    return [str(row.item()) for row in rows]

def counted(rows: torch.Tensor, state):
    return [row.item() for row in rows], {k: v.detach().cpu() for k, v in state.items()}  # TFG402, TFG402
"""
