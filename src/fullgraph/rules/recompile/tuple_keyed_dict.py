"""A dict with tuple keys holds tensors, or is used in traced code.

## What is wrong

Not a graph break: Dynamo traces dicts with tuple keys, and a constant key costs nothing. But a key is a
Python value, and Dynamo guards on it. A key that changes from call to call compiles the function again for
each new key. The limit is 8 compiled versions; from then on new keys run eagerly without a word, and with
`fullgraph=True` they raise an error.

```python bad
import torch

table = {(row, column): torch.full((3,), row + 0.1 * column) for row in range(3) for column in range(4)}


@torch.compile
def lookup(x: torch.Tensor, row: int, column: int) -> torch.Tensor:
    return x + table[(row, column)]  # TFG301


CALLS = lookup, [(torch.ones(3), row, column) for row, column in table]
```

The same holds where the dict is written:

```python bad
import torch
from torch import nn


class Memo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cache: dict[tuple[int, int], torch.Tensor] = {}

    def forward(self, x: torch.Tensor, row: int, column: int) -> torch.Tensor:
        self.cache[(row, column)] = x * 2  # TFG301
        return x + 1


CALLS = torch.compile(Memo()), [(torch.ones(3), row, column) for row in range(3) for column in range(4)]
```

```python bad
from collections import defaultdict

import torch

totals: defaultdict[tuple[int, int], torch.Tensor] = defaultdict(lambda: torch.zeros(()))


@torch.compile
def count(x: torch.Tensor, row: int, column: int) -> torch.Tensor:
    totals[(row, column)] += x.sum()  # TFG301
    return x * 2


CALLS = count, [(torch.ones(3), row, column) for row in range(3) for column in range(4)]
```

## What to do

Look the tensor up outside the compiled function and pass it:

```python good
import torch

table = {(row, column): torch.full((3,), row + 0.1 * column) for row in range(3) for column in range(4)}


@torch.compile
def add(x: torch.Tensor, entry: torch.Tensor) -> torch.Tensor:
    return x + entry


def lookup(x: torch.Tensor, row: int, column: int) -> torch.Tensor:
    return add(x, table[(row, column)])  # outside of the compiled function


CALLS = lookup, [(torch.ones(3), row, column) for row, column in table]
```

```python good
import torch
from torch import nn


class Memo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cache", torch.zeros(3, 4, 3))

    def forward(self, x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        self.cache[rows, columns] = x * 2
        return x + 1


MEMO = torch.compile(Memo())


def step(x: torch.Tensor, row: int, column: int) -> torch.Tensor:
    return MEMO(x, torch.tensor([row]), torch.tensor([column]))


CALLS = step, [(torch.ones(3), row, column) for row in range(3) for column in range(4)]
```

```python good
from collections import defaultdict

import torch

totals: defaultdict[tuple[int, int], torch.Tensor] = defaultdict(lambda: torch.zeros(()))


@torch.compile
def count(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x * 2, x.sum()


def step(x: torch.Tensor, row: int, column: int) -> torch.Tensor:
    doubled, total = count(x)
    totals[(row, column)] += total  # outside of the compiled function
    return doubled


CALLS = step, [(torch.ones(3), row, column) for row in range(3) for column in range(4)]
```

or keep one tensor and index it with index *tensors*, which needs one compilation for all of them:

```python good
import torch

entries = {(row, column): torch.full((3,), row + 0.1 * column) for row in range(3) for column in range(4)}
table = torch.stack([entries[row, column] for row in range(3) for column in range(4)]).view(3, 4, 3)


@torch.compile
def gather(x: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    return x + table[rows, columns]


def lookup(x: torch.Tensor, row: int, column: int) -> torch.Tensor:
    return gather(x, torch.tensor([row]), torch.tensor([column])).squeeze(0)


CALLS = lookup, [(torch.ones(3), row, column) for row, column in entries]
```

With Python integers, index that tensor one dimension at a time: `stacked[i][j]` was measured to need one more
compilation for all of them.

What does not help: a flat integer key `d[i * n + j]`, a string key, a list, or `stacked[i, j]` with two Python
integers. All of them were measured to recompile for every new key, just as the tuple does.

Constant keys are free, in loops over a constant range too, and are not reported:

```python good
import torch

table = {(row, column): torch.full((3,), row + 0.1 * column) for row in range(3) for column in range(4)}


@torch.compile
def total(x: torch.Tensor) -> torch.Tensor:
    x = x + table[0, 1]
    for row in range(3):
        for column in range(4):
            x = x + table[row, column]
    return x


CALLS = total, [(torch.ones(3),)] * 12
```

## When it is reported

Where the code is certainly traced, whatever the dict holds. Where it may be, if the dict holds tensors. Where no
compile root is in sight in the file, likewise, as a note, and not in code that prepares, keeps or shows data, by the
names of its functions and classes. A declaration is reported where it is not traced itself, since nothing is looked up
there. Not for keys of devices, dtypes, flags and constants that each call in the file passes, which are few. Code that
a file with a compile root does not trace is eager, and silent. A key made of `x.shape` is worse than it looks: it makes
a dynamic size static, so every new size is a recompilation too.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo's `recompiles` log
names, and the last blocks compile once.
"""

