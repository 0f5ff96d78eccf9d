"""Running one block of code on the installed torch."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.machinery
import importlib.util
import io
import itertools
import os
import random
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from fullgraph.verify import old_torch
from fullgraph.verify.away import Away
from fullgraph.verify.calls import CompileCalls, Operations, States
from fullgraph.verify.graphs import Captured
from fullgraph.verify.messages import break_of
from fullgraph.verify.observation import Observation, OracleError
from fullgraph.verify.torchlog import TorchLog, listening
from fullgraph.verify.values import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

_OF_DYNAMO = "torch._dynamo.exc"
_REFUSALS = frozenset({"Unsupported", "UserError"})  # what fullgraph=True raises at a break
INTERNAL_ERROR = "InternalTorchDynamoError"
"""What Dynamo raises, in every mode, where it fails itself."""
_OF_DEPRECATION = (DeprecationWarning, FutureWarning)
_PACKAGE = "fullgraph_package"
_serial = itertools.count(1)


def observe(
    source: str, *, compiled: bool = True, away: bool = False, beside: Mapping[str, str] | None = None
) -> Observation:
    """Run one block in a fresh module and say what torch did.

    The block may define `CALL = function, argument, ...` (one call) or `CALLS = function, [(argument, ...), ...]` (a
    call for each tuple); otherwise it is only imported. Whatever backend it names, graphs are captured and run as they
    are. With `compiled=False`, `torch.compile` gives back what it was given, so that the result is that of eager code.
    With `away`, too, and tensors are as if they were on another device. Files `beside` the block can be imported, from
    its package or by themselves.
    """
    with warnings.catch_warnings(record=True) as warned, tempfile.TemporaryDirectory(prefix="fullgraph-") as folder:
        warnings.simplefilter("ignore")
        for category in _OF_DEPRECATION:
            warnings.filterwarnings("always", category=category)
        path = Path(folder, f"fullgraph_block_{next(_serial)}.py")
        path.write_text(source, encoding="utf-8")
        with _package(Path(folder), beside or {}):
            seen = _observe(path, _torch(), compiled=compiled and not away, away=Away(str(path)) if away else None)
        lines = frozenset(item.lineno for item in warned if item.filename == str(path))
        return dataclasses.replace(seen, warned_lines=lines)


@contextlib.contextmanager
def _package(folder: Path, beside: Mapping[str, str]) -> Iterator[None]:
    """Put files into the folder of a block, and have them be importable for a while: the folder is a package then."""
    if not beside:
        yield
        return
    for name, source in beside.items():
        Path(folder, name).write_text(source, encoding="utf-8")
    package = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(_PACKAGE, None, is_package=True))
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
    importlib.invalidate_caches()
    try:
        with mock.patch.object(sys, "path", [str(folder), *sys.path]):
            yield
    finally:
        names = [Path(each).stem for each in beside]
        for name in (*names, *(f"{_PACKAGE}.{each}" for each in names), _PACKAGE):
            sys.modules.pop(name, None)


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        raise OracleError("the oracle needs torch: pip install 'fullgraph[verify]'") from error


def _observe(path: Path, torch: Any, *, compiled: bool, away: Away | None) -> Observation:
    captured, errors = Captured(), _Errors(path)
    dynamo: Any = importlib.import_module("torch._dynamo")
    # torch.compile itself stays what it is, since Dynamo knows it by identity; this is the function that it ends in
    calls = CompileCalls(str(path), optimize_with(dynamo.optimize, captured) if compiled else _optimize_nothing)
    operations, states = Operations(str(path), calls), States(str(path))
    around = contextlib.nullcontext() if away is None else away.watched()
    watching = contextlib.nullcontext() if compiled or away is not None else operations.watched()
    with (
        listening(str(path), fully=True) as log,
        _sandbox(torch, dynamo) as output,
        mock.patch.object(dynamo, "optimize", calls.optimize),
        states.watched(),
        around,
    ):
        result = _run(path, errors, watching)
        log.breaks += old_torch.unlogged(log.breaks, log.skipped)
        _cross_check(log)
    return Observation(
        torch=torch.__version__,
        break_lines=log.break_lines() | errors.break_lines,
        break_reasons=log.break_reasons(),
        breaks=len(log.breaks) + errors.refusals,
        recompilations=max(0, len(log.recompiles) - len(log.limits)),
        recompile_lines=log.recompile_lines(),
        recompiled=log.recompiled(),
        limit_lines=log.limited(),
        graphs=len(captured.graphs),
        move_lines=captured.move_lines(str(path)),
        list_lines=captured.list_lines(str(path)),
        compile_lines=tuple(calls.lines),
        again_lines=frozenset(calls.again),
        captured_lines=captured.lines(str(path)),
        traced_lines=log.traced_lines(),
        prefixed_lines=frozenset(states.prefixed),
        operations=frozenset(operations.stacks),
        entries=frozenset(operations.entries),
        waits=() if away is None else tuple(sorted(away.waits.elements())),
        errors=tuple(errors.texts),
        error_lines=errors.lines,
        failed_lines=errors.failed_lines,
        raised_lines=errors.raised_lines,
        result=result,
        output=output.getvalue(),
        reports=tuple(log.breaks + log.recompiles + log.limits),
    )


class _Errors:
    """What a block raised."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts: list[str] = []
        self.refusals = 0
        self.break_lines: frozenset[int] = frozenset()
        self.lines: frozenset[int] = frozenset()
        self.failed_lines: frozenset[int] = frozenset()
        self.raised_lines: frozenset[int] = frozenset()

    def add(self, error: Exception) -> None:
        """Keep an error. One by which Dynamo refuses to break the graph (`fullgraph=True`) knows where that is."""
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        self.texts.append(f"{type(error).__name__}: {first}" if first else type(error).__name__)
        steps = traceback.walk_tb(error.__traceback__)
        self.lines |= frozenset([line for frame, line in steps if frame.f_code.co_filename == str(self.path)][-1:])
        if is_refusal(error):
            self.refusals += 1
            stack = getattr(error, "real_stack", ())
            self.break_lines |= frozenset([frame.lineno for frame in stack if frame.filename == str(self.path)][-1:])
        elif type(error).__module__ == _OF_DYNAMO and (traced := break_of(str(error))) is not None:
            rows = frozenset([place.row for place in traced.places if place.path == str(self.path)][:1])
            if type(error).__name__ == INTERNAL_ERROR:
                self.failed_lines |= rows
            else:
                self.raised_lines |= rows


