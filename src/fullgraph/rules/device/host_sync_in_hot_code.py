"""Code that you call hot waits for the device whenever it runs.

## What is wrong

`hot` in the settings names functions that run for every batch or step, as in `hot = ["pkg.train:Trainer.step"]`. Where
such a function, or one that it calls, needs the values of a tensor (`.item()`, `.tolist()`, `.cpu()`, `float(tensor)`,
a condition, an f-string), the host waits until all work that is queued for the device is done, and queues none
meanwhile.

```python bad
# pyproject.toml: hot = ["*:step"]
import torch


class Meter:
    def __init__(self) -> None:
        self.total = 0.0

    def update(self, loss: torch.Tensor) -> None:
        self.total += loss.item()  # TFG403


meter = Meter()


def step(x: torch.Tensor) -> None:
    meter.update((x * x).mean())


def epoch(batches: list[torch.Tensor]) -> float:
    for batch in batches:
        step(batch)
    return meter.total


CALL = epoch, [torch.ones(3), torch.zeros(3), torch.ones(3)]
```

```python bad
# pyproject.toml: hot = ["*:clipped"]
import torch


def clipped(gradient: torch.Tensor) -> torch.Tensor:
    norm = gradient.norm()
    if norm > 1.0:  # TFG403
        gradient = gradient / norm
    return gradient


CALLS = clipped, [(torch.ones(3),), (torch.ones(4),)]
```

How many elements a boolean tensor selects is among its values, too, so indexing with one waits:

```python bad
# pyproject.toml: hot = ["*:masked_mean"]
import torch


def masked_mean(loss: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    valid = weights > 0
    return loss[valid].mean()  # TFG403


CALLS = masked_mean, [(torch.ones(4), torch.tensor([0.0, 1.0, 1.0, 0.0])), (torch.ones(2), torch.ones(2))]
```

## What to do

Keep the values on the device, and read them where they are shown:

```python good
# pyproject.toml: hot = ["*:step"]
import torch


class Meter:
    def __init__(self) -> None:
        self.total = torch.zeros(())

    def update(self, loss: torch.Tensor) -> None:
        self.total = self.total + loss.detach()


meter = Meter()


def step(x: torch.Tensor) -> None:
    meter.update((x * x).mean())


def epoch(batches: list[torch.Tensor]) -> float:
    for batch in batches:
        step(batch)
    return meter.total.item()


CALL = epoch, [torch.ones(3), torch.zeros(3), torch.ones(3)]
```

```python good
# pyproject.toml: hot = ["*:clipped"]
import torch


def clipped(gradient: torch.Tensor) -> torch.Tensor:
    return gradient / gradient.norm().clamp(min=1.0)


CALLS = clipped, [(torch.ones(3),), (torch.ones(4),)]
```

```python good
# pyproject.toml: hot = ["*:masked_mean"]
import torch


def masked_mean(loss: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    valid = weights > 0
    return (loss * valid).sum() / valid.sum()


CALLS = masked_mean, [(torch.ones(4), torch.tensor([0.0, 1.0, 1.0, 0.0])), (torch.ones(2), torch.ones(2))]
```

Of several waits in a function the first takes the time: one transfer of `torch.stack([...])` instead of them all is
enough. Bringing a tensor over only to compute on the host is a wait more, not one less.

## When it is reported

Only where `hot` is given, which turns this rule on: in the functions that it names, and in those that they call, as far
as [the traced region](../traced-region.md) would be followed. Each place is reported, in loops too; only the one at
which [TFG402](TFG402.md) reports a loop is left to that.

What waits:

* `.item()`, `.tolist()`, `.cpu()`, `.to("cpu")`, `.numpy(force=True)`;
* `float`, `int`, `bool`, `range`, `math.isnan` and its kin of a tensor; `print`, `str`, `repr`, f-strings, `"".format`;
* a tensor as a condition, in `and`, `or`, `not` and `assert`; `max`, `min`, `any`, `all` and `sorted` of tensors;
  `torch.equal`, `torch.allclose`, `torch.is_nonzero`;
* what has as many rows as there are values that hold: `torch.nonzero`, `torch.argwhere`, `torch.where` with a condition
  alone, `repeat_interleave` by a tensor without `output_size`, and reading with a boolean tensor as an index;
* `torch.cuda.synchronize()` and its kin, and `.synchronize()` of a stream or an event that the file makes.

Only where it surely is a tensor: by an annotation (also of a field of a dataclass, `NamedTuple` or `TypedDict` of
another file, and what a `Callable` returns), by what made it, by what functions of the project return, or since the
same function does with it what only tensors can (`.backward()`, `.detach()`, `.clamp(...)`, `.float().mean()`,
`.cpu().numpy()`). Of an item of a dict of which nothing is known, nothing is said, nor of a parameter with `.item()` in
a file that imports numpy, since arrays have that, too, nor of files in which the word "torch" does not stand.

Not reported: tensors that the project shows to lie on the host; modules (`module.cpu()`); what stands in a `raise` or
an exception's handler; functions that by their names initialise, save, load, plot, test, parse or read data; what is
below a condition that asks for a remainder (every 100 steps) or whether to log; and traced code, where TFG202 says what
happens. Nor what torch's documentation does not say to wait, such as `masked_select`, `torch.unique` and writing to
`x[mask]`.

## How this is known

The blocks above run on torch in fullgraph's tests, with tensors that behave as if they were on another device, which
needs no GPU: the marked lines are exactly those that bring values to the host, or count with `nonzero`, more than once.
That `torch.nonzero` waits for a CUDA device is what torch's documentation says of it; that an index that is a boolean
tensor comes to it was seen with torch's profiler. How long the host waits depends on the machine, and was not measured.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import COLD, TRACED, Context, Effect, Hit, Rule

RULE = Rule(
    "TFG403",
    "`{what}` makes the host wait for the device, in code that is called hot",
    remedy="keep the value on the device, and transfer it once, where it is shown",
    since="0.2",
    default=False,
    effect=Effect.HOST_SYNC,
    turned_on_by="hot",
    unless=(TRACED, COLD),
)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_RARE = re.compile(
    r"%|log(?!it|_?p|_?q|_?sum|_?soft|_?var|_?std|\(|1p)|debug|verbose|print|profil|trace|check|rank|dump|every|interval|"
    r"record",
    re.IGNORECASE,
)
"""What conditions mention that seldom hold; logarithms are something else."""


@RULE.method("item", "tolist", "cpu", "to", "numpy", "synchronize", of=None)
@RULE.method("allclose", "argwhere", "equal", "is_nonzero", "nonzero", "repeat_interleave", "where", of=None)
@RULE.method("format", "isfinite", "isinf", "isnan", of=None)
def check_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what brings a tensor's values to the host, or counts them."""
    if ctx.waits(call):
        yield from _reported(call, ctx)


