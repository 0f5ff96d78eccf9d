"""``fullgraph baseline``: old findings that are let pass, and only ever become fewer."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fullgraph.cli import check, terminal
from fullgraph.cli.files import STDIN, reason_of
from fullgraph.paths import absolute_path, display_path
from fullgraph.report.model import Style
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fullgraph.cli.check import Linted, Run
    from fullgraph.engine.baseline import Entry, Matched
    from fullgraph.engine.finding import Finding
    from fullgraph.report.model import Report
    from fullgraph.textfile import TextFile

_DEFAULT_NAME = "fullgraph-baseline.toml"


@click.group(short_help="Let old findings pass, fewer each time.", invoke_without_command=True)
@click.pass_context
def baseline(ctx: click.Context) -> int | None:
    """Keep a file of old findings that `fullgraph check` lets pass.

    An entry counts for so many findings of one rule with the same code in the same function. It follows code that moves
    within its file, and files that are renamed. What is gone has to be taken out, and nothing is added by itself.
    """
    if ctx.invoked_subcommand is not None:
        return None
    terminal.complain(ctx.get_help())
    return 2


@baseline.command(short_help="Write all findings into a new file.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for the entries.")
@click.option("--reason", default="", metavar="TEXT", help="Why they are let pass.")
@check.run_options
def create(paths: tuple[str, ...], owner: str, reason: str, **others: Any) -> int:
    """Write the findings of PATHS into a new baseline."""
    run = _prepare(paths, others)
    file = File.read(_place(run))
    if file.exists:
        raise ConfigError(file.shown, "there is one already; `fullgraph baseline update` keeps it up to date")
    matched = file.match(_lint(run))
    entries = [replace(entry, owner=owner, reason=reason) for entry in matched.updated(allow_new=True)]
    file.write(entries)
    terminal.write(f"Wrote {file.shown}: {_described(entries)}.\n")
    return 0


@baseline.command(short_help="Take out what is gone.")
@click.option("--allow-new", is_flag=True, help="Add entries for findings that are not let pass.")
@check.run_options
def update(paths: tuple[str, ...], allow_new: bool, **others: Any) -> int:
    """Take out what is gone, and follow what has moved; owners, reasons and dates are kept.

    The exit status is 1 if there are findings that no entry lets pass; --allow-new adds entries for them.
    """
    run = _prepare(paths, others)
    file = _existing(run)
    linted = _lint(run)
    matched = file.match(linted, anywhere=allow_new)
    entries = matched.updated(allow_new=allow_new)
    if file.differs(entries):
        file.write(entries)
    fewer = sum(entry.count for entry in file.entries) - sum(entry.count for entry in entries)
    new = len(matched.others)
    changes = [f"{fewer + new * allow_new} gone", f"{matched.moved} moved", f"{new if allow_new else 0} new"]
    terminal.write(f"{file.shown}: {', '.join(changes)}; {_described(entries)}.\n")
    if new and not allow_new:
        _list([seen.finding for seen in matched.others], linted.report)
        terminal.complain(f"{_counted(new, 'finding')} not let pass; --allow-new adds entries for them")
    return int(bool(new) and not allow_new)


@baseline.command(name="check", short_help="Say which entries should not be there.")
@click.option("--require-reasons", is_flag=True, help="Entries without an owner or a reason are wrong, too.")
@check.run_options
def check_entries(paths: tuple[str, ...], require_reasons: bool, **others: Any) -> int:
    """Say which entries stand for nothing any more, or have expired; new findings are not looked at."""
    run = _prepare(paths, others)
    file = _existing(run)
    linted = _lint(run)
    matched = file.match(linted)
    findings = file.outdated(matched)
    if require_reasons:
        findings += [file.about(entry, _missing(entry)) for entry in file.entries if _missing(entry)]
    _list(sorted(findings, key=lambda finding: finding.start), linted.report)
    moved = f" {_counted(matched.moved, 'entry')} moved; `fullgraph baseline update` follows." if matched.moved else ""
    terminal.write(f"{file.shown}: {_described(file.entries)}.{moved}\n")
    return int(bool(findings))


def find(run: Run) -> File | None:
    """Read the baseline of a run, if it has one.

    Raises:
        ConfigError: it is broken, or is named and not there.

    """
    place = _place(run)
    if run.config.baseline is None and (place is None or not place.exists()):
        return None
    return _existing(run)


def apply(file: File, linted: Linted) -> Report:
    """Take what a baseline lets pass out of a report, and add what is wrong with the baseline."""
    report = linted.report
    matched = file.match(linted)
    passed = matched.passed
    about = file.outdated(matched) if "TFG004" in linted.per_file.settings.codes else []
    kept = [finding for finding in report.findings if finding not in passed]
    note = f"Baseline: {file.shown} lets pass {_counted(len(passed), 'finding')}{_unexplained(file.entries)}."
    if matched.moved:
        note += f" {_counted(matched.moved, 'entry')} moved; `fullgraph baseline update` follows."
    findings = sorted((*kept, *about), key=lambda finding: finding.sort_key())
    sources = {**report.sources, file.shown: file.data}
    return replace(report, findings=tuple(findings), sources=sources, notes=(*report.notes, note))


@dataclass(frozen=True, slots=True)
class File:
    """A baseline's file and what it holds."""

    path: Path
    shown: str
    text: TextFile
    entries: Sequence[Entry]

    @classmethod
    def read(cls, path: Path | None) -> File:
        """Read the file; it has no entries if it does not exist."""
        from fullgraph.engine import baseline_file  # noqa: PLC0415 - most runs have no baseline
        from fullgraph.textfile import TextFile  # noqa: PLC0415

        if path is None:
            raise click.UsageError("--isolated leaves no place for a baseline; say where it is with --baseline")
        shown = display_path(path)
        try:
            text = TextFile.read(path)
        except OSError as error:
            raise ConfigError(shown, f"cannot read it: {reason_of(error)}") from error
        if text.data is None:
            return cls(path, shown, text, ())
        try:
            content = text.data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = text.data[: error.start].count(b"\n") + 1
            raise ConfigError(f"{shown}:{line}", "invalid TOML: not UTF-8") from error
        return cls(path, shown, text, baseline_file.read(content, shown))

    @property
    def exists(self) -> bool:
        """Whether the file is there."""
        return self.text.data is not None

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.text.data or b""

    def write(self, entries: Sequence[Entry]) -> None:
        """Put other entries in."""
        from fullgraph.engine import baseline_file  # noqa: PLC0415

        text = baseline_file.write(entries)
        if b"\r\n" in self.data:
            text = text.replace("\n", "\r\n")
        try:
            self.text.replace(text.encode())
        except OSError as error:
            raise ConfigError(self.shown, f"cannot write it: {reason_of(error)}") from error

    def differs(self, entries: Sequence[Entry]) -> bool:
        """Whether these are other entries, or the file has them in another order."""
        return list(self.entries) != list(entries)

    def match(self, linted: Linted, *, anywhere: bool = False) -> Matched:
        """Find out which entry stands for which finding of a run; ``anywhere`` follows code into other files, too."""
        from fullgraph.engine.baseline import match, see  # noqa: PLC0415

        home = str(self.path.parent)
        seen = see(linted.report.findings, linted.report.sources, lambda shown: _relative(shown, home))
        failed = {_relative(shown, home) for shown in linted.report.failed}
        files = {_relative(file.shown, home) for file in linted.collected.files}
        walked = [absolute_path(path) for path in linted.collected.walked]

        def is_judged(entry: Entry) -> bool:
            path = absolute_path(self.path.parent / entry.path)
            within = entry.path in files or any(path.startswith(top.rstrip(os.sep) + os.sep) for top in walked)
            return within and entry.path not in failed and entry.code in linted.per_file.of_file(path).codes

        judged = [entry for entry in self.entries if is_judged(entry)]
        gone = [
            entry
            for entry in (judged if anywhere else self.entries)
            if anywhere or not (entry.path in files or (self.path.parent / entry.path).exists())
        ]
        return match(self.entries, seen, gone, judged)

    def outdated(self, matched: Matched) -> list[Finding]:
        """Report the entries that let pass more than there is, or count no longer."""
        return [self.about(entry, said) for entry, said in matched.outdated()]

    def about(self, entry: Entry, said: str) -> Finding:
        """TFG004 at an entry."""
        from fullgraph.engine.finding import Finding, Position, Severity  # noqa: PLC0415
        from fullgraph.engine.registry import INTERNAL_CODES  # noqa: PLC0415

        start, end = Position(entry.row, 1), Position(entry.row, len("[[entry]]") + 1)
        remedy = "renew it or mend the code" if entry.expired else "`fullgraph baseline update` takes it out"
        if _missing(entry) == said:
            remedy = "write it into the file"
        return Finding(
            self.shown,
            start,
            end,
            "TFG004",
            INTERNAL_CODES["TFG004"],
            said,
            Severity.ERROR,
            remedy,
            url="docs/suppression.md",
        )


