"""``fullgraph check``: lint files and say what was found."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fullgraph.cli import terminal
from fullgraph.cli.files import STDIN, Collected, collect, read, reason_of
from fullgraph.cli.fixing import FixMode, fix_file
from fullgraph.config import Config, from_flags, load_config, options
from fullgraph.paths import absolute_path
from fullgraph.project import common_directory, find_config, find_root, is_root, resolve_target
from fullgraph.report.model import FAIL_ON, FORMATS, PROGRAM_FORMATS, UNANALYZED, Report, Style
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fullgraph.cli.files import File
    from fullgraph.cli.per_file import PerFile
    from fullgraph.engine.allow_file import AllowList
    from fullgraph.engine.finding import Finding
    from fullgraph.engine.index import Projects
    from fullgraph.engine.settings import Settings
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
    evidence: tuple[str, ...]
    fail_on: str
    fail_on_unanalyzed: bool


def run_options(function: _Function) -> _Function:
    """Give a command the options that say what is linted and how."""
    function = click.option("--config", metavar="FILE", help="Configuration to use, instead of the project's own.")(
        function
    )
    function = click.option(
        "--isolated", is_flag=True, help="Read no configuration, baseline or torch requirement of the project."
    )(function)
    function = click.option("--no-cache", is_flag=True, help="Neither read nor write the cache, .fullgraph_cache.")(
        function
    )
    function = click.option(
        "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to work with. Default: one per CPU."
    )(function)
    for option in reversed(options()):
        text = f"{option.help} Default: {option.default}."
        function = click.option(option.name, option.flag, metavar=option.metavar, multiple=option.kind.many, help=text)(
            function
        )
    return click.argument("paths", nargs=-1, metavar="[PATHS]...")(function)


@click.command(short_help="Lint files and directories.")
@click.option("--no-baseline", is_flag=True, help="Report the findings that the baseline lets pass, too.")
@click.option(
    "--show-allowed", is_flag=True, help="List the findings that the allow-list allows, too, with the reasons."
)
@click.option("--add-noqa", is_flag=True, help="Write a '# noqa: CODE' for each finding instead of reporting it.")
@click.option("--add-ok", metavar="REASON", help="Write a '# fullgraph: ok CODE REASON' for each finding instead.")
@click.option("--stdin-filename", metavar="PATH", help="What to call the code that is read from stdin.")
@click.option("--fix", is_flag=True, help="Apply the fixes that are safe, and report what remains.")
@click.option("--unsafe-fixes", is_flag=True, help="Count fixes in that may change what the code does.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--output-format", "--format", type=click.Choice(FORMATS), default="full", show_default=True, help="How to report."
)
@click.option("-o", "--output-file", "--output", metavar="FILE", help="Write the report to a file.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of listing them.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--evidence", multiple=True, metavar="LOG", help="Log or TORCH_TRACE directory of a run to compare with.")
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default="any",
    show_default=True,
    help="Which findings give exit status 1: any, those of this severity or a higher one, or those that --evidence "
    "confirms. What no rule foresaw always does.",
)
@click.option(
    "--fail-on-unanalyzed",
    is_flag=True,
    help="Give exit status 1 if a file cannot be read or parsed, whatever else is said about findings.",
)
@run_options
def check(
    paths: tuple[str, ...],
    no_baseline: bool,
    show_allowed: bool,
    add_noqa: bool,
    add_ok: str | None,
    stdin_filename: str | None,
    **others: Any,
) -> int:
    """Lint PATHS: files, directories, or - for stdin; the working directory if none is given.

    Directories are searched for *.py and *.pyi files that git does not ignore.
    """
    from fullgraph.cli import annotate, baseline, evidence  # noqa: PLC0415 - they take their run from here

    output = _Output(**{each.name: others.pop(each.name) for each in fields(_Output)})
    mode = FixMode(**{each.name: others.pop(each.name) for each in fields(FixMode)})
    adds = add_noqa or add_ok is not None
    if adds:
        annotate.check_request(paths, add_noqa=add_noqa, reason=add_ok, fixes=mode.active)
    evidence.check_request(output.evidence, output.fail_on, changes=adds or mode.active)
    run = prepare(paths, stdin_filename, **others)
    old = None if no_baseline else baseline.find(run)
    linted = lint_allowed(run, mode)
    report = linted.report if old is None else baseline.apply(old, linted)
    report = replace(report, show_allowed=show_allowed)
    if adds:
        status = annotate.write(linted, report, add_ok)
    else:
        if output.evidence:
            report = evidence.apply(output.evidence, run, linted, report)
        status = _conclude(linted, report, output, mode)
    if output.fail_on_unanalyzed and report.failed:
        _name_unanalyzed(report, are_listed=not (mode.diff or output.statistics))
        return status or 1
    return status


def _conclude(linted: Linted, report: Report, output: _Output, mode: FixMode) -> int:
    """Write the report, and give the exit status."""
    from fullgraph.cli.guilt import is_guilty, with_note  # noqa: PLC0415 - wrong arguments should not wait for it

    if mode.diff:
        _write_diff_summary(report, output)
        guilty = bool(report.fixed)
    else:
        to_stderr = mode.fix and any(file.path == STDIN for file in linted.collected.files)
        _write(with_note(report, output.fail_on), output, to_stderr=to_stderr)
        guilty = is_guilty(report, output.fail_on)
    if linted.collected.missing or linted.not_written:
        return 2
    return 1 if guilty and not output.exit_zero else 0


def _name_unanalyzed(report: Report, *, are_listed: bool) -> None:
    """Tell the files for which ``--fail-on-unanalyzed`` fails, but for those that a listed finding names."""
    listed = {finding.filename for finding in report.findings if finding.code in UNANALYZED} if are_listed else set()
    for filename in sorted(report.failed - listed):
        terminal.complain(f"fullgraph: not analyzed: {filename}")


@dataclass(frozen=True, slots=True)
class Run:
    """What to lint and how; ``home`` is the project's directory, None if the project has no say.

    ``jobs`` is how many processes may work; ``cached`` whether the cache is used.
    """

    paths: tuple[str, ...]
    stdin_filename: str | None
    config: Config
    target: Target
    home: Path | None
    jobs: int
    cached: bool


@dataclass(frozen=True, slots=True)
class Linted:
    """What came of a run: the files, their settings and projects, what was found, and whether a fix was not written."""

    collected: Collected
    per_file: PerFile
    report: Report
    projects: Projects
    not_written: bool = False


def prepare(
    paths: tuple[str, ...],
    stdin_filename: str | None,
    *,
    isolated: bool,
    config: str | None,
    jobs: int | None,
    no_cache: bool,
    **flags: Any,
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
    jobs = jobs or os.cpu_count() or 1
    return Run(paths, stdin_filename, settings, resolve_target(settings, root), home, jobs, cached=not no_cache)


def _start(paths: tuple[str, ...], stdin_filename: str | None) -> Path:
    """Give the directory from which the project is looked for."""
    real = [stdin_filename if path == STDIN else path for path in paths]
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise click.ClickException("the working directory does not exist any more") from error
    return common_directory([Path(path) for path in real if path is not None])


def lint(run: Run, mode: FixMode | None = None, listed: AllowList | None = None) -> Linted:
    """Lint what a run is for, fix it if that is wanted, and complain about paths that cannot be linted.

    What the allow-list allows is not fixed, but is among the findings.
    """
    # The linter itself comes last: a wrong argument should not have to wait for it.
    from fullgraph.cli.per_file import PerFile  # noqa: PLC0415
    from fullgraph.engine.registry import INTERNAL_CODES  # noqa: PLC0415
    from fullgraph.engine.selection import enabled_codes  # noqa: PLC0415
    from fullgraph.engine.settings import Settings  # noqa: PLC0415

    codes = enabled_codes(run.config)
    per_file = PerFile.of(run.config, Settings(run.target.releases, codes))
    if codes <= INTERNAL_CODES.keys():
        terminal.complain("fullgraph: warning: no rule is selected")
    collected = collect(run.paths, run.config, run.stdin_filename)
    for missing in collected.missing:
        terminal.complain(f"fullgraph: no such file or directory: {missing}")
    for empty in collected.empty:
        terminal.complain(f"fullgraph: warning: no Python files found in {empty}")
    projects = open_projects(run, collected)
    level = run.config.traced_level or "all"
    report, not_written = _lint(collected, per_file, run.target, mode or FixMode(), projects, level, listed)
    complain_of_unmatched(run.config, projects)
    return Linted(collected, per_file, report, projects, not_written)


def open_projects(run: Run, collected: Collected) -> Projects:
    """The projects that the files of a run belong to."""
    from fullgraph.engine.index import Projects  # noqa: PLC0415
    from fullgraph.engine.places import Roots  # noqa: PLC0415

    config = run.config
    linted = collected.walked
    if config.traced or config.follow or config.hot:
        # a file without a project is not linked, and only linking heeds these
        linted = [*linted, *_directories_of_lone_files(collected)]
    projects = Projects(Roots(linted, is_root), run.jobs, run.cached)
    projects.entries, projects.follow, projects.hot = config.traced or (), config.follow or (), config.hot or ()
    return projects


def complain_of_unmatched(config: Config, projects: Projects) -> None:
    """Tell the patterns that the user gave and that name no function: what they should turn on stays off."""
    for name in ("traced", "hot"):
        for pattern in getattr(config, name) or ():
            if pattern in projects.unmatched and (name, pattern) in config.origins:
                where = config.origin(name, pattern).where
                terminal.complain(f"fullgraph: warning: {where}: no function is called {pattern!r}")


def _directories_of_lone_files(collected: Collected) -> Iterator[str]:
    """The directories of files that were named, and do not lie in a directory that was."""
    walked = tuple(absolute_path(path).rstrip(os.sep) + os.sep for path in collected.walked)
    for file in collected.files:
        path = absolute_path(file.path)
        if file.path != STDIN and not path.startswith(walked):
            yield str(Path(path).parent)


def lint_allowed(run: Run, mode: FixMode | None = None) -> Linted:
    """Lint what a run is for, and take out what the allow-list allows."""
    from fullgraph.cli import allow  # noqa: PLC0415 - it takes its run from here

    listed = allow.find(run)
    linted = lint(run, mode, listed)
    return linted if listed is None else allow.apply(listed, linted, run)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read, and what the project calls it."""

    file: File
    path: str
    data: bytes
    settings: Settings


