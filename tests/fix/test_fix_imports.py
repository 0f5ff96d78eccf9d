"""Golden pairs: what becomes of imports."""

from __future__ import annotations

import pytest
from support import fix, pairs, text

PAIRS = pairs('''
"""Doc."""
from __future__ import annotations

import os

import torch._dynamo as dynamo
# about json
import json

@dynamo.disable
def f(x): return x
=>
"""Doc."""
from __future__ import annotations

import os

import torch
# about json
import json

@torch.compiler.disable
def f(x): return x
---
from torch._dynamo import disable

@disable
def f(x): return x
=>
from torch.compiler import disable

@disable
def f(x): return x
---
from torch._dynamo import disable as off, mark_dynamic, reset  # noqa: E402
mark_dynamic(x, 0)
reset()
f = off(f)
=>
from torch._dynamo import mark_dynamic  # noqa: E402
from torch.compiler import disable as off, reset  # noqa: E402
mark_dynamic(x, 0)
reset()
f = off(f)
---
from torch._dynamo import (
    disable,
    mark_dynamic,
)
disable(mark_dynamic)
=>
from torch._dynamo import (
    mark_dynamic,
)
from torch.compiler import disable
disable(mark_dynamic)
---
if True:
    from torch._dynamo import (
        disable as off,
        mark_dynamic,
        reset,
    )
    off(reset)
=>
if True:
    from torch._dynamo import (
        mark_dynamic,
    )
    from torch.compiler import (
        disable as off,
        reset,
    )
    off(reset)
---
from torch._dynamo import disable  # about it
disable(f)
=>
from torch.compiler import disable  # about it
disable(f)
---
def f():
    from torch._dynamo import config
    config.cache_size_limit = 8
=>
def f():
    from torch.compiler import config
    config.recompile_limit = 8
---
def f():
    import torch._dynamo as dynamo
    dynamo.reset()
=>
def f():
    import torch
    torch.compiler.reset()
---
import torch
def f():
    import torch._dynamo
    torch._dynamo.reset()
=>
import torch
def f():
    torch.compiler.reset()
---
import torch
def f():
    import torch._dynamo as dynamo
    # a comment
    dynamo.reset()
=>
import torch
def f():
    # a comment
    torch.compiler.reset()
---
try:
    from torch._dynamo import reset
except ImportError:
    raise
reset()
=>
try:
    from torch.compiler import reset
except ImportError:
    raise
reset()
---
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from torch._C import Generator
def f(g: "Generator", h: Generator): ...
=>
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from torch import Generator
def f(g: "Generator", h: Generator): ...
---
if a:
    from torch._dynamo import reset
else:
    from torch._dynamo import reset
reset()
=>
if a:
    from torch.compiler import reset
else:
    from torch.compiler import reset
reset()
---
if a:
    import torch._dynamo as d
else:
    import torch._dynamo as d
d.reset()
=>
if a:
    import torch
else:
    import torch
torch.compiler.reset()
---
from torch._dynamo import reset
from torch._dynamo import reset
reset()
=>
from torch.compiler import reset
reset()
---
def f():
    from torch._dynamo import reset
    return reset()
def g(reset):
    from torch._dynamo import mark_dynamic as reset
    reset()
=>
def f():
    from torch.compiler import reset
    return reset()
def g(reset):
    from torch._dynamo import mark_dynamic as reset
    reset()
---
import os; import torch._dynamo as d; d.reset()
=>
import os; import torch; torch.compiler.reset()
---
if os: import torch._dynamo as d
d.reset()
=>
if os: import torch
torch.compiler.reset()
---
import torch._dynamo
torch._dynamo.reset()
=>
import torch
torch.compiler.reset()
---
import torch, torch._dynamo
torch._dynamo.reset()
=>
import torch
torch.compiler.reset()
---
import torch._dynamo
import torch._inductor
torch._dynamo.reset()
torch._inductor.cudagraph_mark_step_begin()
=>
import torch
torch.compiler.reset()
torch.compiler.cudagraph_mark_step_begin()
---
import torch
import torch._dynamo
torch._dynamo.reset()
torch._dynamo.mark_dynamic(x, 0)
=>
import torch
import torch._dynamo
torch.compiler.reset()
torch._dynamo.mark_dynamic(x, 0)
---
import torch.distributed._tensor
x = torch.distributed._tensor.DTensor
=>
import torch.distributed.tensor
x = torch.distributed.tensor.DTensor
---
from torch._dynamo import config, reset
config.cache_size_limit = 3
config.suppress_errors = True
reset()
=>
import torch
from torch._dynamo import config
from torch.compiler import reset
torch.compiler.config.recompile_limit = 3
config.suppress_errors = True
reset()
---
import os
from os import path
from torch._dynamo import config
config.cache_size_limit = 3
config.suppress_errors = True
=>
import os
import torch
from os import path
from torch._dynamo import config
torch.compiler.config.recompile_limit = 3
config.suppress_errors = True
---
from torch import _foreach_norm, _foreach_add
_foreach_norm(_foreach_add(x, 1), 2)
=>
from torch.foreach import norm, add
norm(add(x, 1), ord=2)
---
from torch import _foreach_abs_, _foreach_max
_foreach_max(x)
=>
from torch import _foreach_abs_
from torch.foreach import max as _foreach_max
_foreach_max(x)
---
from torch.distributed._composable.fsdp import fully_shard
from torch.distributed.fsdp import CPUOffloadPolicy
fully_shard(m)
=>
from torch.distributed.fsdp import fully_shard, CPUOffloadPolicy
fully_shard(m)
---
from torch._dynamo import disable
def f():
    disable = None
    return disable
disable(f)
=>
from torch.compiler import disable
def f():
    disable = None
    return disable
disable(f)
---
class A:
    from torch._dynamo import disable
    @disable
    def f(self): ...
=>
class A:
    from torch.compiler import disable
    @disable
    def f(self): ...
---
from torch import nn
nn.init._no_grad_fill_(x, 1)
=>
from torch import nn
nn.init.constant_(x, 1)
---
if has_torch:
    import torch
    import torch._dynamo as dynamo
def f():
    dynamo.reset()
=>
if has_torch:
    import torch
def f():
    torch.compiler.reset()
''')


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_pair(before: str, after: str, newline: str) -> None:
    assert text(fix(before.replace("\n", newline))) == after.replace("\n", newline)


