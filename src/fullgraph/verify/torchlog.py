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
from typing import TYPE_CHECKING, TypeVar
from unittest import mock

from fullgraph.verify import old_torch
from fullgraph.verify.messages import Event, Place, break_of, guards_of, is_about_limit, limit_of, recompilation_of
from fullgraph.verify.observation import OracleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_Read = TypeVar("_Read")
_TRACED = re.compile(r"TRACE starts_line (.+):(\d+) in ")


class TorchLog(logging.Handler):
    """The messages of torch's loggers while one block ran, and what they say about the file `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(logging.DEBUG)
        self.path = path
        self.breaks: list[str] = []
        self.recompiles: list[str] = []
        self.limits: list[str] = []
        self.skipped: list[str] = []
        self.traced: set[Place] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Sort one message; those of no interest are dropped."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:  # where torch 2.4 has the reason
            error = record.exc_info[1]
            message += f"\nTraceback (most recent call last):\n{type(error).__module__}.{type(error).__name__}: {error}"
        if record.name.endswith(".__trace_source"):
            self.traced.update(Place(found[1], int(found[2])) for found in _TRACED.finditer(message))
        elif record.name.endswith(".__graph_breaks"):
            self.breaks.append(message)
        elif record.name.endswith(".__recompiles"):
            self.recompiles.append(message)
        elif is_about_limit(message):
            self.limits.append(message)
        elif (told := old_torch.skipped(message)) is not None:
            self.skipped.append(told)

    def break_lines(self) -> frozenset[int]:
        """Find the line of the file that each reported break blames, or that led to it."""
        return frozenset(row for row, _ in self.break_reasons())

    def break_reasons(self) -> tuple[tuple[int, str], ...]:
        """Find the line of the file and the reason of each reported break that a line of the file led to."""
        breaks = [_known(break_of, message, "a graph break") for message in self.breaks]
        return tuple((row, each.why) for each in breaks for row in self._ours(each.places)[:1])

    def recompiled(self) -> frozenset[int]:
        """Find the first lines of the functions that were compiled again."""
        events = [_known(recompilation_of, message, "a recompilation") for message in self.recompiles]
        return frozenset(self._ours(event.function for event in events if event.function is not None))

    def limited(self) -> frozenset[int]:
        """Find the first lines of the functions that met the recompile limit."""
        events = [_known(limit_of, message, "a recompile limit") for message in self.limits]
        return frozenset(self._ours(event.function for event in events))

    def recompile_lines(self) -> frozenset[int]:
        """Find the lines that torch names for the guards that failed."""
        return frozenset(self._ours(place for message in self.recompiles for place in guards_of(message)))

    def traced_lines(self) -> frozenset[int]:
        """Find the lines of the file that Dynamo traced, or began to."""
        return frozenset(self._ours(self.traced))

    def events(self) -> Iterator[Event]:
        """Give all that was told, as data."""
        yield from (_known(break_of, message, "a graph break") for message in self.breaks)
        yield from (_known(recompilation_of, message, "a recompilation") for message in self.recompiles)
        yield from (_known(limit_of, message, "a recompile limit") for message in self.limits)

    def _ours(self, places: Iterable[Place]) -> list[int]:
        """Keep the lines of the file. It is known by its name, which is unique: torch shortens some paths."""
        name = PurePath(self.path).name
        return [place.row for place in places if PurePath(place.path).name == name]


def _known(read: Callable[[str], _Read | None], message: str, what: str) -> _Read:
    found = read(message)
    if found is None:
        raise OracleError(f"{what} was reported in words that the oracle does not know:\n{message}")
    return found


@contextlib.contextmanager
def listening(path: str, *, fully: bool = False) -> Iterator[TorchLog]:
    """Have torch report to a `TorchLog` about the file `path` and to nobody else, and restore its logging.

    With `fully`, it also tells each line that it traces, and of a break in library code that it told of before, where
    the call stands.
    """
    internal = importlib.import_module("torch._logging._internal")
    importlib.import_module("torch._dynamo.convert_frame")  # it and what it imports own the loggers
    log = TorchLog(path)
    with mock.patch.dict(os.environ), contextlib.ExitStack() as stack:
        os.environ.pop("TORCH_LOGS", None)  # set_logs does nothing where it is set
        stack.callback(internal._init_logs)
        stack.callback(internal._set_log_state, internal._get_log_state())
        internal._set_log_state(internal.LogState())
        more = {} if old_torch.logs_all() else {"dynamo": logging.INFO}
        internal.set_logs(graph_breaks=True, recompiles=True, trace_source=fully, **more)
        stack.enter_context(_redirected(log))
        stack.enter_context(_guards_with_lines())
        if fully:
            told = importlib.import_module("torch._dynamo.utils").graph_break_dup_warning_checker
            stack.enter_context(mock.patch.object(told, "add", return_value=True))
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
