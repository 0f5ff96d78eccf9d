"""A name says compiled, and what it holds is not: every call of it runs eagerly.

## What is wrong

`compiled_model = model` compiles nothing, and no warning says so: the call was forgotten, or taken out for an hour of
debugging. Whoever reads, or measures, `compiled_model(x)` later believes the name.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
model = Net()
compiled_model = model.eval()  # TFG516


def predict(x: torch.Tensor) -> torch.Tensor:
    return compiled_model(x)


CALL = predict, torch.ones(2, 3)
```

```python bad
import torch


class Trainer:
    def __init__(self) -> None:
        self.compiled_step = self.step  # TFG516

    def step(self, x: torch.Tensor) -> torch.Tensor:
        return x.sin() + 1

    def train(self, x: torch.Tensor) -> torch.Tensor:
        return self.compiled_step(x)


CALL = Trainer().train, torch.ones(2, 3)
```

## What to do

Compile it, or give it a name that is true:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).relu()


torch.manual_seed(0)
model = Net()
compiled_model = torch.compile(model.eval())


def predict(x: torch.Tensor) -> torch.Tensor:
    return compiled_model(x)


CALL = predict, torch.ones(2, 3)
```

```python good
import torch


class Trainer:
    def __init__(self) -> None:
        self.compiled_step = torch.compile(self.step)

    def step(self, x: torch.Tensor) -> torch.Tensor:
        return x.sin() + 1

    def train(self, x: torch.Tensor) -> torch.Tensor:
        return self.compiled_step(x)


CALL = Trainer().train, torch.ones(2, 3)
```

## When it is reported

Names and attributes of `self` with the word `compiled`, such as `compiled_model`, `model_compiled` and `_compiled`, if
each of their assignments in the file gives them a function, a method, or a module that is made there, as it is, and
eager code of the file calls them. Not where one assignment gives them something compiled, as in the two branches of a
switch, or something that is not known; not where anything in the project compiles that function or module; not where
the file calls what may compile it, or a part of it, in place; not where it runs code of other files, which may be
compiled; nor where a comment beside the assignment is about compiling or eager mode.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad ones no graph is captured although tensors are computed,
and with `torch.compile` around what the marked line assigns, one is.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG516",
    "`{name}` is `{value}`, which nothing compiles: the call in line {line} runs eagerly, whatever the name says",
    remedy="give it to `torch.compile`, or give it another name",
    since="0.2",
    mentions=("compiled",),
    effect=Effect.NEVER_COMPILED,
)

_SAYS_SO = re.compile(r"(?:^|_)compiled(?:_|$)")
_SAYS_OTHERWISE = re.compile(
    r"(?:^|_)(?:can|eager|has|if|is|jit|maybe|never|no|non|not|optionally|or|possibly|pre|script|should|to|un"
    r"|was|when|whether|without)(?:_|$)"
)
_KNOWS = re.compile(r"compil|dynamo|eager|jit", re.IGNORECASE)


@RULE.node(ast.Assign, ast.AnnAssign)
def assigned(node: ast.Assign | ast.AnnAssign, ctx: Context) -> Iterator[Hit]:
    """Report ``compiled_model = model``."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    value = node.value
    if not isinstance(value, (ast.Name, ast.Attribute, ast.Call)):
        return
    for target in targets:
        name = _last_name(target)
        if not _SAYS_SO.search(name) or _SAYS_OTHERWISE.search(name) or ctx.mentions(f'"{name}"', f"'{name}'"):
            continue
        calls = ctx.compiling.eager_calls(target)
        if calls and not _KNOWS.search(ctx.comment_beside(node)):
            yield ctx.at(
                target, name=ctx.text(target, limit=40), value=ctx.text(value, limit=40), line=str(calls[0].lineno)
            )


def _last_name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name):
            return name
        case _:
            return ""


