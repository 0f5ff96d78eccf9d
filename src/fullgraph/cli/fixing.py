"""``fullgraph check --fix`` and ``--diff``: what is done with the fixes of one file."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fullgraph.cli import terminal
from fullgraph.cli.files import STDIN, reason_of
from fullgraph.semantic.source import decode
from fullgraph.semantic.source import split_lines_with_ends as lines_of
from fullgraph.textfile import TextFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from fullgraph.cli.files import File
    from fullgraph.engine.finding import Finding
    from fullgraph.engine.settings import Settings
    from fullgraph.fix.rounds import Spared
    from fullgraph.semantic.traced import FileRegion

    Linking: TypeAlias = Callable[[], FileRegion | None]


@dataclass(frozen=True, slots=True)
class FixMode:
    """What is asked for: to write fixes, unsafe ones too, or only to show them."""

    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False

    @property
    def active(self) -> bool:
        """Whether fixes are to be worked out."""
        return self.fix or self.diff


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file: its bytes, how many findings are gone, what remains, and whether something went wrong."""

    data: bytes
    fixed: int
    findings: list[Finding]
    failed: bool = False


def fix_file(
    file: File,
    data: bytes,
    findings: list[Finding],
    settings: Settings,
    mode: FixMode,
    linked: Linking,
    spared: Spared | None = None,
) -> Outcome:
    """Fix one file, or show how it would be fixed; the code from stdin goes to stdout.

    ``linked`` says what is traced in it, if that is asked, and ``spared`` which findings are to stay.
    """
    from fullgraph.fix import fix_source, is_applied  # noqa: PLC0415 - brings LibCST

    nothing = Outcome(data, 0, findings)
    if any(is_applied(finding, unsafe=mode.unsafe_fixes) for finding in findings):
        fixed = fix_source(data, file.shown, settings, unsafe=mode.unsafe_fixes, linked=linked(), spared=spared)
        nothing = Outcome(data, 0, list(fixed.remaining)) if fixed.data == data else nothing
    else:
        fixed = None
    if mode.diff:
        if fixed is not None and fixed.data != data:
            terminal.write(diff(file.shown, decode(data), decode(fixed.data)))
            return Outcome(data, fixed.fixed, list(fixed.remaining))
        return nothing
    if file.path == STDIN:
        _to_stdout(data if fixed is None else fixed.data)
    elif fixed is not None and fixed.data != data:
        try:
            TextFile(Path(file.path), data).replace(fixed.data)
        except OSError as error:
            terminal.complain(f"fullgraph: cannot write {file.shown}: {reason_of(error)}")
            return Outcome(data, 0, findings, failed=True)
    return nothing if fixed is None else Outcome(fixed.data, fixed.fixed, list(fixed.remaining))


def diff(shown: str, before: str, after: str) -> str:
    """Write a unified diff."""
    lines = difflib.unified_diff(lines_of(before), lines_of(after), shown, shown)
    return "".join(line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _to_stdout(data: bytes) -> None:
    """Write bytes as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
