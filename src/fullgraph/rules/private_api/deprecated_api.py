"""A torch name is used of which torch itself warns that it is deprecated.

## What is wrong

Using the name warns at run time, in every release that you aim at, and a later release may drop it:
`torch.onnx.dynamo_export` warned in 2.7 and 2.8, and 2.9 did not have it any more.

```python bad
import torch


def prepare(weight):
    torch.nn.init.constant(weight, 0.5)  # TFG105
    total = torch.nn.utils.clip_grad_norm([weight], 1.0)  # TFG105
    return weight, total


CALL = prepare, torch.zeros(2, 2)
```

```python bad
import torch


def scale():
    scaler = torch.cuda.amp.GradScaler(enabled=False)  # TFG105
    with torch.cuda.amp.autocast(enabled=False):  # TFG105
        return scaler.get_scale(), torch.ones(2) * 2


CALL = (scale,)
```

## What to do

Use what torch's own warning names. Where the new name is known to do the same with the same arguments,
`fullgraph check --fix` renames the use.

```python fixed
import torch


def prepare(weight):
    torch.nn.init.constant_(weight, 0.5)
    total = torch.nn.utils.clip_grad_norm_([weight], 1.0)
    return weight, total


CALL = prepare, torch.zeros(2, 2)
```

Those under `torch.cuda.amp` want to be told the device. `--unsafe-fixes` does that, too: what `autocast` takes for
granted may be set elsewhere, and somebody may ask whether a scaler is a `torch.cuda.amp.GradScaler`.

```python good
import torch


def scale():
    scaler = torch.amp.GradScaler("cuda", enabled=False)
    with torch.amp.autocast("cuda", enabled=False):
        return scaler.get_scale(), torch.ones(2) * 2


CALL = (scale,)
```

## When it is reported

Where every release aimed at warns, so that there is something that can be done about it now. A function or class is
reported where it is called or decorates something, since only that warns; a module or attribute that warns when it is
looked up is reported there. Silent are uses under a condition on a version, in a `try` that catches `ImportError` or
`AttributeError`, or in an `except` block, and those of a name that the file asks for with `hasattr`. `except Exception`
is no such guard: the name is there, and warns.

## How this is known

The names, and what torch says of them, are read from the sources of torch 2.0 to 2.15: only names whose every use
warns are in the table, not arguments or cases that may warn. The blocks above run on torch in fullgraph's tests, and
the warnings that torch then gives are held against the marked lines. Each rename of a fix is run there before and
after.
"""

import ast
import re
from collections.abc import Iterator

from fullgraph.api import OLDEST_KNOWN, Context, Deprecation, DeprecationTrigger, Effect, Fix, Hit, Rule, Severity

RULE = Rule(
    "TFG105",
    "`{path}` is deprecated: torch warns {when} since {since}",
    remedy="torch says: {advice}",
    since="0.1",
    severity=Severity.WARNING,
    effect=Effect.DEPRECATION,
)

_ADVICE = re.compile(r"\buse\b|\binstead\b|\bswitch to\b|\bin favor of\b|\brenamed to\b|\bplease see\b", re.IGNORECASE)
_LONGEST = 160


@RULE.node(ast.Import, ast.ImportFrom)
def imported(node: ast.Import | ast.ImportFrom, ctx: Context) -> Iterator[Hit]:
    """Report an import that warns: of a deprecated module, or of a name that warns when it is looked up."""
    if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("torch"):
        return
    match node:
        case ast.Import(names=names):
            paths = [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            paths = [f"{module}.{alias.name}" for alias in names]
        case _:
            return
    for path, alias in zip(paths, names, strict=True):
        known = _known(path, ctx)
        if known is None or known.trigger not in (DeprecationTrigger.IMPORT, DeprecationTrigger.ACCESS):
            continue
        if not ctx.torch.is_guarded(node, path, broad=False):
            yield _hit(alias, known, ctx)


@RULE.reference("torch", changing=True)
def used(node: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report a use that warns."""
    paths = ctx.names(node)
    if len(paths) != 1:
        return
    known = _known(paths[0], ctx)
    if known is None:
        return
    match known.trigger:
        case DeprecationTrigger.CALL | DeprecationTrigger.DECORATOR:
            warns = _is_called(node, ctx)
        case DeprecationTrigger.ACCESS:
            warns = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
        case DeprecationTrigger.IMPORT:
            warns = False
    if warns and not ctx.torch.is_guarded(node, known.path, broad=False):
        yield _hit(node, known, ctx, ctx.torch.replacement(node, known.path))


def _known(path: str, ctx: Context) -> Deprecation | None:
    return ctx.torch.deprecation(path) if path.startswith("torch.") else None


def _is_called(node: ast.expr, ctx: Context) -> bool:
    match ctx.parent(node):
        case ast.Call(func=func):
            return func is node
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            return node in decorators
        case _:
            return False


_WHEN = {
    DeprecationTrigger.CALL: "at each call",
    DeprecationTrigger.DECORATOR: "at each call",
    DeprecationTrigger.ACCESS: "where it is looked up",
    DeprecationTrigger.IMPORT: "where it is imported",
}


def _hit(node: ast.AST, known: Deprecation, ctx: Context, fix: Fix | None = None) -> Hit:
    return ctx.at(
        node,
        fix=fix,
        path=known.path,
        when=_WHEN[known.trigger],
        since=str(known.since) if known.since > OLDEST_KNOWN else f"{known.since} or earlier",
        advice=_in_short(known.says),
    )


def _in_short(text: str) -> str:
    """The sentence of torch's warning that says what to do instead, or else the first one, without its full stop."""
    sentences = [each.rstrip(".") for each in re.split(r"(?<=\.)\s+", " ".join(text.split()))]
    advice = next((each for each in sentences if _ADVICE.search(each)), sentences[0])
    return advice if len(advice) <= _LONGEST else advice[:_LONGEST] + " ..."


CASES = """
from torch.cuda.amp import autocast, GradScaler as Scaler
from torch.nn.utils import clip_grad_norm
import torch.nn.functional as F
import torch

@autocast()  # TFG105
def a(x, parameters):
    clip_grad_norm(parameters, 1.0)  # TFG105
    Scaler()  # TFG105
    return F.upsample(x, 2)  # TFG105

@torch.cuda.amp.custom_fwd  # TFG105
def b(x):
    return x

built = torch.has_cuda  # TFG105
from torch import has_mps  # TFG105
---
import torch
from torch.nn.utils import clip_grad_norm_

def a(x, parameters):
    clip_grad_norm_(parameters, 1.0)
    if isinstance(x, torch.cuda.amp.GradScaler):
        return torch.amp.autocast("cuda")
    return torch.nn.init.normal_(x), torch.nn.functional.interpolate(x)

def make(scaler: torch.cuda.amp.GradScaler, upsample=torch.nn.functional.upsample):
    return scaler, upsample
---
import torch
if torch.__version__ >= "2.4":
    from torch.amp import autocast
else:
    from torch.cuda.amp import autocast

def a():
    return autocast()

def b(cuda):
    return torch.amp.GradScaler("cuda") if TORCH_2_4 else torch.cuda.amp.GradScaler()
---
import contextlib
import torch

def a(x):
    try:
        return torch.nn.functional.upsample(x, 2)  # TFG105
    except Exception:
        return x

def b(x):
    with contextlib.suppress(Exception):
        torch.nn.init.normal(x)  # TFG105
    try:
        return torch.nn.init.uniform(x)  # TFG105
    except:
        return torch.nn.init.constant(x, 1)

def c(x):
    try:
        return torch.nn.init.eye(x)
    except AttributeError:
        return x
"""
