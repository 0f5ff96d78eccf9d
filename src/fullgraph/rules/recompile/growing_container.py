"""Traced code adds to a list that outlives the call, and every length compiles it again.

## What is wrong

In compiled code the length of a list is a constant that Dynamo guards on, also where nothing reads the list. Code that
appends to a list, deque or set of the module, or of the file, makes the guard fail at the next call, which compiles the
code again. The limit is 8 compiled versions; from then on the code runs eagerly without a word, and with
`fullgraph=True` the ninth call raises.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.seen: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.linear(x)
        self.seen.append(y.detach().mean())  # TFG304
        return y


torch.manual_seed(0)
CALLS = torch.compile(Net()), [(torch.ones(2, 3),)] * 12
```

```python bad
import torch

history = []


@torch.compile
def double(x: torch.Tensor) -> torch.Tensor:
    history.append(x.mean())  # TFG304
    return x * 2


CALLS = double, [(torch.ones(3),)] * 12
```

A dict that gets another key at every call is no better:

```python bad
import torch

history = {}


@torch.compile
def double(x: torch.Tensor) -> torch.Tensor:
    history[len(history)] = x.mean()  # TFG304
    return x * 2


CALLS = double, [(torch.ones(3),)] * 12
```

## What to do

Return what is to be kept, and let the caller keep it:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.linear(x)
        return y, y.detach().mean()


torch.manual_seed(0)
net = torch.compile(Net())
seen: list[torch.Tensor] = []


def run(x: torch.Tensor) -> torch.Tensor:
    y, mean = net(x)
    seen.append(mean)
    return y


CALLS = run, [(torch.ones(2, 3),)] * 12
```

```python good
import torch

history = []


@torch.compile
def double_and_mean(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x * 2, x.mean()


def double(x: torch.Tensor) -> torch.Tensor:
    doubled, mean = double_and_mean(x)
    history.append(mean)
    return doubled


CALLS = double, [(torch.ones(3),)] * 12
```

## When it is reported

`append`, `appendleft`, `extend` and `insert` on an attribute of a module, or on a global, that is bound once, to a new
list or deque, where nothing in the file clears or shortens it. At every call: not below a condition, except
`self.training`, nor in what the file calls only to set up the module at its first call. Likewise
`table[len(table)] = value`, where the file does nothing else with the entries of that dict; an attribute of a module
from torch 2.6 on.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo names for the guards that
failed, at each call up to the limit, and the good blocks are compiled once.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG304",
    "`{target}` grows with every call, and every length compiles the code again (8 versions, then it runs eagerly; "
    "with `fullgraph=True` the ninth call raises)",
    remedy="return what is to be kept, and add it outside the compiled code",
    since="0.2",
)

_MAKERS = frozenset({"builtins.list", "collections.deque"})
_SHRINKS = frozenset({"clear", "pop", "popleft", "remove"})


@RULE.node(ast.Assign, where=Traced.POSSIBLE)
def check_entry(node: ast.Assign, ctx: Context) -> Iterator[Hit]:
    """Report `table[len(table)] = value` for a dict that nothing makes smaller."""
    match node.targets:
        case [
            ast.Subscript(value=ast.Name() | ast.Attribute() as holder, slice=ast.Call(args=[counted]) as key) as entry
        ]:
            function = ctx.function()
            if function is None or "builtins.len" not in ctx.names(key.func):
                return
            if ast.unparse(counted) != ast.unparse(holder) or not _outlives_call(holder, ctx):
                return
            if isinstance(holder, ast.Attribute) and not ctx.aims_at(">=2.6"):
                return
            bindings = ctx.bindings(holder)
            if not bindings or not all(_is_empty_dict(each, ctx) for each in bindings):
                return
            is_reached = _is_reached_by_each_call(node, function, ctx) and not ctx.is_set_up_once(node)
            if is_reached and _only_grows(holder, function, ctx, entry):
                yield ctx.at(node, target=ctx.text(holder))
        case _:
            return


@RULE.method("append", "appendleft", "extend", "insert", of=None, where=Traced.POSSIBLE)
def check(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report an addition to a list that nothing makes shorter."""
    function = ctx.function()
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    if function is None or not call.args or not isinstance(holder, (ast.Name, ast.Attribute)):
        return
    if not _outlives_call(holder, ctx) or not _is_reached_by_each_call(call, function, ctx):
        return
    bindings = ctx.bindings(holder)
    is_empty = bool(bindings) and all(_is_empty(each, ctx) for each in bindings)
    if is_empty and _only_grows(holder, function, ctx) and not ctx.is_set_up_once(call):
        yield ctx.at(call, target=ctx.text(holder))


