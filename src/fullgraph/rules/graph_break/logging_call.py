"""Traced code logs or warns.

## What is wrong

A call of a logger's method splits the graph, whether or not its level is enabled, and so do the functions of
`logging` and `warnings`. Code that logs once in each layer splits the graph once in each layer.

```python bad
import logging
import warnings

import torch

logger = logging.getLogger(__name__)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    logger.debug("sin %s", y.shape)  # TFG211
    y = y + 1
    warnings.warn("experimental")  # TFG211
    return y * 2


CALL = step, torch.ones(3)
```

```python bad
import logging

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logger = logging.getLogger("net")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin() + 1
        if self.logger.isEnabledFor(logging.DEBUG):  # TFG211
            y = y + 1
        return y * 2


CALL = torch.compile(Net()), torch.ones(3)
```

## What to do

Log outside of the compiled function, or only where the code runs uncompiled:

```python good
import logging
import warnings

import torch

logger = logging.getLogger(__name__)


@torch.compile
def step(x: torch.Tensor) -> torch.Tensor:
    y = x.sin()
    if not torch.compiler.is_compiling():
        logger.debug("sin %s", y.shape)
    y = y + 1
    return y * 2


CALL = step, torch.ones(3)
```

```python good
import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.sin() + 1
        return y * 2


CALL = torch.compile(Net()), torch.ones(3)
```

Dynamo can be told to drop the calls (`torch._dynamo.config.ignore_logger_methods`, from torch 2.6), or to run
`warnings.warn` after the graph (`torch._dynamo.config.reorderable_logging_functions`).

## When it is reported

Functions of `logging`, `warnings` and `loguru`, and methods of what is surely a logger: it was made by a function
named `getLogger` or `get_logger`, or it is imported and called `logger`; `self.log` and `self.log_dict` in methods of a
class that derives from Lightning's `LightningModule`. As a note only where the code goes on to
`raise` whatever happens. Not below a condition that is false in compiled code, and not where the file sets one of the
options above.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too. Those of Lightning were tried with
lightning 2.6 on torch 2.9, 2.13 and 2.15, with a trainer and without: on 2.13 Dynamo fails with a trainer.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG211",
    "`{call}` in traced code splits the graph, even if nothing is logged",
    remedy="log outside, or under `if not torch.compiler.is_compiling():`",
    since="0.2",
)

_LEVELS = ("critical", "debug", "error", "exception", "info", "warning")
_METHODS = (
    *_LEVELS,
    "fatal",
    "getEffectiveLevel",
    "info_once",
    "isEnabledFor",
    "log",
    "setLevel",
    "warn",
    "warn_once",
    "warning_advice",
    "warning_once",
)
_FUNCTIONS = (
    "logging.basicConfig",
    "logging.getLogger",
    "logging.log",
    "logging.warn",
    *(f"logging.{level}" for level in _LEVELS),
    *(f"loguru.logger.{level}" for level in _LEVELS),
    "warnings.filterwarnings",
    "warnings.simplefilter",
    "warnings.warn",
    "warnings.warn_explicit",
)
_MAKERS = frozenset({"Logger", "LoggerAdapter", "getLogger", "get_logger"})
_LIGHTNING = frozenset({"lightning", "pytorch_lightning"})
_LIFTED = ("ignore_logger_methods", "ignore_logging_functions", "reorderable_logging_functions")


@RULE.call(*_FUNCTIONS, where=Traced.POSSIBLE)
def calls_function(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``logging.info(...)`` and ``warnings.warn(...)``; what makes loggers gives the root logger away freely."""
    if not call.args and not call.keywords and ctx.names(call.func) == ("logging.getLogger",):
        return
    yield ctx.at(call, unless=_unless(*ctx.names(call.func)), call=ctx.text(call.func))


