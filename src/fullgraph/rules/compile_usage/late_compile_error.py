"""A `try` around `torch.compile` is to catch what fails to compile: that is raised only at the first call.

## What is wrong

`torch.compile(f)` compiles nothing. It returns at once, whatever `f` is; tracing begins when the result is first
called. A handler around `torch.compile` alone sees a wrong argument, or a Python and platform that torch refuses, but
never code that cannot be traced or compiled: the fallback is not taken, and the error appears where nobody expects it.

```python bad
import torch


def scaled(x: torch.Tensor) -> torch.Tensor:
    if x.sum() > 0:
        return x * 2
    return x


def build():
    try:
        return torch.compile(scaled, fullgraph=True)  # TFG504
    except Exception:
        return scaled


def run(x: torch.Tensor) -> torch.Tensor:
    return build()(x)


CALL = run, torch.ones(3)
```

## What to do

Make the first call, with inputs as they will be, within the `try`:

```python good
import torch


def scaled(x: torch.Tensor) -> torch.Tensor:
    if x.sum() > 0:
        return x * 2
    return x


def build(example: torch.Tensor):
    try:
        compiled = torch.compile(scaled, fullgraph=True)
        compiled(example)
        return compiled
    except Exception:
        return scaled


def run(x: torch.Tensor) -> torch.Tensor:
    return build(x)(x)


CALL = run, torch.ones(3)
```

or do without: where `fullgraph=True` is not asked for, what cannot be traced runs eagerly by itself.

## When it is reported

A call of `torch.compile` in the body of a `try` whose handlers catch everything, `Exception`, `RuntimeError` or an
error of Dynamo, where nothing else in that body is called or imported, so that nothing can call the result. Not where
`options` are passed: torch checks these at once.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad one `torch.compile` returns, and Dynamo's error leaves
the later call; in the good one the handler gets it.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG504",
    "the handler sees nothing that fails to compile: `torch.compile` traces at the first call, outside of this `try`",
    remedy="make the first call within the `try` too, or drop the handler",
    since="0.2",
    effect=Effect.RAISED_LATER,
)

_CATCHES = frozenset({"builtins.Exception", "builtins.BaseException", "builtins.RuntimeError"})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_MAY_FAIL = (ast.Yield, ast.YieldFrom, ast.Await, ast.With, ast.Import, ast.ImportFrom)
_LOGS = frozenset({"critical", "debug", "error", "exception", "info", "log", "print", "warn", "warning"})


@RULE.call("torch.compile")
def called(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a compilation whose result cannot be called before the ``try`` is left."""
    if ctx.compiling.given(node) is None or ctx.names(node.func) != ("torch.compile",):
        return
    if _is_checked_at_once(node):
        return
    around = _handled_by(node, ctx)
    if around is not None and not _may_call_result(node, around, ctx):
        yield ctx.at(node, cause=_outermost(around, ctx))


def _is_checked_at_once(node: ast.Call) -> bool:
    """Whether options are passed, which torch refuses at once where a release does not know one."""
    given = {each.arg: each.value for each in node.keywords}
    options = given.get("options")
    return None in given or not (options is None or (isinstance(options, ast.Constant) and options.value is None))


def _handled_by(node: ast.AST, ctx: Context) -> ast.Try | None:
    """The innermost ``try`` of the function that would take what fails to compile."""
    child, parent = node, ctx.parent(node)
    while parent is not None and not isinstance(parent, _DEFINITIONS):
        handlers = parent.handlers if isinstance(parent, ast.Try) and child in parent.body else []
        if any(_catches(each, ctx) for each in handlers):
            return parent if isinstance(parent, ast.Try) else None
        child, parent = parent, ctx.parent(parent)
    return None


def _outermost(around: ast.Try, ctx: Context) -> ast.AST:
    """The outermost ``try`` of the function: another attempt within a handler is the same mistake."""
    found, parent = around, ctx.parent(around)
    while parent is not None and not isinstance(parent, _DEFINITIONS):
        if isinstance(parent, ast.Try):
            found = parent
        parent = ctx.parent(parent)
    return found


def _catches(handler: ast.ExceptHandler, ctx: Context) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or any(path in _CATCHES or path.startswith("torch._dynamo.") for path in ctx.names(kind))
        for kind in kinds
    )


def _may_call_result(node: ast.Call, around: ast.Try, ctx: Context) -> bool:
    """Whether the body of the ``try`` calls anything but what compiles, builds arguments for it, or logs.

    Or imports something, which is then what may fail.
    """
    within = set(ast.walk(node))
    for statement in around.body:
        for part in ast.walk(statement):
            if isinstance(part, ast.Call) and part not in within and not _is_harmless(part, ctx):
                return True
            if isinstance(part, _MAY_FAIL):
                return True
    return False


def _is_harmless(call: ast.Call, ctx: Context) -> bool:
    """Whether a call logs, or compiles something else."""
    if ctx.names(call.func) == ("torch.compile",):
        return True
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _LOGS
        case _:
            return False


CASES = """
import functools
import logging

import torch

class Policy:
    def compile(self):
        try:
            self._network = torch.compile(self._network, dynamic=False)  # TFG504
            logging.info("compiled")
        except RuntimeError as error:
            logging.warning("eager: %s", error)

@functools.lru_cache
def kernel(name):
    try:
        return torch.compile(globals()[name])  # TFG504
    except (ValueError, Exception):
        return globals()[name]

def attempts(f):
    try:
        return torch.compile(f)  # TFG504
    except Exception:
        try:
            return torch.compile(f, mode="max-autotune")
        except Exception:
            raise
---
import torch

def build(f, x):
    try:
        fast = torch.compile(f)
        fast(x)
    except Exception:
        fast = f
    try:
        g = torch.compile(f)
    except (AttributeError, TypeError):
        g = f
    try:
        return torch.compile(f)(x)
    except Exception:
        return f(x)

def warm(f, x):
    try:
        fast = torch.compile(f)
        warm_up(fast)
    except RuntimeError:
        fast = f
    return fast

def later(f):
    try:
        @torch.compile
        def inner(x):
            return f(x)
        def other():
            return torch.compile(f)
    except Exception:
        return f
    return inner, other

def clean(f):
    try:
        f()
    except Exception:
        f = torch.compile(f)
    else:
        f = torch.compile(f)
    finally:
        torch.compile
    return f
---
# the handler is for what else may fail: an import, or what torch checks at once
import torch

try:
    from torch.nn.attention.flex_attention import flex_attention
    flex_attention = torch.compile(flex_attention)
except Exception:
    flex_attention = None

def tuned(f, settings):
    try:
        f = torch.compile(f, options={"max_autotune": True})
    except Exception:
        pass
    try:
        f = torch.compile(f, **settings)
    except Exception:
        pass
    try:
        f = torch.compile(f, mode="max-autotune", backend="inductor", options=None)  # TFG504
    except Exception:
        pass
    return f
"""
