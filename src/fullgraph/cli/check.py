"""``fullgraph check``: lint files and say what was found."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fullgraph.cli import terminal
from fullgraph.cli.files import STDIN, Collected, collect, read, reason_of
from fullgraph.cli.fixing import FixMode, fix_file
from fullgraph.config import Config, ConfigError, from_flags, load_config, options
from fullgraph.project import common_directory, find_config, find_root, resolve_target
from fullgraph.report.model import FORMATS, Report, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fullgraph.engine.check import Settings
    from fullgraph.engine.finding import Finding
    from fullgraph.project import Target

_Function = TypeVar("_Function", bound="Callable[..., int]")


@dataclass(frozen=True, slots=True)
class _Output:
    """How and where to report."""

    output_format: str
    output_file: str | None
    statistics: bool
    quiet: bool
    exit_zero: bool


def _config_options(function: _Function) -> _Function:
    for option in reversed(options()):
        many = option.kind.value.startswith("list")
        text = f"{option.help} Default: {option.default}."
        function = click.option(option.flag, metavar=option.metavar, multiple=many, help=text)(function)
    return function


@click.command(short_help="Lint files and directories.")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@_config_options
@click.option("--isolated", is_flag=True, help="Read no configuration and no torch requirement of the project.")
@click.option("--config", metavar="FILE", help="Configuration to use, instead of the project's pyproject.toml.")
@click.option("--stdin-filename", metavar="PATH", help="What to call the code that is read from stdin.")
@click.option("--fix", is_flag=True, help="Apply the fixes that are safe, and report what remains.")
@click.option("--unsafe-fixes", is_flag=True, help="Count fixes in that may change what the code does.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True, help="How to report.")
@click.option("-o", "--output-file", metavar="FILE", help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
def check(paths: tuple[str, ...], isolated: bool, config: str | None, stdin_filename: str | None, **others: Any) -> int:
    """Lint PATHS: files, directories, or - for stdin; the working directory if none is given.

    Directories are searched for *.py and *.pyi files that git does not ignore.
    """
    if isolated and config is not None:
        raise click.UsageError("--isolated and --config contradict each other")
    paths = paths or ((STDIN,) if stdin_filename is not None else (os.curdir,))
    start = _start(paths, stdin_filename)
    settings = _configuration(start, config, isolated=isolated).overridden_by(from_flags(others))
    target = resolve_target(settings, None if isolated else find_root(start))
    output = _Output(**{each.name: others[each.name] for each in fields(_Output)})
    mode = FixMode(**{each.name: others[each.name] for each in fields(FixMode)})
    return _run(paths, settings, target, stdin_filename, output, mode)


def _start(paths: tuple[str, ...], stdin_filename: str | None) -> Path:
    """Give the directory from which the project is looked for."""
    real = [stdin_filename if path == STDIN else path for path in paths]
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise click.ClickException("the working directory does not exist any more") from error
    return common_directory([Path(path) for path in real if path is not None])


def _configuration(start: Path, given: str | None, *, isolated: bool) -> Config:
    if isolated:
        return Config()
    path = find_config(start) if given is None else Path(given)
    return Config() if path is None else load_config(path)


def _run(
    paths: tuple[str, ...],
    config: Config,
    target: Target,
    stdin_filename: str | None,
    output: _Output,
    mode: FixMode,
) -> int:
    # The linter itself comes last: a wrong argument should not have to wait for it.
    from fullgraph.engine.check import Settings  # noqa: PLC0415
    from fullgraph.engine.registry import INTERNAL_CODES  # noqa: PLC0415
    from fullgraph.engine.selection import enabled_codes  # noqa: PLC0415

    codes = enabled_codes(config)
    if codes <= INTERNAL_CODES.keys():
        terminal.complain("fullgraph: warning: no rule is selected")
    collected = collect(paths, config, stdin_filename)
    for missing in collected.missing:
        terminal.complain(f"fullgraph: no such file or directory: {missing}")
    for empty in collected.empty:
        terminal.complain(f"fullgraph: warning: no Python files found in {empty}")
    report, failed = _lint(collected, Settings(target=target.version, codes=codes), target, mode)
    if mode.diff:
        _write_diff_summary(report, output)
        guilty = bool(report.fixed)
    else:
        _write(report, output, to_stderr=mode.fix and any(file.path == STDIN for file in collected.files))
        guilty = bool(report.findings)
    if collected.missing or failed:
        return 2
    return 1 if guilty and not output.exit_zero else 0


def _lint(collected: Collected, settings: Settings, target: Target, mode: FixMode) -> tuple[Report, bool]:
    """Check the files, and fix them if that is wanted; also tells whether some file could not be written."""
    from fullgraph.engine.check import check_source  # noqa: PLC0415

    findings: list[Finding] = [_unreadable(problem.shown, problem.reason) for problem in collected.unreadable]
    sources: dict[str, bytes] = {}
    checked = fixed = 0
    failed = False
    with _rare_collections():
        for file in collected.files:
            try:
                data = read(file)
            except OSError as error:
                findings.append(_unreadable(file.shown, reason_of(error)))
                continue
            checked += 1
            found = check_source(data, file.shown, settings)
            if mode.active:
                outcome = fix_file(file, data, found, settings, mode)
                data, found = outcome.data, outcome.findings
                fixed += outcome.fixed
                failed = failed or outcome.failed
            if found:
                sources[file.shown] = data
                findings += found
    kept = sorted((finding for finding in findings if finding.code in settings.codes), key=lambda each: each.sort_key())
    report = Report(
        tuple(kept),
        checked,
        str(target.version),
        target.origin,
        sources,
        fixed if mode.active else None,
        mode.unsafe_fixes,
    )
    return report, failed


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage less often: syntax trees are many objects and little garbage. It saves a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _unreadable(shown: str, reason: str) -> Finding:
    from fullgraph.engine.check import invalid_file  # noqa: PLC0415

    return invalid_file(shown, f"cannot read it: {reason}")


def _write_diff_summary(report: Report, output: _Output) -> None:
    from fullgraph.report.render import diff_summary  # noqa: PLC0415

    if not output.quiet:
        terminal.write(diff_summary(report), to_stderr=True)


def _write(report: Report, output: _Output, *, to_stderr: bool) -> None:
    """Write the report and the summary; to stderr where the fixed code of stdin goes to stdout."""
    from fullgraph.report.render import render, statistics, summary  # noqa: PLC0415

    to_file = output.output_file not in {None, STDIN}
    style = Style() if to_file else terminal.style_for(sys.stderr if to_stderr else sys.stdout)
    draw = statistics if output.statistics else render
    text = draw(report, output.output_format, style)
    if to_file:
        _save(str(output.output_file), text)
    else:
        terminal.write(text, to_stderr=to_stderr, colour=style.colour)
    if not output.quiet:
        to_stderr = to_stderr or to_file or output.output_format == "json"
        style = terminal.style_for(sys.stderr if to_stderr else sys.stdout)
        terminal.write(summary(report, style), to_stderr=to_stderr, colour=style.colour)


def _save(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise ConfigError("--output-file", f"cannot write {path}: {reason_of(error)}") from error
