"""A compiled module is cast between two of its calls: the second call compiles it once more.

## What is wrong

`torch.compile` compiles at the first call, for the dtypes that the parameters have then. `net.half()`,
`net.bfloat16()` and `net.double()` change them in place, so that the next call compiles once more.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 3)

    def forward(self, index: torch.Tensor) -> torch.Tensor:
        return self.table(index).sin()


torch.manual_seed(0)
net = torch.compile(Net())


def run(index: torch.Tensor) -> torch.Tensor:
    print(net(index).shape)
    net.double()  # TFG518
    return net(index)


CALL = run, torch.tensor([0, 1])
```

## What to do

Cast it before its first call; until then nothing is compiled:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 3)

    def forward(self, index: torch.Tensor) -> torch.Tensor:
        return self.table(index).sin()


torch.manual_seed(0)
net = torch.compile(Net())


def run(index: torch.Tensor) -> torch.Tensor:
    net.double()
    print(net(index).shape)
    return net(index)


CALL = run, torch.tensor([0, 1])
```

## When it is reported

As a note, where one block calls what `torch.compile` returned, then `half()`, `bfloat16()` or `double()` of it, and
then it again, and the file shows that the module is made there, as it is. Only the first such cast, and none in a loop:
going back and forth between dtypes costs one compilation for each, and no more. Nothing is said of `.to(device)` and
`.cuda()`, which change nothing where the module already is there, nor of `train()` and `eval()`.

## How this is known

The blocks above run on torch in fullgraph's tests: with the marked line torch compiles once more; without it, and in
the good block, it does not. So it was on torch 2.13 to 2.15. Up to 2.11 Dynamo has no guard on the dtype of parameters,
and compiles again only where the dtype of what is passed changes as well.
"""

import ast
from collections.abc import Iterator, Sequence

from fullgraph.api import Context, Effect, Hit, Rule, Severity

RULE = Rule(
    "TFG518",
    "`{what}` is compiled and was called in line {line}: the next call compiles it once more, for its new dtype",
    remedy="cast it before its first call",
    since="0.2",
    torch=">=2.13",
    severity=Severity.NOTE,
    effect=Effect.COMPILED_ONCE_MORE,
)

_CASTS = ("half", "bfloat16", "double")


@RULE.method(*_CASTS, of=None)
def casts(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``net.half()`` between two calls of ``net``."""
    match call:
        case ast.Call(func=ast.Attribute(value=(ast.Name() | ast.Attribute()) as module), args=[], keywords=[]):
            compiled = ctx.compiling.call_behind(module)
            if compiled is None or not _is_made_as_it_is(compiled, ctx):
                return
            before, after = _around(call, ctx)
            name = ast.unparse(module)
            first = _called(name, [each for each in before if each.lineno > compiled.lineno])
            casted = any(_called(f"{name}.{cast}", before) for cast in (*_CASTS, "float", "to"))
            if first is not None and not casted and _called(name, after) is not None:
                yield ctx.at(call, what=ctx.text(module), line=str(first.lineno))
        case _:
            return


def _is_made_as_it_is(compiled: ast.Call, ctx: Context) -> bool:
    """Whether what is compiled is a module that is made there, with the dtype that modules have."""
    given = ctx.compiling.given(compiled)
    match given:
        case ast.Name() | ast.Attribute():
            bound = ctx.bindings(given)
            made = bound[0] if len(bound) == 1 else None
        case _:
            made = given
    if not isinstance(made, ast.Call) or ctx.mentions("set_default_dtype"):
        return False
    known = [isinstance(each, ast.ClassDef) for each in ctx.bindings(made.func)]
    return known == [True] or any(path.startswith("torch.nn.") for path in ctx.names(made.func))


def _around(call: ast.Call, ctx: Context) -> tuple[Sequence[ast.stmt], Sequence[ast.stmt]]:
    """The statements before and behind one that is nothing but this call, in its block; none in a loop."""
    statement = ctx.parent(call)
    block = ctx.parent(statement) if isinstance(statement, ast.Expr) else None
    around = block
    while around is not None and not isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Module)):
        if isinstance(around, (ast.For, ast.AsyncFor, ast.While)):
            return (), ()
        around = ctx.parent(around)
    body = getattr(block, "body", ())
    if not isinstance(statement, ast.Expr) or statement not in body:
        return (), ()
    place = body.index(statement)
    return body[:place], body[place + 1 :]


def _called(name: str, statements: Sequence[ast.stmt]) -> ast.Call | None:
    """The first call of what is spelled so, in statements that surely make it."""
    for statement in statements:
        if isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)):
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                    return node
    return None


CASES = """
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return x

def run(x):
    model = Net()
    fast = torch.compile(model)
    y = fast(x)
    fast.half()  # TFG518
    print(y)
    z = fast(x.half())
    fast.float()
    return z + fast(x)

linear = torch.compile(nn.Linear(3, 3))
linear(torch.ones(3))
linear.bfloat16()  # TFG518
linear(torch.ones(3, dtype=torch.bfloat16))
---
# before the first call, not called again, in a loop, of unknown dtype, assigned, not compiled
import torch
from torch import nn
from elsewhere import build

class Net(nn.Module):
    def forward(self, x):
        return x

def early(x):
    fast = torch.compile(Net())
    fast.half()
    return fast(x), fast(x)

def late(x):
    fast = torch.compile(Net())
    y = fast(x)
    fast.half()
    return y

def loop(x):
    fast = torch.compile(Net())
    for _ in range(3):
        fast(x)
        fast.half()
        fast(x)

def unknown(x, model):
    fast = torch.compile(model)
    other = torch.compile(build())
    half = torch.compile(Net().half())
    fast(x), other(x), half(x)
    fast.half()
    other.half()
    half.half()
    return fast(x), other(x), half(x)

def perhaps(x, flag):
    fast = torch.compile(Net())
    if flag:
        fast(x)
    fast.half()
    return fast(x)

def eager(x):
    net = Net()
    y = net(x)
    net.half()
    return y, net(x)
"""
