"""The group of commands, and what becomes of an error."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullgraph import __version__
from fullgraph.cli import terminal
from fullgraph.cli.allow import allow
from fullgraph.cli.baseline import baseline
from fullgraph.cli.check import check
from fullgraph.cli.clean import clean
from fullgraph.cli.map import map_region
from fullgraph.cli.rule import rule
from fullgraph.cli.verify import verify
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAILED = 2
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_SETTINGS, invoke_without_command=True)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> int | None:
    """Say what will hurt under torch.compile, and why, without running anything; only verify runs code."""
    if ctx.invoked_subcommand is not None:
        return None
    terminal.complain(ctx.get_help())
    return _FAILED


cli.add_command(check)
cli.add_command(allow)
cli.add_command(baseline)
cli.add_command(clean)
cli.add_command(map_region)
cli.add_command(rule)
cli.add_command(verify)


def run(argv: Sequence[str] | None) -> int:
    """Run the command that the arguments name; an error becomes one line on stderr and exit status 2."""
    terminal.prepare()
    try:
        status = cli.main(args=None if argv is None else list(argv), prog_name="fullgraph", standalone_mode=False)
    except ConfigError as error:
        prefix = "fullgraph: " if error.where.startswith("-") else ""
        return _fail(f"{prefix}{error}")
    except click.ClickException as error:
        return _fail(f"fullgraph: {_in_one_line(error.format_message())}")
    except click.Abort:
        raise KeyboardInterrupt from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except Exception as error:  # the last line of defence: a user sees no traceback
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return _fail(f"fullgraph: internal error at {_place(error)}: {what}; please report it")
    return status if isinstance(status, int) else 0


def _fail(message: str) -> int:
    terminal.complain(message)
    return _FAILED


def _in_one_line(text: str) -> str:
    text = " ".join(text.split())
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "fullgraph" in Path(frame.filename).parts]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
