"""``fullgraph check --evidence``: what a run of the code showed, beside what the linter says."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullgraph.cli import terminal
from fullgraph.cli.files import STDIN
from fullgraph.paths import absolute_path
from fullgraph.project import find_root
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from fullgraph.cli.check import Linted, Run
    from fullgraph.cli.files import File
    from fullgraph.config import Config
    from fullgraph.engine.finding import Finding
    from fullgraph.engine.seen import RunTime
    from fullgraph.report.model import Report
    from fullgraph.verify.logfile import RunLog
    from fullgraph.verify.matching import Located, Source

_ACCEPTED = re.compile(r"#\s*(?:noqa\b|fullgraph:\s*ok\b)", re.IGNORECASE)


def check_request(logs: Sequence[str], fail_on: str, *, changes: bool) -> None:
    """Refuse what cannot be done before anything is linted.

    Raises:
        click.UsageError: the flags contradict each other.

    """
    if fail_on == "confirmed" and not logs:
        raise click.UsageError("--fail-on confirmed needs --evidence")
    if logs and changes:
        raise click.UsageError("--evidence is about the code as it ran; use it in a run that changes no file")


def apply(logs: Sequence[str], run: Run, linted: Linted, report: Report) -> Report:
    """Add what the logs show to a report of what was linted, from which some findings were let pass.

    Raises:
        ConfigError: a log cannot be read.

    """
    log = _read(logs)
    files = linted.collected.files
    findings = (*linted.report.findings, *(each.finding for each in linted.report.allowed))
    run_time = judge(files, findings, log)
    if run_time.unforeseen and (ignored := _ignored(run, {each.filename for each in run_time.unforeseen}, files)):
        run_time = replace(run_time, unforeseen=judge(files, (*findings, *ignored), log).unforeseen)
    report = replace(report, run_time=run_time)
    return replace(report, notes=(*report.notes, _summary(report)))


def _ignored(run: Run, names: Set[str], files: Sequence[File]) -> tuple[Finding, ...]:
    """What rules that the settings ignore say of some files: it is foreseen, and accepted."""
    from fullgraph.cli import check  # noqa: PLC0415 - it takes its evidence from here

    config = without_ignores(run.config)
    if config == run.config:
        return ()
    paths = tuple(file.path for file in files if file.shown in names)
    return check.lint(replace(run, paths=paths, config=config)).report.findings


def without_ignores(config: Config) -> Config:
    """The settings, without what they ignore."""
    return replace(config, ignore=None, extend_ignore=(), per_file_ignores=None)


def judge(files: Sequence[File], findings: Sequence[Finding], log: RunLog) -> RunTime:
    """Hold findings against what a run showed; a line with a comment that accepts something is nothing new."""
    from fullgraph.verify.runtime import Judge  # noqa: PLC0415 - few runs have evidence

    sources = [_source(file) for file in files if file.path != STDIN]
    lines = {source.shown: source.lines for source in sources}

    def known(place: Located) -> bool:
        rows = lines[place.shown]()
        return place.row <= len(rows) and _ACCEPTED.search(rows[place.row - 1]) is not None

    return Judge(sources, findings, known).judge(log)


def _read(logs: Sequence[str]) -> RunLog:
    from fullgraph.verify.logfile import LogError, RunLog, read_log  # noqa: PLC0415

    found: list[RunLog] = []
    for name in logs:
        try:
            found.append(read_log(Path(name)))
        except LogError as error:
            raise ConfigError("--evidence", f"{name} {error}") from error
        if not found[-1].by_torch:
            terminal.complain(
                f"fullgraph: warning: no line of torch's log in {name}: nothing broke, or it was not written with "
                "TORCH_LOGS=graph_breaks,recompiles"
            )
    events = tuple(event for each in found for event in each.events)
    return RunLog(events, sum(each.strange for each in found))


def _source(file: File) -> Source:
    from fullgraph.verify.matching import Source  # noqa: PLC0415

    path = Path(absolute_path(file.path))
    own = len(path.parts) - len(find_root(path.parent).parts)
    return Source(file.shown, path, own, cache(partial(_lines, path)))


def _lines(path: Path) -> tuple[str, ...]:
    from fullgraph.semantic.source import SourceError, decode, split_lines  # noqa: PLC0415

    try:
        return split_lines(decode(path.read_bytes()))
    except (OSError, SourceError):
        return ()


def _summary(report: Report) -> str:
    seen = report.run_time
    assert seen is not None
    confirmed = sum(seen.confirms(finding) for finding in report.findings)
    total = len(report.findings)
    parts = [f"{confirmed} of {total} finding{'' if total == 1 else 's'} confirmed"]
    for count, what in (
        (len(seen.unforeseen), "seen that no rule foresaw"),
        (seen.elsewhere, "in other files"),
        (seen.stale, "where the code has changed since"),
        (seen.strange, "not understood"),
    ):
        parts += [f"{count} {what}"] if count else []
    return f"Run time: {', '.join(parts)}."
