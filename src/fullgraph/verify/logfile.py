"""Reading what a run left behind: the log of `TORCH_LOGS=graph_breaks,recompiles`, or a directory of `TORCH_TRACE`.

Both are read line by line, among whatever else a program printed. Nothing here needs torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fullgraph.verify.messages import (
    Break,
    Event,
    Recompilation,
    break_of,
    guards_of,
    is_about_limit,
    limit_of,
    recompilation_of,
)

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RECORD = re.compile(
    r"(?:^|.*?[\s\]:|])(?P<head>[VDIWEC]\d{4} \d\d:\d\d:\d\d\.\d+ (?:\d+ )?\S+:\d+\])"
    r"(?: \[(?P<frame>[^\]_][^\]]*)\])?(?: \[__(?P<artifact>\w+)\])?(?: (?P<text>.*))?$"
)
_BEGINS = re.compile(r"Graph break\b|Recompiling function |torch\._dynamo hit config\.")
_TRACES = "dedicated_log_torch_trace_*.log"


class LogError(ValueError):
    """A log that cannot be read, with the reason in words that follow its name."""


@dataclass(frozen=True, slots=True)
class RunLog:
    """What a log says: the events in their order, how many messages were not understood, and whether torch wrote it."""

    events: tuple[Event, ...]
    strange: int = 0
    by_torch: bool = True


@dataclass(slots=True)
class _Message:
    artifact: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def read_log(path: Path) -> RunLog:
    """Read a file, or all traces in a directory.

    Raises:
        LogError: that is not possible.
    """
    try:
        files = sorted(path.glob(_TRACES)) if path.is_dir() else [path]
        if not files:
            raise LogError(f"holds no {_TRACES}, as TORCH_TRACE writes")
        found = [_read_file(file) for file in files]
    except OSError as error:
        raise LogError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    events = tuple(event for each in found for event in each.events)
    return RunLog(events, sum(each.strange for each in found), any(each.by_torch for each in found))


def _read_file(path: Path) -> RunLog:
    with path.open("rb") as start:
        head = start.read(4096)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LogError("is UTF-16; save it as UTF-8")
    if b"\0" in head:
        raise LogError("is no text, so no log of torch")
    with path.open(encoding="utf-8", errors="replace") as lines:
        messages = list(_messages(lines))
    events: list[Event] = []
    strange = 0
    for message in messages:
        read = _READERS.get(message.artifact)
        if read is not None:
            event = read(message.text)
            strange += event is None
            events += [event] if event is not None else []
    return RunLog(tuple(_with_stacks(events)), strange, by_torch=bool(messages))


def _messages(lines: Iterable[str]) -> Iterator[_Message]:
    """Put the lines of each message together: those of several processes may be mixed."""
    open_now: dict[str, _Message] = {}
    payload: _Message | None = None
    for raw in lines:
        line = _COLOUR.sub("", raw.rstrip("\r\n"))
        if payload is not None and line.startswith("\t"):
            payload.lines.append(line[1:])
            continue
        if payload is not None:
            yield payload
            payload = None
        found = _RECORD.match(line)
        if found is None:
            continue
        text = found["text"] or ""
        if text.startswith("{"):
            payload = _Message(_traced_artifact(text), [])
            continue
        key = f"{found['head']} {found['frame']} {found['artifact']}"
        if key in open_now and not _BEGINS.match(text):
            open_now[key].lines.append(text)
            continue
        if key in open_now:
            yield open_now.pop(key)
        artifact = found["artifact"] or ("limit" if is_about_limit(text) else "")
        open_now[key] = _Message(artifact, [text])
    if payload is not None:
        yield payload
    yield from open_now.values()


def _traced_artifact(text: str) -> str:
    """The name of an artifact of a structured trace; empty for entries of other kinds."""
    if '"artifact"' not in text:
        return ""
    try:
        artifact = json.loads(text).get("artifact")
    except ValueError:
        return ""
    return str(artifact.get("name", "")) if isinstance(artifact, dict) else ""


def _traced_recompilation(text: str) -> Event | None:
    """Failed guards in a structured trace: a list in JSON, or their text."""
    if text.lstrip().startswith("["):
        try:
            text = "\n".join(map(str, json.loads(text)))
        except ValueError:
            return None
    reason = re.sub(r"^\d+/\d+: ", "", text.partition("\n")[0].partition("  #")[0]).strip()
    return Recompilation(None, guards_of(text), reason)


_READERS: dict[str, Callable[[str], Event | None]] = {
    "graph_breaks": break_of,
    "recompiles": recompilation_of,
    "limit": limit_of,
    "dynamo_graph_break_reason": break_of,
    "recompile_reasons": _traced_recompilation,
}


def _with_stacks(events: Iterable[Event]) -> Iterator[Event]:
    """Give breaks whose stack torch left out, since it was told before, the stack of the first at that place."""
    first: dict[tuple[str, int], Break] = {}
    for event in events:
        if isinstance(event, Break):
            place = event.places[0].path, event.places[0].row
            if len(event.places) == 1 and not event.places[0].text:
                known = first.get(place)
                yield event if known is None else Break(known.places, event.reason or known.reason, event.number)
                continue
            first.setdefault(place, event)
        yield event
