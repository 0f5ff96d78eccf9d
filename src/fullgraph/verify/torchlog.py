"""Reading Dynamo's own log: where it broke the graph, and why it compiled again.

No other signal of torch sees every break and every recompilation (`torch._dynamo.explain` misses breaks before the
first operation, the counters miss a branch on a tensor), so the text of the log is read. A text that is not understood
is an error: silence must mean clean.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING
from unittest import mock

from fullgraph.verify.observation import OracleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BREAK = re.compile(r"Graph break\b.* in user code at (.+):(\d+)$", re.M)
_RECOMPILE = re.compile(r"Recompiling function .+ in (.+):(\d+)$", re.M)
_LIMIT = re.compile(r"hit config\.\w+ \(\d+\)\s+function: '.*' \((.+):(\d+)\)")
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+), in ')
_GUARD = re.compile(r"#.*# (\S+):(\d+) in ")


class TorchLog(logging.Handler):
    """The messages of torch's loggers while one block ran, and what they say about the file `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(logging.DEBUG)
        self.path = path
        self.breaks: list[str] = []
        self.recompiles: list[str] = []
        self.limits: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Sort one message; those of no interest are dropped."""
        message = record.getMessage()
        if record.name.endswith(".__graph_breaks"):
            self.breaks.append(message)
        elif record.name.endswith(".__recompiles"):
            self.recompiles.append(message)
        elif "hit config." in message and "limit" in message:
            self.limits.append(message)

    def break_lines(self) -> frozenset[int]:
        """Find the line of the file that each reported break blames, or that led to it."""
        return frozenset(line for message in self.breaks for line in self._break_line(message))

    def _break_line(self, message: str) -> list[int]:
        trace = message.rpartition("User code traceback:")[2]
        frames = _BREAK.findall(message)[:1] + _FRAME.findall(trace)[::-1]
        if not frames:
            raise OracleError(f"a graph break was reported in words that the oracle does not know:\n{message}")
        return self._ours(frames)[:1]

    def recompiled(self) -> frozenset[int]:
        """Find the first lines of the functions that were compiled again."""
        return self._heads(_RECOMPILE, self.recompiles, "a recompilation")

    def limited(self) -> frozenset[int]:
        """Find the first lines of the functions that met the recompile limit."""
        return self._heads(_LIMIT, self.limits, "a recompile limit")

    def recompile_lines(self) -> frozenset[int]:
        """Find the lines that torch names for the guards that failed."""
        named = [place for message in self.recompiles for place in _FRAME.findall(message) + _GUARD.findall(message)]
        return frozenset(self._ours(named))

    def _heads(self, pattern: re.Pattern[str], messages: list[str], what: str) -> frozenset[int]:
        heads: list[int] = []
        for message in messages:
            found = pattern.search(message)
            if found is None:
                raise OracleError(f"{what} was reported in words that the oracle does not know:\n{message}")
            heads += self._ours([(found[1], found[2])])
        return frozenset(heads)

    def _ours(self, places: Iterable[tuple[str, str]]) -> list[int]:
        """Keep the lines of the file. It is known by its name, which is unique: torch shortens some paths."""
        name = PurePath(self.path).name
        return [int(line) for file, line in places if PurePath(file).name == name]


@contextlib.contextmanager
def listening(path: str) -> Iterator[TorchLog]:
    """Have torch report to a `TorchLog` about the file `path` and to nobody else, and restore its logging."""
    internal = importlib.import_module("torch._logging._internal")
    importlib.import_module("torch._dynamo.convert_frame")  # it and what it imports own the loggers
    log = TorchLog(path)
    with mock.patch.dict(os.environ), contextlib.ExitStack() as stack:
        os.environ.pop("TORCH_LOGS", None)  # set_logs does nothing where it is set
        stack.callback(internal._init_logs)
        stack.callback(internal._set_log_state, internal._get_log_state())
        internal._set_log_state(internal.LogState())
        internal.set_logs(graph_breaks=True, recompiles=True)
        stack.enter_context(_redirected(log))
        stack.enter_context(_guards_with_lines())
        yield log


@contextlib.contextmanager
def _guards_with_lines() -> Iterator[None]:
    """Have Dynamo note which line a guard stems from: torch 2.6 does so only while this log is on. Nobody keeps it."""
    logger = logging.getLogger("torch._dynamo.guards.__verbose_guards")
    level = logger.level
    with mock.patch.multiple(logger, handlers=[logging.NullHandler()], propagate=False):
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.setLevel(level)


@contextlib.contextmanager
def _redirected(log: TorchLog) -> Iterator[None]:
    """Give every logger of torch that has handlers the handler `log` alone, for a while."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "torch"]
    for artifact in ("graph_breaks", "recompiles"):
        if not any(name.endswith(f".__{artifact}") for name in names):
            raise OracleError(f"this torch has no {artifact!r} log: the oracle cannot see what it does")
    loggers = [logger for logger in map(logging.getLogger, names) if logger.handlers and logger.name != "torch.__trace"]
    saved = [(logger, list(logger.handlers), logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:], logger.propagate = [log], False
    try:
        yield
    finally:
        for logger, handlers, propagate in saved:
            logger.handlers[:], logger.propagate = handlers, propagate
