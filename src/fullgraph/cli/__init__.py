"""The command line: ``fullgraph check`` and ``fullgraph rule``.

Exit status: 0 clean, 1 findings, 2 the run could not be done as asked, 130 interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; no error leaves this function."""
    try:
        # Imported here, so that an interrupt while the imports run is met as any other.
        from fullgraph.cli.commands import run  # noqa: PLC0415

        return run(argv)
    except KeyboardInterrupt:
        return _INTERRUPTED