import ast
import re
from collections.abc import Hashable, Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced, is_about_data, keys, tables

RULE = Rule(
    "TFG301",
    "dict with tuple keys, {what}: no graph break and free for constant keys, but each new key met while tracing is a "
    "recompilation (limit 8)",
    remedy="look it up outside the compiled function, or keep one tensor and index it as `t[i][j]`",
    since="0.1",
)

_DECLARED = [re.compile(rf"""{name}\s*\[\s*["'\w.]*[tT]uple\b""") for name in ("ict", "apping")]
"""How a dict with tuple keys is declared; aliases of its type are not looked for."""
_NO_KEYS = (ast.Constant, ast.Slice)
_MEMBERSHIP = (ast.In, ast.NotIn)


@RULE.node(ast.AnnAssign)
def annotated(node: ast.AnnAssign, ctx: Context) -> Iterator[Hit]:
    """Report ``x: dict[tuple[...], Tensor]`` as variable, field or attribute, where traced code only uses it."""
    if (
        _may_declare(ctx)
        and _is_declaration(node.annotation, ctx)
        and _may_be_traced(node, ctx)
        and not _is_traced(node, ctx)
        and not _is_used_well(node, ctx)
    ):
        yield _hit(node.annotation, f"`{ctx.text(node.target, limit=40)}`", ctx)


def _is_used_well(node: ast.AnnAssign, ctx: Context) -> bool:
    """Whether a variable of the file is used, and only where compiled code does not come to, or with few keys."""
    if not isinstance(node.target, ast.Name) or ctx.is_local(node.target):
        return False
    module: ast.AST = node
    while (parent := ctx.parent(module)) is not None:
        module = parent
    name = node.target.id
    loads = [
        part
        for part in ast.walk(module)
        if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load)
    ]
    return bool(loads) and all(ctx.is_skipped(load) or _has_few_keys(load, ctx) for load in loads)


def _has_few_keys(load: ast.Name, ctx: Context) -> bool:
    """Whether a dict is asked for a key, or given one, that does not vary."""
    match ctx.parent(load):
        case ast.Subscript(value=container, slice=key) if container is load:
            pass
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()]):
            pass
        case ast.Attribute(attr="get" | "setdefault" | "pop") as method:
            match ctx.parent(method):
                case ast.Call(func=func, args=[key, *_]) if func is method:
                    pass
                case _:
                    return False
        case _:
            return False
    return isinstance(key, (ast.Tuple, ast.Name)) and keys.is_fixed(key, ctx)


@RULE.node(ast.FunctionDef, ast.AsyncFunctionDef)
def annotated_parameter(node: ast.FunctionDef | ast.AsyncFunctionDef, ctx: Context) -> Iterator[Hit]:
    """Report a parameter that is annotated as such a dict."""
    if not _may_declare(ctx):
        return
    arguments = node.args
    for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if arg.annotation is not None and _is_declaration(arg.annotation, ctx) and _may_be_entered(node, ctx):
            yield _hit(arg.annotation, f"parameter `{arg.arg}` of `{node.name}`", ctx)


@RULE.node(ast.Dict)
def displayed(node: ast.Dict, ctx: Context) -> Iterator[Hit]:
    """Report ``{(i, j): value}`` with a key that is not constant."""
    if not any(isinstance(key, ast.Tuple) and keys.varies(key, ctx) for key in node.keys):
        return
    if _is_surely_traced(node, ctx) or (
        any(_is_tensor(value, ctx) for value in node.values) and _may_be_traced(node, ctx)
    ):
        yield _hit(node, "built here", ctx)


@RULE.node(ast.DictComp)
def comprehended(node: ast.DictComp, ctx: Context) -> Iterator[Hit]:
    """Report ``{(i, j): value for ...}``, and a comprehension stored where a dict with tuple keys is declared."""
    target = ctx.target_of(node)
    declared = ctx.annotations(target) if target is not None else ()
    if not keys.varies(node.key, ctx) or not _may_be_traced(node, ctx):
        return
    is_spelled = isinstance(node.key, ast.Tuple) and (_is_surely_traced(node, ctx) or _is_tensor(node.value, ctx))
    if is_spelled or any(_is_declaration(item, ctx) for item in declared):
        yield _hit(node, "built here", ctx)


