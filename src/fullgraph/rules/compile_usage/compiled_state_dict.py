"""The state of a compiled module is saved: its keys belong to the wrapper.

## What is wrong

`torch.compile(model)` returns a wrapper that holds the model as a submodule. Every key of the wrapper's `state_dict()`
begins with `_orig_mod.`, so that a plain model, as one has for inference or in another project, does not load what was
saved: `load_state_dict` raises for each key, and with `strict=False` loads nothing.

```python bad
import io

import torch
from torch import nn

torch.manual_seed(0)
model = torch.compile(nn.Linear(4, 2))


def checkpoint() -> list[str]:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)  # TFG507
    file.seek(0)
    return sorted(torch.load(file))


CALL = (checkpoint,)
```

## What to do

Compile in place, which leaves the keys alone:

```python good
import io

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(4, 2)
model.compile()


def checkpoint() -> list[str]:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return sorted(torch.load(file))


CALL = (checkpoint,)
```

or keep the original model in a variable of its own, and save that one: it has the same parameters.

## When it is reported

`state_dict()` of what holds the result of `torch.compile(module)`, within a call of `torch.save` or `save_file`, or in
a variable that is given to one in the same function. Not where the file mentions `_orig_mod`, since then it knows, nor
where it loads a state into something compiled: what is saved from one wrapper loads into another.

## How this is known

The blocks above run on torch in fullgraph's tests: every key that the marked line gets has the prefix.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG507",
    "every key of this state begins with `_orig_mod.`, as line {line} compiles the module: a plain one cannot load it",
    remedy="save the original module, or compile in place with `module.compile()`",
    since="0.2",
    effect=Effect.PREFIXED_STATE,
)

_SAVES = frozenset({"torch.save", "safetensors.torch.save_file", "safetensors.torch.save"})


@RULE.method("state_dict", of=None)
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``compiled.state_dict()`` on its way to a file."""
    if not isinstance(node.func, ast.Attribute) or (call := ctx.compiled_by(node.func.value)) is None:
        return
    if _is_saved(node, ctx) and not ctx.mentions("_orig_mod") and not ctx.loads_compiled_state():
        yield ctx.at(node, line=str(call.lineno))


def _is_saved(node: ast.AST, ctx: Context) -> bool:
    """Whether this is a part of what is saved, or of what a variable holds that is saved."""
    child, parent = node, ctx.parent(node)
    while parent is not None:
        match parent:
            case ast.Call():
                return not _SAVES.isdisjoint(ctx.names(parent.func)) and child in parent.args[:1]
            case ast.Dict():
                child, parent = parent, ctx.parent(parent)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return _is_saved_by_name(name, parent, ctx)
            case _:
                return False
    return False


def _is_saved_by_name(name: str, assigned: ast.AST, ctx: Context) -> bool:
    """Whether a statement after the assignment, in the same block, saves the variable."""
    block = ctx.parent(assigned)
    body: list[ast.stmt] = getattr(block, "body", [])
    later = body[body.index(assigned) + 1 :] if assigned in body else []
    for statement in later:
        for part in ast.walk(statement):
            match part:
                case ast.Name(id=other, ctx=ast.Store()) if other == name:
                    return False
                case ast.Call(func=func, args=[ast.Name(id=other), *_]) if other == name:
                    return not _SAVES.isdisjoint(ctx.names(func))
                case _:
                    continue
    return False


CASES = """
import torch
from safetensors.torch import save_file

class Trainer:
    def __init__(self, model, optimizer):
        self.model = torch.compile(model)
        self.raw = model
        self.optimizer = optimizer

    def save(self, path):
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, path)  # TFG507
        torch.save(self.raw.state_dict(), path)

    def save_later(self, path):
        state = {
            "model": self.model.state_dict(),  # TFG507
            "step": 3,
        }
        torch.save(state, path)
        weights: dict = self.model.state_dict()  # TFG507
        save_file(weights, path)

    def keep(self):
        state = self.model.state_dict()
        state = {key: value.cpu() for key, value in state.items()}
        torch.save(state, "x")
        return self.model.state_dict(), print(self.model.state_dict())
---
import torch

model = torch.compile(torch.nn.Linear(2, 2))
torch.save(model.state_dict(), "x")
model.load_state_dict(torch.load("x"))
---
import torch

model = torch.compile(torch.nn.Linear(2, 2))
torch.save({k.replace("_orig_mod.", ""): v for k, v in model.state_dict().items()}, "x")
torch.save(model.state_dict(), "x")
---
import torch

model = torch.nn.Linear(2, 2)
model.compile()
torch.save(model.state_dict(), "x")
fast = torch.compile(model)
torch.save(model.state_dict(), "x")
"""