def _outlives_call(holder: ast.Name | ast.Attribute, ctx: Context) -> bool:
    if isinstance(holder, ast.Name):
        return not ctx.is_local(holder)
    return ctx.is_module_self(holder.value, across_files=False)


def _is_empty(binding: ast.AST, ctx: Context) -> bool:
    """Whether a binding is a new list of which no length is fixed."""
    match binding:
        case ast.AnnAssign(value=ast.expr() as value):
            return _is_empty(value, ctx)
        case ast.AnnAssign(value=None) | ast.List():
            return True
        case ast.Call(func=func, keywords=[]):
            return len(binding.args) <= 1 and not _MAKERS.isdisjoint(ctx.names(func))
        case _:
            return False


def _is_empty_dict(binding: ast.AST, ctx: Context) -> bool:
    match binding:
        case ast.AnnAssign(value=ast.expr() as value):
            return _is_empty_dict(value, ctx)
        case ast.Dict(keys=[]):
            return True
        case ast.Call(func=func, args=[], keywords=[]):
            return "builtins.dict" in ctx.names(func)
        case _:
            return False


def _only_grows(
    holder: ast.Name | ast.Attribute, function: ast.AST, ctx: Context, entry: ast.Subscript | None = None
) -> bool:
    """Whether nothing in the file makes the list shorter, or puts another one in its place but where all is set up.

    The same of a dict that has nothing put into it but this ``entry``.
    """
    last = holder.attr if isinstance(holder, ast.Attribute) else holder.id
    root: ast.AST = function
    while (parent := ctx.parent(root)) is not None:
        root = parent
    assigned = 0
    for part in ast.walk(root):
        match part:
            case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in _SHRINKS:
                if _last_name(owner) == last:
                    return False
            case ast.Delete(targets=targets) if any(last in ast.unparse(each) for each in targets):
                return False
            case ast.Subscript(value=owner, ctx=ast.Store()) if part is not entry and _last_name(owner) == last:
                return False
            case ast.Attribute() | ast.Name() if isinstance(part.ctx, ast.Store) and _last_name(part) == last:
                assigned += 1
            case _:
                continue
    return assigned <= 1 and not any(_is_set(part, last) for part in ast.walk(function))


def _is_set(part: ast.AST, name: str) -> bool:
    return isinstance(part, (ast.Attribute, ast.Name)) and isinstance(part.ctx, ast.Store) and _last_name(part) == name


def _last_name(expr: ast.expr) -> str:
    match expr:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _is_reached_by_each_call(node: ast.AST, function: ast.AST, ctx: Context) -> bool:
    """Whether each call of the function comes to a place, at least while it trains."""
    child, parent = node, ctx.parent(node)
    while parent is not None and child is not function:
        match parent:
            case ast.If(test=ast.Attribute(attr="training"), body=body) if child in body:
                pass
            case ast.Expr() | ast.For() | ast.With() | ast.FunctionDef():
                pass
            case _:
                return False
        child, parent = parent, ctx.parent(parent)
    leaves = (ast.Return, ast.Continue, ast.Break)
    first = getattr(node, "lineno", 0)
    return not any(isinstance(part, leaves) and part.lineno < first for part in ast.walk(function))