@RULE.call("builtins.float", "builtins.int", "builtins.bool", "builtins.print", "builtins.str", "builtins.repr")
@RULE.call("builtins.all", "builtins.any", "builtins.max", "builtins.min", "builtins.range", "builtins.sorted")
def check_conversion(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what makes a number, a truth value or a text of a tensor."""
    if ctx.waits(call):
        yield from _reported(call, ctx)


@RULE.node(ast.Subscript)
def check_mask(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report a boolean tensor as an index."""
    if ctx.waits(node):
        yield from _reported(node, ctx)


@RULE.node(ast.If, ast.IfExp, ast.Assert)
def check_condition(node: ast.If | ast.IfExp | ast.Assert, ctx: Context) -> Iterator[Hit]:
    """Report a condition that is a tensor."""
    yield from _asked(node.test, ctx)


@RULE.node(ast.BoolOp)
def check_operands(node: ast.BoolOp, ctx: Context) -> Iterator[Hit]:
    """Report tensors between which ``and`` or ``or`` decides; what becomes of the last is not its matter."""
    for value in node.values[:-1]:
        yield from _asked(value, ctx)


@RULE.node(ast.UnaryOp)
def check_negation(node: ast.UnaryOp, ctx: Context) -> Iterator[Hit]:
    """Report a tensor that ``not`` makes a truth value of."""
    if isinstance(node.op, ast.Not):
        yield from _asked(node.operand, ctx)


@RULE.node(ast.FormattedValue)
def check_text(node: ast.FormattedValue, ctx: Context) -> Iterator[Hit]:
    """Report a tensor in an f-string."""
    if ctx.waits(node):
        yield from _reported(node.value, ctx)


def _asked(test: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report what is asked for its truth, apart from what other handlers see."""
    while isinstance(test, ast.BoolOp):
        test = test.values[-1]
    if not isinstance(test, ast.UnaryOp) and ctx.waits_for_truth(test):
        yield from _reported(test, ctx)


def _reported(expr: ast.expr, ctx: Context) -> Iterator[Hit]:
    if not _is_aside(expr, ctx) and not _is_rare(expr, ctx) and not ctx.is_first_in_a_loop(expr):
        yield ctx.at(expr, what=ctx.text(expr, limit=50))


def _is_aside(expr: ast.expr, ctx: Context) -> bool:
    """Whether a place is not there to be fast; what an ``assert`` asks is asked each time."""
    place: ast.AST = expr
    while isinstance(parent := ctx.parent(place), (ast.BoolOp, ast.UnaryOp)):
        place = parent
    match ctx.parent(place):
        case ast.Assert(test=test) as statement if test is place:
            around = ctx.parent(statement)
            return around is not None and ctx.is_aside(around)
        case _:
            return ctx.is_aside(expr)


def _is_rare(node: ast.AST, ctx: Context) -> bool:
    """Whether a place is below a condition that seldom holds."""
    child, parent = node, ctx.parent(node)
    while parent is not None and not isinstance(child, _FUNCTIONS):
        match parent:
            case ast.If(test=test) | ast.IfExp(test=test) if child is not test and _seldom_holds(test):
                return True
            case ast.BoolOp(values=values) if any(map(_seldom_holds, values[: _place(child, values)])):
                return True
            case _:
                pass
        child, parent = parent, ctx.parent(parent)
    return False


def _seldom_holds(test: ast.expr) -> bool:
    return _RARE.search(ast.unparse(test)) is not None


def _place(node: ast.AST, nodes: list[ast.expr]) -> int:
    return next((index for index, each in enumerate(nodes) if each is node), 0)


CASES = """
# pyproject.toml: hot = ["example:Trainer.step", "*:tick"]
import torch
from torch import Tensor


class Trainer:
    def __init__(self, rate: Tensor):
        self.rate = rate.item()
        self.every = 100

    def step(self, x: Tensor, index: int):
        loss = (x * x).sum()
        loss.backward()
        self.note(loss)
        if index % self.every == 0:
            print(loss)
        if loss.isnan():  # TFG403
            raise ValueError(f"bad loss {loss.item()}")
        print(f"{loss}")  # TFG403
        rows = [float(row) for row in x]
        host = x.to("cpu")  # TFG403
        later = x.to("cpu", non_blocking=True)
        torch.cuda.synchronize()  # TFG403
        self.compiled(x)
        self.truths(x, None, None, False)
        self.rated(Rates(x.device))
        return self.values(x), host.sum().item(), rows, later

    def note(self, loss: Tensor):
        self.last = float(loss)  # TFG403

    def truths(self, x: Tensor, mask: Tensor | None, model, debug: bool):
        loss = model(x)
        loss.backward()
        small = loss < 3 and x.any()  # TFG403
        first = x[0] or x[1]  # TFG403
        full = not x.all()  # TFG403
        if mask is not None and mask.any():  # TFG403
            small = full
        if debug and x.any():
            print(x)
        logits = model(x)
        if logits is not None and mask.any():  # TFG403
            small = full
        if logits is not None:
            small = x.max().item()  # TFG403
        if self.log_every and x.any():
            print(x)
        assert x.all(), f"{x.tolist()}"  # TFG403
        assert not x.any() and x.shape[0] > 1, x.item()  # TFG403
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        chosen = []
        for row in x:
            if len(chosen) < 3:
                chosen.append(row.item())  # TFG403
            if mask is None:
                chosen.append(row.sum().item())
        while len(chosen) > 1:
            if len(chosen) % 10 == 0:
                print(x)
            chosen.pop()
        return small, first, norm.item()  # TFG403

    def values(self, x: Tensor):
        return x.tolist(), len(x), x.shape[0], int(x.size(0))  # TFG403

    @torch.compiler.disable
    def kept(self, x: Tensor):
        return x.tolist()

    @torch.compile
    def compiled(self, x: Tensor):
        return x.sum().item()

    def rated(self, other: "Rates"):
        return self.rate, other.rates()

    def report(self, x: Tensor):
        return x.mean().item()


class Rates:
    def __init__(self, device):
        self.first = torch.ones(3).to(device)
        self.others: list[Tensor] = []
        self.count = 0

    def rates(self):
        if self.count:
            self.count = 0
        return self.first.tolist()  # TFG403


def tick(x: Tensor, trainer):
    return helper(x)


def helper(x: Tensor):
    return bool(x.any()), eager(x)  # TFG403


@torch.compiler.disable
def eager(x: Tensor):
    return x.max().item()  # TFG403


def cold(x: Tensor):
    return x.max().item()
---
# what shows that something is a tensor, and what does not
# pyproject.toml: hot = ["*:use", "*:process_batch", "*:epochs", "*:masks", "*:counted", "Trainer.*", "*:Trainer.*"]
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Ratios:
    kl: Tensor
    by_head: dict[str, Tensor]
    stop: Tensor
    done: bool
    names: dict[str, str]


def use(agg, out, batch, model: nn.Module, data, ratios: Ratios, loss_and_count: Callable[..., tuple[Tensor, int]]):
    total = agg.gather(3)
    mean = total.float().mean().item()  # TFG403
    low = total.min().item()  # TFG403
    image = out.decode(batch)[0].cpu().permute(0, 2).numpy()  # TFG403
    best = data["scores"].item(), data["scores"].tolist(), data["scores"].max().item()
    model.cpu()
    kept = data["model"].to("cpu")
    kl = ratios.kl.item()  # TFG403
    kl += ratios.by_head["a"].max().item()  # TFG403
    if ratios.stop:  # TFG403
        kl = 0.0
    if ratios.done or ratios.names["a"]:
        kl = 1.0
    loss, count = loss_and_count(batch)
    return mean, low, image, best, kept, kl, loss.item(), count  # TFG403


def process_batch(actions: Tensor):
    policy = torch.distributions.Categorical(logits=actions)
    share = torch.distributions.Beta(0.5, 0.5).sample().item()
    half = torch.distributions.Beta(share, torch.ones(1)).sample().item()
    assert half < 1
    return policy.log_prob(actions).mean().item(), policy.event_shape  # TFG403


def epochs(loss: Tensor, rows: list[Tensor], logs: dict[str, float]):
    for epoch in range(10):
        loss = loss * 2
        logs["loss"] = loss.item()  # TFG403
        logs["name"] = f"{epoch}"
    for row in rows:
        logs["first"] = row.max().item()
        logs["last"] = row.min().item()  # TFG403
        if row.any():  # TFG403
            logs["any"] = float(row.sum())  # TFG403
    small = [value for value in logs.values() if not math.isnan(value)]
    if math.isnan(loss.detach()):  # TFG403
        small.append(max(rows[0].sum(), rows[1].sum()))  # TFG403
    return small, max(logs.values()), max(rows, key=len), "{}".format(loss)  # TFG403


def masks(x: Tensor, keep: Tensor, index: Tensor, weights: torch.BoolTensor, either):
    valid = keep > 0
    x[valid] = 0.0
    x[valid] += 1.0  # a write, and a read that a write stands for
    rows = torch.arange(10)
    host = rows[rows > 3], rows[0], x[index.long()], x[3], x[:, 1:], x[None]
    return x[valid], host  # TFG403


def counted(x: Tensor, keep: Tensor, repeats: Tensor):
    rows = keep.nonzero()  # TFG403
    where = torch.where(keep)  # TFG403
    chosen = torch.where(keep, x, -x)
    spread = x.repeat_interleave(repeats, dim=0)  # TFG403
    known = x.repeat_interleave(repeats, dim=0, output_size=10), x.repeat_interleave(2)
    twice = torch.repeat_interleave(x, repeats=2, dim=0)
    each = torch.repeat_interleave(x, repeats, dim=0)  # TFG403
    same = torch.equal(x, chosen)  # TFG403
    left = x[~keep.bool(), 0]  # TFG403
    others = x.masked_select(keep), torch.unique(x), torch.nonzero_static(x, size=3)
    return rows, where, spread, known, twice, each, same, left, others


class Trainer:
    def __init__(self, loss: Tensor):
        self.first = loss.item()

    def save(self, loss: Tensor):
        return loss.item()

    def read_row(self, loss: Tensor):
        return loss.item()

    def reset(self, loss: Tensor, tokenizer, fabric, accelerator):
        tokens = tokenizer("a", return_tensors="pt")
        host = tokens["ids"].bool()
        gathered = []
        for row in loss:
            gathered.append(row.cpu())  # TFG403
        apart = {}
        apart["a"] = loss.cpu()  # TFG403
        return (
            tokens["ids"][host],
            [row.item() for row in gathered],
            apart["a"].item(),
            accelerator.gather(loss).mean().item(),  # TFG403
            accelerator.gather(tokens).mean().item(),
            fabric.all_reduce(loss).item(),  # TFG403
        )
---
# nothing is called hot
import torch
from torch import Tensor


def step(x: Tensor):
    return x.max().item()
"""
