"""``fullgraph check --add-noqa`` and ``--add-ok``: writing suppressions into the files."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fullgraph.cli import terminal
from fullgraph.cli.files import STDIN, reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fullgraph.cli.check import Linted
    from fullgraph.engine.finding import Finding
    from fullgraph.report.model import Report


def check_request(paths: Sequence[str], *, add_noqa: bool, reason: str | None, fixes: bool) -> None:
    """Refuse what cannot be done before anything is linted.

    Raises:
        click.UsageError: the flags contradict each other, or a comment with this reason would not count.

    """
    if add_noqa and reason is not None:
        raise click.UsageError("--add-noqa and --add-ok contradict each other")
    if fixes:
        raise click.UsageError("write comments in a run of their own, after --fix")
    if STDIN in paths:
        raise click.UsageError("comments can be written into files only, not into stdin")
    if reason is not None:
        from fullgraph.engine.accepted import accepted_in  # noqa: PLC0415
        from fullgraph.semantic.layout import layout_of  # noqa: PLC0415

        comments = list(accepted_in(layout_of([f"# fullgraph: ok TFG101 {reason}"])))
        if len(comments) != 1 or comments[0].fault or not reason.isprintable():
            fault = comments[0].fault if comments else "it is none"
            raise click.UsageError(f"--add-ok {reason!r}: {fault or 'write it in one line, without other comments'}")


def write(linted: Linted, report: Report, reason: str | None) -> int:
    """Write a comment for each finding of the report, and say what could not be hidden."""
    files = {file.shown: file.path for file in linted.collected.files}
    hidden, written = 0, 0
    left: list[tuple[Finding, str]] = []
    for shown, findings in groupby(report.findings, key=lambda finding: finding.filename):
        count, remaining = _annotate(linted, files.get(shown), shown, list(findings), reason)
        hidden += count
        written += count > 0
        left += remaining
    for finding, why in left:
        place = f"{finding.filename}:{finding.start.row}:{finding.start.column}"
        terminal.complain(f"{place}: {finding.code} left as it is: {why}")
    comment = "# noqa" if reason is None else "# fullgraph: ok"
    findings_word = "finding" if hidden == 1 else "findings"
    files_word = "file" if written == 1 else "files"
    terminal.write(f"Hid {hidden} {findings_word} with `{comment}` in {written} {files_word}.\n")
    if linted.collected.missing:
        return 2
    return 1 if left else 0


def _annotate(
    linted: Linted, path: str | None, shown: str, findings: list[Finding], reason: str | None
) -> tuple[int, list[tuple[Finding, str]]]:
    """Write the comments of one file; give how many findings they hide, and those left with the reason."""
    from fullgraph.engine.annotate import annotate  # noqa: PLC0415 - few runs write anything
    from fullgraph.engine.check import check_source  # noqa: PLC0415
    from fullgraph.engine.many import path_of  # noqa: PLC0415
    from fullgraph.textfile import TextFile  # noqa: PLC0415

    settings = linted.per_file.of_file(shown)
    data = linted.report.sources.get(shown)
    if path is None or data is None:
        return 0, [(finding, "no comment in a Python file hides it") for finding in findings]
    try:
        linked = linted.projects.region(path_of(shown), shown)
        done = annotate(data, findings, lambda changed: check_source(changed, shown, settings, linked), reason)
        if done.data != data:
            TextFile(Path(path), data).replace(done.data)
    except OSError as error:
        return 0, [(finding, f"cannot write it: {reason_of(error)}") for finding in findings]
    return done.hidden, [(finding, "no comment hides it") for finding in done.left]
