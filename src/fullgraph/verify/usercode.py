"""The child process that runs a function of the user under `torch.compile`, and says what Dynamo did."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.util
import random
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from fullgraph.verify import old_torch
from fullgraph.verify.graphs import Captured
from fullgraph.verify.messages import MOVE, RECOMPILATION, Break, Event, Limit, Noted, Place, Recompilation, why_of
from fullgraph.verify.observe import is_refusal, optimize_with
from fullgraph.verify.torchlog import listening

_CALL = "__fullgraph_call__"


@dataclass(frozen=True, slots=True)
class Request:
    """What to run.

    Attributes:
        module: the module's dotted name, or its name alone where it is loaded from a file.
        file: the file that it is loaded from, if it cannot be imported by a name.
        folder: what `sys.path` must hold to import it.
        name: the function, method or class, dotted.
        calls: the arguments of each call, as Python expressions.
        init: the arguments for the constructor of a class.
        as_is: leave it to the code to compile.
    """

    module: str
    file: str | None
    folder: str
    name: str
    calls: tuple[str, ...]
    init: str = ""
    as_is: bool = False


@dataclass(slots=True)
class Answer:
    """What happened.

    Attributes:
        torch: the release that it happened on.
        events: what Dynamo did, each as the name of its class and its fields.
        traced: the rows of each file that Dynamo came to; None where this torch does not tell.
        graphs: how many graphs were captured.
        error: what stopped the run, in one line.
    """

    torch: str
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    traced: dict[str, list[int]] | None = None
    graphs: int = 0
    error: str = ""


def main(request: Any, answer: Callable[[object], None]) -> None:
    """Run what is asked for, and answer once."""
    try:
        done = _run(Request(**{**request, "calls": tuple(request["calls"])}))
    except Exception as error:  # a torch that is broken, or whose words are not known
        done = Answer("", error=f"torch could not be asked: {type(error).__name__}: {_first_line(error)}")
    answer(dataclasses.asdict(done))


def event_of(kind: str, fields: dict[str, Any]) -> Event:
    """Make an event of what an answer holds."""
    values = dict(fields)
    for name in ("places", "guards"):
        if name in values:
            values[name] = tuple(Place(**each) for each in values[name])
    if values.get("function") is not None:
        values["function"] = Place(**values["function"])
    classes: dict[str, Callable[..., Event]] = {each.__name__: each for each in (Break, Recompilation, Limit, Noted)}
    return classes[kind](**values)


def _run(request: Request) -> Answer:
    torch: Any = importlib.import_module("torch")
    dynamo: Any = importlib.import_module("torch._dynamo")
    answer, captured, refused = Answer(str(torch.__version__)), Captured(), list[Event]()
    torch.manual_seed(0)
    random.seed(0)
    with (
        listening("") as log,
        mock.patch.object(dynamo, "optimize", optimize_with(dynamo.optimize, captured)),
        _traced_lines() as lines,
    ):
        try:
            _call_all(request, torch, refused)
        except _StoppedError as stopped:
            answer.error = str(stopped)
    log.breaks += old_torch.unlogged(log.breaks, log.skipped)
    noted = [Noted(_places(stack), MOVE, "") for stack in captured.moves()]
    for stack, lengths in captured.varying_lists():
        noted += [Noted(_places(stack), RECOMPILATION, f"lists of {lengths} lengths")] * (lengths - 1)
    events = [*log.events(), *refused, *noted]
    answer.events = [(type(event).__name__, dataclasses.asdict(event)) for event in events]
    answer.traced = None if lines is None else {path: sorted(rows) for path, rows in lines.items()}
    answer.graphs = len(captured.graphs)
    return answer


class _StoppedError(Exception):
    """The run cannot go on: what to say."""


def _call_all(request: Request, torch: Any, refused: list[Event]) -> None:
    with _told("importing it"):
        module = _imported(request)
    names = {**vars(module), "torch": torch}
    with _told(f"looking for {request.name}"):
        function = _resolved(module, request, names)
    with _told("compiling it"):
        if not request.as_is and not _is_compiled(function):
            function = torch.compile(function)
    for number, arguments in enumerate(request.calls, 1):
        with _told(f"call {number}"):
            try:
                eval(f"{_CALL}({arguments})", {**names, _CALL: function})  # noqa: S307 - asked for
            except Exception as error:
                if not is_refusal(error):
                    raise
                stack = getattr(error, "real_stack", ())
                places = tuple(Place(frame.filename, frame.lineno or 0, frame.line or "") for frame in stack)[::-1]
                refused.append(Break(places, *why_of(str(error))))


@contextlib.contextmanager
def _told(doing: str) -> Iterator[None]:
    """Stop at whatever the code raises, and say it in one line."""
    try:
        yield
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: nothing of the user's may pass for ours
        first = _first_line(error)
        what = f"{type(error).__name__}: {first}" if first else type(error).__name__
        raise _StoppedError(f"{doing} raised {what}{_where(error)}") from None


def _first_line(error: BaseException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return next((line.strip() for line in said.splitlines() if line.strip()), "")


def _where(error: BaseException) -> str:
    """The innermost line of the user's own code that raised, or that Python cannot read."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f" ({error.filename}:{error.lineno})"
    skip = (str(Path(__file__).parent), sysconfig.get_path("stdlib"), "<")
    steps = [(frame.f_code.co_filename, row) for frame, row in traceback.walk_tb(error.__traceback__)]
    ours = [step for step in steps if not step[0].startswith(skip) and "site-packages" not in step[0]]
    return f" ({ours[-1][0]}:{ours[-1][1]})" if ours else ""


def _imported(request: Request) -> ModuleType:
    if request.folder not in sys.path:
        sys.path.insert(0, request.folder)
    if request.file is None:
        return importlib.import_module(request.module)
    spec = importlib.util.spec_from_file_location(request.module, request.file)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {request.file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[request.module] = module
    spec.loader.exec_module(module)
    return module


def _resolved(module: ModuleType, request: Request, names: dict[str, Any]) -> Any:
    """The function; for a class an instance, and for a method one bound to an instance."""
    value: Any = module
    for part in request.name.split("."):
        value = getattr(value, part)
        if isinstance(value, type):
            value = eval(f"{_CALL}({request.init})", {**names, _CALL: value})  # noqa: S307 - asked for
    return value


def _is_compiled(function: Any) -> bool:
    """Whether `torch.compile` made it, or it is a module that compiles itself."""
    known = "_torchdynamo_orig_callable"
    return (
        hasattr(function, known)
        or hasattr(function, "_orig_mod")
        or getattr(function, "_compiled_call_impl", None) is not None
    )


def _places(stack: list[tuple[str, int]]) -> tuple[Place, ...]:
    return tuple(Place(path, row) for path, row in stack)


@contextlib.contextmanager
def _traced_lines() -> Iterator[dict[str, set[int]] | None]:
    """Collect the lines that Dynamo comes to, by file; None where this torch has no such place to ask at."""
    translator = importlib.import_module("torch._dynamo.symbolic_convert").InstructionTranslatorBase
    real = getattr(translator, "starts_line", None)
    if real is None:
        yield None
        return
    lines: dict[str, set[int]] = {}

    def starts_line(self: Any, lineno: Any, *rest: Any, **options: Any) -> Any:
        lines.setdefault(str(self.f_code.co_filename), set()).add(int(lineno or 0))
        return real(self, lineno, *rest, **options)

    with mock.patch.object(translator, "starts_line", starts_line):
        yield lines