UNSAFE = pairs("""
from torch.optim.lr_scheduler import _LRScheduler, StepLR
isinstance(StepLR, _LRScheduler)
=>
from torch.optim.lr_scheduler import LRScheduler, StepLR
isinstance(StepLR, LRScheduler)
---
from torch.optim.lr_scheduler import _LRScheduler as LRScheduler
class A(LRScheduler): ...
=>
from torch.optim.lr_scheduler import LRScheduler
class A(LRScheduler): ...
---
from torch.optim.lr_scheduler import _LRScheduler
LRScheduler = 3
class A(_LRScheduler): ...
=>
from torch.optim.lr_scheduler import LRScheduler as _LRScheduler
LRScheduler = 3
class A(_LRScheduler): ...
---
from torch.optim.lr_scheduler import _LRScheduler
def f(x: "_LRScheduler"): isinstance(x, _LRScheduler)
=>
from torch.optim.lr_scheduler import LRScheduler as _LRScheduler
def f(x: "_LRScheduler"): isinstance(x, _LRScheduler)
""")


@pytest.mark.parametrize(("before", "after"), UNSAFE)
def test_unsafe_pair(before: str, after: str) -> None:
    assert text(fix(before, unsafe=True)) == after


def test_what_a_package_offers_stays() -> None:
    before = "import torch\nimport torch._dynamo as dynamo\ndynamo.reset()\n"
    assert text(fix(before, name="pkg/__init__.py")) == before.replace("dynamo.reset", "torch.compiler.reset")
    before = "from torch.optim.lr_scheduler import _LRScheduler\nclass A(_LRScheduler): ...\n"
    after = before.replace("import _LRScheduler", "import LRScheduler as _LRScheduler")
    assert text(fix(before, unsafe=True, name="pkg/__init__.py")) == after
