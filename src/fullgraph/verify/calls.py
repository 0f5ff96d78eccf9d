"""Who asked torch to compile what, and which lines of a block worked on tensors eagerly."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_PREFIX = "_orig_mod."
_ORIGINAL = "_torchdynamo_orig_callable"


class CompileCalls:
    """Stands in for `torch._dynamo.optimize`, which `torch.compile` ends in, and notes what it was given, and where."""

    def __init__(self, path: str, real: Callable[..., Any]) -> None:
        self._path = path
        self._real = real
        self.lines: list[int] = []
        self.again: list[int] = []
        self.given: list[Any] = []
        """What was to be compiled: functions, and modules, also those whose method was."""

    def optimize(self, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
        """Give back what compiles; `torch.compile` calls this."""
        compiler = self._real(*arguments, **options)

        def compile_(given: Any) -> Any:
            result = compiler(given)
            line = next((frame.f_lineno for frame in _frames(self._path)), 0)
            self.lines.append(line)
            self.given += [given, getattr(given, "__self__", given)]
            if (original := _original(given)) is not None and _original(result) is original:
                self.again.append(line)
            return result

        return compile_

    def is_entered_by(self, frame: FrameType) -> bool:
        """Say whether a frame runs a function that was to be compiled, or a method of such a module."""
        code = frame.f_code
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        return any(each is first or getattr(each, "__code__", None) is code for each in self.given)


class Operations:
    """The operations on tensors while eager code runs."""

    def __init__(self, path: str, calls: CompileCalls) -> None:
        self._path = path
        self._calls = calls
        self.stacks: set[tuple[int, ...]] = set()
        self.entries: set[tuple[int, int]] = set()

    def note(self) -> None:
        """Note which lines led to an operation."""
        frames = list(_frames(self._path))[::-1]
        if not frames:
            return
        self.stacks.add(tuple(frame.f_lineno for frame in frames))
        for caller, frame in itertools.pairwise(frames):
            if self._calls.is_entered_by(frame) and not self._calls.is_entered_by(caller):
                self.entries.add((caller.f_lineno, frames[-1].f_lineno))

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Have each operation noted for a while. Dynamo compiles nothing meanwhile."""
        note = self.note
        base: Any = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode

        class Noting(base):  # type: ignore[misc]
            def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
                note()
                return func(*args, **(kwargs or {}))

        with Noting():
            yield


class States:
    """The states that were taken from modules, and given to them."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.prefixed: set[int] = set()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Have `state_dict` and `load_state_dict` of modules noted for a while."""
        module: Any = importlib.import_module("torch.nn").Module
        take, give = module.state_dict, module.load_state_dict

        def state_dict(this: Any, *arguments: Any, **options: Any) -> Any:
            state = take(this, *arguments, **options)
            if _is_prefixed(state):
                self._note()
            return state

        def load_state_dict(this: Any, state: Any, *arguments: Any, **options: Any) -> Any:
            if _is_prefixed(dict(this.named_parameters())) and state and not _is_prefixed(state):
                self._note()
            return give(this, state, *arguments, **options)

        with (
            mock.patch.object(module, "state_dict", state_dict),
            mock.patch.object(module, "load_state_dict", load_state_dict),
        ):
            yield

    def _note(self) -> None:
        self.prefixed.update([frame.f_lineno for frame in _frames(self._path)][:1])


def _is_prefixed(state: Any) -> bool:
    return bool(state) and all(key.startswith(_PREFIX) for key in state)


def _original(wrapper: Any) -> Any:
    """Give the function that a wrapper of torch calls; None for what is no such wrapper."""
    original: Any = getattr(wrapper, _ORIGINAL, None)
    if original is not None:
        original = inspect.unwrap(original)
    return getattr(original, "__func__", original)


def _frames(path: str) -> Iterator[FrameType]:
    """Give the running frames of the file, innermost first."""
    name = PurePath(path).name
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if PurePath(frame.f_code.co_filename).name == name:
            yield frame
        frame = frame.f_back
