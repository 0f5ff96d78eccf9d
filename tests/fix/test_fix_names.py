"""Golden pairs: decorators, calls, values, attributes, and names reached by an alias."""

from __future__ import annotations

import pytest
from support import fix, pairs, text

PAIRS = pairs("""
import torch

@torch._dynamo.disable  # type: ignore[untyped-decorator]
def f(x): return x
=>
import torch

@torch.compiler.disable  # type: ignore[untyped-decorator]
def f(x): return x
---
import torch

@torch._dynamo.disable(recursive=False, reason="host")  # why
def f(x): return x

@  torch . _dynamo.disable(  )
def g(x): return x
=>
import torch

@torch.compiler.disable(recursive=False, reason="host")  # why
def f(x): return x

@  torch.compiler.disable(  )
def g(x): return x
---
import torch
hooks = [torch._dynamo.reset, (torch._dynamo.is_compiling)]
size: torch._C.Size = torch._C.Size((1, 2))
class Work(torch._C._distributed_c10d.Work): pass
=>
import torch
hooks = [torch.compiler.reset, (torch.compiler.is_compiling)]
size: torch.Size = torch.Size((1, 2))
class Work(torch.distributed.Work): pass
---
import torch as th
th._dynamo.config.cache_size_limit = 64
th._dynamo.config.cache_size_limit += 1
print(th._dynamo.config.cache_size_limit)
=>
import torch as th
th.compiler.config.recompile_limit = 64
th.compiler.config.recompile_limit += 1
print(th.compiler.config.recompile_limit)
---
import torch
é = torch._dynamo.reset(); ö = ["ü", torch._dynamo.is_compiling(), "\U0001f600", torch._dynamo.is_compiling()]
=>
import torch
é = torch.compiler.reset(); ö = ["ü", torch.compiler.is_compiling(), "\U0001f600", torch.compiler.is_compiling()]
---
import torch
print(f"{torch._dynamo.is_compiling()!r:>10}", lambda torch: torch._dynamo.reset())
=>
import torch
print(f"{torch.compiler.is_compiling()!r:>10}", lambda torch: torch._dynamo.reset())
---
import torch
x = (torch
     ._dynamo.reset)()
match y:
    case torch._C.Size(): pass
try: pass
except torch._C.OutOfMemoryError: pass
=>
import torch
x = (torch.compiler.reset)()
match y:
    case torch.Size(): pass
try: pass
except torch.OutOfMemoryError: pass
---
import torch
d = torch._dynamo
@d.disable
def f(x): return x
=>
import torch
d = torch._dynamo
@torch.compiler.disable
def f(x): return x
---
import torch
torch._dynamo.reset()  # noqa: TFG101
torch._dynamo.reset()
=>
import torch
torch._dynamo.reset()  # noqa: TFG101
torch.compiler.reset()
---
try:
    import torch
except ImportError:
    torch = None
if torch is not None: torch._dynamo.reset()
=>
try:
    import torch
except ImportError:
    torch = None
if torch is not None: torch.compiler.reset()
""")

ARGUMENTS = pairs("""
import torch
a = torch._foreach_norm(ts, 2)
b = torch._foreach_norm(ts, 2, torch.float32)
c = torch._foreach_norm(ts, ord=2)
d = torch._foreach_norm( ts , # the tensors
    2 , # the order
)
=>
import torch
a = torch.foreach.norm(ts, ord=2)
b = torch.foreach.norm(ts, ord=2, dtype=torch.float32)
c = torch.foreach.norm(ts, ord=2)
d = torch.foreach.norm( ts , # the tensors
    ord=2 , # the order
)
---
import torch
torch._foreach_addcmul_(a, torch._foreach_mul(b, c), torch._foreach_norm(d, 2), 1 - beta)
torch._foreach_add_(a, b, alpha=2)
torch._foreach_copy_(a, b, True)
=>
import torch
torch.foreach.addcmul_(a, torch.foreach.mul(b, c), torch.foreach.norm(d, ord=2), value=1 - beta)
torch.foreach.add_(a, b, alpha=2)
torch.foreach.copy_(a, b, non_blocking=True)
---
import torch
n = torch._foreach_norm(torch._foreach_norm(torch._foreach_norm(ts, 1), 2), 3)
=>
import torch
n = torch.foreach.norm(torch.foreach.norm(torch.foreach.norm(ts, ord=1), ord=2), ord=3)
---
import torch
torch._foreach_lerp_(a, b, weight=1.0 - decay)
torch._foreach_lerp_(
    a, b,
    weight = torch._foreach_norm(c, 1),  # how far
)
n = torch._foreach_norm(self=ts, ord=2)
torch._foreach_addcmul_(self=a, tensor1=b, tensor2=c, value=2)
=>
import torch
torch.foreach.lerp_(a, b, 1.0 - decay)
torch.foreach.lerp_(
    a, b,
    torch.foreach.norm(c, ord=1),  # how far
)
n = torch.foreach.norm(ts, ord=2)
torch.foreach.addcmul_(a, b, c, value=2)
""")


@pytest.mark.parametrize(("before", "after"), [*PAIRS, *ARGUMENTS])
def test_pair(before: str, after: str) -> None:
    assert text(fix(before)) == after


def test_the_values_of_wrappers_with_other_parameters_are_unsafe() -> None:
    before = "import torch\nhooks = [torch._dynamo.disable, torch._foreach_norm]\n"
    assert text(fix(before)) == before
    assert text(fix(before, unsafe=True)) == "import torch\nhooks = [torch.compiler.disable, torch.foreach.norm]\n"


def test_a_subclass_is_unsafe() -> None:
    before = "import torch\nisinstance(s, torch.optim.lr_scheduler._LRScheduler)\n"
    assert text(fix(before)) == before
    assert "lr_scheduler.LRScheduler" in text(fix(before, unsafe=True))
