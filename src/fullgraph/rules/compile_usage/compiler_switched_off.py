"""A setting that hides errors of the compiler, or turns it off, is left on.

## What is wrong

`torch._dynamo.config.suppress_errors = True` has everything that fails to compile run eagerly, with no more than an
entry in the log; `torch._dynamo.config.disable = True` has everything run eagerly, without even that. Both hold for the
whole process, whoever imports the module that sets them, so that `torch.compile` does nothing and nobody learns of it.

```python bad
import torch

torch._dynamo.config.disable = True  # TFG509


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


CALL = step, torch.ones(3)
```

```python bad
import torch

torch._dynamo.config.suppress_errors = True  # TFG509


@torch.library.custom_op("fullgraph_examples::shifted", mutates_args=())
def shifted(x: torch.Tensor) -> torch.Tensor:
    return x + 1


@shifted.register_fake
def _(x: torch.Tensor) -> torch.Tensor:
    raise ValueError("the shape is not known")


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return shifted(x * 2)


CALL = step, torch.ones(3)
```

## What to do

Leave the settings alone, and keep what cannot be compiled out of the compiler by name. While debugging, let the
environment switch: `TORCH_COMPILE_DISABLE=1`, or a stance for a part of the program.

```python good
import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


CALL = step, torch.ones(3)
```

## When it is reported

Assignments of `True` at the top level of a module that hold whenever it is imported: not below a condition, in a `try`,
in a function, or where the file sets the same name back to something else.

## How this is known

The blocks above run on torch in fullgraph's tests: with the marked line no graph is captured and nothing is raised;
without it a graph is captured, or Dynamo raises.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG509",
    "`{name} = True` holds for the whole process: {what}",
    remedy="remove it, or let a debug switch decide",
    since="0.2",
    mentions=("suppress_errors", "config.disable"),
    effect=Effect.SWITCHED_OFF,
)

_SWITCHES = {
    "torch._dynamo.config.suppress_errors": "what fails to compile runs eagerly, and only the log says so",
    "torch._dynamo.config.disable": "nothing is compiled",
}
_SINCE = {"torch._dynamo.config.suppress_errors": ">=2.6", "torch._dynamo.config.disable": ">=2.0"}
"""Where this was seen; on 2.4 what fails in a custom operator is captured all the same."""


@RULE.node(ast.Assign)
def assigned(node: ast.Assign, ctx: Context) -> Iterator[Hit]:
    """Report a setting that is switched on for good."""
    match node:
        case ast.Assign(targets=[ast.Attribute() as target], value=ast.Constant(value=True)):
            path = next((path for path in ctx.names(target) if path in _SWITCHES), None)
            if (
                path is not None
                and ctx.aims_at(_SINCE[path])
                and _is_for_good(node, ctx)
                and not _is_set_back(node, path, ctx)
            ):
                yield ctx.at(node, name=path, what=_SWITCHES[path])
        case _:
            return


def _is_for_good(node: ast.AST, ctx: Context) -> bool:
    """Whether the statement runs whenever the module is imported."""
    parent = ctx.parent(node)
    while parent is not None and not isinstance(parent, ast.Module):
        if not (isinstance(parent, ast.If) and isinstance(parent.test, ast.Constant)):
            return False
        parent = ctx.parent(parent)
    return True


def _is_set_back(node: ast.AST, path: str, ctx: Context) -> bool:
    """Whether anything else in the file is assigned to the setting."""
    tree = node
    while (parent := ctx.parent(tree)) is not None:
        tree = parent
    return any(
        isinstance(part, ast.Assign)
        and part is not node
        and any(isinstance(target, ast.Attribute) and path in ctx.names(target) for target in part.targets)
        for part in ast.walk(tree)
    )


CASES = """
import torch._dynamo
from torch._dynamo import config

config.suppress_errors = True  # TFG509
torch._dynamo.config.disable = True  # TFG509
---
import os
import torch

if os.environ.get("DEBUG"):
    torch._dynamo.config.suppress_errors = True

def debug():
    torch._dynamo.config.suppress_errors = True

try:
    torch._dynamo.config.suppress_errors = True
except AttributeError:
    pass

torch._dynamo.config.disable = os.environ.get("EAGER") == "1"
torch._dynamo.config.verbose = True
---
import torch

torch._dynamo.config.suppress_errors = True
model = torch.compile(torch.nn.Linear(2, 2))
torch._dynamo.config.suppress_errors = False
---
import torch

class config:
    pass

config.suppress_errors = True
"""