@RULE.node(ast.Subscript)
def subscripted(node: ast.Subscript, ctx: Context) -> Iterator[Hit]:
    """Report a read or a write ``d[(i, j)]`` of a known dict."""
    if node.slice.__class__ in _NO_KEYS:
        return
    if isinstance(node.value, (ast.Name, ast.Attribute)) and _is_tuple_access(node, node.value, node.slice, ctx):
        verb = "read" if isinstance(node.ctx, ast.Load) else "written"
        yield _access(node, node.value, verb, ctx)


@RULE.node(ast.Compare)
def tested(node: ast.Compare, ctx: Context) -> Iterator[Hit]:
    """Report ``(i, j) in d`` for a known dict."""
    if node.ops[0].__class__ not in _MEMBERSHIP:
        return
    match node:
        case ast.Compare(ops=[_], comparators=[ast.Name() | ast.Attribute() as container]):
            if _is_tuple_access(node, container, node.left, ctx):
                yield _access(node, container, "read", ctx)
        case _:
            return


@RULE.method("get", "setdefault", "pop", of=None)
def looked_up(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``d.get((i, j))`` and its kin on a known dict."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as container), args=[key, *_]):
            if _is_tuple_access(call, container, key, ctx):
                yield _access(call, container, "read", ctx)
        case _:
            return


def _may_declare(ctx: Context) -> bool:
    """Whether something in the file may be annotated as a dict with tuple keys."""
    return any(map(ctx.matches, _DECLARED))


def _hit(node: ast.AST, what: str, ctx: Context, *, cause: Hashable | None = None) -> Hit:
    return ctx.at(node, cause=cause, what=what)


def _access(node: ast.AST, container: ast.expr, verb: str, ctx: Context) -> Hit:
    cause = (ctx.function(), ast.dump(container), verb)
    return _hit(node, f"`{ctx.text(container, limit=40)}` {verb} here", ctx, cause=cause)


def _is_tuple_access(node: ast.AST, container: ast.expr, key: ast.expr, ctx: Context) -> bool:
    """Whether ``container`` is a dict that is surely asked for a tuple that is not constant, at a cost."""
    if not (isinstance(key, ast.Tuple) or _may_declare(ctx)) or not _may_vary(key):
        return False
    declared = ctx.annotations(container)
    if any(tables.maps_tuples(item, ctx) for item in declared):
        costs = _is_surely_traced(node, ctx) or any(tables.promises_tensors(item, ctx) for item in declared)
        return costs and keys.varies(key, ctx) and _may_be_traced(node, ctx)
    if not isinstance(key, ast.Tuple) or _has_ellipsis(key):
        return False
    return tables.is_used_as_dict(node, container, ctx) and keys.varies(key, ctx) and _may_be_traced(node, ctx)


def _may_vary(key: ast.expr) -> bool:
    """False for what is surely no key of a dict, or always the same."""
    match key:
        case ast.Constant() | ast.Slice() | ast.UnaryOp(operand=ast.Constant()):
            return False
        case ast.Tuple(elts=parts):
            return not any(isinstance(part, ast.Slice) for part in parts)
        case _:
            return True


def _may_be_traced(node: ast.AST, ctx: Context) -> bool:
    """Whether code may be compiled by somebody: not what surely is eager, or is not there to be fast."""
    return ctx.may_be_traced(node) and (_is_traced(node, ctx) or not is_about_data(node, ctx))


def _may_be_entered(node: ast.FunctionDef | ast.AsyncFunctionDef, ctx: Context) -> bool:
    return ctx.may_be_entered(node) and not is_about_data(node, ctx)


def _is_surely_traced(node: ast.AST, ctx: Context) -> bool:
    return ctx.traced(node).degree is Traced.CERTAIN


def _is_traced(node: ast.AST, ctx: Context) -> bool:
    return ctx.traced(node).degree > Traced.NONE


def _is_tensor(expr: ast.expr, ctx: Context) -> bool:
    return ctx.kind(expr) is Kind.TENSOR


def _is_declaration(annotation: ast.expr, ctx: Context) -> bool:
    """Whether an annotation is of a dict from tuples to tensors."""
    return tables.maps_tuples(annotation, ctx) and tables.promises_tensors(annotation, ctx)


def _has_ellipsis(key: ast.Tuple) -> bool:
    return any(isinstance(part, ast.Constant) and part.value is ... for part in key.elts)


CASES = """
# no compile root in sight: declarations, writes and reads of dicts that hold tensors
from collections import defaultdict
from dataclasses import dataclass, field

import torch
from torch import Tensor

@dataclass
class State:
    pairs: list[tuple[int, int]]
    sums: dict[tuple[int, int], torch.Tensor] = field(default_factory=dict)  # TFG301
    counts: dict[tuple[int, int], int] = field(default_factory=dict)
    named: dict[str, torch.Tensor] = field(default_factory=dict)

    def reset(self, n):
        self.sums = {pair: torch.zeros(1) for pair in self.pairs}  # TFG301
        for i in range(n):
            for j in range(n):
                self.sums[(i, j)] = torch.zeros(1)  # TFG301
                self.counts[(i, j)] = 0
        self.sums[(0, 0)] = torch.ones(1)
        self.named = {name: torch.zeros(1) for name in ("a", "b")}

    def value(self, i, j):
        return self.sums[i, j] if (i, j) in self.sums else None  # TFG301

def totals(n):
    table = defaultdict(lambda: torch.zeros(1))
    for i in range(n):
        table[i, n] += 1  # TFG301
        table[0, 1] += 1
    grid = {(i, j): torch.zeros(1) for i in range(n) for j in range(n)}  # TFG301
    fixed = {(i, j): torch.zeros(1) for i in range(3) for j in (1, 2)}
    return table, grid, fixed, {(n, n): torch.ones(2)}  # TFG301

def given(table: "dict", other: dict[tuple[str, str], Tensor]):  # TFG301
    return other.get(("a", "b"))
# run: [torch.compile(totals)(n) for n in range(2, 12)]
# run: [torch.compile(State.value)(s, *divmod(k, 4)) for s in [State([])] if s.reset(4) is None for k in range(16)]
---
# indexing a tensor or an array is no dict access
import torch

@torch.compile
def f(x: torch.Tensor, rows, i: int, j: int):
    y = torch.zeros(9, 9)
    y[i, j] = 1
    table = rows
    return x[i, j] + y[i, :] + table[i, j]
# run: [f(torch.ones(9, 9), torch.ones(9, 9), i, j) for i, j in [divmod(k, 9) for k in range(20, 27)]]
---
# a compile root is in sight and does not reach this: it is eager
import torch

cache: dict[tuple[int, int], torch.Tensor] = {}

def prepare(i: int, j: int) -> None:
    cache[i, j] = torch.zeros(1)

@torch.compiler.disable
def host(i: int, j: int) -> torch.Tensor:
    return cache[i, j]

@torch.compile
def step(x: torch.Tensor, i: int, j: int) -> torch.Tensor:
    host(i, j)
    return helper(x, i, j)

def helper(x: torch.Tensor, i: int, j: int) -> torch.Tensor:
    if (i, j) not in cache:  # TFG301
        return x
    for row in range(3):
        x = x + cache[row, 0]
    return x + cache[0, 1]
# run: [prepare(*divmod(k, 4)) for k in range(16)], [step(torch.ones(1), *divmod(k, 4)) for k in range(16)]
---
# what is guarded is not compiled
import torch

KEPT: dict[tuple[int, int], torch.Tensor] = {}

def kept(i, j):
    if torch.compiler.is_compiling():
        return torch.zeros(i, j)
    if (i, j) not in KEPT:
        KEPT[i, j] = torch.zeros(i, j)
    return KEPT[i, j]
# run: [torch.compile(kept)(i, i) for i in range(1, 20)]
---
# where it is only possible that it is traced, dicts without tensors are left alone
import torch
from torch import nn

class Router(nn.Module):
    def __init__(self, routes: dict[tuple[str, str], str]):
        super().__init__()
        self.routes = dict(routes)
        self.seen = {}

    def forward(self, x: torch.Tensor, task: str, kind: str):
        self.seen[task, kind] = True
        return x if (task, kind) in self.routes else x + 1
# run: [net(torch.ones(3), f"{n}", "a") for net in [torch.compile(Router({}))] for n in range(2)]
---
# what shows and prepares data is not compiled
import torch

def visualize(table: dict[tuple[str, str], torch.Tensor], names):
    return {name: table[name].sum() for name in names}

class TableProcessor:
    def run(self, i, j):
        table: dict[tuple[int, int], torch.Tensor] = {}
        table[i, j] = torch.zeros(1)
        return table
# not run: nothing in it says that it is compiled
---
# few keys: devices, dtypes, and names that the file writes down
import torch

GRIDS: dict[tuple[str, torch.device], torch.Tensor] = {}
SIZES: dict[tuple[int, torch.device], torch.Tensor] = {}  # TFG301

def grid(name: str, device: torch.device) -> torch.Tensor:
    if (name, device) not in GRIDS:
        GRIDS[name, device] = torch.zeros(3, device=device)
    return GRIDS[(name, device)]

def sized(size: int, device: torch.device) -> torch.Tensor:
    return SIZES.get((size, device))  # TFG301

class Net(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return x + grid("small", x.device) + grid("large", x.device) + sized(len(x), x.device)
# run: SIZES.update({(n, torch.device("cpu")): torch.ones(3) for n in range(20)})
# run: [net(torch.ones(n, 3)) for net in [torch.compile(Net())] for n in range(2, 12)]
---
# without tensors and without traced code a tuple is a fine key
import torch

seen = {}

def visit(graph, a, b):
    seen[a, b] = graph.edge(a, b)
    return {(a, b): 1, (b, a): 2}
# not run: nothing in it says that it is compiled
---
# keys that a module or a module's constants fix are the same on each call
import enum

import torch
from torch import nn

WIDTH, HEIGHT = 3, 4
TABLE: dict[tuple[int, int], torch.Tensor] = {}

class Mode(enum.Enum):
    FAST = 1

class Net(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x, i: int, features: list[torch.Tensor]):
        y = TABLE[WIDTH, HEIGHT] + TABLE[self.size, 2] + TABLE[Mode.FAST, self.size]
        out = {}
        for a, first in enumerate(features):
            out[(a, self.size)] = first * 2
        side = x.shape[-1]
        y = y + TABLE[side, 0]  # TFG301
        for j in range(i):
            y = y + TABLE[j, j + 1]
        return y, out

policy = torch.compile(Net(3))
# run: TABLE.update({(i, j): torch.ones(1) for i in (*range(20), Mode.FAST) for j in range(20)})
# run: [policy(torch.ones(2, n), 2, [torch.ones(1)]) for n in range(2, 12)]
---
import torch

@torch.compile
def f(x, table: dict[tuple[int, int], torch.Tensor]):  # TFG301
    return x

@torch.compiler.disable
def g(x, table: dict[tuple[int, int], torch.Tensor]):
    return x
# run: f(torch.ones(3), {(1, 1): torch.ones(1)})
---
# few keys, through local names and attributes, and by what the dict is declared as
from collections.abc import Callable

import torch
from torch import nn

LEVELS: dict[tuple[torch.device, torch.dtype], torch.Tensor] = {}
CODES: dict[tuple[str, torch.device], torch.Tensor] = {}
SIGNS: dict[tuple[int, torch.dtype], torch.Tensor] = {}  # TFG301
FUSED: dict[tuple[type, str], Callable[[torch.Tensor], torch.Tensor]] = {}

def level(n: int, device: torch.device, dtype: torch.dtype):
    key = (device, dtype)
    found = LEVELS.get(key)
    if found is None:
        LEVELS[key] = found = torch.zeros(3, device=device, dtype=dtype)
    return found

def code(x: torch.Tensor):
    key = (str(x.device), x.device.type, x.device.index, x.requires_grad)
    if key not in CODES:
        CODES[key] = torch.zeros(3, device=x.device)
    return CODES[key]

def sign(x: torch.Tensor):
    key = (x.shape[-1], x.dtype)
    SIGNS[key] = torch.ones(x.shape[-1], dtype=x.dtype)  # TFG301
    return SIGNS[key]  # TFG301

def grouped(tensors):
    groups: dict[tuple[torch.device, torch.dtype], list[torch.Tensor]] = {}
    for tensor in tensors:
        groups.setdefault((tensor.device, tensor.dtype), []).append(tensor)
    return groups

def fused(act: nn.Module, name: str):
    return FUSED.get((type(act), name))

class Net(nn.Module):
    def forward(self, x: torch.Tensor, act: nn.Module):
        seen: dict[tuple[int, int], torch.Tensor] = {}
        seen[x.shape[0], 1] = x  # TFG301
        return level(3, x.device, x.dtype) + code(x) + sign(x), fused(act, "relu")
# not run: no compile root is in sight, so these are notes, and nothing is compiled
---
# keeping and loading is not compiled
import torch

class Optimizer:
    def state_dict(self, groups):
        state: dict[tuple[int, int], torch.Tensor] = {}
        for i, group in enumerate(groups):
            state[i, len(group)] = torch.zeros(1)
        return state

    def load_balance(self, groups):
        state: dict[tuple[int, int], torch.Tensor] = {}  # TFG301
        return state
# not run: no compile root is in sight, so these are notes, and nothing is compiled
"""