@RULE.method(*_METHODS, of=None, where=Traced.POSSIBLE)
def calls_method(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``logger.info(...)``."""
    match call.func:
        case ast.Attribute(value=ast.Name() | ast.Attribute() as receiver, attr=method):
            if _is_logger(receiver, method, ctx):
                unless = _unless(f"logging.Logger.{method}", *ctx.names(call.func))
                yield ctx.at(call, unless=unless, call=ctx.text(call.func))
        case _:
            return


@RULE.method("log", "log_dict", of=None, where=Traced.POSSIBLE)
def logs_step(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``self.log(...)`` of a ``LightningModule``."""
    match call.func:
        case ast.Attribute(value=receiver) if ctx.is_self(receiver) and not ctx.bindings(call.func):
            if _is_of_lightning(ctx):
                yield ctx.at(call, call=ctx.text(call.func))
        case _:
            return


def _is_of_lightning(ctx: Context) -> bool:
    """Whether the method that is looked at belongs to a class that derives from Lightning's own."""
    function = ctx.function()
    owner = ctx.parent(function) if function is not None else None
    bases = owner.bases if isinstance(owner, ast.ClassDef) else []
    return any(
        path.split(".")[0] in _LIGHTNING and path.endswith(".LightningModule")
        for base in bases
        for path in ctx.names(base)
    )


def _unless(*paths: str) -> tuple[str, ...]:
    """The settings that lift a call of one of these, or of something that a setting does not name plainly."""
    return tuple(f"{setting}:{path}" for setting in _LIFTED for path in (*paths, "*"))


def _is_logger(receiver: ast.expr, method: str, ctx: Context) -> bool:
    makers = ctx.made_by(receiver)
    if makers:
        return all(path.rpartition(".")[2] in _MAKERS and not path.startswith("structlog.") for path in makers)
    path = ctx.imported_path(receiver)
    if path is None or path.startswith("loguru.") or not isinstance(receiver, ast.Name):
        return False
    return path.rpartition(".")[2].strip("_").lower() == "logger" and method in _METHODS


CASES = """
import logging
from logging import getLogger, warning
import torch
from torch import nn
from .utils import logging as tools
from .log import logger as imported, other

logger = tools.get_logger(__name__)
LOG: logging.Logger = getLogger()

class Net(nn.Module):
    shared = logging.LoggerAdapter(getLogger("x"), {})

    def __init__(self):
        super().__init__()
        self.logger = logging.getLogger("net")
        self.logger.info("built")

    def forward(self, x):
        logger.warning_once("a")  # TFG211
        LOG.info("a")  # TFG211
        imported.info("a")  # TFG211
        self.logger.debug(  # TFG211
            "a",
        )
        self.shared.error("a")  # TFG211
        warning("a")  # TFG211
        logging.getLogger("y").info("a")  # TFG211
        other.info("a")  # unreported
        if LOG.level > 10 and not LOG.disabled:  # unreported
            return x
        return x + 1
# run: torch.compile(Net())(torch.ones(3))
# beside log.py: import logging; logger = other = logging.getLogger()
# beside utils.py: import logging as real, types; class Logger(real.Logger): warning_once = real.Logger.warning
# beside utils.py: logging = types.SimpleNamespace(get_logger=Logger)
---
# a path that ends in an error
import warnings
import torch

@torch.compile
def step(x, mode):
    if mode == "a":
        return x
    else:
        warnings.warn("no such mode")  # TFG211
        for name in ("a", "b"):
            x = x + 1
    raise ValueError(mode)
# run: step(torch.ones(3), "a")
# run: step(torch.ones(3), "b")
---
# not traced, or not known to be a logger
import math
import logging
import warnings
import torch
from torch import nn
from mypackage import experiment, monitor

logger = logging.getLogger(__name__)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.logger = experiment()
        warnings.warn("building")

    def forward(self, x, logger):
        if not torch.compiler.is_compiling():
            warnings.warn("a")
        root = logging.getLogger()
        logger.info("a")
        self.logger.log(x)
        monitor.info("a")
        self.info("b")
        with warnings.catch_warnings():
            return x + math.log(2) + x.log()

    def info(self, text):
        return text

def main():
    logger.info("start")
# run: torch.compile(Net())(torch.ones(3), types.SimpleNamespace(info=lambda text: None))
# beside mypackage.py: import types; monitor = types.SimpleNamespace(info=str)
# beside mypackage.py: experiment = lambda: types.SimpleNamespace(log=id)
---
# the file tells Dynamo to drop them
import logging
import torch

logger = logging.getLogger(__name__)
torch._dynamo.config.ignore_logger_methods.add(logging.Logger.info)

@torch.compile
def step(x):
    logger.info("step")
    return x + 1
# run: step(torch.ones(3))
---
# Lightning's own, which is neither a logger nor a method of this file
import lightning as L
import torch
from pytorch_lightning import LightningModule

class Net(L.LightningModule):
    def training_step(self, batch, index):
        loss = self.loss(batch)
        self.log("loss", loss)  # TFG211
        self.log_dict({"loss": loss})  # TFG211
        return loss

    def loss(self, batch):
        return batch.sum()

    def on_train_end(self):
        self.log("end", 1)

class Own(LightningModule):
    def log(self, name, value):
        return value

    def training_step(self, batch, index):
        return self.log("loss", batch.sum())

class Other(torch.nn.Module):
    def forward(self, x):
        self.log("x", x)
        return x
# not run: it needs Lightning
---
# what compiled code does not evaluate
import logging
import torch
from torch import nn

log = logging.getLogger(__name__)

class Net(nn.Module):
    def forward(self, x):
        if not torch.compiler.is_compiling() and log.isEnabledFor(logging.DEBUG):
            return x * 2
        if torch.compiler.is_compiling() or log.isEnabledFor(logging.DEBUG):
            x = x * 3
        if log.isEnabledFor(logging.DEBUG) and not torch.compiler.is_compiling():  # TFG211
            return x * 4
        level = 0 if torch.compiler.is_compiling() else log.getEffectiveLevel()
        torch.compiler.is_compiling() or log.info("eager")
        return x
# run: torch.compile(Net())(torch.ones(3))
"""
