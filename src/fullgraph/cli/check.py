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
from fullgraph.config import Config, ConfigError, from_flags, load_config, options
from fullgraph.project import common_directory, find_config, find_root, resolve_target
from fullgraph.report.model import FORMATS, Report, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fullgraph.cli.per_file import PerFile
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


def run_options(function: _Function) -> _Function:
    """Give a command the options that say what is linted and how."""
    function = click.option(
        "--config", metavar="FILE", help="Configuration to use, instead of the project's pyproject.toml."
    )(function)
    function = click.option(
        "--isolated", is_flag=True, help="Read no configuration, baseline or torch requirement of the project."
    )(function)
    for option in reversed(options()):
        text = f"{option.help} Default: {option.default}."
        function = click.option(option.flag, metavar=option.metavar, multiple=option.kind.many, help=text)(function)
    return click.argument("paths", nargs=-1, metavar="[PATHS]...")(function)


@click.command(short_help="Lint files and directories.")
@run_options
@click.option("--no-baseline", is_flag=True, help="Report the findings that the baseline lets pass, too.")
@click.option("--add-noqa", is_flag=True, help="Write a '# noqa: CODE' for each finding instead of reporting it.")
@click.option("--add-ok", metavar="REASON", help="Write a '# fullgraph: ok CODE REASON' for each finding instead.")
@click.option("--stdin-filename", metavar="PATH", help="What to call the code that is read from stdin.")
@click.option("--output-format", type=click.Choice(FORMATS), default="full", show_default=True, help="How to report.")
@click.option("-o", "--output-file", metavar="FILE", help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
def check(
    paths: tuple[str, ...],
    no_baseline: bool,
    add_noqa: bool,
    add_ok: str | None,
    stdin_filename: str | None,
    **others: Any,
) -> int:
    """Lint PATHS: files, directories, or - for stdin; the working directory if none is given.

    Directories are searched for *.py and *.pyi files that git does not ignore.
    """
    from fullgraph.cli import annotate, baseline  # noqa: PLC0415 - they take their run from here

    if add_noqa or add_ok is not None:
        annotate.check_request(paths, add_noqa=add_noqa, reason=add_ok)
    output = _Output(**{each.name: others.pop(each.name) for each in fields(_Output)})
    run = prepare(paths, stdin_filename, **others)
    old = None if no_baseline else baseline.find(run)
    linted = lint(run)
    report = linted.report if old is None else baseline.apply(old, linted)
    if add_noqa or add_ok is not None:
        return annotate.write(linted, report, add_ok)
    _write(report, output)
    if linted.collected.missing:
        return 2
    return 1 if report.findings and not output.exit_zero else 0


@dataclass(frozen=True, slots=True)
class Run:
    """What to lint and how; ``home`` is the project's directory, None if the project has no say."""

    paths: tuple[str, ...]
    stdin_filename: str | None
    config: Config
    target: Target
    home: Path | None


@dataclass(frozen=True, slots=True)
class Linted:
    """What came of a run: the files, the settings of each, and what was found."""

    collected: Collected
    per_file: PerFile
    report: Report


def prepare(
    paths: tuple[str, ...], stdin_filename: str | None, *, isolated: bool, config: str | None, **flags: Any
) -> Run:
    """Settle what is to be linted and how, by the flags and the project's configuration."""
    if isolated and config is not None:
        raise click.UsageError("--isolated and --config contradict each other")
    paths = paths or ((STDIN,) if stdin_filename is not None else (os.curdir,))
    start = _start(paths, stdin_filename)
    file = None if isolated else find_config(start) if config is None else Path(config)
    settings = (Config() if file is None else load_config(file)).overridden_by(from_flags(flags))
    root = None if isolated else find_root(start)
    home = root if file is None else file.absolute().parent
    return Run(paths, stdin_filename, settings, resolve_target(settings, root), home)


def _start(paths: tuple[str, ...], stdin_filename: str | None) -> Path:
    """Give the directory from which the project is looked for."""
    real = [stdin_filename if path == STDIN else path for path in paths]
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise click.ClickException("the working directory does not exist any more") from error
    return common_directory([Path(path) for path in real if path is not None])


def lint(run: Run) -> Linted:
    """Lint what a run is for, and complain about paths that cannot be linted."""
    # The linter itself comes last: a wrong argument should not have to wait for it.
    from fullgraph.cli.per_file import PerFile  # noqa: PLC0415
    from fullgraph.engine.check import Settings  # noqa: PLC0415
    from fullgraph.engine.registry import INTERNAL_CODES  # noqa: PLC0415
    from fullgraph.engine.selection import enabled_codes  # noqa: PLC0415

    codes = enabled_codes(run.config)
    per_file = PerFile.of(run.config, Settings(run.target.releases, codes))
    if codes <= INTERNAL_CODES.keys():
        terminal.complain("fullgraph: warning: no rule is selected")
    collected = collect(run.paths, run.config, run.stdin_filename)
    for missing in collected.missing:
        terminal.complain(f"fullgraph: no such file or directory: {missing}")
    for empty in collected.empty:
        terminal.complain(f"fullgraph: warning: no Python files found in {empty}")
    return Linted(collected, per_file, _lint(collected, per_file, run.target))


def _lint(collected: Collected, per_file: PerFile, target: Target) -> Report:
    from fullgraph.engine.check import check_source  # noqa: PLC0415

    findings: list[Finding] = [_unreadable(problem.shown, problem.reason) for problem in collected.unreadable]
    sources: dict[str, bytes] = {}
    checked = 0
    with _rare_collections():
        for file in collected.files:
            try:
                data = read(file)
            except OSError as error:
                findings.append(_unreadable(file.shown, reason_of(error)))
                continue
            checked += 1
            found = check_source(data, file.shown, per_file.of_file(file.shown))
            if found:
                sources[file.shown] = data
                findings += found
    kept = [finding for finding in findings if finding.code in per_file.of_file(finding.filename).codes]
    kept.sort(key=lambda finding: finding.sort_key())
    failed = frozenset(finding.filename for finding in findings if finding.code in {"TFG000", "TFG001"})
    return Report(tuple(kept), checked, str(target.releases), target.origin, sources, failed)


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


def _write(report: Report, output: _Output) -> None:
    from fullgraph.report.render import render, statistics, summary  # noqa: PLC0415

    to_file = output.output_file not in {None, STDIN}
    style = Style() if to_file else terminal.style_for(sys.stdout)
    draw = statistics if output.statistics else render
    text = draw(report, output.output_format, style)
    if to_file:
        _save(str(output.output_file), text)
    else:
        terminal.write(text, colour=style.colour)
    if not output.quiet:
        to_stderr = to_file or output.output_format == "json"
        style = terminal.style_for(sys.stderr if to_stderr else sys.stdout)
        terminal.write(summary(report, style), to_stderr=to_stderr, colour=style.colour)


def _save(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise ConfigError("--output-file", f"cannot write {path}: {reason_of(error)}") from error
