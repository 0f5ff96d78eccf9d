"""Code reaches into the wrapper that `torch.compile` puts around a module.

## What is wrong

`torch.compile(model)` returns another module, an `OptimizedModule`, that holds the original as `_orig_mod`. That
attribute is private, and it leaks: the keys of the wrapper's `state_dict()` begin with `_orig_mod.`, so a checkpoint
of the compiled model does not load into the plain one. Code that peels the wrapper off in many places has to be
right in all of them.

```python bad
import torch
from torch import nn

model = nn.Linear(2, 2)
compiled = torch.compile(model)


def checkpoint() -> list[str]:
    return sorted(key.removeprefix("_orig_mod.") for key in compiled.state_dict())  # TFG103


def weight_shape() -> tuple[int, ...]:
    return tuple(compiled._orig_mod.weight.shape)  # TFG103


def both() -> object:
    return checkpoint(), weight_shape()


CALL = (both,)
```

## What to do

Compile in place with `model.compile()`: the module stays what it is, its keys do too, and its `forward` is compiled.

```python good
import torch
from torch import nn

model = nn.Linear(2, 2)
model.compile()


def checkpoint() -> list[str]:
    return sorted(model.state_dict())


def weight_shape() -> tuple[int, ...]:
    return tuple(model.weight.shape)


def both() -> object:
    return checkpoint(), weight_shape()


CALL = (both,)
```

Where `torch.compile(model)` must stay, keep the original module in a name of its own and save that one, or unwrap in
one function that everything else calls.

## When it is reported

The attribute `_orig_mod`, `getattr` and `hasattr` with that name, and strings that begin or end with it as a key does,
once for each statement, as a note. It is never an error: the code works. A file that does not import torch is not
looked at, nor is what stands in somebody's own `__dict__`: torch keeps the original module among the submodules.

## How this is known

The blocks above run on torch in fullgraph's tests; `OptimizedModule` has no public name up to torch 2.15.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Severity

RULE = Rule(
    "TFG103",
    "{what} reaches into the private wrapper of a compiled module (`torch._dynamo.OptimizedModule`)",
    remedy="compile in place with `model.compile()`, or unwrap in one place",
    since="0.1",
    severity=Severity.NOTE,
    mentions=("_orig_mod",),
)

_NAME = "_orig_mod"


@RULE.node(ast.Attribute)
def accessed(node: ast.Attribute, ctx: Context) -> Iterator[Hit]:
    """Report ``x._orig_mod``."""
    if node.attr == _NAME:
        yield _hit(node, f"`{ctx.text(node, limit=40)}`", ctx)


@RULE.node(ast.Constant)
def spelled(node: ast.Constant, ctx: Context) -> Iterator[Hit]:
    """Report ``getattr(x, "_orig_mod")`` and strings such as ``"_orig_mod."`` that stand for keys."""
    if not isinstance(node.value, str) or _NAME not in node.value:
        return
    if isinstance(ctx.parent(node), ast.Expr) or not _is_key(node.value) or _is_own_entry(ctx.parent(node)):
        return
    yield _hit(node, f'`"{node.value}"`', ctx)


def _is_key(text: str) -> bool:
    return " " not in text and (text.startswith(_NAME) or text.rstrip(".").endswith(_NAME) or f".{_NAME}." in text)


def _is_own_entry(use: ast.AST | None) -> bool:
    """Whether the key belongs to the ``__dict__`` of an object, where torch puts no submodule."""
    match use:
        case ast.Subscript(value=holder) | ast.Call(func=ast.Attribute(value=holder)):
            return isinstance(holder, ast.Attribute) and holder.attr == "__dict__"
        case ast.Compare(comparators=[ast.Attribute(attr="__dict__")]):
            return True
        case _:
            return False


def _hit(node: ast.AST, what: str, ctx: Context) -> Hit:
    statement: ast.AST | None = node
    while statement is not None and not isinstance(statement, ast.stmt):
        statement = ctx.parent(statement)
    return ctx.at(node, what=what, cause=statement)


CASES = """
import torch

def unwrap(model):
    if hasattr(model, "_orig_mod"):  # TFG103
        return model._orig_mod  # TFG103
    return getattr(model, "_orig_mod", model)  # TFG103

def clean(state):
    return {key.replace("_orig_mod.", ""): value for key, value in state.items() if "_orig_mod." in key}  # TFG103
---
import torch

def describe(model):
    '''The keys begin with _orig_mod. once it is compiled.'''
    raise ValueError("a compiled model has keys with _orig_mod. in them")

class Wrapper:
    def __init__(self, model):
        self.orig_mod = model
        self.message = "see _orig_mod for that"
        self.__dict__["_orig_mod"] = model

    def unwrap(self):
        if "_orig_mod" in self.__dict__:
            return self.__dict__["_orig_mod"], self.__dict__.pop("_orig_mod")
        return self._modules["_orig_mod"]  # TFG103
---
def unwrap(model):
    return getattr(model, "_orig_mod", model)
"""
