"""`torch.compile` stands under a condition that holds on no platform that torch runs on.

## What is wrong

Python names platforms in its own way: `sys.platform` is `win32`, `linux` or `darwin`, `os.name` is `posix` or `nt`, and
`platform.system()` begins with a capital. A comparison with any other name never holds. Neither does one with a version
of Python or torch that is older than any that has `torch.compile`. What stands under it is never compiled, and nothing
says so.

```python bad
import sys

import torch


def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


if sys.platform in ("linux2", "macos"):
    step = torch.compile(step)  # TFG511

CALL = step, torch.ones(3)
```

```python bad
import platform

import torch


def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


if platform.system() != "Windows":
    pass
elif platform.system() == "windows":
    step = torch.compile(step)  # TFG511

CALL = step, torch.ones(3)
```

```python bad
import torch


def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


if not hasattr(torch, "compile"):
    step = torch.compile(step)  # TFG511

CALL = step, torch.ones(3)
```

## What to do

Ask for the name that Python gives:

```python good
import sys

import torch


def step(x: torch.Tensor) -> torch.Tensor:
    return x * 2 + 1


if sys.platform in ("linux", "darwin", "win32"):
    step = torch.compile(step)

CALL = step, torch.ones(3)
```

## When it is reported

`torch.compile`, called or as a decorator, under an `if` whose condition compares `sys.platform`, `os.name` or
`platform.system()` with constants that none of Python's platforms has, compares `sys.version_info` or
`sys.version_info.major` with a Python before 3.8, or asks for `not hasattr(torch, "compile")`, or that is one of these
joined by `and`; and in the `else` of the contrary. Not under a plain `False`, which is a switch.

## How this is known

The blocks above run on torch in fullgraph's tests: in the bad ones nothing is compiled; with the contrary condition
the marked line compiles, and a graph is captured. The first torch with `torch.compile`, 2.0, needs Python 3.8.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Effect, Hit, Rule

RULE = Rule(
    "TFG511",
    "nothing is compiled here: `{condition}` {never} where `torch.compile` exists",
    remedy="ask for what Python says, such as `sys.platform == 'win32'`, or drop the condition",
    since="0.2",
    effect=Effect.NEVER_REACHED,
)

_PLATFORMS = {
    "sys.platform": frozenset(
        {"aix", "android", "cygwin", "darwin", "emscripten", "haiku", "ios", "linux", "msys", "wasi", "win32"}
    ),
    "os.name": frozenset({"java", "nt", "posix"}),
    "platform.system": frozenset(
        {
            "", "AIX", "Android", "Darwin", "DragonFly", "Emscripten", "FreeBSD", "GNU", "Haiku", "Java", "Linux",
            "NetBSD", "OpenBSD", "OS400", "SunOS", "VxWorks", "WASI", "Windows", "iOS", "iPadOS",
        }
    ),
}  # fmt: skip
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_OLDEST = (3, 8)
_BSD = ("freebsd", "openbsd", "netbsd", "dragonfly", "sunos", "gnu", "os400")
"""What names of `sys.platform` with a number begin with."""


@RULE.reference("torch.compile")
def used(node: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report a use that is never come to."""
    if "torch.compile" not in ctx.names(node) or not isinstance(getattr(node, "ctx", None), ast.Load):
        return
    child: ast.AST = node
    parent = ctx.parent(node)
    while parent is not None:
        match parent:
            case ast.If(test=test, body=body, orelse=orelse) | ast.IfExp(test=test, body=body, orelse=orelse):
                holds = _holds(test, ctx)
                is_in_body = child is body or (isinstance(body, list) and child in body)
                is_otherwise = child is orelse or (isinstance(orelse, list) and child in orelse)
                if (holds is False and is_in_body) or (holds is True and is_otherwise):
                    never = "never holds" if is_in_body else "always holds"
                    yield ctx.at(node, condition=ctx.text(test), never=never)
                    return
            case _ if isinstance(parent, _DEFINITIONS) and child not in getattr(parent, "decorator_list", ()):
                return
            case _:
                pass
        child, parent = parent, ctx.parent(parent)