def _run(path: Path, errors: _Errors, watching: contextlib.AbstractContextManager[None]) -> Any:
    """Import the block and make its calls, and watch these."""
    with _imported(path, errors) as module, watching:
        if hasattr(module, "CALL"):
            function, *arguments = module.CALL
            return _call(function, tuple(arguments), errors)
        if not hasattr(module, "CALLS"):
            return None
        function, calls = module.CALLS
        for arguments in calls:
            if not isinstance(arguments, tuple):
                raise OracleError(f"CALLS needs a tuple of arguments for each call, not {arguments!r}")
        return [_call(function, arguments, errors) for arguments in calls]


@contextlib.contextmanager
def _imported(path: Path, errors: _Errors) -> Iterator[ModuleType]:
    """Import the block, for a while; where that fails, the module holds what was defined until then."""
    name = f"{_PACKAGE}.{path.stem}" if _PACKAGE in sys.modules else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise OracleError(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a block raises is an observation
        errors.add(error)
    try:
        yield module
    finally:
        del sys.modules[name]


def _call(function: Callable[..., Any], arguments: tuple[Any, ...], errors: _Errors) -> Any:
    try:
        return snapshot(function(*arguments))
    except Exception as error:  # whatever a block raises is an observation
        errors.add(error)
        return None


def is_refusal(error: Exception) -> bool:
    """Whether an error is the one by which Dynamo refuses to break the graph (`fullgraph=True`)."""
    return type(error).__module__ == _OF_DYNAMO and type(error).__name__ in _REFUSALS


def optimize_with(real: Callable[..., Any], captured: Captured) -> Callable[..., Any]:
    """Make a `torch._dynamo.optimize` that has the capturing backend in place of any other."""

    def optimize(*arguments: Any, **options: Any) -> Any:
        options.pop("backend", None)
        return real(captured.backend, *arguments[1:], **options)

    return optimize


def _optimize_nothing(*_arguments: Any, **_options: Any) -> Callable[[Any], Any]:
    """Stand in for `torch._dynamo.optimize`, and leave everything as it is."""
    return lambda model: model


@contextlib.contextmanager
def _sandbox(torch: Any, dynamo: Any) -> Iterator[io.StringIO]:
    """Give the block a fresh Dynamo, fixed seeds and something to read, and undo what it does; yield its output."""
    output, answers = io.StringIO(), io.StringIO("c\n" * 100)
    with contextlib.ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        stack.callback(old_torch.restorer(dynamo.config))
        stack.callback(dynamo.reset)
        stack.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        stack.callback(_leave_group, torch)
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(mock.patch.dict(os.environ))
        stack.enter_context(mock.patch.object(sys, "stdin", answers))
        stack.enter_context(contextlib.redirect_stdout(output))
        dynamo.reset()
        importlib.import_module("torch._dynamo.utils").counters.clear()
        torch.manual_seed(0)
        random.seed(0)
        yield output


def _leave_group(torch: Any) -> None:
    """Leave the group of processes that a block entered, so that another can enter one."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def _cross_check(log: TorchLog) -> None:
    """Compare with torch's own counters: a break that was counted but not logged is one that the oracle missed."""
    counted = sum(importlib.import_module("torch._dynamo.utils").counters["graph_break"].values())
    if counted and not log.breaks:
        raise OracleError(f"torch counted {counted} graph breaks and logged none")
