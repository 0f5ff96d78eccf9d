"""What torch before 2.6 does otherwise: its `graph_breaks` log lacks the breaks at a branch on a tensor."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fullgraph.torchfacts import TorchVersion

_LOGS_ALL = TorchVersion(2, 6)
_SKIPPED = re.compile(r"Skipping frame because there is a graph break in a for/while loop\s+(.*)", re.DOTALL)
_SUMMARY = re.compile(r"<FrameSummary file (.+), line (\d+) in .+>")


def logs_all() -> bool:
    """Whether the log of the installed torch has every break."""
    return TorchVersion.parse(importlib.import_module("torch").__version__) >= _LOGS_ALL


def restorer(config: Any) -> Callable[[], object]:
    """Keep Dynamo's settings as they are now: what is returned brings them back."""
    try:
        return partial(config.load_config, config.save_config())
    except KeyError:  # torch 2.4 cannot save them once some were looked at
        return partial(config._config.update, dict(config._config))


def skipped(message: str) -> str | None:
    """A message that a frame with a loop is left to Python, in the words of the log of breaks; None for any other."""
    found = _SKIPPED.match(message)
    frame = _SUMMARY.search(found[1]) if found is not None else None
    return None if frame is None else _message(frame[1], frame[2], "graph break in a for/while loop")


def unlogged(breaks: Sequence[str], in_loops: Sequence[str]) -> list[str]:
    """The breaks that Dynamo only counted, or told of as skipped frames, in the words of its log."""
    if logs_all():
        return []
    found = list(in_loops)
    for each in importlib.import_module("torch._dynamo.utils").graph_break_reasons:
        if each.user_stack:
            frame = each.user_stack[-1]
            found.append(_message(frame.filename, frame.lineno, str(each.reason).partition("\n")[0]))
    return [message for message in found if not any(_place(message) in _frames(other) for other in breaks)]


def _message(path: str, row: object, reason: str) -> str:
    return f"Graph break in user code at {path}:{row}\nReason: {reason}"


def _place(message: str) -> str:
    return message.partition(" in user code at ")[2].partition("\n")[0]


def _frames(message: str) -> set[str]:
    return {f"{path}:{row}" for path, row in re.findall(r'File "([^"\n]+)", line (\d+), in ', message)}