def _holds(test: ast.expr, ctx: Context) -> bool | None:
    """Whether a condition holds wherever there is `torch.compile`, or nowhere; None where that depends."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            holds = _holds(operand, ctx)
            return None if holds is None else not holds
        case ast.BoolOp(op=op, values=values):
            found = [_holds(each, ctx) for each in values]
            decides = isinstance(op, ast.Or)
            if decides in found:
                return decides
            return None if None in found else not decides
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _compares(left, operator, right, ctx)
        case ast.Call(func=func, args=[asked, ast.Constant(value="compile")]) if "builtins.hasattr" in ctx.names(func):
            return True if "torch" in ctx.names(asked) else None
        case _:
            return None


def _compares(left: ast.expr, operator: ast.cmpop, right: ast.expr, ctx: Context) -> bool | None:
    names = ctx.names(left.func if isinstance(left, ast.Call) else left)
    if len(names) != 1:
        return None
    if (known := _PLATFORMS.get(names[0])) is not None and (names[0] == "platform.system") is isinstance(
        left, ast.Call
    ):
        return _is_platform(operator, right, known)
    return _is_version(names[0], operator, right) if names[0].startswith("sys.version_info") else None


def _is_platform(operator: ast.cmpop, right: ast.expr, known: frozenset[str]) -> bool | None:
    match right:
        case ast.Constant(value=str(name)):
            asked = [name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            asked = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if len(asked) != len(parts) or not isinstance(operator, (ast.In, ast.NotIn)):
                return None
        case _:
            return None
    if isinstance(right, ast.Constant) and not isinstance(operator, (ast.Eq, ast.NotEq)):
        return None
    if any(name in known or name.startswith(_BSD) for name in asked):
        return None
    return isinstance(operator, (ast.NotEq, ast.NotIn))


def _is_version(name: str, operator: ast.cmpop, right: ast.expr) -> bool | None:
    """Whether Python is as old, or as new, as is asked for, as it is wherever `torch.compile` exists."""
    match name, right:
        case "sys.version_info.major", ast.Constant(value=int(major)):
            asked: tuple[int, ...] = (major,)
        case "sys.version_info", ast.Tuple(elts=parts):
            asked = tuple(
                part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, int)
            )
            if not asked or len(asked) != len(parts):
                return None
        case _:
            return None
    oldest = _OLDEST[: len(asked)]
    match operator:
        case ast.Lt() if asked <= oldest:
            return False
        case ast.LtE() | ast.Eq() if asked < oldest:
            return False
        case ast.GtE() if asked <= oldest:
            return True
        case ast.Gt() | ast.NotEq() if asked < oldest:
            return True
        case _:
            return None


CASES = """
import os
import platform
import sys

import torch


def compiled(model):
    if sys.version_info < (3, 8):
        return torch.compile(model)  # TFG511
    if sys.version_info >= (3, 8):
        return model
    else:
        return torch.compile(model)  # TFG511


if os.name == "linux" and torch.cuda.is_available():
    @torch.compile  # TFG511
    def step(x):
        return x * 2

model = torch.compile(torch.nn.ReLU()) if platform.system() == "linux" else torch.nn.ReLU()  # TFG511

if sys.version_info.major == 2:
    if True:
        other = torch.compile(model)  # TFG511
---
import os
import platform
import sys

import torch

DEBUG = False


def compiled(model, name):
    if sys.platform != "win32":
        model = torch.compile(model)
    if sys.platform != "windows":
        model = torch.compile(model)
    if sys.platform.startswith("windows"):
        model = torch.compile(model)
    if sys.platform in ("linux", "linux2") or os.name == "posix":
        model = torch.compile(model)
    if platform.system() == name or platform.system().lower() == "linux":
        model = torch.compile(model)
    if sys.platform == "windows" or DEBUG:
        model = torch.compile(model)
    if sys.version_info >= (3, 8) and hasattr(torch, "compile"):
        model = torch.compile(model)
    if sys.version_info < (3, 12):
        model = torch.compile(model)
    if False:
        model = torch.compile(model)
    if sys.platform == "windows":
        model = model.eval()
    else:
        model = torch.compile(model)
    return model
---
# what stands in for it where it is missing
import torch

if not hasattr(torch, "compile"):
    torch.compile = lambda f, **options: f

def fake(f):
    if not hasattr(torch, "compile"):
        try:
            torch.compile = f
            yield f
        finally:
            del torch.compile
"""
