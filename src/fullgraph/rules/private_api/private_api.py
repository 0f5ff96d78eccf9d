"""A private torch name without a public equivalent is used.

## What is wrong

A name with a leading underscore anywhere in its path is not covered by torch's promise of compatibility. The
release of torch that you aim at has no public name for it, so there is nothing to rename yet: what can be
done is to know of it and to keep it in one place.

```python bad
import torch


def gradient_norms(gradients):
    return torch._foreach_norm(gradients)  # TFG102


def prepare(x):
    torch._dynamo.mark_dynamic(x, 0)  # TFG102
    return x


CALL = gradient_norms, [torch.ones(3), torch.ones(4)]
```

## What to do

Keep the name behind one function of your own, have a test that calls it on every torch release you support,
and say in a comment beside it why it is used. Where a comment on its line or right above spells the name (a private
part of it, or its last part), or has one of the words *private*, *internal*, *undocumented*, *public*, *stable* and
*unstable*, the use is only a note.

```python good
import torch


def gradient_norms(gradients):
    return [gradient.norm() for gradient in gradients]


CALL = gradient_norms, [torch.ones(3), torch.ones(4)]
```

## When it is reported

At each use; a name that decorates several functions (`torch.jit._overload`) at the first of them, since a decorator
cannot be kept in one place. The message leaves out what is only reached through the private name, such as a method of
an object. Names that torch documents for users in spite of the underscore (`torch._assert`, `torch._check`) are not
reported, nor is a use beside the public name that a later release of those aimed at has.

## How this is known

The table of private names covers torch 2.0 to 2.15 and says since when a name exists, and from which release
on there is a public name (`torch._foreach_norm` becomes `torch.foreach.norm` in 2.15; then TFG101 reports it
instead). For a name that the table does not have, the message says only that no public equivalent is known.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import Context, Hit, PrivateUse, Rule, Severity, is_documented

RULE = Rule(
    "TFG102",
    "`{private}` is private torch API{history} and may change in any release; {equivalent}",
    remedy="{remedy}",
    since="0.1",
    severity=Severity.WARNING,
)

_REASONS = re.compile(r"\b(private|internal|undocumented|unstable|stable|no public|public)\b", re.IGNORECASE)


@RULE.private_reference("torch")
def check(node: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report a use of a private, undocumented name for which the target has no public equivalent."""
    use = ctx.torch.private_use(node)
    if use is None or use.public is not None or is_documented(use.path) or ctx.torch.is_fallback(node, use):
        return
    justified = _is_justified(node, use, ctx)
    decorates = _decorates(node, ctx)
    named = use.shortened()
    yield ctx.at(
        node,
        severity=Severity.NOTE if justified else None,
        cause=named.path if decorates else None,
        private=named.path,
        equivalent=_equivalent(use, ctx),
        history=f" ({named.history})" if named.history else "",
        remedy=_remedy(decorates=decorates, justified=justified),
    )


def _decorates(node: ast.expr, ctx: Context) -> bool:
    """Whether this is a decorator, called or not."""
    use: ast.AST = node
    parent = ctx.parent(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        use, parent = parent, ctx.parent(parent)
    match parent:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return use in parent.decorator_list
        case _:
            return False


def _remedy(*, decorates: bool, justified: bool) -> str:
    if justified:
        return "the comment beside it says why"
    return "say why in a comment" if decorates else "keep it in one place and say why in a comment"


def _equivalent(use: PrivateUse, ctx: Context) -> str:
    if use.known is None:
        return f"no public equivalent is known in torch {ctx.target}"
    if use.known.public is None:
        return f"it has no public equivalent in torch {ctx.target}"
    later = use.known.public
    return f"it has no public equivalent in torch {ctx.target} (`{later.name}` comes with {later.since})"


def _is_justified(node: ast.expr, use: PrivateUse, ctx: Context) -> bool:
    """Whether a comment on the statement or right above names the thing, or speaks of its being private."""
    comment = ctx.comment_beside(node)
    if not comment:
        return False
    segments = use.path.split(".")[1:]
    names = {part for part in segments if part.startswith("_")} | {segments[-1]}
    return _REASONS.search(comment) is not None or any(name in comment for name in names)


CASES = """
import torch
from torch._C import _functions
from torch.nn.modules.batchnorm import _BatchNorm

torch._assert(True, "documented")
torch._check(True)
torch.__version__
torch.nn.Module.__init__

def f(m, x):
    # Private API, stable since torch 1.9
    norms = torch._foreach_norm(x)  # TFG102
    if isinstance(m, _BatchNorm):  # TFG102
        return _functions.Thing  # TFG102
    torch._dynamo.disable(f)
    return norms
---
import torch._dynamo
torch._dynamo.config.suppress_errors = True  # TFG102
config = torch._dynamo.config
config.optimize_ddp = False  # TFG102
---
import torch

if hasattr(torch._C, "_jit_set_profiling_executor"):
    torch._C._jit_set_profiling_executor(True)  # TFG102
size = getattr(torch._C, "_CudaDeviceProperties", None)  # TFG102
torch.ops.aten._to_copy.default
---
import torch
from torch.jit import _overload as overload

@torch.jit._overload  # TFG102
def f(x: int): ...

@overload
def f(x: str): ...

@torch.jit._overload_method  # TFG102
def g(x): ...

class Net:
    @torch.jit._overload_method
    def g(self, x: int): ...

    @torch._made_up(1)  # TFG102
    def h(self): ...

    @torch._made_up(2)
    async def i(self): ...

table = [torch._made_up, torch._made_up]  # TFG102, TFG102
---
class torch:
    _private = 1

print(torch._private)
---
from .torch import _private
print(_private)
"""