def _prepare(paths: tuple[str, ...], others: dict[str, Any]) -> Run:
    if STDIN in paths:
        raise click.UsageError("a baseline is made from files, not from stdin")
    return check.prepare(paths, None, **others)


def _lint(run: Run) -> Linted:
    linted = check.lint_allowed(run)
    if linted.collected.missing:
        raise click.UsageError("the baseline stays as it is, since not every path is there")
    return linted


def _place(run: Run) -> Path | None:
    """Where the baseline is, or would be."""
    given = run.config.baseline
    if given is not None:
        return Path(absolute_path(Path(run.config.origin("baseline", given).directory, given)))
    return None if run.home is None else run.home / _DEFAULT_NAME


def _existing(run: Run) -> File:
    file = File.read(_place(run))
    if not file.exists:
        given = run.config.baseline
        where = file.shown if given is None else run.config.origin("baseline", given).where
        raise ConfigError(where, f"no baseline {file.shown}; `fullgraph baseline create` writes one")
    return file


def _relative(shown: str, home: str) -> str:
    """A file's path as entries have it: from the baseline's directory, with slashes, and nothing that is no UTF-8."""
    path = os.path.relpath(absolute_path(shown), home).replace(os.sep, "/")
    return path.encode("utf-8", "backslashreplace").decode()


def _list(findings: Sequence[Finding], report: Report) -> None:
    from fullgraph.report.as_text import concise  # noqa: PLC0415

    terminal.write(concise(replace(report, findings=tuple(findings)), Style()))


def _missing(entry: Entry) -> str:
    words = [word for word, text in (("owner", entry.owner), ("reason", entry.reason)) if not text.strip()]
    return f"this entry has no {' and no '.join(words)}" if words else ""


def _described(entries: Sequence[Entry]) -> str:
    findings = _counted(sum(entry.count for entry in entries), "finding")
    return f"{findings} in {_counted(len(entries), 'entry')}{_unexplained(entries)}"


def _unexplained(entries: Sequence[Entry]) -> str:
    count = sum(not entry.reason.strip() for entry in entries)
    return f" (unexplained: {count})" if count else ""


def _counted(number: int, noun: str) -> str:
    many = "entries" if noun == "entry" else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"
