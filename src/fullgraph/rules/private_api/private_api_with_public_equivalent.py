"""A private torch name is used although torch has a public one for it.

## What is wrong

A name with a leading underscore anywhere in its path (`torch._dynamo.disable`) is not covered by torch's
promise of compatibility: it may move, change its signature or go in any release. Here the release of torch
that you aim at has a public name that does the same.

```python bad
import torch


@torch._dynamo.disable  # TFG101
def log_statistics(x):
    print(x.mean())


@torch._dynamo.disable(recursive=False)  # TFG101
def entry(x):
    return x + 1


def restart():
    torch._dynamo.reset()  # TFG101


CALL = entry, torch.ones(3)
```

## What to do

Use the public name. The message says since which release it exists; code that must also run on older releases
can import it in a `try` and fall back to the private one, which is not reported.

```python fixed
import torch


@torch.compiler.disable
def log_statistics(x):
    print(x.mean())


@torch.compiler.disable(recursive=False)
def entry(x):
    return x + 1


def restart():
    torch.compiler.reset()


CALL = entry, torch.ones(3)
```

Where the private callable takes a keyword that the public one does not
(`torch._dynamo.disable(wrapping=...)`), the message says so.

`fullgraph check --fix` renames the uses for which this is known to change nothing else, and says of each other one
why it is left.

## How this is known

The pairs come from a table of torch's releases 2.0 to 2.15. Each pair that applies to the installed torch is
held against it by fullgraph's tests: both names resolve, and they are the same object, or one calls the other
with the same arguments. A pair that could not be shown to be equivalent is not in the table.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, PublicEquivalent, Rule, Severity

RULE = Rule(
    "TFG101",
    "`{private}` is private torch API{history} and may change in any release",
    remedy="use `{public}`, public since torch {since}{caveat}",
    since="0.1",
    severity=Severity.WARNING,
)


@RULE.private_reference("torch")
def check(node: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report a use whose name, or whose nearest known owner, has a public equivalent on the target."""
    use = ctx.torch.private_use(node)
    if use is None or use.public is None or ctx.torch.uses_beside(use.public.name, node):
        return
    yield ctx.at(
        node,
        fix=ctx.torch.rename(node, use),
        private=use.path,
        history=f" ({use.history})" if use.history else "",
        public=use.public.name,
        since=str(use.public.since),
        caveat="".join(f"; {caveat}" for caveat in _caveats(use.public, ctx.parent(node), node)),
    )


def _caveats(public: PublicEquivalent, parent: ast.AST | None, node: ast.expr) -> Iterator[str]:
    """What this very use must mind when it is renamed; notes about keywords concern only calls with arguments."""
    match parent:
        case ast.Call(func=func, args=arguments, keywords=keywords) if func is node:
            given = {keyword.arg for keyword in keywords if keyword.arg is not None}
            yield from (f"it takes no `{name}=`" for name in sorted(given.intersection(public.dropped_keywords)))
            concerned = len(arguments) > 1 or any(f"`{name}`" in public.note for name in given)
        case _:
            concerned = False
    if public.note and (concerned or "`" not in public.note):
        yield public.note


CASES = """
import torch._dynamo as dynamo
from torch._dynamo import disable, reset as start_over

@dynamo.disable  # TFG101
def a(x): return x

@disable  # TFG101
def b(x): return x

@disable(reason="host code")  # TFG101
def c(x): return x

d = dynamo.disable(b, wrapping=False)  # TFG101
hooks = [dynamo.disable, start_over]  # TFG101, TFG101
start_over()  # TFG101
---
import torch
d = torch._dynamo
quiet = d.disable  # TFG101
alias = quiet

@alias
def f(x): return x
---
# the public name comes first, the private one is only for old releases
import torch
try:
    from torch.compiler import disable
except ImportError:
    from torch._dynamo import disable

@disable
def f(x): return x

if hasattr(torch.compiler, "reset"):
    reset = torch.compiler.reset
else:
    reset = torch._dynamo.reset
reset()
---
import torch

def is_compiling():
    if hasattr(torch, "compiler") and hasattr(torch.compiler, "is_compiling"):
        return torch.compiler.is_compiling()
    if hasattr(torch, "_dynamo") and hasattr(torch._dynamo, "is_compiling"):
        return torch._dynamo.is_compiling()
    return False

def is_traced():
    return getattr(torch._dynamo, "is_compiling")()  # TFG101

if TORCH_2_1:
    torch.compiler.reset()
else:
    torch._dynamo.reset()
---
def build(torch):
    # a parameter called torch is not torch
    return torch._dynamo.disable
---
import torch
torch._dynamo.mark_dynamic(torch.ones(3), 0)
torch.compiler.disable(print)
---
def inner():
    import torch._dynamo
    class Net:
        @torch._dynamo.disable  # TFG101
        def mask(self): ...
    return Net
"""