def _lint(
    collected: Collected,
    per_file: PerFile,
    target: Target,
    mode: FixMode,
    projects: Projects,
    level: str,
    listed: AllowList | None,
) -> tuple[Report, bool]:
    """Check the files, and fix them if that is wanted; also tells whether some file could not be written."""
    from fullgraph.engine.looked import Source  # noqa: PLC0415
    from fullgraph.engine.many import check_many  # noqa: PLC0415
    from fullgraph.engine.selection import is_traced_enough  # noqa: PLC0415

    findings: list[Finding] = [_unreadable(problem.shown, problem.reason) for problem in collected.unreadable]
    files = list(_read_all(collected, per_file, findings))
    projects.overlay = {each.path: each.data for each in files if each.file.path == STDIN}
    sources: dict[str, bytes] = {}
    fixed = 0
    not_written = False
    checked = check_many(
        [(each.path, Source.of(each.data, each.file.shown, each.settings)) for each in files], projects
    )
    for each, said in zip(files, checked, strict=True):
        data, found = each.data, said
        if mode.active:
            linked = partial(projects.region, each.path, each.file.shown)
            spared = None if listed is None else partial(listed.allowed, each.file.shown)
            outcome = fix_file(each.file, data, said, each.settings, mode, linked, spared)
            data, found = outcome.data, outcome.findings
            fixed += outcome.fixed
            not_written = not_written or outcome.failed
        if found:
            sources[each.file.shown] = data
            findings += found
    for trouble in projects.trouble:
        terminal.complain(f"fullgraph: warning: {trouble}")
    kept = [finding for finding in findings if finding.code in per_file.of_file(finding.filename).codes]
    kept = [finding for finding in kept if is_traced_enough(finding, level)]
    kept.sort(key=lambda finding: finding.sort_key())
    failed = frozenset(finding.filename for finding in findings if finding.code in UNANALYZED)
    report = Report(
        tuple(kept),
        len(files),
        str(target.releases),
        target.origin,
        sources,
        failed,
        fixed=fixed if mode.active else None,
        unsafe=mode.unsafe_fixes,
    )
    return report, not_written


