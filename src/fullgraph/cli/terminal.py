"""Writing to stdout and stderr: encodings, colours, and readers that go away."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

import click

from fullgraph.report.model import Style

_NARROWEST, _WIDEST, _DEFAULT_WIDTH = 60, 160, 120


def prepare() -> None:
    """Make sure that neither a character nor a closed stream can make the output fail."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(text: str, *, to_stderr: bool = False, colour: bool = False) -> None:
    """Write a text as it is; if nobody reads any more, drop it quietly.

    Raises:
        click.ClickException: it cannot be written, as on a full disk.

    """
    stream = sys.stderr if to_stderr else sys.stdout
    try:
        click.echo(text, file=stream, nl=False, color=colour)
    except BrokenPipeError:
        _stop_writing(stream)
    except OSError as error:
        _stop_writing(stream)
        raise click.ClickException(f"cannot write to {stream.name}: {error.strerror or error}") from error


def complain(message: str) -> None:
    """Write one message to stderr."""
    write(f"{message}\n", to_stderr=True)


def style_for(stream: TextIO) -> Style:
    """Find out what a stream can show."""
    terminal = stream.isatty()
    width = shutil.get_terminal_size().columns if terminal else _DEFAULT_WIDTH
    return Style(
        colour=_wants_colour(terminal=terminal),
        encoding=stream.encoding or "ascii",
        width=min(max(width, _NARROWEST), _WIDEST),
    )


def _wants_colour(*, terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _stop_writing(stream: TextIO) -> None:
    """Send the rest nowhere, so that neither a later write nor the interpreter's own flush at exit fails."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
