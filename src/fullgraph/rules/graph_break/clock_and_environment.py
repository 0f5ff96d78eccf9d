"""Traced code asks for the time or the state of the machine, or changes the environment.

## What is wrong

What a clock, the file system or the process says is different on every call, so Dynamo does not record it: the graph
is split there. A timer around a part of a model splits the graph twice, and measures something else than what would
run without it.

```python bad
import time

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    start = time.perf_counter()  # TFG212
    y = x.sin() + 1
    spent = time.perf_counter() - start  # TFG212
    return y * 2


CALL = step, torch.ones(3)
```

```python bad
import os

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    os.environ["STEP"] = "1"  # TFG212
    y = y + 1
    if os.path.exists("/stop"):  # TFG212
        y = y - 1
    return y * 2


CALL = step, torch.ones(3)
```

## What to do

Measure and ask outside of the compiled function:

```python good
import os
import time

import torch


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    return (x.sin() + 1) * 2


def timed(x: torch.Tensor) -> torch.Tensor:
    start = time.perf_counter()
    y = step(x)
    os.environ["STEP"] = str(time.perf_counter() - start)
    return y


CALL = timed, torch.ones(3)
```

Reading `os.environ` and joining paths is no graph break.

## When it is reported

Functions of `time`, `datetime`, `uuid`, `hashlib` and `socket`, questions to the file system and about the process,
also by a `pathlib.Path`, and changes of `os.environ`, in traced code.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG212",
    "`{what}` in traced code splits the graph",
    remedy="do it outside of the compiled function, and pass the result in",
    since="0.2",
)

_CALLS = (
    "datetime.date.today",
    "datetime.datetime",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.timedelta",
    "glob.glob",
    "hashlib.blake2b",
    "hashlib.blake2s",
    "hashlib.md5",
    "hashlib.new",
    "hashlib.sha1",
    "hashlib.sha224",
    "hashlib.sha256",
    "hashlib.sha384",
    "hashlib.sha512",
    "os.cpu_count",
    "os.environ.setdefault",
    "os.environ.update",
    "os.getcwd",
    "os.getpid",
    "os.listdir",
    "os.path.abspath",
    "os.path.exists",
    "os.path.getmtime",
    "os.path.getsize",
    "os.path.isdir",
    "os.path.isfile",
    "os.path.islink",
    "os.path.realpath",
    "os.path.relpath",
    "os.putenv",
    "os.stat",
    "os.urandom",
    "os.walk",
    "socket.gethostname",
    "threading.current_thread",
    "threading.get_ident",
    "time.ctime",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.process_time",
    "time.sleep",
    "time.strftime",
    "time.time",
    "time.time_ns",
    "uuid.uuid4",
)
_PATHS = frozenset({"pathlib.Path", "pathlib.PosixPath"})
_OF_PATHS = (
    "exists",
    "glob",
    "is_dir",
    "is_file",
    "iterdir",
    "mkdir",
    "read_text",
    "resolve",
    "stat",
    "touch",
    "unlink",
    "write_text",
)


@RULE.call(*_CALLS, where=Traced.POSSIBLE)
def asks(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a question to the machine, or a change of the environment."""
    if call.args or call.keywords or ctx.names(call.func) != ("os.environ.update",):
        yield ctx.at(call, what=ctx.text(call.func))


@RULE.method(*_OF_PATHS, of=None, where=Traced.POSSIBLE)
def asks_path(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what a ``pathlib.Path`` asks of the file system, or does to it."""
    match call.func:
        case ast.Attribute(value=receiver) if _is_path(receiver, ctx):
            yield ctx.at(call, what=ctx.text(call.func))
        case _:
            return


def _is_path(expr: ast.expr, ctx: Context) -> bool:
    """Whether an expression surely is a ``Path``, by what makes it or by its annotation."""
    makers = ctx.made_by(expr)
    if makers:
        return set(makers) <= _PATHS
    bindings = ctx.bindings(expr)
    annotated = ctx.annotations(expr)
    return (
        bool(annotated) and len(bindings) == len(annotated) and all(_PATHS & {*ctx.names(each)} for each in annotated)
    )


@RULE.reference("os", where=Traced.POSSIBLE)
def changes_environment(expr: ast.expr, ctx: Context) -> Iterator[Hit]:
    """Report ``os.environ[...] = ...`` and ``del os.environ[...]``."""
    if "os.environ" not in ctx.names(expr):
        return
    match ctx.parent(expr):
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()) as target if value is expr:
            yield ctx.at(target, what=ctx.text(target))
        case _:
            return


CASES = """
from datetime import datetime
from os import environ
from time import time
import os
import time as clock
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = time()

    def forward(self, x):
        now = time()  # TFG212
        clock.sleep(1)  # TFG212
        day = datetime.now()  # TFG212
        environ["A"] = "1"  # TFG212
        os.environ.setdefault("B", "1")  # TFG212
        del os.environ["A"]  # TFG212
        return x
# run: torch.compile(Net())(torch.ones(3))
---
# what Dynamo does trace, and what is not traced
import os
import time
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, time):
        if os.environ.get("A") == "1" or "B" in os.environ or os.environ["PATH"]:
            x = x + 1
        os.environ.update()
        if os.path.join("a", os.path.basename("b")):
            x = x + 1
        if not torch.compiler.is_compiling():
            os.environ["A"] = "1"
        return x + time.time()

def train(model, x):
    os.environ["A"] = "1"
    start = time.time()
    model(x)
# run: torch.compile(Net())(torch.ones(3), types.SimpleNamespace(time=lambda: 1))
---
# hashes, and paths that are asked for files
import hashlib
import pathlib
from pathlib import Path
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x, name: str, path: Path, other, folder: "str | Path"):
        digest = hashlib.sha256(name.encode()).hexdigest()  # TFG212
        found = Path(name).exists()  # TFG212
        text = path.read_text()  # TFG212
        below = pathlib.Path(name)
        below.mkdir(exist_ok=True)  # TFG212
        return x if other.exists() and folder.exists() and name.encode() else x + len(below.parts)
# run: torch.compile(Net())(torch.ones(3), "a", Path("/dev/null"), Path("a"), Path("b"))
"""