def _read_all(collected: Collected, per_file: PerFile, findings: list[Finding]) -> Iterator[_Read]:
    """Read the files; one that cannot be read becomes a finding."""
    from fullgraph.engine.many import path_of  # noqa: PLC0415

    for file in collected.files:
        try:
            data = read(file)
        except OSError as error:  # noqa: PERF203 - one file that cannot be read must not stop the others
            findings.append(_unreadable(file.shown, reason_of(error)))
        else:
            path = "" if file.path == STDIN and file.shown == STDIN else path_of(file.shown)
            yield _Read(file, path, data, per_file.of_file(file.shown))


def _unreadable(shown: str, reason: str) -> Finding:
    from fullgraph.engine.faults import invalid_file  # noqa: PLC0415

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
        save(str(output.output_file), text)
    else:
        terminal.write(text, to_stderr=to_stderr, colour=style.colour)
    if not output.quiet:
        to_stderr = to_stderr or to_file or output.output_format in PROGRAM_FORMATS
        style = terminal.style_for(sys.stderr if to_stderr else sys.stdout)
        terminal.write(summary(report, style), to_stderr=to_stderr, colour=style.colour)


def save(path: str, text: str) -> None:
    """Write what ``--output-file`` asks for.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise ConfigError("--output-file", f"cannot write {path}: {reason_of(error)}") from error