CASES = """
import collections
import torch
from torch import nn

log = []


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows = list()

    def forward(self, x: torch.Tensor):
        self.rows.append(x.mean())  # TFG304
        return x * 2


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.last: collections.deque = collections.deque()

    def forward(self, x: torch.Tensor):
        if self.training:
            self.last.appendleft(x)  # TFG304
        return x * 2


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = []
        self.layers = nn.ModuleList()

    def forward(self, x: torch.Tensor):
        for row in x:
            self.parts.extend([row])  # TFG304
        return x * 2


class Logging(nn.Module):
    def forward(self, x: torch.Tensor):
        return helper(x)


def helper(x):
    log.insert(0, x)  # TFG304
    return x * 2
# run: [net(torch.ones(3)) for net in [torch.compile(Rows())] for _ in range(10)]
# run: [net(torch.ones(3)) for net in [torch.compile(Last())] for _ in range(10)]
# run: [net(torch.ones(3)) for net in [torch.compile(Net())] for _ in range(10)]
# run: [net(torch.ones(3)) for net in [torch.compile(Logging())] for _ in range(10)]
---
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table: dict[int, torch.Tensor] = {}

    def forward(self, x: torch.Tensor):
        self.table[len(self.table)] = x  # TFG304
        return x * 2


class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.other = {}
        self.fixed = {}

    def forward(self, x: torch.Tensor):
        self.other[len(self.other)] = x  # unreported
        self.other[0] = x
        self.fixed["last"] = x
        return x * 2
# run: [net(torch.ones(3)) for net in [torch.compile(Net())] for _ in range(10)]
# run: [net(torch.ones(3)) for net in [torch.compile(Other())] for _ in range(10)]
---
# set anew by what adds to it
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.widths = []
        for i in range(n):
            self.widths.append(i)

    def forward(self, x):
        return x * sum(self.widths)

class Net(nn.Module):
    def forward(self, x):
        return Block(3)(x)
# run: [net(torch.ones(3)) for net in [torch.compile(Net())] for _ in range(10)]
---
# replaced, shortened, conditional, local, bounded, in eager code
import collections
import torch
from torch import nn

shared = []
popped = []


class Net(nn.Module):
    def __init__(self, given):
        super().__init__()
        self.seen = []
        self.other = []
        self.some = []
        self.given = given
        self.bounded = collections.deque(maxlen=4)
        self.state = given.state
        self.names = []
        self.names.append("a")

    def reset(self):
        self.seen = []

    def forward(self, x: torch.Tensor, keep: bool = False):  # unreported
        self.seen.append(x)
        self.other.append(x)
        if keep:
            self.some.append(x)
        self.given.append(x)
        self.bounded.append(x)
        self.state.rows.append(x)
        local = []
        local.append(x)
        popped.append(x)
        popped.pop()
        self.later(x)
        return x * 2

    @torch.compiler.disable
    def later(self, x):
        shared.append(x)


def flush(net):
    rows = list(net.other)
    net.other.clear()
    return rows


class Given:
    def __init__(self):
        self.state = Plain()

    def append(self, x):
        return x


class Plain:
    def __init__(self):
        self.rows = []

    def note(self, x):
        self.rows.append(x)
# run: [net(torch.ones(3)) for net in [torch.compile(Net(Given()))] for _ in range(10)]
---
# what is set up at the first call grows once
import torch
from torch import nn

class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = []
        self.names = []
        self.rows = []
        self.kept = []
        self.is_new = True
        self.is_ready = False
        self.table = None

    def add_parts(self, n):
        for i in range(n):
            self.parts.append(i)

    def add_names(self):
        self.names.append("a")

    def add_rows(self, x):
        self.rows.append(x)  # TFG304

    def build(self, x):
        if self.table is not None:
            return self.table
        self.table = self.made(x)
        return self.table

    def made(self, x):
        self.kept.append(x)
        return x

    def forward(self, x: torch.Tensor):
        if self.is_new:
            self.add_parts(len(x))
            self.is_new = False
        if not self.is_ready:
            self.add_names()
            self.is_ready = True
        if self.is_ready:
            self.add_rows(x)
        return self.build(x) * 2
# run: [net(torch.ones(3)) for net in [torch.compile(Lazy())] for _ in range(10)]
"""
