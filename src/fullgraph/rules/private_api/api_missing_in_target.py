"""A torch name is used that some of the releases aimed at do not have.

## What is wrong

The project says which torch releases it runs on, and some of them do not have this name: an `ImportError` or
`AttributeError` that waits for the user who has that release. Names come with new releases, and public ones go, too:
`torch.onnx.dynamo_export` was there up to torch 2.8.

```python bad
import torch


def exporter():
    return torch.onnx.dynamo_export  # TFG104


CALL = (exporter,)
```

An import fails at once, and takes the whole module with it.

```python bad
from torch.onnx import dynamo_export  # TFG104
```

## What to do

Ask before you use it, or aim at releases that have it: raise the lower bound of the torch requirement, or set an upper
one.

```python good
import torch


def exporter():
    if hasattr(torch.onnx, "dynamo_export"):
        return "dynamo_export"
    return "export"


CALL = (exporter,)
```

## When it is reported

Where a name, private or public, surely does not exist in part of the releases aimed at: `target-torch`, or what the
project's own torch requirement allows, or the newest known release. An imported name is reported once, at its import;
an import inside a function, which is late on purpose, only if none of the releases aimed at has the name.

Silent are uses that are prepared for its absence: a `try` that catches `ImportError` or `AttributeError`, a file that
asks for the name with `hasattr`, `getattr` with a default or `find_spec`, a condition on a version or on something
called `..._available` around the use or before it in the same function, a decorator that speaks of a version. In a
class, so are all methods where `__init__` or a `setup` refuses some versions, or where an attribute holds what
`hasattr` says of torch or a comparison of its version. So are imports under `if TYPE_CHECKING` and annotations that
are not evaluated. Names of which the tables do not know everything are not reported.

## How this is known

The tables of names are read from the wheels of torch 2.0 to 2.15. The blocks above raise on the torch that fullgraph's
tests run on, at the marked lines.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, MissingName, Rule, Severity

RULE = Rule(
    "TFG104",
    "`{path}` does not exist in torch {missing} ({history})",
    remedy="guard it with `hasattr` or `try`, or aim at releases that have it",
    since="0.1",
    severity=Severity.WARNING,
    effect=Effect.MISSING_NAME,
)


@RULE.node(ast.Import, ast.ImportFrom)
def imported(node: ast.Import | ast.ImportFrom, ctx: Context) -> Iterator[Hit]:
    """Report an import of a name that is missing."""
    if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("torch"):
        return
    match node:
        case ast.Import(names=names):
            paths = [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            paths = [module if alias.name == "*" else f"{module}.{alias.name}" for alias in names]
        case _:
            return
    for path, alias in zip(paths, names, strict=True):
        if path.partition(".")[0] != "torch":
            continue
        missing = ctx.torch.missing_in(path)
        if missing is None or (ctx.function() is not None and not missing.everywhere):
            continue
        if not ctx.torch.is_guarded(node, missing.path):
            yield _hit(alias, missing, ctx)


@RULE.reference("torch", changing=True)
def used(node: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report a dotted use of a name that is missing, unless it is its import that fails."""
    paths = ctx.names(node)
    if not isinstance(node, ast.Attribute) or len(paths) != 1:
        return
    missing = ctx.torch.missing_in(paths[0])
    if missing is None or not isinstance(node.ctx, ast.Load):
        return
    bound_to = ctx.imported_path(node)
    if bound_to is not None and ctx.torch.missing_in(bound_to) is None and not ctx.torch.is_guarded(node, missing.path):
        yield _hit(node, missing, ctx)


def _hit(node: ast.AST, missing: MissingName, ctx: Context) -> Hit:
    return ctx.at(
        node,
        path=missing.path,
        missing=missing.where,
        history=missing.history,
        cause=(ctx.function(), missing.path),
    )


CASES = """
import torch.onnx.no_such_module_we_know
from torch.onnx import dynamo_export, export  # TFG104
from torch.onnx import ONNXRuntimeOptions as Options  # TFG104
import torch

def a(x):
    dynamo_export(x)
    Options()
    torch.onnx.dynamo_export(x)  # TFG104
    return torch.onnx.dynamo_export(x)

def b(x):
    return torch.onnx.dynamo_export(x)  # TFG104
---
import torch
try:
    from torch.onnx import dynamo_export
except ImportError:
    dynamo_export = None

def a(x):
    try:
        return torch.onnx.ONNXRuntimeOptions(x)
    except (AttributeError, RuntimeError):
        return torch.onnx.ONNXRuntimeOptions
---
import contextlib
import torch
with contextlib.suppress(ImportError):
    from torch.onnx import dynamo_export
---
import torch
from packaging import version
from compat import is_torch_greater_or_equal, skip_unless_torch_version, is_dynamo_export_available

OLD = version.parse(torch.__version__) < version.parse("2.9")

if OLD:
    from torch.onnx import dynamo_export

def a(x):
    if version.parse(torch.__version__) < version.parse("2.9"):
        return torch.onnx.dynamo_export(x)
    return None

def b(x):
    return None if is_torch_greater_or_equal("2.9") else torch.onnx.dynamo_export(x)

@skip_unless_torch_version("2.8")
def c(x):
    return torch.onnx.dynamo_export(x)

def d(x):
    if version.parse(torch.__version__) >= version.parse("2.9"):
        return None
    return torch.onnx.dynamo_export(x)

def d2(x):
    exporter = torch.onnx.dynamo_export if OLD else None
    return exporter

def e(x):
    return is_dynamo_export_available() and torch.onnx.dynamo_export(x)
---
import torch

def a(x):
    if hasattr(torch.onnx, "dynamo_export"):
        return torch.onnx.dynamo_export(x)
    return torch.compiler.disable(x), torch.ops.mine.thing(x), torch.no_such_thing_we_know
---
from __future__ import annotations
from typing import TYPE_CHECKING
import torch

if TYPE_CHECKING:
    from torch.onnx import dynamo_export

def a(x: torch.onnx.ONNXRuntimeOptions) -> torch.onnx.ONNXRuntimeOptions:
    torch.onnx.dynamo_export = x
    return x
---
import torch

def a(x: torch.onnx.ONNXRuntimeOptions):  # TFG104
    return x

def b(x, fast):
    return torch.onnx.dynamo_export(x) if fast else None  # TFG104
---
import torch

class Exporter:
    def __init__(self):
        assert torch.__version__ < "2.9"

    def run(self, x):
        return torch.onnx.dynamo_export(x)

class Other:
    NEW = hasattr(torch.onnx, "ExportOptions")

    def run(self, x):
        return torch.onnx.dynamo_export(x)

class Unprepared:
    def __init__(self, version):
        self.version = version

    def run(self, x):
        return torch.onnx.dynamo_export(x)  # TFG104
---
from torch.onnx import *
from .onnx import dynamo_export
import onnx.dynamo_export
"""