CASES = """
import copy

import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.inner(x)

    def inner(self, x):
        return self.layer(x)

def step(x: torch.Tensor):
    return x * 2 + 1

def run(x: torch.Tensor, batches):
    model = Net().to("cpu")
    compiled_model = model  # TFG516
    model_compiled = copy.deepcopy(model).half()  # TFG516
    net_compiled_v2: nn.Module = Net()  # TFG516
    compiled = nn.Linear(2, 2)  # TFG516
    step_compiled = step  # TFG516
    for batch in batches:
        compiled_model(batch)
    return model_compiled(x), net_compiled_v2(x), compiled(x), step_compiled(x)

class Trainer:
    def __init__(self):
        self.net = Net()
        self._compiled = None
        self.compiled_net = None

    def set_up(self):
        self._compiled = self.step  # TFG516
        self.compiled_net = self.net.eval()  # TFG516

    @torch.no_grad()
    def step(self, x: torch.Tensor):
        return self.net(x)

    def train(self, x):
        return self._compiled(x), self.compiled_net(x)

def apart(x: torch.Tensor):
    return x - 1

fast = torch.compile(apart)
other = torch.compile(lambda x: x + 1)
---
# one branch compiles, the value is not known, flags, other compilers, never called
import re

import torch
from torch import nn

from elsewhere import build

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        return x + 1

def step(x: torch.Tensor):
    return x * 2

def choose(flag, given, x: torch.Tensor):
    model = Net()
    if flag:
        compiled = torch.compile(model)
    else:
        compiled = model
    compiled_by_flag = torch.compile(step) if flag else step
    compiled_given = given
    compiled_built = build()
    compiled_pattern = re.compile("x")
    model_compiled = False
    compiled_step = step
    compiled_script = torch.jit.script(step)
    compiled_lambda = lambda x: x + 1
    compiled(x), compiled_by_flag(x), compiled_given(x)
    return compiled_built(x), compiled_script(x), compiled_lambda(x)

class Policy:
    def __init__(self, network, is_fast):
        self.network = network
        self.compiled_network = network
        self.compiled_step = self.step
        if is_fast:
            self.compiled_step = torch.compile(self.step)

    def step(self, x: torch.Tensor):
        return x * 2

    def run(self, x):
        return self.compiled_network(x), self.compiled_step(x)
---
# compiled in place, later, in part, or by what is not known
import torch
from torch import nn

class Block(nn.Module):
    def forward(self, x: torch.Tensor):
        return x + 1

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])

    def forward(self, x: torch.Tensor):
        for block in self.blocks:
            x = block(x)
        return x * 2

def in_parts(x: torch.Tensor):
    model = Net()
    for block in model.blocks:
        block.compile()
    compiled_model = model
    return compiled_model(x)
---
import torch
from torch import nn

from elsewhere import prepare

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        return x * 2

class Other(nn.Module):
    def forward(self, x: torch.Tensor):
        return x * 3

def in_place(x: torch.Tensor):
    model = Net()
    compiled_model = model
    model.compile()
    return compiled_model(x)

def prepared(x: torch.Tensor):
    model = Other()
    compiled_model = model
    prepare(model)
    return compiled_model(x)
---
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.forward = torch.compile(self.forward)

    def forward(self, x: torch.Tensor):
        return x * 2

compiled_model = Net()

def run(x: torch.Tensor):
    return compiled_model(x)
---
# decorated, what it calls is compiled, called in compiled or possibly compiled code alone, and people who know
import torch
from torch import nn

@torch.compile
def step(x: torch.Tensor):
    return x * 2

def plain(x: torch.Tensor):
    return x * 2

def through(x: torch.Tensor):
    return step(x + 1)

compiled_step = step
compiled_through = through
compiled_plain = plain
eager_or_compiled = plain
maybe_compiled = plain
plain_compiled = plain  # torch.compile is slower here

@torch.compile
def root(x: torch.Tensor):
    return compiled_plain(x)

class Net(nn.Module):
    def forward(self, x: torch.Tensor):
        return compiled_plain(x)

def run(x: torch.Tensor):
    return compiled_step(x), compiled_through(x), eager_or_compiled(x), maybe_compiled(x), plain_compiled(x)
---
# it may be set from elsewhere, made by a class that compiles, or be no computation
import torch
from torch import nn

from elsewhere import Base, Block, helper

class Trainer(Base):
    def __init__(self):
        self.compiled_step = self.step

    def step(self, x: torch.Tensor):
        return x * 2

    def run(self, x):
        return self.compiled_step(x)

class Inner:
    def __init__(self):
        self.compiled_step = self.step
        self.whole = torch.compile(lambda x: self.step(x) + 1)

    def step(self, x: torch.Tensor):
        return x * 2

    def run(self, x):
        return self.compiled_step(x)

class CompiledNet(nn.Module):
    def forward(self, x: torch.Tensor):
        return x * 2

class Loose:
    def __init__(self):
        self.compiled_step = self.step
        self.compiled_late = self.step
        self.compiled_text = self.describe
        setattr(self, "compiled_late", None)

    def step(self, x: torch.Tensor):
        return x * 2

    def describe(self, name):
        return name.upper()

    def run(self, x):
        return self.compiled_step(x), self.compiled_late(x), self.compiled_text("x")

class OfBlocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(3)])

    def forward(self, x: torch.Tensor):
        return self.blocks(x) * 2

def helped(x: torch.Tensor):
    return helper(x) * 2

def outside(loose: Loose, x: torch.Tensor):
    loose.compiled_step = torch.compile(loose.step)
    compiled = CompiledNet()
    compiled_blocks = OfBlocks()
    compiled_helped = helped
    return compiled(x), compiled_blocks(x), compiled_helped(x)
"""
